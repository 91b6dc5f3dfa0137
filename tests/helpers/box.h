/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_BOX_H
#define TESTS_HELPERS_BOX_H

#include <jansson.h>

/*
 * Guests in a host that is a guest under TCG, with Debian's kernel. A box takes half a minute to
 * boot, and a guest ten seconds: tests have as few as they can.
 */
#define BOX_HOST "box-host"

/* A scenario of 64 MiB, resized once. */
#define BOX_SMOKE TEST_SOURCE "/tests/box/smoke.ini"

/* Of a group: the suite "box", own.ini with its variants, a kernel for --host BOX_HOST. */
int box_set_up(void **state);

/* Skip the test if there is no such kernel. */
void box_need(void);

/* Of a boot as "smoke/huge/boot-01" in a tree in test_dir; it fits the schema. A new reference. */
json_t *box_result(const char *tree, const char *boot);

/* Under KVM in a box, with all its pages. */
void box_expect_ok(const json_t *result);

/* Guest and host were traced: by this mechanism; by "batches" or "tracepoints". */
void box_expect_traced(const json_t *result, const char *mechanism, const char *source);

#endif

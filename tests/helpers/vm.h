/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_VM_H
#define TESTS_HELPERS_VM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/config/images.h"
#include "bench/config/variant.h"
#include "bench/vm/vm.h"
#include "bpf/totals.h"

/*
 * Real guests for tests, one at a time. What does not work ends the test, and
 * says why.
 */
#define MIB (1ULL << 20)
#define TEST_TIMEOUT_NS (60 * 1000000000ULL)

extern struct images test_images;
extern struct variants test_variants;
extern struct vm test_vm;

/* Of a group of tests; the directory of the logs is test_dir. */
int vm_tests_set_up(void **state);
int vm_tests_tear_down(void **state);

struct test_guest {
	const char *variant; /* of variants.ini; or else: */
	const char *cut;
	const char *device; /* more properties of the balloon, or NULL */
	const char *append; /* to the kernel's command line, or NULL */
	uint64_t memory_bytes;
	enum backing backing;
	bool thp;
	bool prealloc;
};

void test_guest_start(const struct test_guest *guest);

/* Teardown of a test, and the end of one guest among several. */
int test_guest_end(void **state);

/* See the guest power off, and that its kernel had nothing to complain of. */
void test_guest_power_off(void);

/* A request and its answer, a new reference. */
json_t *test_ask(json_t *request);

/* A request that has one number to say, or @key is NULL, and no answer worth looking at. */
void test_tell(const char *cmd, const char *key, json_int_t value);

/* A count of /proc/vmstat. */
int64_t test_vmstat(const char *key);

/* Bring the balloon to @bytes; what the tracer saw, if it was started, in @sums unless NULL. */
void test_balloon(uint64_t bytes, struct guest_totals *sums);

/* An integer of an object; 0 where there is none. */
int64_t test_member(const json_t *object, const char *key);

#endif

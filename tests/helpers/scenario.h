/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_SCENARIO_H
#define TESTS_HELPERS_SCENARIO_H

#include <jansson.h>

#define MIB (1ULL << 20)

/*
 * Run a scenario once, with the real programs and under TCG; its result, which is of
 * a boot that is ok and fits the schema. A new reference.
 */
json_t *run_scenario(const char *name, const char *text, const char *variant, const char *level);

/* Of its cycles the first. */
const json_t *cycle_of(const json_t *result);

/* A number somewhere in an object; it is there. */
double number(const json_t *object, const char *path);

#endif

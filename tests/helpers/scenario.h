/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_SCENARIO_H
#define TESTS_HELPERS_SCENARIO_H

#include <jansson.h>

#define MIB (1ULL << 20)

/*
 * Run a scenario once, with the real programs under TCG. Returns the result of the boot,
 * which is ok and fits the schema; a new reference.
 */
json_t *run_scenario(const char *name, const char *text, const char *variant, const char *level);

/* The first cycle. */
const json_t *cycle_of(const json_t *result);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_SUITE_H
#define BENCH_CONFIG_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/config/scenario.h"
#include "bench/config/variant.h"

/* Most boots of a variant in a scenario. */
#define BOOTS_MAX 999

/* What one run compares: a section of suites.ini, as changed by the command line. */
struct suite {
	char *name;
	char **scenarios;
	size_t scenario_count;
	char **variants; /* of all scenarios; the first is the base */
	size_t variant_count;
	size_t common_count; /* the first so many run in scenarios without their own list */
	unsigned int boots;  /* of each variant in each scenario */
	unsigned int builds; /* of each cut, that its boots take in turn */
	struct suite_own {
		char *scenario;
		char **variants; /* that run in this scenario, if count is not 0 */
		size_t count;
		unsigned int boots, builds; /* 0: as in the other scenarios */
	} * own;
	size_t own_count;
};

/* Load a suite from suites.ini at @path; errors as scenario_load(). */
int suite_load(struct suite *suite, const char *name, const char *path, char *err, size_t err_size);
void suite_release(struct suite *suite);

/* Index of the A/A control of the base, after suite_add_control(). */
#define SUITE_CONTROL 1

/* Add a variant "BASE-again" right after the base, in every scenario that runs the base. */
void suite_add_control(struct suite *suite);

/* All variants run in all scenarios from now on. */
void suite_drop_lists(struct suite *suite);

/* The largest number of boots in any scenario. */
unsigned int suite_most_boots(const struct suite *suite);

/* Set the number of boots, or of builds, in every scenario. */
void suite_set_boots(struct suite *suite, unsigned int boots);
void suite_set_builds(struct suite *suite, unsigned int builds);

/* The number of builds in a scenario, and the largest in any that runs variant number @variant. */
unsigned int suite_builds(const struct suite *suite, const char *scenario);
unsigned int suite_most_builds(const struct suite *suite, size_t variant);

/*
 * The build of boot @boot, from 0: boots take the builds in turn, so that a block of the plan has
 * one build of each cut.
 */
unsigned int suite_build(const struct suite *suite, const char *scenario, unsigned int boot);

/* 0, or -EINVAL and a message: whether each build is booted in each scenario. */
int suite_check_builds(const struct suite *suite, char *err, size_t err_size);

/* Whether the suite runs boot @boot, from 1, of its variant number @variant in a scenario. */
bool suite_runs(const struct suite *suite, const char *scenario, size_t variant, unsigned int boot);

#endif

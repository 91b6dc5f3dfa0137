/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_SUITE_H
#define BENCH_CONFIG_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/config/scenario.h"
#include "bench/config/variant.h"

/*
 * What one run compares: scenarios, variants, boots. From a section of
 * suites.ini, or put together on the command line.
 */
struct suite {
	char *name;
	char **scenarios;
	size_t scenario_count;
	char **variants; /* of all scenarios; the first is the base */
	size_t variant_count;
	size_t common_count; /* so many of them run in scenarios without a list of their own */
	struct suite_list {
		char *scenario;
		char **variants;
		size_t count;
	} * lists; /* scenarios that have variants of their own */
	size_t list_count;
	unsigned int boots; /* of each variant in each scenario */
	struct suite_limit {
		char *scenario;
		unsigned int boots;
	} * limits; /* scenarios that have fewer */
	size_t limit_count;
};

/**
 * suite_load() - a named suite
 * @path: suites.ini
 *
 * Errors as scenario_load().
 */
int suite_load(struct suite *suite, const char *name, const char *path, char *err, size_t err_size);
void suite_release(struct suite *suite);

/* Where the twin of the base stands among the variants, once it is there. */
#define SUITE_TWIN 1

/**
 * suite_add_twin() - run the base twice, for what differs without a difference
 *
 * A variant "BASE-again" right behind the base, in every scenario in which the
 * base runs.
 *
 * Return: 0 or -ENOMEM.
 */
int suite_add_twin(struct suite *suite);

/* Forget which scenarios have variants of their own. */
void suite_drop_lists(struct suite *suite);

/* Boots of each variant in the scenario that has the most of them. */
unsigned int suite_most_boots(const struct suite *suite);

/* So many boots in every scenario. */
void suite_set_boots(struct suite *suite, unsigned int boots);

/* Whether the suite runs boot @boot, from 1, of its variant number @variant in a scenario. */
bool suite_runs(const struct suite *suite, const char *scenario, size_t variant, unsigned int boot);

#endif

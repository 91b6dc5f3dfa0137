/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_SUITE_H
#define BENCH_SUITE_H

#include <stddef.h>

#include "bench/scenario.h"
#include "bench/variant.h"

/*
 * What one run compares: scenarios, variants, boots. From a section of
 * suites.ini, or put together on the command line.
 */
struct suite {
	char *name;
	char **scenarios;
	size_t scenario_count;
	char **variants;
	size_t variant_count;
	unsigned int boots;
};

/**
 * suite_load() - a named suite
 * @path: suites.ini
 *
 * Errors as scenario_load().
 */
int suite_load(struct suite *suite, const char *name, const char *path, char *err, size_t err_size);
void suite_release(struct suite *suite);

#endif

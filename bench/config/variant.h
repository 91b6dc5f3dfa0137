/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_VARIANT_H
#define BENCH_CONFIG_VARIANT_H

#include <stddef.h>

#include "bench/config/method.h"

/* A kernel cut and the balloon device that it is run with. */
struct variant {
	char *name;
	char *description;
	char *cut;
	enum method method;
	char *device;  /* properties of its device, "a=on,b=off", or NULL */
	char *against; /* names of variants that it is a step from, or NULL */
	char *trace;   /* the level that its name asks for, or NULL: the run's */
	char *twin_of; /* the variant that this one is the same as, or NULL */
};

struct variants {
	struct variant *list; /* in the order of the file: the first is the base */
	size_t count;
	struct variant **derived; /* "NAME+LEVEL" and twins, as they were asked for */
	size_t derived_count;
};

/* Read an INI file with one section per variant; errors as scenario_load(). */
int variants_load(struct variants *variants, const char *path, char *err, size_t err_size);
void variants_release(struct variants *variants);

/**
 * variants_find() - a variant by its name
 * @name: one of the file's, or "NAME+LEVEL": the same, traced at that level
 *	whatever the run says, as a variant of its own
 *
 * Return: NULL where there is none. What is returned stays until the release.
 */
const struct variant *variants_find(struct variants *variants, const char *name);

/**
 * variants_add_twin() - the same once more, under a name of its own
 * @base: a variant
 * @name: that of its twin
 *
 * Return: as variants_find(); NULL without memory.
 */
const struct variant *variants_add_twin(struct variants *variants, const struct variant *base,
					const char *name);

#endif

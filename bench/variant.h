/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VARIANT_H
#define BENCH_VARIANT_H

#include <stddef.h>

/* A kernel cut and the balloon device that it is run with. */
struct variant {
	char *name;
	char *description;
	char *cut;
	char *device; /* balloon device properties "a=on,b=off", or NULL */
};

struct variants {
	struct variant *list; /* in the order of the file: the first is the base */
	size_t count;
};

/* Read an INI file with one section per variant; errors as scenario_load(). */
int variants_load(struct variants *variants, const char *path, char *err, size_t err_size);
void variants_release(struct variants *variants);

/* NULL where there is none of that name. */
const struct variant *variants_find(const struct variants *variants, const char *name);

#endif

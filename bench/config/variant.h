/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_VARIANT_H
#define BENCH_CONFIG_VARIANT_H

#include <stddef.h>

#include "bench/config/scenario.h"
#include "lib/result.h"

/* A kernel cut and the device that it is run with. */
struct variant {
	char *name, *description, *cut;
	enum result_method method;
	char *device;	  /* properties of the device, "a=on,b=off", or NULL */
	char *against;	  /* names of the variants that this one builds on, or NULL */
	char *trace;	  /* the level in its name, or NULL: the run's */
	char *control_of; /* the variant whose A/A control this is, or NULL */
};

struct variants {
	struct variant *list; /* in the order of the file: the first is the base */
	size_t count;
	/* "NAME+LEVEL" and A/A controls, with the texts of the variant they come from */
	struct variant **derived;
	size_t derived_count;
};

/* Read an INI file with one section per variant; errors as scenario_load(). */
int variants_load(struct variants *variants, const char *path, char *err, size_t err_size);
void variants_release(struct variants *variants);

/* By name, or "NAME+LEVEL": always traced at that level; until variants_release(), or NULL. */
const struct variant *variants_find(struct variants *variants, const char *name);

/* Add the A/A control of @base: the same variant, called @name. */
const struct variant *variants_add_control(struct variants *variants, const struct variant *base,
					   const char *name);

/* virtio-mem plugs blocks of the size of a huge page of the host. */
#define METHOD_BLOCK_BYTES (2ULL << 20)

/* Why a method cannot run a scenario with an accelerator, or NULL. */
const char *method_refuses(enum result_method method, const struct scenario *scenario,
			   enum result_accel accel);

#endif

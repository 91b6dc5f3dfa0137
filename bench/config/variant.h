/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_VARIANT_H
#define BENCH_CONFIG_VARIANT_H

#include <stddef.h>

#include "bench/config/images.h"
#include "bench/config/scenario.h"
#include "lib/result.h"

/* A kernel cut, and the QEMU and the device that it is run with. */
struct variant {
	char *name, *description, *cut;
	char *qemu; /* name of a QEMU of images, or NULL: the default one */
	enum result_method method;
	enum result_policy policy; /* what resizes the guest while it replays a workload */
	char *program;		   /* of that policy, a command of the shell, or NULL */
	char *device;		   /* properties of the device, "a=on,b=off", or NULL */
	char *config;		   /* of its kernel where the scenario names none, or NULL */
	char *host;		   /* kernel of the host that it is booted in, or NULL: the run's */
	char *kernel_args;	   /* for the guest's kernel, or NULL */
	char *against;		   /* names of the variants that this one builds on, or NULL */
	char *trace;		   /* the level in its name, or NULL: the run's */
	char *control_of;	   /* the variant whose A/A control this is, or NULL */
	char *file;		   /* that it is from: its section's, or its cut's */
};

struct variants {
	char *file;	      /* that was loaded first */
	struct variant *list; /* in the order of the files: the first is the base */
	size_t count;
	/* Cuts, specs and A/A controls, with the texts of the variant they come from */
	struct variant **derived;
	size_t derived_count;
	struct record_list texts; /* of derived ones */
};

/*
 * What names a variant, on the command line and in files:
 *
 *	NAME[,PROPERTY=VALUE]...[@QEMU][+LEVEL]
 *
 * NAME is a section of the files, or else a cut; the properties of the device replace those of the
 * same name that it has; QEMU is one of struct images; LEVEL is the level of tracing. The text is
 * the variant's name in results, and of its directory there: names and values have letters, digits,
 * '.', '_' and '-', so it is safe as a file name, and no two variants share one.
 */
#define VARIANT_SPEC_MAX 120

/* Read an INI file with one section per variant; errors as scenario_load(). */
int variants_load(struct variants *variants, const char *path, char *err, size_t err_size);

/*
 * Add the variants of another file. One of a name that is there takes its place; @replaced is
 * called with it.
 */
int variants_add_file(struct variants *variants, const char *path,
		      void (*replaced)(const struct variant *by, const char *file), char *err,
		      size_t err_size);
void variants_release(struct variants *variants);

/* The variant of a section or a cut, not of a spec; until variants_release(), or NULL. */
const struct variant *variants_named(struct variants *variants, const struct images *images,
				     const char *name);

/* By a spec; likewise, with a message. @images: for cuts and QEMUs, or NULL. */
const struct variant *variants_find(struct variants *variants, const struct images *images,
				    const char *spec, char *err, size_t err_size);

/* Add the A/A control of @base: the same variant, called @name. */
const struct variant *variants_add_control(struct variants *variants, const struct variant *base,
					   const char *name);

/* Call @fn for each property of "a=on,b=off": "a", "on", until it is not 0; that is returned. */
int device_each(const char *device, int (*fn)(const char *name, const char *value, void *context),
		void *context);

/* virtio-mem plugs blocks of the size of a huge page of the host. */
#define METHOD_BLOCK_BYTES (2ULL << 20)

/* Whether a driver of the guest puts pages into a balloon: the kernel counts and traces those. */
bool method_is_balloon(enum result_method method);

/* The configuration of the kernel that is booted: the scenario's, or the variant's, or NULL. */
const char *variant_config(const struct variant *variant, const struct scenario *scenario);

/* Why a method cannot run a scenario with an accelerator, or NULL. */
const char *method_refuses(enum result_method method, const struct scenario *scenario,
			   enum result_accel accel);

#endif

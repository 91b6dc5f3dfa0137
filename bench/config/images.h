/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_IMAGES_H
#define BENCH_CONFIG_IMAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/config/arch.h"
#include "lib/record.h"

/* Most builds of a cut: layouts of the same code. */
#define BUILDS_MAX 20

/*
 * The kernels, initramfs and QEMUs that can be booted. The shipped ones are in build/images.ini,
 * which `balloonbench build` writes; it registers the user's, one file each, in cuts/ and qemus/ of
 * the cache. Paths in a file are relative to its directory.
 */
struct image_cut {
	char *name;
	char *image;	    /* vmlinux or bzImage */
	char *modules;	    /* a cpio with the modules to load; NULL: none */
	char *host_modules; /* the same where it is a host itself */
	/* Identity: what the booted kernel says of itself. */
	char *build_id, *release, *version;
	char *key;    /* in the cache */
	char *config; /* name of its configuration, which its own name ends in; NULL: the lean one
		       */
	/* Origin, as far as it is known. */
	char *source, *commit, *message_id, *subject, *author_date, *dirty, *fuzz, *trace_events;
	char *config_sha256, *compiler, *patches_sha256, *built_from;
	/* Further builds, of struct image_cut: only name, image, build_id, release and key are set.
	 */
	struct record_list builds;
	char *file;  /* that it was read from */
	bool hidden; /* a shipped cut has the same name */
};

struct image_qemu {
	char *name;
	char *path, *version, *commit, *subject, *source, *built_from;
	char *file;  /* that it was read from */
	bool hidden; /* its name is that of the default */
};

/* The QEMU of images.ini, or $QEMU: that of variants without "@NAME". */
#define QEMU_DEFAULT "default"

struct images {
	char *file; /* images.ini */
	char *initramfs;
	char *qemu;		/* path of the default one */
	struct image_cut *cuts; /* in the order of the series, then the registered ones by name */
	size_t cut_count;
	struct image_qemu *qemus; /* the default one, if there is one, then the registered ones */
	size_t qemu_count;
	int *locks; /* see images_use() */
	size_t lock_count;
};

/*
 * Read images.ini. 0; -ENOENT where there is none: the message says how to build it; else errors as
 * scenario_load(). That its files exist is checked by images_use().
 */
int images_load(struct images *images, const char *path, char *err, size_t err_size);

/*
 * Add what is registered in the cache. A file that cannot be used is left out: @warn gets a message
 * that names it and what to do. A shipped cut hides a registered one of the same name.
 */
void images_add_registered(struct images *images, const char *cache,
			   void (*warn)(const char *message));
void images_release(struct images *images);

/*
 * The initramfs of a machine: that of images.ini, or for one that is emulated NAME/initramfs.cpio
 * beside it. The string is static.
 */
const char *images_initramfs(const struct images *images, const struct arch *arch);

/* NULL if there is no such cut; hidden ones are not found. */
const struct image_cut *images_find(const struct images *images, const char *cut);

/* Whether a text is the name of a configuration of ours, not a path: no '.' and no '/'. */
bool is_config_name(const char *text);

/*
 * A cut in the configuration of that name, "CUT-CONFIG": itself if @config is NULL or its own. NULL
 * if it was not built.
 */
const struct image_cut *images_find_config(const struct images *images, const struct image_cut *cut,
					   const char *config);

/* What builds that, for a message. */
const char *images_advise_config(const struct images *images, const struct image_cut *cut,
				 const char *config, char *text, size_t size);

/* A build of a cut: itself for 0. NULL if it does not have that many. */
const struct image_cut *image_cut_build(const struct image_cut *cut, unsigned int build);

/* @name NULL: the default one. NULL if there is no such QEMU. */
const struct image_qemu *images_find_qemu(const struct images *images, const char *name);

/* The registered cut that the shipped one of this name hides and that is another kernel, or NULL.
 */
const struct image_cut *images_hidden(const struct images *images, const char *cut);

/*
 * Check that what boots a cut, or a QEMU, is known and there: 0; -EINVAL or -ENOENT, where a
 * message says how to get it.
 */
int image_cut_check(const struct images *images, const struct image_cut *cut, char *err,
		    size_t err_size);
int image_qemu_check(const struct image_qemu *qemu, char *err, size_t err_size);

/* Check that the initramfs and the default QEMU are there: 0; -ENOENT and how to build them. */
int images_check(const struct images *images, char *err, size_t err_size);

/*
 * Check that what boots a cut under a QEMU is there, and lock it in the cache until
 * images_release(). 0; -ENOENT or -EBUSY, where a message says how to build it.
 */
int images_use(struct images *images, const struct image_cut *cut, const struct image_qemu *qemu,
	       char *err, size_t err_size);

/*
 * The same of that many builds of the cut, the first of which is images_use()'s. -EINVAL with the
 * command that builds them if it has fewer.
 */
int images_use_builds(struct images *images, const struct image_cut *cut, unsigned int builds,
		      char *err, size_t err_size);

/* What they are and where they come from, for env.json and `balloonbench list`. */
extern const struct record image_cut_record, image_qemu_record;

/*
 * Paths of the files that balloonbench reads, in the search order of data_path(). images.ini, if it
 * is not in $BALLOONBENCH_DATA, is searched beside the program first. path_cache() is
 * $BALLOONBENCH_CACHE or its default. The strings are static.
 */
const char *path_scenarios(void);
const char *path_workloads(void);
const char *path_variants(void);
const char *path_suites(void);
const char *path_images(void);
/* The images.ini that a build writes: of an installed program that is the user's, in the cache. */
const char *path_images_to_write(void);
const char *path_cache(void);

#endif

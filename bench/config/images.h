/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_IMAGES_H
#define BENCH_CONFIG_IMAGES_H

#include <stddef.h>

/*
 * The kernels, initramfs and QEMU to boot: build/images.ini, which
 * vm-images/build-kernels writes. Paths in it are relative to its directory.
 */
struct image_cut {
	char *name, *patches_sha256;
	char *image;	/* vmlinux or bzImage */
	char *modules;	/* archive of bench/build/modules.h; NULL: all drivers are built in */
	char *release;	/* of uname -r */
	char *version;	/* of uname -v; NULL: unknown */
	char *build_id; /* of the kernel's ELF notes, in hex; NULL: unknown */
	char *key;	/* in the cache */
};

struct images {
	char *source; /* package of the kernel source, with its version */
	char *compiler, *config_sha256, *initramfs;
	char *qemu;		/* $QEMU, if it is set */
	struct image_cut *cuts; /* in the order of the series */
	size_t cut_count;
	int *locks; /* see images_load() */
	size_t lock_count;
};

/*
 * 0; -ENOENT or -EBUSY if something is missing or being removed: the message says how to build it;
 * else errors as scenario_load(). Kernels and QEMU are locked in the cache until images_release().
 */
int images_load(struct images *images, const char *path, char *err, size_t err_size);
void images_release(struct images *images);

/* NULL if there is no such cut. */
const struct image_cut *images_find(const struct images *images, const char *cut);

/*
 * Paths of the files that balloonbench reads, in the search order of data_path(). images.ini, if it
 * is not in $BALLOONBENCH_DATA, is searched beside the program first. The strings are static.
 */
const char *path_scenarios(void);
const char *path_variants(void);
const char *path_suites(void);
const char *path_images(void);

#endif

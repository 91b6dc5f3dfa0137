/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_IMAGES_H
#define BENCH_CONFIG_IMAGES_H

#include <stddef.h>

/*
 * What there is to boot: build/images.ini, written by vm-images/build-kernels.
 * Relative paths in it are relative to its directory.
 */
struct image_cut {
	char *name;
	char *vmlinux;
	char *release; /* as uname -r will say */
	char *key;     /* in the cache */
	char *patches_sha256;
};

struct images {
	char *source; /* of the kernel, with its version */
	char *compiler;
	char *config_sha256;
	char *initramfs;
	char *qemu;		/* $QEMU where that is set */
	struct image_cut *cuts; /* in the order of the series */
	size_t cut_count;
	int *locks; /* see images_load() */
	size_t lock_count;
};

/*
 * 0; -ENOENT where the file, a kernel, the initramfs or QEMU is missing: the
 * message says which and how to make it; errors as scenario_load() otherwise.
 *
 * The kernels and QEMU are locked, shared, until images_release(): what removes
 * them from the cache (scripts/cache) lets those be that somebody uses.
 */
int images_load(struct images *images, const char *path, char *err, size_t err_size);
void images_release(struct images *images);

/* NULL where there is no such cut. */
const struct image_cut *images_find(const struct images *images, const char *cut);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_QEMU_BUILD_H
#define BENCH_BUILD_QEMU_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/build/digest.h"
#include "bench/build/git.h"
#include "bench/build/tree.h"

/*
 * QEMUs in the cache: qemu/KEY/{bin/qemu-system-x86_64,share/qemu,tree,SHA256SUMS}, as those of
 * vm-images/build-qemu, and configured as that does. The key is a digest of the git tree that is
 * compiled, the options of configure, the firmware, and the compiler.
 *
 * build-qemu is not this: it builds a release's tarball with a quilt series, and for the fuzzer
 * links single objects anew; what both have in common is vm-images/config/qemu.build.
 */

/* What all QEMUs of a build have in common. */
struct qemu_recipe {
	char **options, **firmware; /* lists, NULL-terminated */
	char *text;		    /* both, for keys */
	char compiler[256];
};

int qemu_recipe_load(struct qemu_recipe *recipe, char *err, size_t err_size);
void qemu_recipe_release(struct qemu_recipe *recipe);

struct built_qemu {
	char key[KEY_LENGTH + 1];
	char *entry, *binary;
};

/* The QEMU of a git tree; whether it is built is built_qemu_find(). */
int built_qemu_open(struct built_qemu *qemu, const struct qemu_recipe *recipe, const char *tree,
		    char *err, size_t err_size);
void built_qemu_release(struct built_qemu *qemu);

/* Whether it is in the cache and intact. */
bool built_qemu_find(const struct built_qemu *qemu);

/*
 * Build it in the directory of @git, on top of what was built there before, and put it into the
 * cache. Needs the lock of trees. The results are those of kernel_build().
 */
int built_qemu_build(const struct built_qemu *qemu, const struct qemu_recipe *recipe,
		     const struct git *git, const struct source *source, const char *tree,
		     char *err, size_t err_size);

#endif

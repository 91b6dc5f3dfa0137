/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_KERNEL_H
#define BENCH_BUILD_KERNEL_H

#include <stddef.h>

#include "bench/build/digest.h"
#include "bench/build/git.h"
#include "bench/build/kconfig.h"
#include "bench/config/arch.h"

/*
 * Kernels in the cache: kernels/KEY/{vmlinux or Image,config,release,build_id,tree,SHA256SUMS}. The key is a
 * digest of the git tree that is compiled, the configuration, the compiler and the layout, if that
 * is not the plain one: the same tree has one kernel, wherever it came from. kbuild gets nothing of
 * the user's environment but $PATH, $HOME and $TMPDIR.
 */

/* What all kernels of a build have in common. */
struct recipe {
	const struct arch *arch;
	struct wanted wanted;
	char config_sha256[DIGEST_LENGTH + 1]; /* of wanted_text() */
	char compiler[256];		       /* first line of gcc --version */
};

/*
 * vm-images/config/base.config, and @fragments, a NULL-terminated list of paths that override it
 * in this order, for a machine. Warns of variables that a build does not use. 0, or -EINVAL and a message.
 */
int recipe_load(struct recipe *recipe, const struct arch *arch, const char *const *fragments,
		char *err, size_t err_size);
void recipe_release(struct recipe *recipe);

struct kernel {
	unsigned int layout; /* see layout.h */
	char key[KEY_LENGTH + 1];
	char *entry;		  /* directory in the cache */
	char *image;		  /* what is booted of it */
	char *release, *build_id; /* NULL: it is not built, or there is no build id */
};

/* The kernel of a git tree in a layout; whether it is built is kernel_find(). */
int kernel_open(struct kernel *kernel, const struct recipe *recipe, const char *tree,
		unsigned int layout, char *err, size_t err_size);
void kernel_release(struct kernel *kernel);

/* Whether it is in the cache and intact; release and build_id are read then. */
bool kernel_find(struct kernel *kernel);

/*
 * Build it in the directory of @git, on top of what was built there before, with progress, and put
 * it into the cache. Needs the lock of trees. 0; -EINVAL and a message, lines of the compiler
 * before it; -EINTR after Ctrl-C: the next build goes on where this one was.
 */
int kernel_build(struct kernel *kernel, struct recipe *recipe, const struct git *git,
		 const char *tree, char *err, size_t err_size);

#endif

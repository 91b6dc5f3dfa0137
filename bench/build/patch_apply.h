/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_PATCH_APPLY_H
#define BENCH_BUILD_PATCH_APPLY_H

#include "bench/build/patch_list.h"

/* One patch on an index. */
struct patch_target {
	const char *git_dir;
	const char *index;   /* path of the index */
	const char *scratch; /* an existing directory for temporary files */
	char *err;
	size_t err_size;
};

/*
 * Apply a patch to the index; *@fuzz is what it needed, 0 to 2. 0; -EINVAL and a message, and the
 * index is as before; -EINTR.
 */
int patch_apply(const struct patch_target *target, const struct patch *patch, unsigned int *fuzz);

/* What patch(1) did. */
struct patch_outcome {
	char file[256];
	unsigned int hunk, line; /* of the first hunk that was rejected; 0: none was */
	unsigned int fuzz;	 /* the largest */
};

/*
 * Apply the diff in a file to copies of the files that it names, by patch(1) with fuzz. 0: the
 * index has the result; 1: it was rejected; -EINTR.
 */
int patch_with_fuzz(const struct patch_target *target, const struct patch *patch, const char *diff,
		    struct patch_outcome *outcome);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_PATCHES_H
#define BENCH_BUILD_PATCHES_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/build/patch_list.h"

/* Where patches become commits; no work tree is touched or needed. */
struct git_place {
	const char *git_dir;
};

/* The kernel at one step of the list. Texts are valid during the call; NULL: unknown. */
struct patch_cut {
	const char *name;     /* of a "# cut:" line */
	size_t number, total; /* patches of the cut, and of the list */
	const char *tree, *commit;
	const char *subject, *message_id,
		*author_date; /* of its last patch; the date is ISO 8601 */
	unsigned int fuzz;    /* the largest that one of its patches needed, 0 to 2 */
};

/* A value other than 0 ends patches_apply(), which returns it. */
typedef int (*patches_cut_fn)(const struct patch_cut *cut, void *context);

/*
 * Apply the patches to a commit, one commit each, and call @fn for each cut in order. As git am
 * does, but what git refuses is tried by patch(1) with a fuzz of up to 2, which is said. Committer
 * and dates are constant: the same patches on the same base make the same commits. 0; -EINVAL and a
 * message of patch, file and reason; -EINTR.
 */
int patches_apply(const struct git_place *place, const char *base_commit,
		  const struct patch_list *list, patches_cut_fn fn, void *context, char *err,
		  size_t err_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_PATCH_LIST_H
#define BENCH_BUILD_PATCH_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Patches as a user has them: a quilt directory, a directory of patch files, a mailbox. They are
 * copied into a private directory, mails are taken apart as `git am` does it, and what has no patch
 * in it is left out with a line that names it.
 */

/* A patch. Texts are owned and NULL if unknown. */
struct patch {
	char *name;    /* for messages: "0001-a.patch", or "t.mbox, message 3" */
	char *diff;    /* file with the diff */
	char *message; /* file with the rest of the commit message */
	char *subject; /* without "[PATCH v2 1/5] "; never NULL */
	char *title;   /* the same with it */
	char *author, *email, *date, *message_id;
	unsigned int strip; /* as -p of patch(1) */
	bool reverse;
	bool empty;    /* it has no diff */
	char *problem; /* why its diff cannot be used */
};

struct patches {
	struct patch *items;
	size_t count;
};

/* The end of a cut. */
struct cut_mark {
	char *name;
	size_t patches; /* how many patches it has */
};

struct patch_list {
	struct patches patches;
	struct cut_mark *cuts; /* none: each patch ends a cut, and so does the base */
	size_t cut_count;
	char *directory; /* with the copies */
	size_t copies;
};

/*
 * Read a directory: its file "series", or, if it has none, its files *.patch, *.diff and *.eml in
 * the order of their names. 0, or -EINVAL or -EINTR and a message. Release the list in every case.
 */
int patch_list_read_series(struct patch_list *list, const char *directory, char *err,
			   size_t err_size);

/*
 * The same for a mailbox as lore and b4 write it, which may be compressed by gzip: one version of
 * one series, in the order of its numbers. Replies and cover letters are left out.
 */
int patch_list_read_mbox(struct patch_list *list, const char *path, char *err, size_t err_size);

void patch_list_release(struct patch_list *list);

/* Free what a patch owns. */
void patch_release(struct patch *patch);

#endif

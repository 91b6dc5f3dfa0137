/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_PATCH_FILE_H
#define BENCH_BUILD_PATCH_FILE_H

#include "bench/build/patch_list.h"

/*
 * Copy a file, which may be compressed by gzip, into the directory of the list, and append the
 * patches in it to @patches: each mail of a mailbox, or the file as one plain diff. @name is for
 * messages; @mailbox: it must hold mails. 0, or -EINVAL or -EINTR and a message.
 */
struct patch_file {
	const char *path, *name;
	unsigned int strip;
	bool mailbox;
};

int patch_file_read(struct patch_list *list, const struct patch_file *file, struct patches *patches,
		    char *err, size_t err_size);

/* One more patch at the end: the zeroed struct. */
struct patch *patches_add(struct patches *patches);

/* Create the directory of the list unless it has one: 0 or -EINVAL and a message. */
int patch_list_directory(struct patch_list *list, char *err, size_t err_size);

#endif

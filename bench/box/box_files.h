/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOX_BOX_FILES_H
#define BENCH_BOX_BOX_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/record.h"

/*
 * The files that a program needs, as an archive that a kernel unpacks at boot. Each has the path
 * that it has here, so that command lines and files that name it are right in both places.
 * Starts zeroed.
 */
struct box_files {
	struct record_list paths;	/* texts, absolute */
	struct record_list directories; /* that have to be there, empty or not */
};

/* A file, if it is there: whoever needs it says that it is not. Whether it is new. */
bool box_files_add(struct box_files *files, const char *path);

/* The files in a directory that match a pattern of glob(7), as "*.ini". */
void box_files_add_all(struct box_files *files, const char *directory, const char *pattern);

/* A program and the libraries that ldd(1) finds for it. 0 or -errno of ldd. */
int box_files_add_program(struct box_files *files, const char *path);

void box_files_add_directory(struct box_files *files, const char *path);

/*
 * A new descriptor of a file in memory, sealed: the archives @first, those that are not NULL, and
 * after them these files. -errno with the path that it failed on in @path.
 */
int box_files_pack(const struct box_files *files, const char *const first[2], char *path,
		   size_t path_size);

void box_files_release(struct box_files *files);

#endif

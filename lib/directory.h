/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_DIRECTORY_H
#define LIB_DIRECTORY_H

#include <glob.h>
#include <stdbool.h>
#include <stddef.h>

/* The directory of the running program, without a trailing slash; "." if unknown. */
const char *program_directory(void);

/*
 * Path of a data file, as "variants.ini" of the checkout's "bench": in $BALLOONBENCH_DATA; in
 * ../share/balloonbench beside an installed program; in the checkout that the program was built
 * from. Returns @path. The file may not exist.
 */
const char *data_path(const char *folder, const char *name, char *path, size_t size);

/* Whether $BALLOONBENCH_DATA is set. */
bool data_path_is_told(void);

/* Whether the running program is an installed one: its data is in ../share/balloonbench. */
bool data_is_installed(void);

/* mkdtemp() in $TMPDIR or /tmp, mode 0700. Its path goes to @path; 0 or -errno. */
int private_directory(char *path, size_t size, const char *program);

/* Remove a directory and what is in it, as far as that is possible; links are not followed. */
void directory_remove(const char *path);

/* Whether a directory has no entries: 1, 0 or -errno. @path may be "": @at itself, a descriptor. */
int directory_is_empty(int at, const char *path);

/* mkdir -p: 0 or -errno. */
int make_directories(const char *path);

/*
 * glob() below a directory whose name is taken literally. @pattern begins with '/'.
 * Returns the value of glob(); release @found with globfree() if that is 0.
 */
int glob_below(const char *dir, const char *pattern, glob_t *found);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FILES_H
#define TESTS_HELPERS_FILES_H

#include <stddef.h>

/* The directory of a test program: fixtures of its group create and remove it. */
extern char *test_dir;
int test_dir_set_up(void **state);
int test_dir_tear_down(void **state);

/* A path below test_dir, valid until the fourth call after. */
const char *in_test_dir(const char *name);

/* Create a directory below /tmp, for remove_tree(). Returns the path, valid until the next call. */
const char *make_temp_dir(void);

/* rm -r */
void remove_tree(const char *path);

/* Write DIR/NAME, and create its directories. Returns the path, valid until the next call. */
const char *write_file(const char *dir, const char *name, const char *text);

/* Number of paths below a directory that match a pattern of glob(7). */
size_t count_paths(const char *dir, const char *pattern);

/* Number of entries of a directory; 0 if it cannot be read. */
size_t count_files(const char *dir);

/* Content of a file, to be freed; NULL if it cannot be read. */
char *read_file(const char *path);

/* How often a file has a text; 0 if it cannot be read. */
int count_in_file(const char *path, const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_FILES_H
#define TESTS_HELPERS_FILES_H

#include <stddef.h>

/* A directory for the tests of a program: set up and torn down with their group. */
extern char *test_dir;
int test_dir_set_up(void **state);
int test_dir_tear_down(void **state);

/* A path below test_dir. Valid until the fourth call after. */
const char *in_test_dir(const char *name);

/* A new directory below /tmp; to be removed with remove_tree(). Valid until the next call. */
const char *make_temp_dir(void);

/* rm -r */
void remove_tree(const char *path);

/* Write a text into DIR/NAME, making the directories of NAME. Returns the path, until the next
 * call. */
const char *write_file(const char *dir, const char *name, const char *text);

/* Content of a file, to be freed; NULL if it cannot be read. */
char *read_file(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_PRIVATE_DIRECTORY_H
#define LIB_PRIVATE_DIRECTORY_H

#include <stddef.h>

/*
 * Make a directory of mode 0700 with a name that nobody can guess, in $TMPDIR or
 * /tmp. Its path goes to @path; 0, or -errno.
 */
int private_directory(char *path, size_t size, const char *program);

#endif

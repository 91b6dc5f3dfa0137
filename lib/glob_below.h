/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_GLOB_BELOW_H
#define LIB_GLOB_BELOW_H

#include <glob.h>

/*
 * glob() for what lies below a directory, whatever characters are in its name:
 * that is a name, not a pattern. @pattern begins with '/'. Returns what glob()
 * does; @found is to be given to globfree() where that is 0.
 */
int glob_below(const char *dir, const char *pattern, glob_t *found);

#endif

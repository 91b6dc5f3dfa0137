/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/glob_below.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

int glob_below(const char *dir, const char *pattern, glob_t *found)
{
	char whole[2 * PATH_MAX];
	size_t n = 0;

	for (; *dir && n + 2 < PATH_MAX; dir++) {
		if (strchr("*?[]\\", *dir))
			whole[n++] = '\\';
		whole[n++] = *dir;
	}
	snprintf(whole + n, sizeof(whole) - n, "%s", pattern);
	return glob(whole, 0, NULL, found);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/private_directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int private_directory(char *path, size_t size, const char *program)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !*parent)
		parent = "/tmp";
	if (snprintf(path, size, "%s/%s-XXXXXX", parent, program) >= (int)size)
		return -ENAMETOOLONG;
	return mkdtemp(path) ? 0 : -errno;
}

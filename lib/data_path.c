/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/data_path.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *program_directory(void)
{
	static char path[PATH_MAX];
	static const char *dir;
	ssize_t n;

	if (dir)
		return dir;
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	dir = dirname(path);
	return dir;
}

const char *data_path(const char *folder, const char *name, char *path, size_t size)
{
	const char *env = getenv("BALLOONBENCH_DATA");

	if (env && *env) {
		snprintf(path, size, "%s/%s", env, name);
		return path;
	}
	snprintf(path, size, "%s/../share/balloonbench/%s", program_directory(), name);
	if (access(path, R_OK) < 0)
		snprintf(path, size, "%s/%s/%s", SOURCE_DIR, folder, name);
	return path;
}

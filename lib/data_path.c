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

static const char *told(void)
{
	const char *env = getenv("BALLOONBENCH_DATA");

	return env && *env ? env : NULL;
}

bool data_path_is_told(void)
{
	return told();
}

const char *data_path(const char *folder, const char *name, char *path, size_t size)
{
	if (told()) {
		snprintf(path, size, "%s/%s", told(), name);
		return path;
	}
	snprintf(path, size, "%s/../share/balloonbench/%s", program_directory(), name);
	if (access(path, R_OK) < 0)
		snprintf(path, size, "%s/%s/%s", SOURCE_DIR, folder, name);
	return path;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/paths.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/data_path.h"

const char *path_scenarios(void)
{
	static char path[PATH_MAX];

	return data_path("bench", "scenarios", path, sizeof(path));
}

const char *path_variants(void)
{
	static char path[PATH_MAX];

	return data_path("bench", "variants.ini", path, sizeof(path));
}

const char *path_suites(void)
{
	static char path[PATH_MAX];

	return data_path("bench", "suites.ini", path, sizeof(path));
}

const char *path_images(void)
{
	static char path[PATH_MAX];

	if (data_path_is_told() &&
	    !access(data_path("build", "images.ini", path, sizeof(path)), R_OK))
		return path;
	snprintf(path, sizeof(path), "%s/images.ini", program_directory());
	if (access(path, R_OK) < 0)
		data_path("build", "images.ini", path, sizeof(path));
	return path;
}

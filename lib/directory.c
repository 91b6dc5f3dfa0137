/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/safe_directory.h"

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

bool data_path_is_told(void)
{
	const char *told = getenv("BALLOONBENCH_DATA");

	return told && *told;
}

bool data_is_installed(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/../share/balloonbench/variants.ini", program_directory());
	return !access(path, R_OK);
}

const char *data_path(const char *folder, const char *name, char *path, size_t size)
{
	if (data_path_is_told()) {
		snprintf(path, size, "%s/%s", getenv("BALLOONBENCH_DATA"), name);
		return path;
	}
	snprintf(path, size, "%s/../share/balloonbench/%s", program_directory(), name);
	if (access(path, R_OK) < 0)
		snprintf(path, size, "%s/%s/%s", SOURCE_DIR, folder, name);
	return path;
}

int private_directory(char *path, size_t size, const char *program)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !*parent)
		parent = "/tmp";
	if (snprintf(path, size, "%s/%s-XXXXXX", parent, program) >= (int)size)
		return -ENAMETOOLONG;
	return mkdtemp(path) ? 0 : -errno;
}

void directory_remove(const char *path)
{
	directory_remove_at(AT_FDCWD, path);
}

int directory_is_empty(int at, const char *path)
{
	int copy = openat(at, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), empty = 1;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty;
}

int make_directories(const char *path)
{
	char partial[PATH_MAX], *slash = partial;

	if (snprintf(partial, sizeof(partial), "%s", path) >= (int)sizeof(partial))
		return -ENAMETOOLONG;
	do {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(partial, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (slash)
			*slash = '/';
	} while (slash);
	return 0;
}

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

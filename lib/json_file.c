/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int regular_file_open(const char *path)
{
	/* To open a pipe without O_NONBLOCK is to wait for who writes into it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static json_t *load(const char *path, int fd, char *err, size_t err_size)
{
	json_error_t error;
	struct stat st;
	json_t *value;

	if (fstat(fd, &st) < 0 || st.st_size > JSON_FILE_MAX) {
		snprintf(err, err_size, "%s: larger than %ld MiB, which no such file is", path,
			 JSON_FILE_MAX >> 20);
		return NULL;
	}
	value = json_loadfd(fd, 0, &error);
	if (!value)
		snprintf(err, err_size, "%s:%d: %s", path, error.line, error.text);
	return value;
}

json_t *json_file_load(const char *path, char *err, size_t err_size)
{
	int fd = regular_file_open(path);
	json_t *value;

	if (fd < 0) {
		snprintf(err, err_size, "%s: %s", path,
			 fd == -EINVAL ? "not a regular file" : strerror(-fd));
		return NULL;
	}
	value = load(path, fd, err, err_size);
	close(fd);
	return value;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/safe_directory.h"

/* Of an open descriptor, or -errno: the same, or it is closed. */
static int regular(int fd)
{
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	return -EINVAL;
}

static int open_regular(const char *path, int flags)
{
	/* Without O_NONBLOCK, open() of a pipe waits for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);

	return fd < 0 ? -errno : regular(fd);
}

int regular_file_open_below(const char *dir, const char *path)
{
	int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (at < 0)
		return -errno;
	fd = file_open_below(at, path + strlen(dir), O_RDONLY | O_NOCTTY | O_NONBLOCK);
	close(at);
	return regular(fd);
}

int regular_file_open(const char *path)
{
	return open_regular(path, 0);
}

/* Data appended meanwhile is not read. NULL with errno: EFBIG if the file is larger than @max. */
static char *read_whole(int fd, off_t max, size_t *size)
{
	int err;
	char *text = NULL;
	struct stat st;
	ssize_t n = 1;

	errno = fd < 0 ? -fd : EFBIG;
	if (fd >= 0 && !fstat(fd, &st) && st.st_size <= max)
		text = calloc(1, st.st_size + 1);
	*size = 0;
	while (text && n > 0 && *size < (size_t)st.st_size) {
		n = read(fd, text + *size, st.st_size - *size);
		*size += n > 0 ? n : 0;
	}
	err = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(text);
		text = NULL;
	}
	errno = err;
	return text;
}

char *regular_file_read(const char *path, int flags, size_t *size)
{
	return read_whole(open_regular(path, flags), SSIZE_MAX - 1, size);
}

/* Brackets and commas in a text are neither. */
static void count_values(const char *at, size_t size, size_t *containers, size_t *values)
{
	const char *end = at + size;
	bool text = false;

	for (*containers = *values = 0; at < end; at++) {
		if (text && *at == '\\')
			at++;
		else if (*at == '"')
			text = !text;
		else if (!text) {
			*containers += *at == '[' || *at == '{';
			*values += *at == ',';
		}
	}
}

json_t *json_parse(const char *text, size_t size, json_error_t *error)
{
	size_t containers, values;

	count_values(text, size, &containers, &values);
	errno = EINVAL;
	if (containers <= JSON_CONTAINERS_MAX && values <= JSON_VALUES_MAX)
		return json_loadb(text, size, JSON_REJECT_DUPLICATES, error);
	*error = (json_error_t){ .line = 1 };
	errno = EMSGSIZE;
	if (containers > JSON_CONTAINERS_MAX)
		snprintf(error->text, sizeof(error->text), "%zu arrays and objects, more than %d",
			 containers, JSON_CONTAINERS_MAX);
	else
		snprintf(error->text, sizeof(error->text), "%zu values, more than %d", values,
			 JSON_VALUES_MAX);
	return NULL;
}

const char *regular_file_strerror(int error)
{
	return error == EINVAL ? "not a regular file"
	       : error == ELOOP
		       ? "a symbolic link is on the way, which is not followed in a result "
			 "tree"
		       : strerror(error);
}

json_t *json_file_read(int fd, const char *path, char *err, size_t err_size)
{
	json_t *value = NULL;
	json_error_t error;
	size_t size;
	char *text = read_whole(regular(fd), JSON_FILE_MAX, &size);

	if (text)
		value = json_parse(text, size, &error);
	if (text && !value)
		snprintf(err, err_size, "%s:%d: %s", path, error.line, error.text);
	else if (!text && errno == EFBIG)
		snprintf(err, err_size, "%s: larger than %ld MiB, which no such file is", path,
			 JSON_FILE_MAX >> 20);
	else if (!text)
		snprintf(err, err_size, "%s: %s", path, regular_file_strerror(errno));
	free(text);
	return value;
}

json_t *json_file_load(const char *path, char *err, size_t err_size)
{
	return json_file_read(open_regular(path, 0), path, err, err_size);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

json_t *json_file_read(int fd, const char *path, char *err, size_t err_size)
{
	json_t *value = NULL;
	json_error_t error;
	size_t size;
	char *text = read_whole(regular(fd), JSON_FILE_MAX, &size);

	if (text)
		value = json_loadb(text, size, 0, &error);
	if (text && !value)
		snprintf(err, err_size, "%s:%d: %s", path, error.line, error.text);
	else if (!text && errno == EFBIG)
		snprintf(err, err_size, "%s: larger than %ld MiB, which no such file is", path,
			 JSON_FILE_MAX >> 20);
	else if (!text)
		snprintf(err, err_size, "%s: %s", path,
			 errno == EINVAL ? "not a regular file" : strerror(errno));
	free(text);
	return value;
}

json_t *json_file_load(const char *path, char *err, size_t err_size)
{
	return json_file_read(open_regular(path, 0), path, err, err_size);
}

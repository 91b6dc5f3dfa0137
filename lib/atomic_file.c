/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= n;
	}
	return 0;
}

int sync_directory_of(const char *path)
{
	char copy[PATH_MAX];
	int fd, err = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0 && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}

/* A device, a pipe, a link: to be written to, not to be renamed away. */
static int is_special(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !S_ISREG(st.st_mode);
}

static int write_in_place(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, data, len);
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

/* Make the content final, unless it could not be written (@err). */
static int finish(int fd, int err)
{
	if (!err && fchmod(fd, 0644) < 0)
		err = -errno;
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err;
}

/* The file is closed: give it its name, or remove it. */
static int put_in_place(const char *tmp, const char *path, int err)
{
	if (!err && rename(tmp, path) < 0)
		err = -errno;
	if (err) {
		unlink(tmp);
		return err;
	}
	return sync_directory_of(path);
}

int atomic_file_write(const char *path, const void *data, size_t len)
{
	return is_special(path) ? write_in_place(path, data, len)
				: atomic_file_replace(path, data, len);
}

int atomic_file_replace(const char *path, const void *data, size_t len)
{
	char tmp[PATH_MAX];
	int fd, err;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = finish(fd, write_all(fd, data, len));
	if (close(fd) < 0 && !err)
		err = -errno;
	return put_in_place(tmp, path, err);
}

int atomic_stream_open(struct atomic_stream *stream, const char *path)
{
	int fd, err = 0;

	*stream = (struct atomic_stream){ .path = strdup(path) };
	if (stream->path && is_special(path)) {
		stream->file = fopen(path, "we");
		err = stream->file ? 0 : -errno;
		goto out;
	}
	if (!stream->path || asprintf(&stream->temporary, "%s.XXXXXX", path) < 0) {
		stream->temporary = NULL;
		err = -ENOMEM;
		goto out;
	}
	fd = mkostemp(stream->temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	stream->file = fdopen(fd, "w");
	if (!stream->file) {
		err = -errno;
		unlink(stream->temporary);
		close(fd);
	}
out:
	if (err)
		atomic_stream_release(stream);
	return err;
}

int atomic_stream_commit(struct atomic_stream *stream)
{
	int err = 0;

	/* An earlier write that failed has left no more than its mark. */
	if (ferror(stream->file))
		err = -EIO;
	if (fflush(stream->file))
		err = -errno;
	if (stream->temporary)
		err = finish(fileno(stream->file), err);
	if (fclose(stream->file) && !err)
		err = -errno;
	stream->file = NULL;
	if (stream->temporary)
		err = put_in_place(stream->temporary, stream->path, err);
	atomic_stream_release(stream);
	return err;
}

void atomic_stream_release(struct atomic_stream *stream)
{
	if (stream->file)
		fclose(stream->file);
	if (stream->file && stream->temporary)
		unlink(stream->temporary);
	free(stream->path);
	free(stream->temporary);
	*stream = (struct atomic_stream){ .file = NULL };
}

static int write_json(const char *path, const json_t *value, size_t flags)
{
	size_t len;
	char *text;
	int err;

	text = json_dumps(value, flags | JSON_REAL_PRECISION(12));
	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len++] = '\n'; /* where the terminator stood */
	err = atomic_file_write(path, text, len);
	free(text);
	return err;
}

int atomic_file_write_json(const char *path, const json_t *value)
{
	return write_json(path, value, JSON_INDENT(2));
}

int atomic_file_write_compact_json(const char *path, const json_t *value)
{
	return write_json(path, value, JSON_COMPACT);
}

int make_directories(const char *path)
{
	char partial[PATH_MAX];
	char *slash;

	if (snprintf(partial, sizeof(partial), "%s", path) >= (int)sizeof(partial))
		return -ENAMETOOLONG;
	for (slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(partial, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(partial, 0755) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

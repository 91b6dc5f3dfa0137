/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"

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

/* A device, pipe or link is written to; a rename would replace it. */
static bool is_special(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !S_ISREG(st.st_mode);
}

static int open_stream(struct atomic_stream *stream, const char *path, bool in_place)
{
	int fd, err;

	*stream = (struct atomic_stream){ .path = xstrdup(path) };
	if (!in_place)
		stream->temporary = xasprintf("%s.XXXXXX", path);
	fd = in_place ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
		      : mkostemp(stream->temporary, O_CLOEXEC);
	stream->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (stream->file)
		return 0;
	err = -errno;
	if (fd >= 0 && !in_place)
		unlink(stream->temporary);
	if (fd >= 0)
		close(fd);
	atomic_stream_release(stream);
	return err;
}

int atomic_stream_open(struct atomic_stream *stream, const char *path)
{
	return open_stream(stream, path, is_special(path));
}

/* @err: of the writes before. */
static int finish(struct atomic_stream *stream, int err)
{
	int fd = fileno(stream->file);

	if (fflush(stream->file))
		err = -errno;
	if (!err && stream->temporary && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		err = -errno;
	if (fclose(stream->file) && !err)
		err = -errno;
	stream->file = NULL;
	if (!err && stream->temporary && rename(stream->temporary, stream->path) < 0)
		err = -errno;
	if (stream->temporary && err)
		unlink(stream->temporary);
	else if (stream->temporary)
		err = sync_directory_of(stream->path);
	atomic_stream_release(stream);
	return err;
}

int atomic_stream_commit(struct atomic_stream *stream)
{
	/* The errno of an earlier write is lost; only the error flag is left. */
	return finish(stream, ferror(stream->file) ? -EIO : 0);
}

static int write_file(const char *path, const void *data, size_t len, bool in_place)
{
	struct atomic_stream stream;
	int err = open_stream(&stream, path, in_place);

	if (err)
		return err;
	return finish(&stream, fwrite(data, 1, len, stream.file) == len ? 0 : -errno);
}

int atomic_file_write(const char *path, const void *data, size_t len)
{
	return write_file(path, data, len, is_special(path));
}

int atomic_file_replace(const char *path, const void *data, size_t len)
{
	return write_file(path, data, len, false);
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

int atomic_file_replace_json(const char *path, const json_t *value)
{
	size_t len;
	char *text;
	int err;

	text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len++] = '\n'; /* in place of the terminator */
	err = atomic_file_replace(path, text, len);
	free(text);
	return err;
}

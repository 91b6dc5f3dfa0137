/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_ATOMIC_FILE_H
#define LIB_ATOMIC_FILE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Files that are either complete or absent: written to a temporary file in the same
 * directory, fsynced and renamed, then the directory is fsynced. A crash leaves the
 * old content, or no file.
 */

/* glob(7) pattern of the suffix of a temporary file, which a crash may leave behind. */
#define ATOMIC_FILE_PATTERN ".??????"

/*
 * Replace a file's content. A device, pipe or symbolic link is written in place: a rename would
 * replace it. 0 or -errno; the temporary file is removed on errors.
 */
int atomic_file_write(const char *path, const void *data, size_t len);

/* The same, but a link or device is replaced, too: another user may have planted it. */
int atomic_file_replace(const char *path, const void *data, size_t len);

/* As atomic_file_replace(): indented JSON, keys in their order of insertion. */
int atomic_file_replace_json(const char *path, const json_t *value);

/* The same for content that is written in pieces. Zeroed, it is closed and may be released. */
struct atomic_stream {
	FILE *file; /* write here */
	char *path, *temporary;
};

/* 0 or -errno. The old content stays until atomic_stream_commit(). */
int atomic_stream_open(struct atomic_stream *stream, const char *path);

/* Replace the old content: 0, or -errno and the old content stays. Closes the stream. */
int atomic_stream_commit(struct atomic_stream *stream);

/* Without a commit the new content is discarded. */
void atomic_stream_release(struct atomic_stream *stream);

/* fsync the directory of a file, which makes a rename durable. 0 or -errno. */
int sync_directory_of(const char *path);

#endif

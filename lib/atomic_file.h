/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_ATOMIC_FILE_H
#define LIB_ATOMIC_FILE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Files that are either whole or absent: written under a temporary name in
 * the same directory, fsynced, renamed, and the directory fsynced after it.
 * After a crash at any point the old file, or none, is there.
 */

/* glob(7) of what follows a file's name in its temporary name, which a crash leaves behind. */
#define ATOMIC_FILE_PATTERN ".??????"

/**
 * atomic_file_write() - replace a file's content
 * @path: the file
 * @data: its new content
 * @len: bytes of it
 *
 * What is there and no regular file is written to in place, as /dev/null, a
 * pipe or a symbolic link: a rename would put a file where the device was.
 *
 * Return: 0, or -errno (-ENOSPC and -EROFS among them); the temporary file is
 * gone in every case.
 */
int atomic_file_write(const char *path, const void *data, size_t len);

/**
 * atomic_file_replace() - the same, whatever is there
 *
 * For a name that this program chose in a directory of somebody else's: a link
 * that was put there is replaced, and not written through.
 */
int atomic_file_replace(const char *path, const void *data, size_t len);

/**
 * atomic_file_write_json() - the same, with a JSON value as content
 * @path: the file
 * @value: what to write, indented, keys in their order of insertion; borrowed
 */
int atomic_file_write_json(const char *path, const json_t *value);

/* The same in one line, for what is read by programs only. */
int atomic_file_write_compact_json(const char *path, const json_t *value);

/*
 * The same for content that is written bit by bit. Zeroed, one is closed: release
 * may follow whatever happened.
 */
struct atomic_stream {
	FILE *file; /* to be written to */
	char *path;
	char *temporary;
};

/* Begin: 0 or -errno. The old content stays until atomic_stream_commit(). */
int atomic_stream_open(struct atomic_stream *stream, const char *path);

/* All is written: 0, or -errno and the old content stays. Closed in either case. */
int atomic_stream_commit(struct atomic_stream *stream);

/* Without a commit before it: nothing has been written. */
void atomic_stream_release(struct atomic_stream *stream);

/* fsync the directory that holds a name: a rename is on disk only then. 0 or -errno. */
int sync_directory_of(const char *path);

/* mkdir -p: 0 or -errno; an existing directory is no error. */
int make_directories(const char *path);

#endif

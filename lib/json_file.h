/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_JSON_FILE_H
#define LIB_JSON_FILE_H

#include <jansson.h>
#include <stddef.h>

/*
 * A result tree may be another user's: a pipe in it must not block, and parsed JSON takes
 * up to 50 times its size in memory. The largest of balloonbench has a tenth of this.
 */
#define JSON_FILE_MAX (16L << 20)

/*
 * Parsed, an array of two bytes is 130: this is 100 MiB at most. A boot has no more than 400,000
 * numbers, and 60,000 pairs.
 */
#define JSON_CONTAINERS_MAX 200000
#define JSON_VALUES_MAX 1000000

/*
 * Parse JSON from an untrusted source. Values are counted before they take memory. Returns a new
 * reference, or NULL with the message in @error and errno EMSGSIZE if it has more values than
 * these, or another errno if it is no JSON or an object has a key twice.
 */
json_t *json_parse(const char *text, size_t size, json_error_t *error);

/* Open a regular file to read; its descriptor, or -errno: -EINVAL where it is something else. */
int regular_file_open(const char *path);

/*
 * The same of a file below a directory, which @path begins with: no link below it is followed, as
 * it could lead to a file that only the reader may read. -ELOOP: there is one.
 */
int regular_file_open_below(const char *dir, const char *path);

/* All of a regular file and a byte 0, to be freed; NULL with errno. @flags: O_NOFOLLOW or 0. */
char *regular_file_read(const char *path, int flags, size_t *size);

/* What went wrong with a file of this header, by errno: "not a regular file", ... */
const char *regular_file_strerror(int error);

/* The JSON in a file, a new reference; NULL and "PATH:LINE: what is wrong" in @err. */
json_t *json_file_load(const char *path, char *err, size_t err_size);

/* The same from a descriptor, which is closed; @path is for messages only. */
json_t *json_file_read(int fd, const char *path, char *err, size_t err_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_JSON_FILE_H
#define LIB_JSON_FILE_H

#include <jansson.h>
#include <stddef.h>

/*
 * A result tree may be somebody else's. What is read of it is a regular file, so
 * that a pipe in its place makes nobody wait, and has an end: parsed, JSON takes
 * up to 50 times its size in memory. The largest that balloonbench writes, but
 * for trace.json, which is read piece by piece, has less than a tenth of this.
 */
#define JSON_FILE_MAX (16L << 20)

/* Open a regular file to read; its descriptor, or -errno: -EINVAL where it is something else. */
int regular_file_open(const char *path);

/*
 * The JSON in a regular file of up to JSON_FILE_MAX bytes, to be released with
 * json_decref(); NULL where there is none, with "PATH:LINE: what is wrong" in @err.
 */
json_t *json_file_load(const char *path, char *err, size_t err_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RESULT_H
#define LIB_RESULT_H

#include <jansson.h>
#include <stddef.h>

/*
 * result.json: what one boot measured. Written by balloonbench, read by
 * balloonstat; result.schema.json beside this file is its JSON Schema.
 *
 * A reader takes what it knows and passes over keys it does not know; the
 * version changes only when an old reader would misunderstand a new file.
 */
#define RESULT_SCHEMA_VERSION 1

#define RESULT_OK "ok"
#define RESULT_FAILED "failed"
#define RESULT_INVALID "invalid"

/**
 * result_load() - read and check a result.json
 * @path: the file
 * @err: where a message goes that names file and key
 *
 * Return: the object, a new reference; NULL where the file cannot be read, is
 * no JSON, lacks a key that every reader relies on, has figures that cannot be,
 * or is of a newer version.
 */
json_t *result_load(const char *path, char *err, size_t err_size);

/* The same checks on a value in memory: 0 or -EINVAL. @name stands in the message. */
int result_check(const json_t *result, const char *name, char *err, size_t err_size);

#endif

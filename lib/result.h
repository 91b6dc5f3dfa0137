/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RESULT_H
#define LIB_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * result.json: what one boot measured. Written by balloonbench, read by
 * balloonstat; result.schema.json beside this file is its JSON Schema.
 *
 * A reader takes what it knows and passes over keys it does not know; the
 * version changes only when an old reader would misunderstand a new file.
 */
#define RESULT_SCHEMA_VERSION 1

/* "mover" of a result that has no deflate. */
#define RESULT_REPORTING "free-page-reporting"

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

/* What stands at "a.b.c" in an object, borrowed, or NULL. */
const json_t *json_at(const json_t *object, const char *path);

/**
 * result_value() - the one value that a boot yields of a metric
 * @result: a result.json
 * @metric: where it stands: in a cycle, as "inflate.duration_ns" or
 *	"inflate.phases.alloc_ns", or in the boot, as "ready_ns"
 * @value: in the unit of the file
 *
 * The cycles of a boot are not independent of each other, so their median is
 * what counts, before anything is compared.
 *
 * Return: false where the boot has no such number.
 */
bool result_value(const json_t *result, const char *metric, double *value);

#endif

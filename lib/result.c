/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/result.h"

#include <assert.h>
#include <errno.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_file.h"

/* What rounding may make of a rate. */
#define RATE_ERROR 1e-3

static const struct {
	const char *key;
	json_type type;
	const char *wanted;
} required[] = {
	{ "schema_version", JSON_INTEGER, "a whole number" },
	{ "scenario", JSON_STRING, "a string" },
	{ "variant", JSON_STRING, "a string" },
	{ "cut", JSON_STRING, "a string" },
	{ "accel", JSON_STRING, "a string" },
	{ "boot", JSON_INTEGER, "a whole number" },
	{ "status", JSON_STRING, "a string" },
	{ "cycles", JSON_ARRAY, "an array" },
};

static const char *const moves[] = { "inflate", "deflate" };
#define MOVES (sizeof(moves) / sizeof(moves[0]))

/* What reports free pages has only the first. */
static size_t count_moves(const json_t *result)
{
	const char *method = json_string_value(json_object_get(result, "mover"));

	return method && !strcmp(method, RESULT_REPORTING) ? 1 : 2;
}

static int check_cycle(const json_t *cycle, size_t number, size_t count, const char *name,
		       char *err, size_t err_size)
{
	size_t i;

	assert(count <= MOVES);
	for (i = 0; i < count; i++) {
		const json_t *move = json_object_get(cycle, moves[i]);

		if (json_is_integer(json_object_get(move, "duration_ns")) &&
		    json_is_integer(json_object_get(move, "bytes")))
			continue;
		snprintf(err, err_size,
			 "%s: cycles[%zu].%s needs bytes and duration_ns, whole numbers", name,
			 number, moves[i]);
		return -EINVAL;
	}
	return 0;
}

/* The first key in @value, at any depth, of a number below 0; or NULL. */
static const char *negative_in(const json_t *value, const char *key)
{
	const char *found = NULL, *name;
	json_t *item;
	size_t i;

	if (json_is_number(value))
		return json_number_value(value) < 0 ? key : NULL;
	json_array_foreach (value, i, item)
		if (!found)
			found = negative_in(item, key);
	json_object_foreach ((json_t *)value, name, item)
		if (!found)
			found = negative_in(item, name);
	return found;
}

/*
 * Of a boot that is ok: nothing that is counted or timed in a cycle is negative,
 * a move takes time, and its rate is that of its bytes and duration. A file that
 * was altered by hand, or by a disk, is told by it.
 */
static int check_figures(const json_t *cycle, size_t number, size_t count, const char *name,
			 char *err, size_t err_size)
{
	const char *key = negative_in(cycle, ""), *move;
	const json_t *m, *rate;
	double gib, seconds;
	size_t i;

	if (key) {
		snprintf(err, err_size, "%s: cycles[%zu]: %s is negative", name, number, key);
		return -EINVAL;
	}
	assert(count <= MOVES);
	for (i = 0; i < count; i++) {
		move = moves[i];
		m = json_object_get(cycle, move);
		rate = json_object_get(m, "gib_per_s");
		gib = json_number_value(json_object_get(m, "bytes")) / (1 << 30);
		seconds = json_number_value(json_object_get(m, "duration_ns")) / 1e9;
		if (seconds > 0 &&
		    (!rate || fabs(json_number_value(rate) * seconds - gib) <= RATE_ERROR * gib))
			continue;
		snprintf(err, err_size,
			 "%s: cycles[%zu].%s: bytes, duration_ns and gib_per_s do not agree", name,
			 number, move);
		return -EINVAL;
	}
	return 0;
}

static int check_status(const json_t *result, const char *name, char *err, size_t err_size)
{
	const char *status = json_string_value(json_object_get(result, "status"));

	if (!strcmp(status, RESULT_OK) || !strcmp(status, RESULT_FAILED) ||
	    !strcmp(status, RESULT_INVALID))
		return 0;
	snprintf(err, err_size, "%s: status '%s' is none of ok, failed, invalid", name, status);
	return -EINVAL;
}

int result_check(const json_t *result, const char *name, char *err, size_t err_size)
{
	const json_t *cycles = json_object_get(result, "cycles");
	size_t count = count_moves(result), i;
	int status, ok;

	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		const json_t *value = json_object_get(result, required[i].key);

		if (value && json_typeof(value) == required[i].type)
			continue;
		snprintf(err, err_size, "%s: '%s' must be there and be %s", name, required[i].key,
			 required[i].wanted);
		return -EINVAL;
	}
	if (json_integer_value(json_object_get(result, "schema_version")) > RESULT_SCHEMA_VERSION) {
		snprintf(err, err_size,
			 "%s: written by a newer balloonbench (schema_version %lld, this program "
			 "knows %d): use its balloonstat",
			 name,
			 (long long)json_integer_value(json_object_get(result, "schema_version")),
			 RESULT_SCHEMA_VERSION);
		return -EINVAL;
	}
	status = check_status(result, name, err, err_size);
	ok = !strcmp(json_string_value(json_object_get(result, "status")), RESULT_OK);
	for (i = 0; !status && i < json_array_size(cycles); i++) {
		const json_t *cycle = json_array_get(cycles, i);

		status = check_cycle(cycle, i, count, name, err, err_size);
		if (!status && ok)
			status = check_figures(cycle, i, count, name, err, err_size);
	}
	return status;
}

json_t *result_load(const char *path, char *err, size_t err_size)
{
	json_t *result = json_file_load(path, err, err_size);

	if (!result)
		return NULL;
	if (result_check(result, path, err, err_size)) {
		json_decref(result);
		return NULL;
	}
	return result;
}

const json_t *json_at(const json_t *object, const char *path)
{
	char name[64];
	size_t n;

	while (object && *path) {
		n = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		object = json_object_get(object, name);
		path += n + (path[n] == '.');
	}
	return object;
}

/* The median over the cycles that have the value. */
static bool value_of_cycles(const json_t *cycles, const char *path, double *value)
{
	double *values = calloc(json_array_size(cycles) + 1, sizeof(*values));
	const json_t *cycle, *found;
	size_t count = 0, i;

	if (!values)
		abort();
	json_array_foreach (cycles, i, cycle) {
		found = json_at(cycle, path);
		if (json_is_number(found))
			values[count++] = json_number_value(found);
	}
	if (count)
		*value = gsl_stats_median(values, 1, count);
	free(values);
	return count > 0;
}

bool result_value(const json_t *result, const char *metric, double *value)
{
	const json_t *found = json_at(result, metric);

	if (!json_is_number(found))
		return value_of_cycles(json_object_get(result, "cycles"), metric, value);
	*value = json_number_value(found);
	return true;
}

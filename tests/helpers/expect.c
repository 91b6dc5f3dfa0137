/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/expect.h"

#include <stdio.h>
#include <string.h>

#include "tests/helpers/files.h"

void expect_outcome_with(struct outcome outcome, int status, const char *const *says)
{
	for (; *says && strstr(outcome.output, *says); says++)
		;
	if (outcome.status != status || *says)
		fail_msg("status %d, expected %d and '%s': %s", outcome.status, status,
			 *says ? *says : "", outcome.output);
	outcome_release(&outcome);
}

json_t *load_json(const char *path)
{
	json_error_t error;
	json_t *value = json_load_file(path, 0, &error);

	if (!value)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return value;
}

const json_t *json_at(const json_t *value, const char *path)
{
	size_t n = strcspn(path, ".");
	char key[128];

	snprintf(key, sizeof(key), "%.*s", (int)n, path);
	value = json_object_get(value, key);
	return path[n] ? json_at(value, path + n + 1) : value;
}

const json_t *item_of(const json_t *object, const char *list, size_t i)
{
	return json_array_get(json_object_get(object, list), i);
}

size_t size_of(const json_t *object, const char *list)
{
	return json_array_size(json_object_get(object, list));
}

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "(none)";
}

double number_of(const json_t *object, const char *path)
{
	const json_t *number = json_at(object, path);

	if (!json_is_number(number))
		fail_msg("expected a number: %s", path);
	return json_number_value(number);
}

struct outcome export_with(const char *tree, const char *const *more)
{
	const char *args[ARGS_MAX] = { "export", in_test_dir(tree) };
	int i;

	for (i = 0; more[i]; i++)
		args[i + 2] = more[i];
	return run_program("balloonstat", args);
}

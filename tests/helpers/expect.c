/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/expect.h"

#include <string.h>

#include "tests/helpers/files.h"

void expect_outcome(struct outcome outcome, int status, const char *says)
{
	if (outcome.status != status || !strstr(outcome.output, says))
		fail_msg("status %d, not %d with '%s': %s", outcome.status, status, says,
			 outcome.output);
	outcome_release(&outcome);
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

double number_of(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_number(number))
		fail_msg("%s is no number", key);
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

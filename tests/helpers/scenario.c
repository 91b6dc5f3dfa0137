/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/scenario.h"

#include "tests/helpers/unit.h"

#include <stdio.h>

#include "lib/result.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/schema.h"

json_t *run_scenario(const char *name, const char *text, const char *variant, const char *level)
{
	char out[256], path[512], file[64], err[512];
	const char *args[] = { "run",	  "--variant", variant,	  "--scenario", NULL,
			       "--boots", "1",	       "--accel", "tcg",	"--trace",
			       level,	  "-o",	       out,	  NULL };
	struct outcome outcome;
	json_t *result;

	snprintf(out, sizeof(out), "%s/%s-%s", test_dir, name, variant);
	snprintf(file, sizeof(file), "%s.ini", name);
	args[4] = write_file(test_dir, file, text);
	outcome = run_program("balloonbench", args);
	if (outcome.status)
		fail_msg("%s: %s", name, outcome.output);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/%s/%s/boot-01/result.json", out, name, variant);
	assert_fits_schema(path);
	result = result_load(path, err, sizeof(err));
	if (!result)
		fail_msg("%s", err);
	return result;
}

const json_t *cycle_of(const json_t *result)
{
	return json_array_get(json_object_get(result, "cycles"), 0);
}

double number(const json_t *object, const char *path)
{
	const json_t *value = json_at(object, path);

	if (!json_is_number(value))
		fail_msg("there is no number %s", path);
	return json_number_value(value);
}

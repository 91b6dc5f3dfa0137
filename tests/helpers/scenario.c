/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/scenario.h"

#include "tests/helpers/unit.h"

#include <stdio.h>

#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/schema.h"

json_t *run_scenario(const char *name, const char *text, const char *variant, const char *level)
{
	char out[256], path[512], file[64], err[512];
	const char *args[] = { "run",	  "--variant", variant,	  "--scenario", NULL,
			       "--boots", "1",	       "--accel", "tcg",	"--trace",
			       level,	  "-o",	       out,	  NULL };
	struct boot_result result;
	json_t *json;

	snprintf(out, sizeof(out), "%s/%s-%s", test_dir, name, variant);
	snprintf(file, sizeof(file), "%s.ini", name);
	args[4] = write_file(test_dir, file, text);
	expect_outcome(run_program("balloonbench", args), 0, "");
	snprintf(path, sizeof(path), "%s/%s/%s/boot-01/result.json", out, name, variant);
	assert_fits_schema(path);
	json = load_json(path);
	if (result_decode(&result, json, path, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(result.status, BOOT_OK);
	record_release(&boot_record, &result);
	return json;
}

const json_t *cycle_of(const json_t *result)
{
	return item_of(result, "cycles", 0);
}

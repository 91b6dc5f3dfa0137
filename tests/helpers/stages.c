/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include "tests/helpers/stages.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/program.h"

void stages_use(const char *qemu)
{
	setenv("FAULTY_QEMU", qemu, 1);
	setenv("QEMU", build_path("tests/helpers/faulty-qemu/faulty-qemu"), 1);
}

pid_t stages_start(const char *faults, const char *scenario, const char *trace, const char *out)
{
	char boots[16];
	const char *args[] = { "run",	  "--scenario", scenario, "--variant", "finalize",
			       "--boots", boots,	"-q",	  "--accel",   "tcg",
			       "--trace", trace,	"-o",	  out,	       NULL };
	const char *at;
	int words = 1;

	for (at = strchr(faults, ' '); at; at = strchr(at + 1, ' '))
		words++;
	snprintf(boots, sizeof(boots), "%d", words);
	setenv("FAULTS", faults, 1);
	return start_program("balloonbench", args);
}

void stages_check(const char *out, int number, const struct fault_case *wanted)
{
	char path[512];
	json_t *result;
	int wrong;

	snprintf(path, sizeof(path), "%s/tiny/finalize/boot-%02d/result.json", out, number);
	result = load_json(path);
	wrong = strcmp(text_of(result, "status"), wanted->status);
	if (wanted->reason)
		wrong |= !strstr(text_of(result, "reason"), wanted->reason);
	if (wrong)
		fail_msg("%s: boot %d is %s: %s; expected %s: %s", wanted->fault, number,
			 text_of(result, "status"), text_of(result, "reason"), wanted->status,
			 wanted->reason ? wanted->reason : "");
	json_decref(result);
}

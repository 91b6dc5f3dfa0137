/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * env.json and plan.json for --resume. Parts: env.json and plan.json of the tree, and those
 * of a run that starts now.
 */
#include <stdlib.h>

#include "bench/run/run.h"
#include "tests/fuzz/input.h"

static json_t *value_of(const struct fuzz_part *part)
{
	return json_loadb((const char *)part->data, part->size, JSON_DECODE_ANY, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int linked;
	struct resume resume = { .dir = NULL };
	struct fuzz_part parts[4];
	json_t *env, *plan;

	if (!linked) {
		fuzz_link("env.json", 0);
		fuzz_link("plan.json", 1);
		linked = 1;
	}
	fuzz_parts(data, size, parts, 4);
	fuzz_file(0, parts[0].data, parts[0].size);
	fuzz_file(1, parts[1].data, parts[1].size);
	env = value_of(&parts[2]);
	plan = value_of(&parts[3]);
	if (!resume_load(&resume, fuzz_directory()))
		FUZZ_HOLDS(resume.argc > 0 && resume.argv[resume.argc - 1] &&
			   !resume.argv[resume.argc]);
	if (resume.plan) {
		resume_check(&resume, env, plan);
		/* The same run can be resumed. */
		FUZZ_HOLDS(!resume_check(&resume, resume.env, resume.plan));
	}
	resume_release(&resume);
	json_decref(env);
	json_decref(plan);
	return 0;
}

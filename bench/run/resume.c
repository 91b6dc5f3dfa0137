/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/resume.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exit_status.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/result.h"

static json_t *load(const char *dir, const char *name)
{
	char path[PATH_MAX], err[PATH_MAX + 256];
	json_t *value;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	value = json_file_load(path, err, sizeof(err));
	if (json_is_object(value) &&
	    json_integer_value(json_object_get(value, "schema_version")) <= RESULT_SCHEMA_VERSION)
		return value;
	if (json_is_object(value))
		log_error("%s: written by a newer balloonbench, which alone can go on with it",
			  path);
	else
		log_error("%s%s; --resume wants the result tree of a run that was stopped",
			  value ? path : err, value ? ": an object is wanted" : "");
	json_decref(value);
	return NULL;
}

int resume_load(struct resume *resume, const char *dir)
{
	resume->dir = dir;
	resume->env = load(dir, "env.json");
	if (resume->env)
		resume->plan = load(dir, "plan.json");
	return resume->plan ? 0 : EXIT_USAGE;
}

void resume_release(struct resume *resume)
{
	json_decref(resume->env);
	json_decref(resume->plan);
	memset(resume, 0, sizeof(*resume));
}

char **resume_arguments(const struct resume *resume, int *argc)
{
	const json_t *list = json_object_get(resume->env, "arguments"), *item;
	char **argv = calloc(json_array_size(list) + 1, sizeof(*argv));
	bool whole = json_array_size(list) > 0;
	size_t i;

	json_array_foreach (list, i, item) {
		whole &= json_is_string(item);
		if (argv)
			argv[i] = (char *)json_string_value(item);
	}
	*argc = json_array_size(list);
	if (argv && whole)
		return argv;
	log_error("%s/env.json: no 'arguments' in it: a run of an older balloonbench, which "
		  "cannot be gone on with",
		  resume->dir);
	free(argv);
	return NULL;
}

static int differs(const struct resume *resume, const char *what)
{
	log_error("%s: %s is not what it was when the run began; boots of both cannot be in one "
		  "tree: begin another run",
		  resume->dir, what);
	return EXIT_USAGE;
}

static bool same_at(const json_t *one, const json_t *other, const char *path)
{
	const json_t *a = json_at(one, path), *b = json_at(other, path);

	return (!a && !b) || json_equal(a, b);
}

/* The first of a list of objects with names that is another one now, or NULL. */
static const char *changed_in(const json_t *one, const json_t *other, const char *list)
{
	const json_t *a = json_object_get(one, list), *b = json_object_get(other, list), *item;
	size_t i;

	json_array_foreach (a, i, item)
		if (!json_equal(item, json_array_get(b, i)))
			return json_string_value(json_object_get(item, "name"));
	return json_array_size(a) == json_array_size(b) ? NULL : list;
}

/* The order that the run began with; --until-ci has added to it since. */
static bool begins_with(const json_t *order, const json_t *start)
{
	const json_t *item;
	size_t i;

	json_array_foreach (start, i, item)
		if (!json_equal(item, json_array_get(order, i)))
			return false;
	return true;
}

int resume_check(const struct resume *resume, const json_t *env, const json_t *plan)
{
	static const char *const facts[][2] = {
		{ "accel", "the accelerator" },
		{ "trace", "the level of tracing" },
		{ "host.cpu_model", "the machine's CPU" },
		{ "host.cpus", "the machine's number of CPUs" },
		{ "host.kernel_release", "the machine's kernel" },
		{ "qemu.path", "QEMU" },
		{ "kernel.config_sha256", "the guests' kernel configuration" },
		{ "kernel.compiler", "the compiler" },
		{ "cuts", "the kernel of a cut" },
	};
	const char *changed;
	char what[256];
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (!same_at(resume->env, env, facts[i][0]))
			return differs(resume, facts[i][1]);
	changed = changed_in(resume->plan, plan, "scenarios");
	snprintf(what, sizeof(what), "scenario %s", changed ? changed : "");
	if (changed)
		return differs(resume, what);
	changed = changed_in(resume->plan, plan, "variants");
	snprintf(what, sizeof(what), "variant %s", changed ? changed : "");
	if (changed)
		return differs(resume, what);
	if (!begins_with(json_object_get(resume->plan, "order"), json_object_get(plan, "order")))
		return differs(resume, "the order of the boots");
	return 0;
}

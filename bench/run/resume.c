/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/json_file.h"

static json_t *load(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name), err[PATH_MAX + 256];
	json_t *value = json_file_load(path, err, sizeof(err));
	long long version = json_integer_value(json_object_get(value, "schema_version"));

	if (version == RESULT_SCHEMA_VERSION)
		goto out;
	if (json_is_object(value))
		log_error("%s: schema_version %lld, expected %d; resume with the balloonbench "
			  "that wrote it",
			  path, version, RESULT_SCHEMA_VERSION);
	else
		log_error("%s%s; --resume needs the result tree of a run that was stopped",
			  value ? path : err, value ? ": expected an object" : "");
	json_decref(value);
	value = NULL;
out:
	free(path);
	return value;
}

int resume_load(struct resume *resume, const char *dir)
{
	const json_t *list, *item;
	size_t i;

	resume->dir = dir;
	resume->env = load(dir, "env.json");
	if (resume->env)
		resume->plan = load(dir, "plan.json");
	if (!resume->plan)
		return EXIT_USAGE;
	list = json_object_get(resume->env, "arguments");
	resume->argv = xcalloc(json_array_size(list) + 1, sizeof(*resume->argv));
	json_array_foreach (list, i, item)
		resume->argv[i] = (char *)json_string_value(item);
	while (resume->argv[resume->argc])
		resume->argc++;
	if (resume->argc && (size_t)resume->argc == json_array_size(list))
		return 0;
	return fails(EXIT_USAGE, "%s/env.json: 'arguments' is missing; it cannot be resumed", dir);
}

void resume_release(struct resume *resume)
{
	json_decref(resume->env);
	json_decref(resume->plan);
	free(resume->argv);
	memset(resume, 0, sizeof(*resume));
}

/* @name: of the part of @what that has changed, or NULL. */
static int differs(const struct resume *resume, const char *what, const char *name)
{
	return fails(EXIT_USAGE,
		     "%s: %s%s%s has changed since the run began; boots of both cannot be in one "
		     "tree; begin another run",
		     resume->dir, what, name ? " " : "", name ? name : "");
}

/* The index of the first item of a list that another list does not have there; or its size. */
static size_t common_items(const json_t *list, const json_t *other)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!json_equal(item, json_array_get(other, i)))
			break;
	return i;
}

/* Compare members of an object that both runs have; what the older one does not say may be new. */
static bool same_members(const json_t *old, const json_t *new, const char *const *names)
{
	for (; *names; names++)
		if (json_object_get(old, *names) &&
		    !json_equal(json_object_get(old, *names), json_object_get(new, *names)))
			return false;
	return true;
}

/* The first object of a list by name that is another in the older run, or NULL. */
static const char *changed_object(const json_t *old, const json_t *new, const char *const *names)
{
	const json_t *value, *before;
	const char *name;

	/* The macro of jansson takes no const object. */
	json_object_foreach ((json_t *)new, name, value) {
		before = json_object_get(old, name);
		if (!before || !same_members(before, value, names))
			return name;
	}
	return NULL;
}

static int check_images(const struct resume *resume, const json_t *env)
{
	static const char *const cut[] = { "build_id", "release",	 "version",
					   "key",      "modules",	 "config_sha256",
					   "compiler", "patches_sha256", "builds",
					   NULL };
	static const char *const host[] = { "build_id", "release", "version", "key", NULL };
	static const char *const qemu[] = { "path", "version", NULL };
	const json_t *old = json_object_get(resume->env, "qemus");
	const char *name = changed_object(json_object_get(resume->env, "cuts"),
					  json_object_get(env, "cuts"), cut);

	if (name)
		return differs(resume, "the kernel of cut", name);
	name = changed_object(json_object_get(resume->env, "hosts"), json_object_get(env, "hosts"),
			      host);
	if (name)
		return differs(resume, "the kernel of host", name);
	name = old ? changed_object(old, json_object_get(env, "qemus"), qemu) : NULL;
	if (name)
		return differs(resume, "the QEMU", name);
	if (!same_members(json_object_get(resume->env, "qemu"), json_object_get(env, "qemu"), qemu))
		return differs(resume, "QEMU", NULL);
	return 0;
}

int resume_check(const struct resume *resume, const json_t *env, const json_t *plan)
{
	static const struct {
		const char *object, *member, *what;
	} facts[] = {
		{ NULL, "accel", "the accelerator" },
		{ NULL, "trace", "the level of tracing" },
		{ "host", "cpu_model", "the machine's CPU" },
		{ "host", "cpus", "the machine's number of CPUs" },
		{ "host", "kernel_release", "the machine's kernel" },
		{ "box", "cpu", "the CPU of the hosts in boxes" },
		{ "box", "cpus", "the number of CPUs of the hosts in boxes" },
		{ "kernel", "config_sha256", "the guests' kernel configuration" },
		{ "kernel", "compiler", "the compiler" },
	}, *f;
	static const char *const lists[][2] = {
		{ "scenarios", "scenario" },
		{ "variants", "variant" },
		{ "order", "the order of the boots" }, /* --until-ci may have appended to it */
	};
	const json_t *a, *b;
	const char *name;
	size_t i, same;

	for (f = facts; f < facts + sizeof(facts) / sizeof(*facts); f++) {
		/* A shard may go on elsewhere: its boots say where they ran. */
		if (f->object && !strcmp(f->object, "host") && json_object_get(plan, "shard"))
			continue;
		a = f->object ? json_object_get(resume->env, f->object) : resume->env;
		b = f->object ? json_object_get(env, f->object) : env;
		a = json_object_get(a, f->member);
		b = json_object_get(b, f->member);
		if (a != b && !json_equal(a, b))
			return differs(resume, f->what, NULL);
	}
	if (check_images(resume, env))
		return EXIT_USAGE;
	for (i = 0; i < 3; i++) {
		a = json_object_get(resume->plan, lists[i][0]);
		b = json_object_get(plan, lists[i][0]);
		same = common_items(b, a);
		name = json_string_value(json_object_get(json_array_get(a, same), "name"));
		if (same < json_array_size(b) || (i != 2 && same < json_array_size(a)))
			return differs(resume, lists[i][1], name);
	}
	return 0;
}

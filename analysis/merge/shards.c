/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which trees belong together. */
#include "analysis/merge/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/json_file.h"
#include "lib/log.h"
#include "lib/result.h"
#include "lib/safe_directory.h"

/* Members of the objects of env.json that are the same on each host; paths are not among them. */
static const char *const cut_members[] = { "build_id", "release",	 "version",
					   "key",      "config",	 "config_sha256",
					   "compiler", "patches_sha256", NULL };
static const char *const host_members[] = { "build_id", "release", "version", "key", NULL };
static const char *const qemu_members[] = { "version", "commit", "source", "built_from", NULL };
static const char *const fleet_members[] = { "cpu_model", "cpus", "kernel_release", NULL };

static json_t *load(const struct shard *shard, const char *name)
{
	char *path = xasprintf("%s/%s", shard->dir, name), err[PATH_MAX + 256];
	json_t *json = json_file_read(file_open_below(shard->fd, name, O_RDONLY | O_NONBLOCK), path,
				      err, sizeof(err));
	long long version = json_integer_value(json_object_get(json, "schema_version"));

	if (!json)
		log_error("%s; expected a result tree of `balloonbench run --shard`", err);
	else if (version != RESULT_SCHEMA_VERSION)
		log_error("%s: schema_version %lld, expected %d; merge with the balloonstat of the "
			  "balloonbench that wrote it",
			  path, version, RESULT_SCHEMA_VERSION);
	if (json && version != RESULT_SCHEMA_VERSION) {
		json_decref(json);
		json = NULL;
	}
	free(path);
	return json;
}

static int load_shard(struct shard *shard, const char *dir)
{
	const json_t *part;
	json_int_t number, of;

	*shard = (struct shard){ .dir = dir, .fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	if (shard->fd < 0) {
		log_error(
			"cannot open %s: %s; expected a result tree of `balloonbench run --shard`",
			dir, strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	shard->plan = load(shard, "plan.json");
	if (shard->plan)
		shard->env = load(shard, "env.json");
	if (!shard->env)
		return EXIT_ENVIRONMENT;
	part = json_object_get(shard->plan, "shard");
	number = json_integer_value(json_object_get(part, "number"));
	of = json_integer_value(json_object_get(part, "of"));
	shard->number = number;
	shard->of = of;
	if (number > 0 && number <= of && of <= SHARDS_MAX)
		return 0;
	log_error("%s/plan.json: no shard of a plan, but a run of its own; `balloonbench run "
		  "--shard` makes shards",
		  dir);
	return EXIT_USAGE;
}

static int by_number(const void *one, const void *other)
{
	const struct shard *a = one, *b = other;

	return (a->number > b->number) - (a->number < b->number);
}

int shards_load(struct shards *shards, char *const *dirs)
{
	int status = 0;
	size_t i;

	*shards = (struct shards){ .count = 0 };
	for (i = 0; !status && dirs[i]; i++) {
		shards->list = xreallocarray(shards->list, i + 1, sizeof(*shards->list));
		status = load_shard(&shards->list[shards->count++], dirs[i]);
	}
	if (!status)
		qsort(shards->list, shards->count, sizeof(*shards->list), by_number);
	return status;
}

void shards_release(struct shards *shards)
{
	struct shard *s;

	for (s = shards->list; s < shards->list + shards->count; s++) {
		json_decref(s->env);
		json_decref(s->plan);
		if (s->fd >= 0)
			close(s->fd);
	}
	free(shards->list);
	memset(shards, 0, sizeof(*shards));
}

const struct shard *shards_find(const struct shards *shards, unsigned int number)
{
	const struct shard key = { .number = number };

	return bsearch(&key, shards->list, shards->count, sizeof(key), by_number);
}

/* @name: of the part of @what that differs, or NULL. */
static int differs(const struct shard *one, const struct shard *other, const char *what,
		   const char *name)
{
	log_error("%s and %s do not belong together: %s%s%s differs; merge shards of one plan, run "
		  "with the same options, --seed, kernels and QEMU",
		  one->dir, other->dir, what, name ? " " : "", name ? name : "");
	return EXIT_USAGE;
}

static bool same(const json_t *one, const json_t *other, const char *member)
{
	const json_t *a = json_object_get(one, member), *b = json_object_get(other, member);

	return a == b || json_equal(a, b);
}

/* Builds by their IDs: their paths may differ. */
static bool same_builds(const json_t *one, const json_t *other)
{
	const json_t *a = json_object_get(one, "builds"), *b = json_object_get(other, "builds");
	const json_t *build;
	size_t i;

	json_array_foreach (a, i, build)
		if (!same(build, json_array_get(b, i), "build_id"))
			return false;
	return json_array_size(a) == json_array_size(b);
}

/* The first object that both have by name and that is another, or NULL. */
static const char *other_object(const struct shard *one, const struct shard *other,
				const char *objects, const char *const *members)
{
	json_t *all = json_object_get(one->env, objects), *value;
	const json_t *there;
	const char *name;
	size_t i;

	json_object_foreach (all, name, value) {
		there = json_object_get(json_object_get(other->env, objects), name);
		if (there && !same_builds(value, there))
			return name;
		for (i = 0; there && members[i]; i++)
			if (!same(value, there, members[i]))
				return name;
	}
	return NULL;
}

static int check_env(const struct shard *one, const struct shard *other)
{
	static const struct {
		const char *objects, *what;
		const char *const *members;
	} objects[] = {
		{ "cuts", "the kernel of cut", cut_members },
		{ "hosts", "the kernel of host", host_members },
		{ "qemus", "the QEMU", qemu_members },
		{ "fleet", "what is written of the host", fleet_members },
	};
	const char *name;
	size_t i;

	if (!same(one->env, other->env, "accel"))
		return differs(one, other, "the accelerator", NULL);
	if (!same(one->env, other->env, "trace"))
		return differs(one, other, "the level of tracing", NULL);
	for (i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		name = other_object(one, other, objects[i].objects, objects[i].members);
		if (name)
			return differs(one, other, objects[i].what, name);
	}
	return 0;
}

static int check_plan(const struct shard *one, const struct shard *other)
{
	static const char *const members[][2] = {
		{ "seed", "the seed" },
		{ "boots", "the number of boots" },
		{ "builds", "the number of builds" },
		{ "kernel_args", "--kernel-args" },
		{ "scenarios", "the list of scenarios" },
		{ "variants", "the list of variants" },
		{ "order", "the order of the boots" },
	};
	size_t i;

	if (one->of != other->of)
		return differs(one, other, "the number of shards", NULL);
	for (i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!same(one->plan, other->plan, members[i][0]))
			return differs(one, other, members[i][1], NULL);
	if (one->number != other->number)
		return 0;
	log_error("%s and %s are both shard %u/%u; leave one of them out", one->dir, other->dir,
		  one->number, one->of);
	return EXIT_USAGE;
}

bool shard_has_entry(const struct shard *shard, const json_t *entry)
{
	return json_integer_value(json_object_get(entry, "shard")) == shard->number;
}

char *boot_place(const json_t *entry)
{
	return xasprintf("%s/%s/boot-%02lld",
			 json_string_value(json_object_get(entry, "scenario")) ?: "",
			 json_string_value(json_object_get(entry, "variant")) ?: "",
			 json_integer_value(json_object_get(entry, "boot")));
}

bool shard_has_boot(const struct shard *shard, const json_t *entry)
{
	char *place = boot_place(entry), *name = xasprintf("%s/result.json", place);
	int fd = file_open_below(shard->fd, name, O_PATH);

	if (fd >= 0)
		close(fd);
	free(name);
	free(place);
	return fd >= 0;
}

static int by_text(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Refuse a tree with a boot that is not among the @count places of the shard. */
static int check_boots(const struct shard *shard, char *const *places, size_t count)
{
	const size_t skip = strlen(shard->dir) + 1;
	int status = 0;
	glob_t found;
	size_t i;

	if (glob_below(shard->dir, "/*/*/boot-*", &found))
		return 0;
	for (i = 0; !status && i < found.gl_pathc; i++) {
		const char *place = found.gl_pathv[i] + skip;

		if (bsearch(&place, places, count, sizeof(place), by_text))
			continue;
		log_error("%s: not a boot of shard %u/%u by its plan.json; move it away",
			  found.gl_pathv[i], shard->number, shard->of);
		status = EXIT_USAGE;
	}
	globfree(&found);
	return status;
}

static int count_boots(struct shard *shard)
{
	const json_t *order = json_object_get(shard->plan, "order"), *entry;
	char **places = xcalloc(json_array_size(order) + 1, sizeof(*places));
	int status;
	size_t i;

	json_array_foreach (order, i, entry) {
		if (!shard_has_entry(shard, entry))
			continue;
		places[shard->planned++] = boot_place(entry);
		shard->missing += !shard_has_boot(shard, entry);
	}
	qsort(places, shard->planned, sizeof(*places), by_text);
	status = check_boots(shard, places, shard->planned);
	for (i = 0; i < shard->planned; i++)
		free(places[i]);
	free(places);
	return status;
}

int shards_check(struct shards *shards)
{
	struct shard *s;
	int status = 0;

	for (s = shards->list + 1; !status && s < shards->list + shards->count; s++)
		status = check_plan(&s[-1], s) ?: check_env(shards->list, s);
	for (s = shards->list; !status && s < shards->list + shards->count; s++)
		status = count_boots(s);
	return status;
}

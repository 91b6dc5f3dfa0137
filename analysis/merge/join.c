/* SPDX-License-Identifier: GPL-2.0-or-later */
/* env.json and plan.json of a whole run from those of its shards. */
#include "analysis/merge/merge.h"

#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/command_text.h"

static void unite(json_t *env, const json_t *other, const char *objects)
{
	json_t *more = json_object_get(other, objects);

	if (more && json_object_get(env, objects))
		json_object_update_missing(json_object_get(env, objects), more);
	else if (more)
		json_object_set(env, objects, more);
}

/* Of the hosts, what is the same in all of them. */
static json_t *common_host(const json_t *fleet)
{
	void *first = json_object_iter((json_t *)fleet);
	json_t *common = first ? json_copy(json_object_iter_value(first)) : json_object();
	json_t *host, *value;
	const char *name, *key;
	void *next;

	json_object_foreach ((json_t *)fleet, name, host)
		json_object_foreach_safe (common, next, key, value)
			if (!json_equal(value, json_object_get(host, key)))
				json_object_del(common, key);
	return common;
}

static void set_text(json_t *env, const char *key, char *text)
{
	json_object_set_new(env, key, json_string(text));
	free(text);
}

json_t *shards_join_env(const struct shards *shards)
{
	static const char *const objects[] = { "cuts", "hosts", "qemus", "fleet", NULL };
	json_t *env = json_deep_copy(shards->list[0].env);
	const char *started, *first;
	size_t i, k;

	for (i = 1; i < shards->count; i++) {
		for (k = 0; objects[k]; k++)
			unite(env, shards->list[i].env, objects[k]);
		started = json_string_value(json_object_get(shards->list[i].env, "started_utc"));
		first = json_string_value(json_object_get(env, "started_utc"));
		if (started && first && strcmp(started, first) < 0)
			json_object_set_new(env, "started_utc", json_string(started));
	}
	json_object_set_new(env, "host", common_host(json_object_get(env, "fleet")));
	/* It cannot be resumed: its shards can. */
	json_object_del(env, "arguments");
	set_text(env, "command", shards_command(shards, 0));
	return env;
}

json_t *shards_join_plan(const struct shards *shards)
{
	json_t *plan = json_deep_copy(shards->list[0].plan);

	json_object_del(plan, "shard");
	json_object_set_new(plan, "shards", json_integer(shards->list[0].of));
	return plan;
}

/* How many words from @argv on say the shard or the output. */
static int words_to_leave(char *const *argv)
{
	if (!strcmp(argv[0], "--shard") || !strcmp(argv[0], "-o"))
		return argv[1] ? 2 : 1;
	return !strncmp(argv[0], "--shard=", strlen("--shard=")) || !strncmp(argv[0], "-o", 2);
}

char *shards_command(const struct shards *shards, unsigned int number)
{
	const json_t *arguments = json_object_get(shards->list[0].env, "arguments"), *word;
	char **argv = xcalloc(json_array_size(arguments) + 4, sizeof(*argv)), **from = argv;
	char *shard = NULL, *text;
	int argc = 0, leave;
	size_t i;

	json_array_foreach (arguments, i, word)
		argv[i] = (char *)json_string_value(word) ?: "";
	while (*from) {
		leave = words_to_leave(from);
		if (!leave)
			argv[argc++] = *from++;
		else
			from += leave;
	}
	if (number) {
		shard = xasprintf("%u/%u", number, shards->list[0].of);
		argv[argc++] = "--shard";
		argv[argc++] = shard;
	}
	if (!argc)
		argv[argc++] = "balloonbench run";
	text = command_text(argc, argv);
	free(shard);
	free(argv);
	return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of a plan, which other hosts run the other parts of. */
#include "bench/run/shard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench/run/inside.h"
#include "bench/run/run.h"
#include "lib/alloc.h"
#include "lib/units.h"

const char *shard_parse(const char *text, void *field)
{
	static const char wrong[] = "expected K/N with 1 <= K <= N <= " STRING(SHARDS_MAX);
	const char *slash = strchr(text, '/');
	struct shard *shard = field;
	uint64_t number, of;
	char *first;
	int err;

	if (!slash || parse_count(slash + 1, 1, SHARDS_MAX, &of))
		return wrong;
	first = xasprintf("%.*s", (int)(slash - text), text);
	err = parse_count(first, 1, of, &number);
	free(first);
	if (err)
		return wrong;
	*shard = (struct shard){ number, of };
	return NULL;
}

int shard_check(const struct run_options *options)
{
	if (!options->shard.of)
		return 0;
	if (options->seed == SEED_OF_CLOCK)
		return fails(EXIT_USAGE,
			     "--shard %u/%u: it needs --seed N, the same for all shards: the seed "
			     "makes the plan",
			     options->shard.number, options->shard.of);
	if (options->until.half_width)
		return fails(EXIT_USAGE,
			     "--shard and --until-ci: a shard does not know the interval of all of "
			     "them; set the number of boots with --boots");
	return 0;
}

int shard_take(struct session *s)
{
	const struct shard *shard = &s->options.shard;

	if (!shard->of)
		return 0;
	plan_divide(&s->plan, shard->of);
	s->whole = s->plan;
	s->plan = plan_shard(&s->whole, shard->number);
	if (s->plan.count)
		return 0;
	return fails(
		EXIT_USAGE,
		"--shard %u/%u: the plan has no block for this shard; raise --boots, or divide "
		"it into fewer shards",
		shard->number, shard->of);
}

const char *shard_host_name(void)
{
	static struct utsname uts;

	uname(&uts);
	return uts.nodename;
}

void shard_add_host(json_t *env, const json_t *old)
{
	json_t *fleet = json_deep_copy(json_object_get(old, "fleet"));

	if (!fleet)
		fleet = json_object();
	json_object_set_new(fleet, shard_host_name(), host_to_json());
	json_object_set_new(env, "fleet", fleet);
}

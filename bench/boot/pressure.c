/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/pressure.h"

#include <errno.h>

#include "bench/vm/qmp.h"
#include "lib/clock.h"

#define STAGE "while putting memory under pressure"
#define COMMAND_MS 10000

static json_int_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int fill(struct cycle *cycle, const char *cmd, uint64_t bytes, json_t **answer)
{
	if (!bytes)
		return 0;
	return cycle_ask(cycle, json_pack("{s:s, s:I}", "cmd", cmd, "bytes", (json_int_t)bytes),
			 answer, STAGE, bytes);
}

int pressure_prepare(struct cycle *cycle)
{
	const struct pressure *p = &cycle->boot->scenario->pressure;
	int err;

	cycle_say(cycle, "fill memory");
	err = fill(cycle, "touch", p->hold_bytes, NULL);
	if (!err)
		err = fill(cycle, "cache", p->cache_bytes, NULL);
	if (!err)
		json_object_set_new(cycle->result, "pressure",
				    json_pack("{s:I, s:I}", "hold_bytes", (json_int_t)p->hold_bytes,
					      "cache_bytes", (json_int_t)p->cache_bytes));
	return err;
}

int pressure_begin(struct cycle *cycle, struct pressure_before *before)
{
	before->vmstat = vm_ask(cycle->vm, "vmstat", "vmstat");
	return before->vmstat ? tracing_counters(cycle->trace, cycle->vm, &before->counters)
			      : -EPROTO;
}

static int put_counts(struct cycle *cycle, const struct pressure_before *before)
{
	static const char *const keys[] = { "pglazyfreed",	 "pgsteal_direct",
					    "pgsteal_kswapd",	 "pgscan_direct",
					    "pgscan_kswapd",	 "allocstall_movable",
					    "allocstall_normal", NULL };
	json_t *pressure = json_object_get(cycle->result, "pressure"), *counters = NULL;
	json_t *reclaim = cycle_vmstat(cycle, before->vmstat, keys);
	int err = reclaim ? tracing_counters(cycle->trace, cycle->vm, &counters) : -EPROTO;

	if (reclaim)
		json_object_set_new(pressure, "reclaim", reclaim);
	if (counters)
		json_object_set_new(pressure, "out_of_puff",
				    json_integer(member(counters, "out_of_puff") -
						 member(before->counters, "out_of_puff")));
	json_decref(counters);
	return err;
}

int pressure_end(struct cycle *cycle, struct pressure_before *before, int err)
{
	if (!err)
		err = put_counts(cycle, before);
	json_decref(before->vmstat);
	json_decref(before->counters);
	return err;
}

/* The guest may have taken some back: the next move begins from what is left. */
static int note_actual(struct cycle *cycle)
{
	uint64_t actual;
	int err = qmp_balloon_actual(cycle->vm->qmp, &actual, deadline_in_ms(COMMAND_MS));

	if (err)
		vm_explain(cycle->vm, STAGE, qmp_error(cycle->vm->qmp));
	else
		cycle->vm->balloon_bytes = cycle->vm->memory_bytes - actual;
	return err;
}

int pressure_grow(struct cycle *cycle)
{
	static const char *const keys[] = { "balloon_deflate", NULL };
	uint64_t bytes = cycle->boot->scenario->pressure.growth_bytes;
	json_t *before, *taken = NULL, *deflated = NULL;
	int err;

	cycle_say(cycle, "grow");
	before = vm_ask(cycle->vm, "vmstat", "vmstat");
	if (!before)
		return -EPROTO;
	/* What the process held before, if the balloon did not need it. */
	err = cycle_tell(cycle, "free", STAGE);
	if (!err)
		err = fill(cycle, "touch", bytes, &taken);
	if (!err)
		deflated = cycle_vmstat(cycle, before, keys);
	if (!err && !deflated)
		err = -EPROTO;
	if (!err)
		json_object_set_new(json_object_get(cycle->result, "pressure"), "growth",
				    json_pack("{s:I, s:I, s:I}", "bytes", member(taken, "bytes"),
					      "duration_ns", member(taken, "duration_ns"),
					      "oom_deflated_pages",
					      member(deflated, "balloon_deflate")));
	json_decref(before);
	json_decref(taken);
	json_decref(deflated);
	return err ? err : note_actual(cycle);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/compaction.h"

#include <errno.h>

/* Of a round: the guest compacts all its memory, page by page by way of the host. */
#define STAGE "while compacting memory"

static json_int_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

int compaction_prepare(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;
	json_int_t bytes = scenario->compaction_rounds * scenario->compaction_slice_bytes;

	cycle_say(cycle, "hold memory");
	return cycle_ask(cycle, json_pack("{s:s, s:I}", "cmd", "hold-high", "bytes", bytes), NULL,
			 "while holding high memory", scenario->memory_bytes);
}

static int one_round(struct cycle *cycle, json_t *each)
{
	static const char *const keys[] = { "balloon_migrate", "pgmigrate_success",
					    "pgmigrate_fail", NULL };
	const struct scenario *scenario = cycle->boot->scenario;
	json_t *vmstat = NULL, *freed = NULL, *compacted = NULL, *round = NULL;
	int err;

	err = cycle_ask(cycle,
			json_pack("{s:s, s:I}", "cmd", "free-high", "bytes",
				  (json_int_t)scenario->compaction_slice_bytes),
			&freed, STAGE, 0);
	if (err)
		goto out;
	vmstat = vm_ask(cycle->vm, "vmstat", "vmstat");
	err = vmstat ? cycle_ask(cycle, json_pack("{s:s}", "cmd", "compact"), &compacted, STAGE,
				 scenario->memory_bytes)
		     : -EPROTO;
	if (err)
		goto out;
	round = cycle_vmstat(cycle, vmstat, keys);
	err = round ? 0 : -EPROTO;
	if (err)
		goto out;
	json_object_set_new(round, "freed_bytes", json_integer(member(freed, "bytes")));
	json_object_set_new(round, "duration_ns", json_integer(member(compacted, "duration_ns")));
	json_array_append(each, round);
out:
	json_decref(round);
	json_decref(compacted);
	json_decref(vmstat);
	json_decref(freed);
	return err;
}

static json_int_t sum(const json_t *each, const char *key)
{
	const json_t *round;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach (each, i, round)
		sum += member(round, key);
	return sum;
}

/* What the tracers counted meanwhile; nothing at level off. */
static int put_traced(struct cycle *cycle, const json_t *before, json_t *result)
{
	static const char *const keys[] = { "migrate_again", "migrate_failed" };
	json_t *after = NULL, *seen;
	int err = tracing_counters(cycle->trace, cycle->vm, &after);
	size_t i;

	if (err || !after)
		return err;
	for (i = 0; i < 2; i++)
		json_object_set_new(result, keys[i],
				    json_integer(member(after, keys[i]) - member(before, keys[i])));
	json_decref(after);
	seen = tracing_between(cycle->trace);
	json_object_update(result, seen);
	json_decref(seen);
	return 0;
}

int compaction_run(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;
	json_t *each = json_array(), *before = NULL, *result;
	unsigned int round;
	int err;

	cycle_say(cycle, "compact");
	err = tracing_counters(cycle->trace, cycle->vm, &before);
	tracing_begin(cycle->trace);
	for (round = 0; !err && round < scenario->compaction_rounds; round++)
		err = one_round(cycle, each);
	result = json_pack("{s:i, s:I, s:I, s:o}", "rounds", (int)scenario->compaction_rounds,
			   "duration_ns", sum(each, "duration_ns"), "migrated_pages",
			   sum(each, "balloon_migrate"), "each", each);
	if (!err)
		err = put_traced(cycle, before, result);
	json_object_set_new(cycle->result, "compaction", result);
	json_decref(before);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/cycle_step.h"

#include <stdio.h>

#include "bench/vm/agent.h"
#include "lib/clock.h"

#define COMMAND_MS 10000
/* Writing guest memory faults it in on the host, page by page. */
#define WRITE_NS_PER_GIB (60 * NSEC_PER_SEC)

static int64_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void cycle_say(const struct cycle *cycle, const char *name)
{
	char what[64];

	snprintf(what, sizeof(what), "%s %u/%u", name, cycle->number,
		 cycle->boot->scenario->cycles);
	if (cycle->boot->progress)
		cycle->boot->progress(what, cycle->boot->context);
}

int cycle_ask(const struct cycle *cycle, json_t *request, json_t **answer, const char *stage,
	      uint64_t bytes)
{
	uint64_t timeout_ns =
		bytes ? (bytes / (1ULL << 30) + 1) * WRITE_NS_PER_GIB : COMMAND_MS * NSEC_PER_MSEC;
	int err;

	err = agent_request(cycle->vm->agent, request, answer, clock_ns() + timeout_ns);
	if (err)
		vm_explain(cycle->vm, stage, agent_error(cycle->vm->agent));
	return err;
}

int cycle_tell(const struct cycle *cycle, const char *cmd, const char *stage)
{
	return cycle_ask(cycle, json_pack("{s:s}", "cmd", cmd), NULL, stage, 0);
}

json_t *cycle_vmstat(const struct cycle *cycle, const json_t *before, const char *const *keys)
{
	json_t *now = vm_ask(cycle->vm, "vmstat", "vmstat"), *difference;

	if (!now)
		return NULL;
	difference = json_object();
	for (; *keys; keys++)
		json_object_set_new(difference, *keys,
				    json_integer(member(now, *keys) - member(before, *keys)));
	json_decref(now);
	return difference;
}

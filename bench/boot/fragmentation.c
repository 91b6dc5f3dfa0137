/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/fragmentation.h"

#include <errno.h>
#include <stdio.h>

#define LARGE_ORDER 4
#define STAGE "while fragmenting memory"

/* Of free pages, how many lie in blocks of LARGE_ORDER and above; 1 where nothing is free. */
static double large_share(const json_t *free_pages)
{
	double all = 0, large = 0;
	const json_t *pages;
	size_t order;

	json_array_foreach (free_pages, order, pages) {
		all += json_integer_value(pages);
		large += order >= LARGE_ORDER ? json_integer_value(pages) : 0;
	}
	return all > 0 ? large / all : 1;
}

int fragmentation_note(struct cycle *cycle, const char *when)
{
	json_t *buddy = vm_ask(cycle->vm, "buddy", "buddy");

	if (!buddy)
		return -EPROTO;
	json_object_set_new(buddy, "share_order4",
			    json_real(large_share(json_object_get(buddy, "free_pages"))));
	json_object_set_new(json_object_get(cycle->result, "fragmentation"), when, buddy);
	return 0;
}

static void check_state(const struct cycle *cycle)
{
	double share = json_number_value(json_object_get(
		json_object_get(json_object_get(cycle->result, "fragmentation"), "before"),
		"share_order4"));
	char reason[160];

	if (share <= FRAGMENTED_SHARE_MAX)
		return;
	snprintf(reason, sizeof(reason),
		 "cycle %u: memory is not fragmented: %.0f %% of what is free lies in blocks of "
		 "64 KiB and above, %.0f %% may",
		 cycle->number, share * 100, FRAGMENTED_SHARE_MAX * 100);
	checks_refuse(cycle->checks, reason);
}

int fragmentation_prepare(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;
	json_t *answer = NULL;
	int err;

	cycle_say(cycle, "fragment");
	err = cycle_ask(cycle,
			json_pack("{s:s, s:i, s:I}", "cmd", "fragment", "longest_run",
				  (int)scenario->longest_run, "seed",
				  (json_int_t)cycle->boot->seed),
			&answer, STAGE, scenario->memory_bytes);
	if (err)
		return err;
	json_object_set_new(cycle->result, "fragmentation",
			    json_pack("{s:i, s:O*, s:O*}", "longest_run",
				      (int)scenario->longest_run, "pinned_bytes",
				      json_object_get(answer, "pinned_bytes"), "duration_ns",
				      json_object_get(answer, "duration_ns")));
	json_decref(answer);
	err = fragmentation_note(cycle, "before");
	if (!err)
		check_state(cycle);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/cycle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/boot/compaction.h"
#include "bench/boot/fragmentation.h"
#include "bench/vm/agent.h"
#include "bench/vm/guest_clock.h"
#include "bench/boot/host_memory.h"
#include "bench/boot/resize.h"
#include "bench/boot/pressure.h"
#include "bench/boot/reporting.h"
#include "lib/clock.h"

#define PAGE_BYTES 4096

static int64_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* What the guest counts of its memory at one moment. */
struct counts {
	int64_t inflated;
	int64_t deflated;
	int64_t migrated;
	int64_t total_pages;
};

static int count(struct cycle *cycle, struct counts *counts)
{
	json_t *vmstat, *meminfo = NULL;

	vmstat = vm_ask(cycle->vm, "vmstat", "vmstat");
	if (vmstat)
		meminfo = vm_ask(cycle->vm, "meminfo", "meminfo");
	if (meminfo) {
		counts->inflated = member(vmstat, "balloon_inflate");
		counts->deflated = member(vmstat, "balloon_deflate");
		counts->migrated = member(vmstat, "balloon_migrate");
		counts->total_pages = member(meminfo, "MemTotal_bytes") / PAGE_BYTES;
	}
	json_decref(vmstat);
	json_decref(meminfo);
	return meminfo ? 0 : -EPROTO;
}

/* @back: pages that a guest out of memory took back in an inflate, and gave again. */
static void check_move(struct cycle *cycle, const char *name, const json_t *move, int64_t back,
		       const struct counts *before, const struct counts *after)
{
	int64_t pages = member(move, "bytes") / PAGE_BYTES;
	int64_t ballooned = cycle->boot->variant->method == METHOD_BALLOON ? pages : 0;
	int sign = strcmp(name, "inflate") ? -1 : 1;

	checks_count(cycle->checks, cycle->number, name, "vmstat balloon_inflate",
		     sign > 0 ? ballooned + back : 0, after->inflated - before->inflated);
	checks_count(cycle->checks, cycle->number, name, "vmstat balloon_deflate",
		     sign < 0 ? ballooned : back, after->deflated - before->deflated);
	/* A balloon that the guest may take back is the guest's memory all the time. */
	if (!cycle->boot->scenario->deflate_on_oom)
		checks_count(cycle->checks, cycle->number, name, "MemTotal", pages,
			     sign * (before->total_pages - after->total_pages));
}

static struct resize_request order_of(struct cycle *cycle, uint64_t target)
{
	const struct scenario *scenario = cycle->boot->scenario;
	const bool inflates = target != 0;

	return (struct resize_request){
		.target_bytes = target,
		.step_bytes = scenario->step_bytes,
		.rate_bytes_per_s = scenario->rate_bytes_per_s,
		.timeout_ns = scenario->move_timeout_ns,
		.patience_ns = inflates && scenario->pressure.cache_bytes
				       ? scenario->pressure.patience_ns
				       : 0,
		.cpu_times = cycle->boot->accel != ACCEL_ICOUNT,
		.phase = inflates ? VICTIM_INFLATE : VICTIM_DEFLATE,
		.then = inflates ? VICTIM_PLATEAU : VICTIM_AFTER,
		.host_victims = &cycle->victims->host,
	};
}

/* The guest's counts around a move, and around the looks at the host. */
struct counted {
	struct counts before, begun, ended, looked;
};

static int move_and_count(struct cycle *cycle, const char *name, const struct resize_request *order,
			  struct counted *c, struct resize_trace *seen, json_t **move)
{
	char error[512], what[64];
	int err;

	err = count(cycle, &c->before);
	if (err)
		return err;
	tracing_begin(cycle->trace);
	err = count(cycle, &c->begun);
	if (err)
		return err;
	err = resize_balloon(cycle->vm, order, move, seen, error, sizeof(error));
	if (err) {
		snprintf(what, sizeof(what), "in %s %u", name, cycle->number);
		vm_explain(cycle->vm, what, error);
		return err;
	}
	json_object_set_new(cycle->result, name, *move);
	err = count(cycle, &c->ended);
	if (err)
		return err;
	tracing_look(cycle->trace, order->target_bytes != 0);
	return count(cycle, &c->looked);
}

static int one_move(struct cycle *cycle, const char *name, uint64_t target)
{
	const struct resize_request order = order_of(cycle, target);
	struct resize_trace seen = { .rows = NULL };
	struct beside beside = { 0 };
	json_t *move = NULL;
	struct counted c;
	int err;

	cycle_say(cycle, name);
	err = move_and_count(cycle, name, &order, &c, &seen, &move);
	if (err)
		goto out;
	beside.migrated_least = c.ended.migrated - c.begun.migrated;
	beside.migrated_most = c.looked.migrated - c.before.migrated;
	if (target && cycle->boot->scenario->deflate_on_oom)
		beside.taken_back = c.ended.deflated - c.before.deflated;
	if (beside.taken_back)
		json_object_set_new(move, "taken_back_bytes",
				    json_integer(beside.taken_back * PAGE_BYTES));
	check_move(cycle, name, move, beside.taken_back, &c.before, &c.ended);
	if (cycle->boot->variant->method == METHOD_BALLOON)
		tracing_end(cycle->trace, cycle->number, name, &seen, &beside, move, cycle->checks);
	else
		tracing_end_untraced(cycle->trace, cycle->number, name,
				     target ? member(move, "bytes") / PAGE_BYTES : 0, move,
				     cycle->checks);
out:
	resize_trace_release(&seen);
	return err;
}

/* Write to as much of the guest's memory as is moved, and free it where that is no move. */
static int touch(struct cycle *cycle, const char *name, bool then_free)
{
	uint64_t bytes = cycle->boot->scenario->inflate_bytes;
	json_t *answer = NULL;
	int err;

	cycle_say(cycle, name);
	err = cycle_ask(cycle, json_pack("{s:s, s:I}", "cmd", "touch", "bytes", (json_int_t)bytes),
			&answer, "while touching memory", bytes);
	if (!err) {
		json_object_set_new(cycle->result, name,
				    json_pack("{s:I, s:I}", "bytes",
					      (json_int_t)member(answer, "bytes"), "duration_ns",
					      (json_int_t)member(answer, "duration_ns")));
		if (then_free)
			err = cycle_tell(cycle, "free", "while touching memory");
	}
	json_decref(answer);
	return err;
}

/* The first is the begin, the last the end, all others are in between. */
static void add_offset(json_t *clock, json_t *offset)
{
	json_t *end = json_object_get(clock, "end");

	if (!json_object_size(clock)) {
		json_object_set_new(clock, "begin", offset);
		json_object_set_new(clock, "between", json_array());
		return;
	}
	if (end)
		json_array_append(json_object_get(clock, "between"), end);
	json_object_set_new(clock, "end", offset);
}

/*
 * Before and after each move: while a guest is young its clock is often some 100
 * ppm wrong, and when it then takes up a better one it loses what passes meanwhile.
 *
 * Not under icount, where the guest's clock counts instructions: it has no offset.
 */
static int compare_clocks(struct cycle *cycle)
{
	json_t *offset = NULL;
	int err;

	if (cycle->boot->accel == ACCEL_ICOUNT)
		return 0;
	err = guest_clock_measure(cycle->vm->agent, &offset);
	if (err)
		vm_explain(cycle->vm, "while comparing clocks", agent_error(cycle->vm->agent));
	else
		add_offset(cycle->clock, offset);
	return err;
}

static bool reports(const struct cycle *cycle)
{
	return cycle->boot->variant->method == METHOD_REPORTING;
}

/* Bring memory into the state that the scenario asks for. */
static int prepare(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;
	int err = 0;

	if (scenario->state == PREPARED_TOUCHED)
		err = touch(cycle, "touch", !reports(cycle));
	else if (scenario->state == PREPARED_FRAGMENTED)
		err = fragmentation_prepare(cycle);
	if (!err && scenario->compaction_rounds)
		err = compaction_prepare(cycle);
	if (!err && scenario->pressure.cache_bytes)
		err = pressure_prepare(cycle);
	if (!err && scenario->refault)
		host_memory_note(cycle->vm, cycle->result, "before");
	return err;
}

static int inflate_under_pressure(struct cycle *cycle)
{
	struct pressure_before before = { .vmstat = NULL };
	int err = pressure_begin(cycle, &before);

	if (!err)
		err = one_move(cycle, "inflate", cycle->boot->scenario->inflate_bytes);
	return pressure_end(cycle, &before, err);
}

static int first_move(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;

	if (reports(cycle))
		return reporting_run(cycle);
	if (scenario->pressure.cache_bytes)
		return inflate_under_pressure(cycle);
	return one_move(cycle, "inflate", scenario->inflate_bytes);
}

static int inflate(struct cycle *cycle)
{
	int err = compare_clocks(cycle);

	if (!err)
		err = first_move(cycle);
	if (!err)
		err = compare_clocks(cycle);
	return err ? err : boot_victims_calm(cycle->victims);
}

/* What happens while the balloon is inflated. */
static int plateau(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;
	int err = 0;

	if (scenario->refault)
		host_memory_note(cycle->vm, cycle->result, "plateau");
	if (scenario->state == PREPARED_FRAGMENTED)
		err = fragmentation_note(cycle, "plateau");
	if (!err && scenario->compaction_rounds)
		err = compaction_run(cycle);
	if (!err && scenario->pressure.growth_bytes)
		err = pressure_grow(cycle);
	return err;
}

static int deflate(struct cycle *cycle)
{
	int err = reports(cycle) ? reporting_end(cycle) : one_move(cycle, "deflate", 0);

	if (!err)
		err = compare_clocks(cycle);
	return err ? err : boot_victims_calm(cycle->victims);
}

/* What the states hold is given back, and what the balloon gave back is used again. */
static int finish(struct cycle *cycle)
{
	const struct scenario *scenario = cycle->boot->scenario;
	int err = 0;

	if (scenario->state == PREPARED_FRAGMENTED || scenario->compaction_rounds ||
	    scenario->pressure.cache_bytes)
		err = cycle_tell(cycle, "release", "while giving memory back");
	if (!err && scenario->refault) {
		host_memory_note(cycle->vm, cycle->result, "deflated");
		err = touch(cycle, "refault", true);
		if (!err)
			host_memory_note(cycle->vm, cycle->result, "refaulted");
	}
	return err;
}

int cycle_run(struct cycle *cycle)
{
	int err = prepare(cycle);

	if (!err && cycle->number == 1)
		err = boot_victims_start(cycle->victims, cycle->vm, cycle->boot->scenario);
	if (!err)
		err = inflate(cycle);
	if (!err)
		err = plateau(cycle);
	if (!err)
		err = deflate(cycle);
	if (!err)
		err = finish(cycle);
	return err;
}

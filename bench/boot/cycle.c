/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "bench/boot/parts.h"
#include "bench/vm/agent.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define COMMAND_NS (10 * NSEC_PER_SEC)
#define PROPERTY_MS 10000
/* Each page that the guest writes may be a page fault on the host. */
#define WRITE_NS_PER_GIB (60 * NSEC_PER_SEC)
/* A busy vCPU shares the host with QEMU's other threads, and its own CPU with the agent. */
#define BUSY_SHARE_MIN 0.25
/* Before the floor. */
#define BUSY_BEFORE_NS (20 * NSEC_PER_MSEC)
#define KEEPING_BUSY "while keeping a vCPU busy"
/* Rounds at the begin and the end of a step count whole. */
#define BUSY_ERROR_NS NSEC_PER_MSEC

int guest_fill(struct run *run, struct guest_request *request, const struct record *record,
	       void *answer, const char *stage, uint64_t bytes)
{
	return vm_request(&run->vm, request, record, answer, stage,
			  bytes ? (bytes / (1ULL << 30) + 1) * WRITE_NS_PER_GIB : COMMAND_NS);
}

int vmstat_mark(struct run *run)
{
	record_release_counters(&run->vmstat);
	return vm_counters(&run->vm, &answer_vmstat, &run->vmstat);
}

int vmstat_changes(struct run *run, const char *const *keys, struct record_list *changes)
{
	struct record_list now;
	int err = vm_counters(&run->vm, &answer_vmstat, &now);

	for (; !err && *keys; keys++)
		record_append_counter(changes, *keys,
				      record_counter(&now, *keys) -
					      record_counter(&run->vmstat, *keys));
	record_release_counters(&now);
	return err;
}

/* Pages of 4 KiB in the guest's counters at one moment, and in those of VMware's device. */
struct counts {
	int64_t inflated, deflated, migrated, total;
	struct vmware_pages told;
};

static int count_told(struct run *run, struct vmware_pages *told)
{
	int err = qmp_vmware_pages(run->vm.qmp, told, deadline_in_ms(PROPERTY_MS));

	if (err)
		vm_explain(&run->vm, "when the balloon's device was asked for its counts",
			   qmp_error(run->vm.qmp));
	return err;
}

static int count(struct run *run, struct counts *counts)
{
	const int64_t unit = vm_page_bytes(&run->vm) / PAGE_BYTES;
	struct record_list vmstat, meminfo = { NULL, 0 };
	int err;

	err = vm_counters(&run->vm, &answer_vmstat, &vmstat);
	if (!err)
		err = vm_counters(&run->vm, &answer_meminfo, &meminfo);
	counts->inflated = unit * record_counter(&vmstat, "balloon_inflate");
	counts->deflated = unit * record_counter(&vmstat, "balloon_deflate");
	counts->migrated = unit * record_counter(&vmstat, "balloon_migrate");
	counts->total = record_counter(&meminfo, "MemTotal_bytes") / PAGE_BYTES;
	record_release_counters(&vmstat);
	record_release_counters(&meminfo);
	return err || run->vm.method != RESULT_VMWARE ? err : count_told(run, &counts->told);
}

/* What the driver has told VMware's device: a migrated page is unlocked, and another locked. */
static void check_told(struct run *run, enum direction direction, const struct resize *r,
		       const struct vmware_pages *before, const struct vmware_pages *after)
{
	const int64_t pages = r->result->bytes / PAGE_BYTES;
	const int64_t locked = direction == INFLATE ? pages : 0, unlocked = pages - locked;

	checks_add(run->result, run->number, direction, CHECK_PAGES, "pages locked in the device",
		   locked + r->migrated_least, locked + r->migrated_most,
		   after->locked - before->locked);
	checks_add(run->result, run->number, direction, CHECK_PAGES, "pages unlocked in the device",
		   unlocked + r->migrated_least, unlocked + r->migrated_most,
		   after->unlocked - before->unlocked);
}

static void check_counts(struct run *run, enum direction direction, const struct resize *r,
			 const struct counts *before, const struct counts *after)
{
	const int64_t pages = r->result->bytes / PAGE_BYTES, taken = before->total - after->total;
	const int64_t own = method_is_balloon(run->boot->variant->method) ? pages : 0;
	/* vmw_balloon leaves MemTotal alone, and so does virtio-balloon with deflate-on-oom. */
	const int64_t missing = run->vm.method == RESULT_VMWARE ? 0 : pages;
	const bool inflates = direction == INFLATE;

	checks_count(run->result, run->number, direction, "vmstat balloon_inflate",
		     inflates ? own + r->taken_back : 0, after->inflated - before->inflated);
	checks_count(run->result, run->number, direction, "vmstat balloon_deflate",
		     inflates ? r->taken_back : own, after->deflated - before->deflated);
	if (!run->boot->scenario->deflate_on_oom)
		checks_count(run->result, run->number, direction, "MemTotal", missing,
			     inflates ? taken : -taken);
	if (run->vm.method == RESULT_VMWARE)
		check_told(run, direction, r, &before->told, &after->told);
}

void resize_migrations(struct resize *r, int64_t unit, int64_t before, int64_t begun, int64_t ended,
		       int64_t read)
{
	r->migrated_least = ended - begun - (ended > begun ? unit : 0);
	r->migrated_most = read - before + (before > 0 ? unit : 0);
}

static int resize_and_count(struct run *run, enum direction direction, struct resize *r)
{
	/* Around the resize, and around that the host's tracer is reset and read. */
	struct counts before, begun, ended, read;
	char stage[64];
	int err;

	err = count(run, &before);
	if (err)
		return err;
	tracing_begin(run, direction);
	err = count(run, &begun);
	if (err)
		return err;
	r->records = run->trace.in_resize ? &run->trace.writer : NULL;
	err = resize_balloon(r);
	if (err) {
		snprintf(stage, sizeof(stage), "in %s %u", direction_names[direction], run->number);
		vm_explain(&run->vm, stage, r->error);
		return err;
	}
	err = count(run, &ended);
	if (err)
		return err;
	tracing_read(run);
	err = count(run, &read);
	if (err)
		return err;
	resize_migrations(r, vm_page_bytes(&run->vm) / PAGE_BYTES, before.migrated, begun.migrated,
			  ended.migrated, read.migrated);
	if (direction == INFLATE && run->boot->scenario->deflate_on_oom)
		r->taken_back = ended.deflated - before.deflated;
	if (r->taken_back)
		r->result->taken_back_bytes = r->taken_back * PAGE_BYTES;
	check_counts(run, direction, r, &before, &ended);
	return 0;
}

static int resize(struct run *run, void *result)
{
	const enum direction direction = result == &run->cycle.inflate ? INFLATE : DEFLATE;
	const struct scenario *scenario = run->boot->scenario;
	const bool inflates = direction == INFLATE;
	struct resize *r = xcalloc(1, sizeof(*r));
	int err;

	r->vm = &run->vm;
	r->result = result;
	r->target_bytes = inflates ? scenario->inflate_bytes : 0;
	r->step_bytes = scenario->step_bytes;
	r->rate_bytes_per_s = scenario->rate_bytes_per_s;
	r->timeout_ns = scenario->resize_timeout_ns;
	if (inflates && scenario->pressure.cache_bytes)
		r->patience_ns = scenario->pressure.patience_ns;
	r->cpu_times = run->boot->accel != RESULT_ICOUNT;
	r->phase = inflates ? PHASE_INFLATE : PHASE_DEFLATE;
	r->then = inflates ? PHASE_PLATEAU : PHASE_AFTER;
	r->host_victims = &run->host_victims;
	err = resize_and_count(run, direction, r);
	if (!err)
		tracing_end(run, r, result);
	free(r);
	return err;
}

/* Write to as much of the guest's memory as is resized. */
static int touch(struct run *run, void *result)
{
	uint64_t bytes = run->boot->scenario->inflate_bytes;
	struct guest_request request = guest_request_bytes("touch", bytes);

	return guest_fill(run, &request, &touch_record, result, "while touching memory", bytes);
}

static int busy_start(struct run *run, void *result)
{
	int err = vm_command(&run->vm, "busy-start", KEEPING_BUSY);

	(void)result;
	if (!err && run->boot->variant->method == RESULT_FLOOR)
		sleep_ns(BUSY_BEFORE_NS);
	return err;
}

/* With a vCPU that did not run there was nothing for the host to interrupt. */
static int busy_stop(struct run *run, void *result)
{
	const enum direction direction = result == &run->cycle.inflate ? INFLATE : DEFLATE;
	struct guest_request request = guest_request("busy-stop");
	const struct resize_result *r = result;
	int64_t ran_ns;
	int err = guest_fill(run, &request, &answer_busy_ns, &ran_ns, KEEPING_BUSY, 0);

	if (err)
		return err;
	/* A discard is over before a round is: what counts is that the vCPU was at it. */
	if (run->boot->variant->method == RESULT_FLOOR)
		checks_add(run->result, run->number, direction, CHECK_NS,
			   "time that the busy vCPU ran", BUSY_BEFORE_NS * BUSY_SHARE_MIN,
			   run->boot->scenario->resize_timeout_ns, ran_ns);
	else
		checks_add(run->result, run->number, direction, CHECK_NS,
			   "time that the busy vCPU ran", r->duration_ns * BUSY_SHARE_MIN,
			   r->duration_ns + r->resolution_ns + r->steps * BUSY_ERROR_NS,
			   r->busy_ns == RECORD_ABSENT ? 0 : r->busy_ns);
	return 0;
}

static int release_held(struct run *run, void *result)
{
	(void)result;
	return vm_command(&run->vm, "release", "while releasing memory");
}

/* QEMU's memory on the host; absent if /proc/PID/smaps_rollup cannot be read. */
static int host_memory(struct run *run, void *result)
{
	unsigned long long rss = 0, huge = 0;
	char path[64], line[256];
	int found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)run->vm.qemu.pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		found += sscanf(line, "Rss: %llu kB", &rss) == 1 ||
			 sscanf(line, "AnonHugePages: %llu kB", &huge) == 1;
	if (f)
		fclose(f);
	if (found == 2)
		*(struct qemu_memory *)result =
			(struct qemu_memory){ .rss_bytes = rss << 10,
					      .anon_huge_bytes = huge << 10 };
	return 0;
}

/*
 * Before and after each resize: the clock of a guest that has just booted is often wrong by some
 * 100 ppm. The first offset is the begin, the last the end; the others are in between.
 */
static int compare_clocks(struct run *run, void *result)
{
	struct boot_clock *clock = &run->result->clock;
	struct clock_offset offset;
	int err = agent_measure_clock(run->vm.agent, &offset);

	(void)result;
	if (err) {
		vm_explain(&run->vm, "while comparing clocks", agent_error(run->vm.agent));
		return err;
	}
	if (clock->begin.at_ns == RECORD_ABSENT) {
		clock->begin = offset;
		return 0;
	}
	if (clock->end.at_ns != RECORD_ABSENT)
		*(struct clock_offset *)record_append(&clock_offset_record, &clock->between) =
			clock->end;
	clock->end = offset;
	return 0;
}

enum condition {
	TOUCHED,
	TOUCHED_FREED, /* not if freeing is what is measured */
	FRAGMENTED,
	COMPACTED,
	PRESSED,
	GROWN,
	HELD, /* the agent holds memory */
	REFAULTED,
	FIRST_WITH_VICTIMS,
	WITH_VICTIMS,
	BUSY, /* a vCPU is */
	DEFLATED_BUSY,
	WITH_CLOCK, /* under icount the guest's clock counts instructions */
	RESIZED,
	REPORTED,
	FLOORED,
	REPLAYED,
	CONDITIONS
};

/* A cycle. Steps with a name are shown as progress. */
static const struct step {
	enum condition condition;
	const char *name;
	int (*run)(struct run *run, void *result);
	size_t result; /* offset in struct cycle_result */
} steps[] = {
#define RESULT(member) offsetof(struct cycle_result, member)
	{ TOUCHED, "touch", touch, RESULT(touch) },
	{ TOUCHED_FREED, NULL, release_held, 0 },
	{ FRAGMENTED, "fragment", fragmentation_prepare, RESULT(fragmentation) },
	{ COMPACTED, "hold memory", compaction_prepare, 0 },
	{ PRESSED, "fill memory", pressure_prepare, RESULT(pressure) },
	{ REFAULTED, NULL, host_memory, RESULT(host_memory.before) },
	{ FLOORED, "take memory", floor_take, 0 },
	{ FIRST_WITH_VICTIMS, NULL, boot_victims_start, 0 },
	{ WITH_CLOCK, NULL, compare_clocks, 0 },
	{ PRESSED, NULL, pressure_begin, 0 },
	{ BUSY, NULL, busy_start, 0 },
	{ RESIZED, "inflate", resize, RESULT(inflate) },
	{ FLOORED, "discard", floor_run, RESULT(inflate) },
	{ BUSY, NULL, busy_stop, RESULT(inflate) },
	{ REPORTED, "report free pages", reporting_run, RESULT(inflate) },
	{ REPLAYED, NULL, host_memory, RESULT(host_memory.before) },
	{ REPLAYED, "replay", replay_run, RESULT(replay) },
	{ REPLAYED, NULL, host_memory, RESULT(host_memory.deflated) },
	{ PRESSED, NULL, pressure_end, RESULT(pressure) },
	{ WITH_CLOCK, NULL, compare_clocks, 0 },
	{ WITH_VICTIMS, NULL, boot_victims_calm, 0 },
	{ REFAULTED, NULL, host_memory, RESULT(host_memory.plateau) },
	{ FRAGMENTED, NULL, fragmentation_note, RESULT(fragmentation.plateau) },
	{ COMPACTED, "compact", compaction_run, RESULT(compaction) },
	{ GROWN, "grow", pressure_grow, RESULT(pressure.growth) },
	{ DEFLATED_BUSY, NULL, busy_start, 0 },
	{ RESIZED, "deflate", resize, RESULT(deflate) },
	{ DEFLATED_BUSY, NULL, busy_stop, RESULT(deflate) },
	{ REPORTED, NULL, reporting_end, 0 },
	{ FLOORED, NULL, floor_give, 0 },
	{ WITH_CLOCK, NULL, compare_clocks, 0 },
	{ WITH_VICTIMS, NULL, boot_victims_calm, 0 },
	{ HELD, NULL, release_held, 0 },
	{ REFAULTED, NULL, host_memory, RESULT(host_memory.deflated) },
	{ REFAULTED, "refault", touch, RESULT(refault) },
	/* Before the guest frees it: free page reporting may return it to the host at once. */
	{ REFAULTED, NULL, host_memory, RESULT(host_memory.refaulted) },
	{ REFAULTED, NULL, release_held, 0 },
};

int cycle_run(struct run *run)
{
	const struct boot *boot = run->boot;
	const struct scenario *s = boot->scenario;
	const bool replayed = s->replay.file;
	const bool reported = boot->variant->method == RESULT_REPORTING && !replayed;
	const bool floored = boot->variant->method == RESULT_FLOOR;
	const bool victims = s->guest_victims.count || s->host_victims.count;
	const bool holds[CONDITIONS] = {
		[TOUCHED] = s->state == PREPARED_TOUCHED,
		[TOUCHED_FREED] = s->state == PREPARED_TOUCHED && !reported,
		[FRAGMENTED] = s->state == PREPARED_FRAGMENTED,
		[COMPACTED] = s->compaction_rounds,
		[PRESSED] = s->pressure.cache_bytes,
		[GROWN] = s->pressure.growth_bytes,
		[HELD] = s->state == PREPARED_FRAGMENTED || s->compaction_rounds ||
			 s->pressure.cache_bytes,
		[REFAULTED] = s->refault,
		[FIRST_WITH_VICTIMS] = victims && run->number == 1,
		[WITH_VICTIMS] = victims,
		[BUSY] = s->busy,
		[WITH_CLOCK] = boot->accel != RESULT_ICOUNT,
		[DEFLATED_BUSY] = s->busy && !floored,
		[RESIZED] = !reported && !floored && !replayed,
		[REPORTED] = reported,
		[FLOORED] = floored,
		[REPLAYED] = replayed,
	};
	const struct step *step;
	char what[64];
	int err = 0;

	record_init(&cycle_record, &run->cycle);
	for (step = steps; !err && step < steps + sizeof(steps) / sizeof(steps[0]); step++) {
		if (!holds[step->condition])
			continue;
		if (step->name) {
			snprintf(what, sizeof(what), "%s %u/%u", step->name, run->number,
				 s->cycles);
			boot->progress(what, boot->context);
		}
		err = step->run(run, (char *)&run->cycle + step->result);
	}
	record_release_counters(&run->vmstat);
	if (err)
		record_release(&cycle_record, &run->cycle);
	else
		*(struct cycle_result *)record_append(&cycle_record, &run->result->cycles) =
			run->cycle;
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/reporting.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "bench/boot/resize.h"
#include "lib/clock.h"

#define STAGE "while free pages are reported"
/* How often is looked. */
#define LOOK_NS (10 * NSEC_PER_MSEC)
/* The guest's kernel rests 2 s between two passes: two of them with nothing are the end. */
#define STILL_NS (5 * NSEC_PER_SEC)
/* But the first has to be waited for, where the guest's CPUs are busy with other things. */
#define FIRST_NS (60 * NSEC_PER_SEC)
/* A fall less than this is QEMU's own coming and going. */
#define FALL_BYTES (1ULL << 20)
/* Of the progress curve: a point for each such part. */
#define POINTS 128

/* Resident memory of QEMU; 0 where it has gone. Quick, and some pages per CPU behind. */
static uint64_t resident_bytes(const struct vm *vm)
{
	unsigned long long pages;
	char path[64];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)vm->qemu.pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fscanf(f, "%*u %llu", &pages);
	fclose(f);
	return n == 1 ? pages * sysconf(_SC_PAGESIZE) : 0;
}

static void add_point(struct resize_figures *f, uint64_t ns, uint64_t bytes, uint64_t whole)
{
	const json_t *last = json_array_get(f->progress, json_array_size(f->progress) - 1);

	if (bytes - json_integer_value(json_array_get(last, 1)) >= whole / POINTS)
		json_array_append_new(f->progress,
				      json_pack("[I, I]", (json_int_t)ns, (json_int_t)bytes));
}

static bool is_still(const struct resize_figures *f, uint64_t since_start_ns)
{
	return since_start_ns - f->duration_ns > (f->bytes ? STILL_NS : FIRST_NS);
}

/* Until nothing comes back any more. @f: bytes, duration and CPU time of the last that did. */
static int await_still(struct cycle *cycle, uint64_t before, uint64_t cpu_ns,
		       struct resize_figures *f)
{
	const struct scenario *scenario = cycle->boot->scenario;
	const struct timespec nap = { .tv_nsec = LOOK_NS };
	uint64_t start = clock_ns(), last = start, now = start, resident;

	json_array_append_new(f->progress, json_pack("[i, i]", 0, 0));
	while (!is_still(f, now - start)) {
		nanosleep(&nap, NULL);
		if (interrupted())
			return -EINTR;
		resident = resident_bytes(cycle->vm);
		now = clock_ns();
		if (!resident) {
			vm_explain(cycle->vm, STAGE, "QEMU has no memory any more");
			return -ESRCH;
		}
		if (resident + f->bytes + FALL_BYTES <= before) {
			f->bytes = before - resident;
			f->duration_ns = now - start;
			f->resolution_ns = now - last;
			f->qemu_cpu_ns = vm_cpu_ns(cycle->vm) - cpu_ns;
			add_point(f, f->duration_ns, f->bytes, scenario->inflate_bytes);
		}
		last = now;
		if (now - start > scenario->move_timeout_ns) {
			vm_explain(cycle->vm, STAGE,
				   "the guest still reports when move_timeout is over");
			return -ETIMEDOUT;
		}
	}
	f->wall_ns = now - start;
	return 0;
}

static int enter(struct cycle *cycle, enum victim_phase phase, uint64_t *busy_ns)
{
	json_t *answer = NULL;
	int err;

	err = cycle_ask(cycle,
			json_pack("{s:s, s:s}", "cmd", "phase", "phase", victim_phase_name(phase)),
			&answer, STAGE, 0);
	if (err)
		return err;
	victims_enter(&cycle->victims->host, phase);
	if (busy_ns)
		*busy_ns = json_integer_value(json_object_get(answer, "busy_ns"));
	json_decref(answer);
	return 0;
}

static int free_and_watch(struct cycle *cycle, struct resize_figures *f)
{
	uint64_t busy_before, busy_after, cpu_ns = vm_cpu_ns(cycle->vm), before;
	int err;

	err = enter(cycle, VICTIM_INFLATE, &busy_before);
	if (err)
		return err;
	before = resident_bytes(cycle->vm);
	err = cycle_tell(cycle, "free", STAGE);
	if (!err)
		err = await_still(cycle, before, cpu_ns, f);
	if (!err)
		err = enter(cycle, VICTIM_PLATEAU, &busy_after);
	if (err)
		return err;
	f->guest_cpu_ns = busy_after > busy_before ? busy_after - busy_before : 0;
	if (f->bytes)
		return 0;
	vm_explain(cycle->vm, STAGE,
		   "the host got nothing back within a minute; the guest's kernel needs "
		   "CONFIG_PAGE_REPORTING");
	return -EPROTO;
}

int reporting_run(struct cycle *cycle)
{
	struct resize_figures f = { .steps = 1, .progress = json_array() };
	json_t *move;
	int err;

	cycle_say(cycle, "report free pages");
	tracing_begin(cycle->trace);
	err = free_and_watch(cycle, &f);
	if (!err) {
		move = resize_to_json(&f, true);
		json_object_set_new(cycle->result, "inflate", move);
		tracing_look(cycle->trace, true);
		tracing_end_untraced(cycle->trace, cycle->number, "inflate", -1, move,
				     cycle->checks);
	}
	json_decref(f.progress);
	return err;
}

int reporting_end(struct cycle *cycle)
{
	return enter(cycle, VICTIM_AFTER, NULL);
}

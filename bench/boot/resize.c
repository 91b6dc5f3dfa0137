/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/boot/resize.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/vm/interrupt.h"
#include "bench/config/method.h"
#include "bpf/trace_json.h"
#include "lib/clock.h"

#define BALLOON_PAGE 4096ULL
#define COMMAND_MS 10000
/* The guest gives up first, so that its own word for the failure arrives. */
#define GRACE_NS (5 * NSEC_PER_SEC)
/* A rate is kept to in steps of what it gives in so long, whole blocks of virtio-mem's. */
#define RATE_STEP_NS (50 * NSEC_PER_MSEC)
/* The guest shows its idle time, of all CPUs together, in ticks of 10 ms (USER_HZ). */
#define GUEST_TICK_NS 10000000

struct totals {
	struct resize_figures f;
	json_t *stall; /* the first, or NULL */
	struct resize_trace *trace;
};

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t member(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Append a step's progress, behind the steps before it in time and bytes. */
static void add_progress(struct totals *totals, const json_t *event)
{
	const json_t *point;
	uint64_t from = member(event, "from_pages");
	size_t i;

	json_array_foreach (json_object_get(event, "progress"), i, point) {
		uint64_t ns = json_integer_value(json_array_get(point, 0));
		uint64_t pages = json_integer_value(json_array_get(point, 1));
		uint64_t bytes = totals->f.bytes + distance(pages, from) * BALLOON_PAGE;

		json_array_append_new(totals->f.progress,
				      json_pack("[I, I]", (json_int_t)(totals->f.duration_ns + ns),
						(json_int_t)bytes));
	}
}

void resize_trace_release(struct resize_trace *trace)
{
	json_decref(trace->rows);
	json_decref(trace->steps);
	trace->rows = trace->steps = NULL;
}

static uint64_t positive(uint64_t to, uint64_t from)
{
	return to > from ? to - from : 0;
}

static void add_trace(struct totals *totals, const json_t *event)
{
	const json_t *seen = json_object_get(event, "trace");
	uint64_t start = member(event, "start_ns"), end = start + member(event, "duration_ns");
	struct guest_totals step;

	if (!seen)
		return;
	guest_totals_from_json(&step, json_object_get(seen, "sums"));
	guest_totals_append(&totals->trace->totals, &step);
	if (step.batches)
		totals->trace->edge_ns +=
			positive(step.begin_ns, start) + positive(end, step.end_ns);
	json_array_extend(totals->trace->rows, json_object_get(seen, "batches"));
	json_array_append_new(totals->trace->steps,
			      json_pack("[I, I]", (json_int_t)start, (json_int_t)(end - start)));
}

/* Where the move stood still: told once, with what the steps before had done. */
static void add_stall(struct totals *totals, const json_t *event)
{
	const json_t *stall = json_object_get(event, "stall");

	if (!stall || totals->stall)
		return;
	totals->stall = json_pack(
		"{s:I, s:I, s:I, s:I}", "bytes",
		(json_int_t)(totals->f.bytes + member(stall, "pages") * BALLOON_PAGE), "at_ns",
		(json_int_t)(totals->f.duration_ns + member(stall, "at_ns")), "relief_ns",
		(json_int_t)(totals->f.duration_ns + member(stall, "relief_ns")), "freed_bytes",
		(json_int_t)member(stall, "freed_bytes"));
}

/* What the guest is asked to have; of virtio-mem the rest is its memory from the boot. */
static int set_target(struct vm *vm, uint64_t balloon_bytes, char *error, size_t error_size)
{
	uint64_t deadline = deadline_in_ms(COMMAND_MS);
	int err = vm->plugged_bytes
			  ? qmp_plug(vm->qmp, vm->plugged_bytes - balloon_bytes, deadline)
			  : qmp_balloon_target(vm->qmp, vm->memory_bytes - balloon_bytes, deadline);

	if (err)
		snprintf(error, error_size, "QMP, setting the target: %s", qmp_error(vm->qmp));
	return err;
}

/* QEMU must know what the guest says that it did. */
static int check_with_qemu(struct vm *vm, uint64_t balloon_bytes, char *error, size_t error_size)
{
	uint64_t whole = vm->plugged_bytes ? vm->plugged_bytes : vm->memory_bytes;
	uint64_t deadline = deadline_in_ms(COMMAND_MS), actual;
	int err = vm->plugged_bytes ? qmp_plugged(vm->qmp, &actual, deadline)
				    : qmp_balloon_actual(vm->qmp, &actual, deadline);

	if (err) {
		snprintf(error, error_size, "QMP, asking how far it is: %s", qmp_error(vm->qmp));
		return err;
	}
	if (actual == whole - balloon_bytes)
		return 0;
	snprintf(error, error_size,
		 "the guest says the target is reached, QEMU says it is at %llu of %llu bytes",
		 (unsigned long long)(whole - actual), (unsigned long long)balloon_bytes);
	return -EPROTO;
}

static int wait_moved(struct vm *vm, uint64_t timeout_ns, json_t **event, char *error,
		      size_t error_size)
{
	int err;

	err = agent_wait_event(vm->agent, "moved", event, clock_ns() + timeout_ns + GRACE_NS);
	if (err)
		snprintf(error, error_size, "the guest did not finish: %s", agent_error(vm->agent));
	return err;
}

static int one_step(struct vm *vm, const struct resize_request *order, uint64_t balloon_bytes,
		    struct totals *totals, char *error, size_t error_size)
{
	/* Where the host itself waits between steps, the waiting is a part of the move. */
	enum victim_phase then = order->rate_bytes_per_s && balloon_bytes != order->target_bytes
					 ? order->phase
					 : order->then;
	uint64_t begin, cpu_ns = vm_cpu_ns(vm);
	json_t *event = NULL;
	int err;

	err = agent_request(vm->agent,
			    json_pack("{s:s, s:I, s:I, s:s, s:s}", "cmd", "watch", "timeout_ns",
				      (json_int_t)order->timeout_ns, "patience_ns",
				      (json_int_t)order->patience_ns, "phase",
				      victim_phase_name(order->phase), "then",
				      victim_phase_name(then)),
			    NULL, deadline_in_ms(COMMAND_MS));
	if (err) {
		snprintf(error, error_size, "the guest does not watch: %s", agent_error(vm->agent));
		return err;
	}
	begin = clock_ns();
	victims_enter(order->host_victims, order->phase);
	err = set_target(vm, balloon_bytes, error, error_size);
	if (err)
		return err;
	err = wait_moved(vm, order->timeout_ns, &event, error, error_size);
	victims_enter(order->host_victims, then);
	if (err)
		return err;
	totals->f.wall_ns += clock_ns() - begin;
	totals->f.qemu_cpu_ns += vm_cpu_ns(vm) - cpu_ns;
	totals->f.guest_cpu_ns += member(event, "cpu_ns");

	err = check_with_qemu(vm, balloon_bytes, error, error_size);
	if (!err) {
		add_progress(totals, event);
		add_trace(totals, event);
		add_stall(totals, event);
		totals->f.bytes +=
			distance(member(event, "to_pages"), member(event, "from_pages")) *
			BALLOON_PAGE;
		totals->f.duration_ns += member(event, "duration_ns");
		totals->f.resolution_ns += member(event, "resolution_ns");
		totals->f.steps++;
		vm->balloon_bytes = balloon_bytes;
	}
	json_decref(event);
	return err;
}

static uint64_t next_step(uint64_t from, uint64_t to, uint64_t step)
{
	if (distance(from, to) <= step)
		return to;
	return from < to ? from + step : from - step;
}

static uint64_t step_bytes(const struct resize_request *order)
{
	uint64_t step;

	if (!order->rate_bytes_per_s)
		return order->step_bytes;
	step = (double)order->rate_bytes_per_s * RATE_STEP_NS / NSEC_PER_SEC;
	step = step < METHOD_BLOCK_BYTES ? METHOD_BLOCK_BYTES
					 : step / METHOD_BLOCK_BYTES * METHOD_BLOCK_BYTES;
	return step < order->step_bytes ? step : order->step_bytes;
}

/* Until so much may have been moved; looks now and then whether the user wants to end it. */
static int keep_to_rate(const struct resize_request *order, uint64_t begin_ns, uint64_t bytes)
{
	uint64_t due = begin_ns + (double)bytes / order->rate_bytes_per_s * NSEC_PER_SEC, now;

	for (now = clock_ns(); now < due && !interrupted(); now = clock_ns()) {
		uint64_t left = due - now < RATE_STEP_NS ? due - now : RATE_STEP_NS;
		const struct timespec nap = { .tv_nsec = left };

		nanosleep(&nap, NULL);
	}
	return interrupted() ? -EINTR : 0;
}

static int all_steps(struct vm *vm, const struct resize_request *order, struct totals *totals,
		     uint64_t *elapsed_ns, char *error, size_t error_size)
{
	uint64_t begin = clock_ns(), step = step_bytes(order);
	int err = 0;

	while (!err && vm->balloon_bytes != order->target_bytes) {
		err = one_step(vm, order, next_step(vm->balloon_bytes, order->target_bytes, step),
			       totals, error, error_size);
		if (!err && order->rate_bytes_per_s && vm->balloon_bytes != order->target_bytes)
			err = keep_to_rate(order, begin, totals->f.bytes);
	}
	*elapsed_ns = clock_ns() - begin;
	return err;
}

static double per_second(uint64_t amount, uint64_t ns)
{
	return ns ? amount / ((double)ns / NSEC_PER_SEC) : 0;
}

json_t *resize_to_json(const struct resize_figures *f, bool cpu_times)
{
	json_t *move =
		json_pack("{s:I, s:I, s:f, s:I, s:I, s:i, s:O}", "bytes", (json_int_t)f->bytes,
			  "duration_ns", (json_int_t)f->duration_ns, "gib_per_s",
			  per_second(f->bytes, f->duration_ns) / (1ULL << 30), "resolution_ns",
			  (json_int_t)f->resolution_ns, "wall_ns", (json_int_t)f->wall_ns, "steps",
			  (int)f->steps, "progress", f->progress);

	if (cpu_times)
		json_object_set_new(move, "cpu",
				    json_pack("{s:I, s:I, s:I}", "qemu_ns",
					      (json_int_t)f->qemu_cpu_ns, "guest_ns",
					      (json_int_t)f->guest_cpu_ns, "guest_resolution_ns",
					      (json_int_t)GUEST_TICK_NS * f->steps));
	return move;
}

/* What only some moves have. */
static void put_rest(const struct resize_request *order, const struct totals *totals,
		     uint64_t elapsed_ns, json_t *move)
{
	if (order->rate_bytes_per_s)
		json_object_set_new(move, "rate",
				    json_pack("{s:I, s:I, s:I}", "asked_bytes_per_s",
					      (json_int_t)order->rate_bytes_per_s, "bytes_per_s",
					      (json_int_t)per_second(totals->f.bytes, elapsed_ns),
					      "elapsed_ns", (json_int_t)elapsed_ns));
	if (totals->stall)
		json_object_set(move, "stall", totals->stall);
}

int resize_balloon(struct vm *vm, const struct resize_request *order, json_t **move,
		   struct resize_trace *trace, char *error, size_t error_size)
{
	struct totals totals = { .f.progress = json_array(), .trace = trace };
	uint64_t elapsed_ns;
	int err;

	*move = NULL;
	*trace = (struct resize_trace){ .rows = json_array(), .steps = json_array() };
	snprintf(error, error_size, "stopped");
	err = all_steps(vm, order, &totals, &elapsed_ns, error, error_size);
	if (!err) {
		*move = resize_to_json(&totals.f, order->cpu_times);
		put_rest(order, &totals, elapsed_ns, *move);
		err = *move ? 0 : -ENOMEM;
	}
	json_decref(totals.f.progress);
	json_decref(totals.stall);
	return err;
}

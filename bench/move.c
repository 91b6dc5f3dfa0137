/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/move.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/trace_json.h"
#include "lib/clock.h"

#define BALLOON_PAGE 4096ULL
#define COMMAND_MS 10000
/* The guest gives up first, so that its own word for the failure arrives. */
#define GRACE_NS (5 * NSEC_PER_SEC)

struct sums {
	uint64_t bytes;
	uint64_t duration_ns;
	uint64_t resolution_ns;
	uint64_t wall_ns;
	unsigned int steps;
	json_t *progress;
	struct move_trace *trace;
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
static void add_progress(struct sums *sums, const json_t *event)
{
	const json_t *point;
	uint64_t from = member(event, "from_pages");
	size_t i;

	json_array_foreach (json_object_get(event, "progress"), i, point) {
		uint64_t ns = json_integer_value(json_array_get(point, 0));
		uint64_t pages = json_integer_value(json_array_get(point, 1));
		uint64_t bytes = sums->bytes + distance(pages, from) * BALLOON_PAGE;

		json_array_append_new(sums->progress,
				      json_pack("[I, I]", (json_int_t)(sums->duration_ns + ns),
						(json_int_t)bytes));
	}
}

void move_trace_release(struct move_trace *trace)
{
	json_decref(trace->rows);
	json_decref(trace->steps);
	trace->rows = trace->steps = NULL;
}

static uint64_t positive(uint64_t to, uint64_t from)
{
	return to > from ? to - from : 0;
}

static void add_trace(struct sums *sums, const json_t *event)
{
	const json_t *seen = json_object_get(event, "trace");
	uint64_t start = member(event, "start_ns"), end = start + member(event, "duration_ns");
	struct guest_sums step;

	if (!seen)
		return;
	guest_sums_from_json(&step, json_object_get(seen, "sums"));
	guest_sums_append(&sums->trace->sums, &step);
	if (step.batches)
		sums->trace->edge_ns += positive(step.begin_ns, start) + positive(end, step.end_ns);
	json_array_extend(sums->trace->rows, json_object_get(seen, "batches"));
	json_array_append_new(sums->trace->steps,
			      json_pack("[I, I]", (json_int_t)start, (json_int_t)(end - start)));
}

static int wait_moved(struct vm *vm, uint64_t timeout_ns, json_t **event, char *error,
		      size_t error_size)
{
	int err;

	err = guest_wait_event(vm->guest, "moved", event, clock_ns() + timeout_ns + GRACE_NS);
	if (err)
		snprintf(error, error_size, "the guest did not finish: %s", guest_error(vm->guest));
	return err;
}

static int one_step(struct vm *vm, const struct move_order *order, uint64_t balloon_bytes,
		    struct sums *sums, char *error, size_t error_size)
{
	json_t *event = NULL;
	uint64_t begin, actual;
	int err;

	err = guest_request(vm->guest,
			    json_pack("{s:s, s:I, s:s, s:s}", "cmd", "watch", "timeout_ns",
				      (json_int_t)order->timeout_ns, "phase",
				      victim_phase_name(order->phase), "then",
				      victim_phase_name(order->then)),
			    NULL, deadline_in_ms(COMMAND_MS));
	if (err) {
		snprintf(error, error_size, "the guest does not watch: %s", guest_error(vm->guest));
		return err;
	}
	begin = clock_ns();
	victims_enter(order->host_victims, order->phase);
	err = qmp_balloon_target(vm->qmp, vm->memory_bytes - balloon_bytes,
				 deadline_in_ms(COMMAND_MS));
	if (err) {
		snprintf(error, error_size, "QMP balloon: %s", qmp_error(vm->qmp));
		return err;
	}
	err = wait_moved(vm, order->timeout_ns, &event, error, error_size);
	victims_enter(order->host_victims, order->then);
	if (err)
		return err;
	sums->wall_ns += clock_ns() - begin;

	err = qmp_balloon_actual(vm->qmp, &actual, deadline_in_ms(COMMAND_MS));
	if (err)
		snprintf(error, error_size, "QMP query-balloon: %s", qmp_error(vm->qmp));
	if (!err && actual != vm->memory_bytes - balloon_bytes) {
		snprintf(error, error_size,
			 "the guest says the balloon is there, QEMU says it is at %llu of %llu "
			 "bytes",
			 (unsigned long long)(vm->memory_bytes - actual),
			 (unsigned long long)balloon_bytes);
		err = -EPROTO;
	}
	if (!err) {
		add_progress(sums, event);
		add_trace(sums, event);
		sums->bytes += distance(member(event, "to_pages"), member(event, "from_pages")) *
			       BALLOON_PAGE;
		sums->duration_ns += member(event, "duration_ns");
		sums->resolution_ns += member(event, "resolution_ns");
		sums->steps++;
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

int move_balloon(struct vm *vm, const struct move_order *order, json_t **move,
		 struct move_trace *trace, char *error, size_t error_size)
{
	struct sums sums = { .progress = json_array(), .trace = trace };
	double gib_per_s;
	int err = 0;

	*move = NULL;
	*trace = (struct move_trace){ .rows = json_array(), .steps = json_array() };
	while (!err && vm->balloon_bytes != order->target_bytes)
		err = one_step(vm, order,
			       next_step(vm->balloon_bytes, order->target_bytes, order->step_bytes),
			       &sums, error, error_size);
	if (err) {
		json_decref(sums.progress);
		return err;
	}
	gib_per_s = sums.duration_ns ? (double)sums.bytes / (1ULL << 30) /
					       ((double)sums.duration_ns / NSEC_PER_SEC)
				     : 0;
	*move = json_pack("{s:I, s:I, s:f, s:I, s:I, s:i, s:o}", "bytes", (json_int_t)sums.bytes,
			  "duration_ns", (json_int_t)sums.duration_ns, "gib_per_s", gib_per_s,
			  "resolution_ns", (json_int_t)sums.resolution_ns, "wall_ns",
			  (json_int_t)sums.wall_ns, "steps", (int)sums.steps, "progress",
			  sums.progress);
	return *move ? 0 : -ENOMEM;
}

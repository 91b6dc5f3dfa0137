/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "bench/boot/parts.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define COMMAND_MS 10000
/* The guest gives up first, so that its own message arrives. */
#define GRACE_NS (5 * NSEC_PER_SEC)
/* With a rate, a step is as much as is due in this time, in whole blocks of virtio-mem. */
#define RATE_STEP_NS (50 * NSEC_PER_MSEC)
/* The guest reports the idle time of all CPUs together in ticks of 10 ms (USER_HZ). */
#define GUEST_TICK_NS 10000000LL
/* The agent sends 128 a step. */
#define PROGRESS_MAX 100000

static int fail(struct resize *r, int err, const char *what, const char *why)
{
	snprintf(r->error, sizeof(r->error), "%s: %s", what, why);
	return err;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Append the numbers of a step to those of the steps before it. False if a batch is impossible. */
static bool add_trace(struct resize *r, const struct event_resized *event)
{
	const size_t columns = sizeof(struct trace_guest_batch) / sizeof(int64_t);
	const struct trace_step step = { event->start_ns, event->duration_ns };
	const struct guest_totals *totals = &event->trace.totals;
	const int64_t *number = event->trace.batches.items;
	const size_t count = event->trace.batches.count;
	size_t i;

	if (record_is_absent(&resize_batches_record, &event->trace))
		return true;
	if (!events_add(&r->events, event))
		return false;
	guest_totals_append(&r->totals, totals);
	r->rows += count / columns;
	for (i = 0; i < count; i++)
		if (number[i] < 0 || number[i] > TRACE_VALUE_MAX)
			return false;
	if (count % columns || !r->records)
		return count % columns == 0;
	trace_write_record(r->records, TRACE_STEP, &step);
	for (i = 0; i < count; i += columns)
		trace_write_record(r->records, TRACE_GUEST, &number[i]);
	return true;
}

static int64_t or_zero(int64_t value)
{
	return value == RECORD_ABSENT ? 0 : value;
}

/* A malicious guest may send any number: these can be added without overflow. */
static bool is_plausible(const struct resize_result *result, const struct event_resized *event)
{
	return event->from_pages <= UINT32_MAX && event->to_pages <= UINT32_MAX &&
	       event->start_ns <= TRACE_VALUE_MAX &&
	       (event->busy_ns == RECORD_ABSENT ||
		event->busy_ns <= TRACE_VALUE_MAX - or_zero(result->busy_ns)) &&
	       event->cpu_ns <= TRACE_VALUE_MAX - result->cpu.guest_ns &&
	       event->resolution_ns <= TRACE_VALUE_MAX - result->resolution_ns &&
	       event->duration_ns <= TRACE_VALUE_MAX - result->duration_ns;
}

static int add_step(struct resize *r, const struct event_resized *event)
{
	const struct guest_stall *stall = &event->stall;
	const int64_t(*points)[2] = event->progress.items;
	struct resize_result *result = r->result;
	const uint64_t bytes = result->bytes, ns = result->duration_ns; /* of the steps before */
	size_t i;

	if (!is_plausible(result, event))
		return fail(r, -EPROTO, "the guest", "impossible numbers in its event 'resized'");
	if (result->progress.count + event->progress.count > PROGRESS_MAX)
		return fail(r, -EPROTO, "the guest", "too many points of progress");
	for (i = 0; i < event->progress.count; i++)
		record_append_pair(&result->progress, ns + points[i][0],
				   bytes + distance(points[i][1], event->from_pages) * PAGE_BYTES);
	if (!add_trace(r, event))
		return fail(r, -EPROTO, "the guest", "impossible numbers in its batches");
	if (stall->at_ns != RECORD_ABSENT && result->stall.at_ns == RECORD_ABSENT)
		result->stall = (struct stall){ .bytes = bytes + stall->pages * PAGE_BYTES,
						.at_ns = ns + stall->at_ns,
						.relief_ns = ns + stall->relief_ns,
						.freed_bytes = stall->freed_bytes };
	result->bytes += distance(event->to_pages, event->from_pages) * PAGE_BYTES;
	result->duration_ns += event->duration_ns;
	result->resolution_ns += event->resolution_ns;
	result->cpu.guest_ns += event->cpu_ns;
	if (event->busy_ns != RECORD_ABSENT)
		result->busy_ns = or_zero(result->busy_ns) + event->busy_ns;
	result->steps++;
	return 0;
}

static int set_target(struct resize *r, uint64_t balloon_bytes)
{
	int err = vm_take(r->vm, balloon_bytes, deadline_in_ms(COMMAND_MS));

	return err ? fail(r, err, "cannot set the target", qmp_error(r->vm->qmp)) : 0;
}

/* QEMU must agree with the guest. */
static int check_with_qemu(struct resize *r, uint64_t balloon_bytes)
{
	uint64_t taken;
	int err = vm_taken(r->vm, &taken, deadline_in_ms(COMMAND_MS));

	if (err)
		return fail(r, err, "cannot read the balloon's size", qmp_error(r->vm->qmp));
	if (taken == balloon_bytes)
		return 0;
	snprintf(r->error, sizeof(r->error),
		 "the guest says the target is reached, QEMU says it is at %llu of %llu bytes",
		 (unsigned long long)taken, (unsigned long long)balloon_bytes);
	return -EPROTO;
}

static int one_step(struct resize *r, uint64_t balloon_bytes, struct event_resized *event)
{
	struct guest_request request = guest_request("time-resize");
	struct agent *agent = r->vm->agent;
	uint64_t begin, cpu_ns = vm_cpu_ns(r->vm);
	int err;

	request.timeout_ns = r->timeout_ns;
	request.patience_ns = r->patience_ns;
	request.phase = r->phase;
	/* With a rate, the pauses between steps are part of the resize. */
	request.then = r->rate_bytes_per_s && balloon_bytes != r->target_bytes ? r->phase : r->then;
	err = agent_request(agent, &request, NULL, NULL, deadline_in_ms(COMMAND_MS));
	if (err)
		return fail(r, err, "the guest does not time the resize", agent_error(agent));
	begin = clock_ns();
	victims_enter(r->host_victims, r->phase);
	err = set_target(r, balloon_bytes);
	if (err)
		return err;
	err = agent_wait_event(agent, "resized", &event_resized_record, event,
			       clock_ns() + r->timeout_ns + GRACE_NS);
	victims_enter(r->host_victims, request.then);
	if (err)
		return fail(r, err, "the guest did not finish", agent_error(agent));
	r->result->wall_ns += clock_ns() - begin;
	r->result->cpu.qemu_ns += vm_cpu_ns(r->vm) - cpu_ns;
	err = check_with_qemu(r, balloon_bytes);
	if (!err)
		err = add_step(r, event);
	if (!err)
		r->vm->balloon_bytes = balloon_bytes;
	return err;
}

static uint64_t next_target(const struct resize *r)
{
	const uint64_t from = r->vm->balloon_bytes, to = r->target_bytes;
	uint64_t step = r->step_bytes, due;

	if (r->rate_bytes_per_s) {
		due = (double)r->rate_bytes_per_s * RATE_STEP_NS / NSEC_PER_SEC;
		due = due < METHOD_BLOCK_BYTES ? METHOD_BLOCK_BYTES
					       : due / METHOD_BLOCK_BYTES * METHOD_BLOCK_BYTES;
		step = due < step ? due : step;
	}
	if (distance(from, to) <= step)
		return to;
	return from < to ? from + step : from - step;
}

/* Wait until the rate allows the next step. */
static int keep_to_rate(const struct resize *r, uint64_t begin_ns)
{
	uint64_t due = begin_ns + (double)r->result->bytes / r->rate_bytes_per_s * NSEC_PER_SEC;
	int err = interruptible_poll(-1, 0, due);

	return err == -EINTR ? err : 0;
}

static double per_second(uint64_t amount, uint64_t ns)
{
	return ns ? amount / ((double)ns / NSEC_PER_SEC) : 0;
}

void resize_begin(struct resize_result *result)
{
	record_init(&resize_record, result);
	result->bytes = result->duration_ns = result->resolution_ns = result->wall_ns = 0;
	result->steps = result->cpu.qemu_ns = result->cpu.guest_ns = 0;
	result->timer = TIMER_POLLS;
}

void resize_derive_rate(struct resize_result *result)
{
	result->gib_per_s = per_second(result->bytes, result->duration_ns) / (1ULL << 30);
}

void resize_finish(struct resize_result *result, bool cpu_times)
{
	resize_derive_rate(result);
	if (cpu_times)
		result->cpu.guest_resolution_ns = GUEST_TICK_NS * result->steps;
	else
		result->cpu.qemu_ns = result->cpu.guest_ns = RECORD_ABSENT;
}

int resize_balloon(struct resize *r)
{
	struct event_resized *event = xcalloc(1, sizeof(*event));
	struct resize_rate *rate = &r->result->rate;
	uint64_t begin = clock_ns();
	int err = 0;

	resize_begin(r->result);
	snprintf(r->error, sizeof(r->error), "stopped");
	while (!err && r->vm->balloon_bytes != r->target_bytes) {
		err = one_step(r, next_target(r), event);
		record_release(&event_resized_record, event);
		if (!err && r->rate_bytes_per_s && r->vm->balloon_bytes != r->target_bytes)
			err = keep_to_rate(r, begin);
	}
	free(event);
	if (!err && r->rate_bytes_per_s) {
		rate->asked_bytes_per_s = r->rate_bytes_per_s;
		rate->elapsed_ns = clock_ns() - begin;
		rate->bytes_per_s = per_second(r->result->bytes, rate->elapsed_ns);
	}
	if (!err)
		resize_finish(r->result, r->cpu_times);
	return err;
}

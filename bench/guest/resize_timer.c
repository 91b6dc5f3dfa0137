/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resize timer: polls the device while the driver resizes it. README.md has how the
 * begin and the end are found.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "bench/guest/guest.h"
#include "bpf/guest_tracer.h"
#include "bpf/object.h"
#include "bpf/totals.h"
#include "bpf/trace_result.h"
#include "lib/clock.h"
#include "lib/log.h"

#define PROGRESS_MAX 128
/* Shortest sleep: a wake-up costs about as much. */
#define SLEEP_MIN_NS 10000ULL
/* Up to this long, the wait for the start does not sleep: the driver has nothing to do yet. */
#define START_SPIN_NS 50000000ULL
/* The sleep between polls of a driver that asks for its target itself, maybe on the agent's CPU. */
#define START_SLEEP_NS 100000ULL

/* Batches that are sent one by one: the size of a message is limited. */
#define BATCHES_MAX 50000
/* The wait for the last batch ends: its record may be lost. */
#define BATCH_POLL_NS 1000000
#define BATCH_POLLS_MAX 100
/* The counter of /proc/vmstat. */
#define INFLATED "balloon_inflate"
/* Begin and end of the batches are a reading of the clock each. */
#define READINGS 2

static struct guest_tracer *tracer;
/* Totals of all batches since the tracer's start, for the histograms of their stages. */
static struct guest_totals inflate, deflate;

int do_trace_start(struct call *call)
{
	const struct guest_request *request = &call->request;
	struct tracer_options options = {
		.ring_bytes = request->ring_bytes > 0 ? request->ring_bytes : 0,
	};
	struct answer_tracer *value = &call->answer.tracer;
	const struct observation *seen;
	size_t count;

	if (!request->level || trace_setting_parse(request->level, &options.trace) ||
	    options.trace.level == TRACE_OFF ||
	    (request->mechanism && !mechanism_parse(request->mechanism, &options.mechanism)))
		return refuse(call->error, sizeof(call->error),
			      "trace-start: expected a level, and a mechanism or none");
	guest_tracer_close(tracer);
	tracer = NULL;
	memset(&inflate, 0, sizeof(inflate));
	memset(&deflate, 0, sizeof(deflate));
	if (guest_tracer_open(&tracer, &options, call->error, sizeof(call->error)))
		return -EINVAL;
	value->mechanism = guest_tracer_mechanism(tracer) - MECHANISM_EVENTS;
	seen = guest_tracer_observations(tracer, &count);
	trace_observations(&value->observations, seen, count);
	return 0;
}

struct taking {
	bool inflates;
	struct resize_batches *seen;
};

static void take(const struct guest_batch *batch, void *context)
{
	struct taking *taking = context;
	struct trace_guest_batch row = trace_guest_batch(batch);
	const int64_t *numbers = (const int64_t *)&row;
	const size_t count = sizeof(row) / sizeof(*numbers);
	size_t i;

	/* A guest that runs out of memory deflates during an inflate. */
	if (!batch->inflate == !taking->inflates)
		guest_totals_add(&taking->seen->totals, batch);
	guest_totals_add(batch->inflate ? &inflate : &deflate, batch);
	if (taking->seen->batches.count < BATCHES_MAX * count)
		for (i = 0; i < count; i++)
			record_append_number(&taking->seen->batches, numbers[i]);
}

/*
 * Take the batches since the last call. @seen, initialised, gets the totals of inflate or
 * deflate batches, and the batches of both directions, as many as fit into a message; unchanged if
 * nothing is traced. The device reports the end of a resize before the driver has ended the last
 * batch, so this waits up to 100 ms until the totals have @pages.
 */
static void trace_take_batches(bool inflates, uint64_t pages, struct resize_batches *seen)
{
	struct taking taking = { .inflates = inflates, .seen = seen };
	int polls;

	if (!tracer)
		return;
	memset(&seen->totals, 0, sizeof(seen->totals));
	guest_tracer_drain(tracer, take, &taking);
	for (polls = 0; seen->totals.pages < pages && polls < BATCH_POLLS_MAX; polls++) {
		sleep_ns(BATCH_POLL_NS);
		guest_tracer_drain(tracer, take, &taking);
	}
	/* Now: the kernel may have changed its clock source since it booted. */
	seen->resolution_ns = READINGS * MAX((int64_t)clock_cost_ns(), 1);
}

int do_trace(struct call *call)
{
	struct answer_trace *value = &call->answer.trace;
	static struct guest_counts counts;
	char why[128];
	int err;

	if (!tracer)
		return refuse(call->error, sizeof(call->error), "nothing is traced");
	err = guest_tracer_counts(tracer, &counts);
	if (err)
		return refuse(call->error, sizeof(call->error), "cannot read the tracer's maps: %s",
			      tracer_strerror(err, why, sizeof(why)));
	trace_ops(&value->ops, &counts, &inflate, &deflate);
	trace_counters(&value->counters, counts.counters);
	trace_blocks(&value->blocks, counts.tallies);
	return 0;
}

static struct event_resized resized;
/* Here, because nothing is to be allocated during a resize. */
static int64_t progress[PROGRESS_MAX][2];

/*
 * How long to sleep between two polls: half of the predicted rest, at most a 400th of the total
 * (the end may come sooner), at least a 1000th of the elapsed time (polls disturb the driver).
 */
static uint64_t sleep_length(uint64_t elapsed, uint64_t done, uint64_t whole)
{
	uint64_t finest = MAX(elapsed / 1000, SLEEP_MIN_NS);
	uint64_t total, left;

	if (!done)
		return finest;
	total = (double)elapsed * whole / done;
	left = total > elapsed ? total - elapsed : 0;
	return MAX(finest, MIN(left / 2, total / 400));
}

static void add_progress(uint64_t ns, uint32_t pages)
{
	size_t i;

	/* Make room: keep every second point. */
	if (resized.progress.count == PROGRESS_MAX) {
		resized.progress.count /= 2;
		for (i = 0; i < resized.progress.count; i++) {
			progress[i][0] = progress[2 * i][0];
			progress[i][1] = progress[2 * i][1];
		}
	}
	progress[resized.progress.count][0] = ns;
	progress[resized.progress.count++][1] = pages;
}

/* The value was true at some time from begin_ns to end_ns, far apart if the host preempted it. */
struct poll {
	uint64_t begin_ns, end_ns;
	uint32_t value;
};

static struct poll poll_device(enum device_pages what)
{
	struct poll p;

	p.begin_ns = clock_ns();
	p.value = device_read(what);
	p.end_ns = clock_ns();
	return p;
}

static void enter(int phase)
{
	victims_enter(&victims, phase < 0 ? PHASE_BEFORE : phase);
}

/*
 * Wait for a new target; @p is the poll of the old one. A poll waits while the device is busy with
 * the host's command: the resize begins when the first poll that shows the target returns, and not
 * before the previous poll began; the distance of the two is a part of the resolution.
 */
static int await_start(struct poll p, uint64_t timeout_ns, int phase)
{
	uint64_t begin = clock_ns(), last_ns;
	uint32_t from = p.value;

	p.end_ns = p.begin_ns;
	do {
		if (device_asks())
			sleep_ns(START_SLEEP_NS);
		else if (p.end_ns > begin + START_SPIN_NS)
			sleep_ns(SLEEP_MIN_NS);
		last_ns = p.begin_ns;
		p = poll_device(TARGET);
		if (p.end_ns - begin > timeout_ns)
			return -ETIMEDOUT;
	} while (p.value == from);
	resized.to_pages = p.value;
	resized.start_ns = p.end_ns;
	enter(phase);
	resized.resolution_ns = p.end_ns - last_ns;
	return 0;
}

/* The balloon gets no more pages: free the memory that "touch" holds. */
static void relieve(const struct poll *last)
{
	resized.stall.pages = (int64_t)last->value - resized.from_pages;
	resized.stall.at_ns = last->end_ns - resized.start_ns;
	resized.stall.freed_bytes = memory_free();
	resized.stall.relief_ns = clock_ns() - resized.start_ns;
}

/* The driver is undisturbed between two polls, which come closer towards the predicted end. */
static int await_end(uint64_t timeout_ns, int64_t patience_ns)
{
	const uint64_t start = resized.start_ns;
	const int64_t from = resized.from_pages, to = resized.to_pages;
	const enum device_pages what = to < from ? AWAY_RETURNING : AWAY;
	struct poll p = { start, start, from }, last = p; /* the last one with progress */
	uint64_t before;

	add_progress(0, from);
	do {
		before = p.begin_ns;
		sleep_ns(sleep_length(p.end_ns - start, llabs(p.value - from), llabs(to - from)));
		p = poll_device(what);
		add_progress(p.end_ns - start, p.value);
		if (p.value != last.value)
			last = p;
		if (patience_ns > 0 && p.end_ns - last.end_ns >= (uint64_t)patience_ns &&
		    resized.stall.pages == RECORD_ABSENT)
			relieve(&last);
		if (p.end_ns - start > timeout_ns)
			return -ETIMEDOUT;
	} while (p.value != to);

	/* The end lies between the last two polls: the middle errs by half of that at most. */
	resized.duration_ns = before + (p.end_ns - before) / 2 - start;
	resized.resolution_ns += p.end_ns - before;
	return 0;
}

/*
 * Wait up to 100 ms until the kernel has counted the last pages of an inflate, if the driver has
 * said before that they are away.
 */
static void await_counted(uint64_t inflated)
{
	int polls = 0;

	while (procfs_vmstat(INFLATED) < inflated && polls++ < BATCH_POLLS_MAX)
		sleep_ns(BATCH_POLL_NS);
}

static void send_resized(uint64_t inflated_before)
{
	const int64_t change = resized.to_pages - resized.from_pages;

	if (device_is_early() && change > 0)
		await_counted(inflated_before + change);
	/* Only virtio's driver has events of batches to wait for. */
	trace_take_batches(change > 0, device_asks() ? 0 : llabs(change), &resized.trace);
	channel_event("resized", NULL, &event_resized_record, &resized);
	record_release(&resize_batches_record, &resized.trace);
}

/* The device's last values show whether the driver stalled or the device is wrong. */
static void send_failed(uint32_t from_pages)
{
	const int64_t actual_pages = device_read(AWAY);
	char text[160];

	snprintf(text, sizeof(text),
		 "the balloon did not reach its target in time: from %u to %u pages, it is at %u, "
		 "and the target reads %u",
		 from_pages, (unsigned int)resized.to_pages, (unsigned int)actual_pages,
		 device_read(TARGET));
	channel_event("resize-failed", text, &answer_actual_pages, &actual_pages);
}

int do_time_resize(struct call *call)
{
	const struct guest_request *request = &call->request;
	uint64_t busy_ns = procfs_busy_ns(), then_ns, ran_ns, inflated = 0;
	struct poll old;
	int err;

	record_init(&event_resized_record, &resized);
	resized.progress.items = progress;
	/* Batches from before, as of a failed resize, do not belong to this one. */
	trace_take_batches(true, 0, &resized.trace);
	record_release(&resize_batches_record, &resized.trace);
	if (device_is_early())
		inflated = procfs_vmstat(INFLATED);
	/* Once the host has the answer, a resize may begin while this process does not run. */
	old = poll_device(TARGET);
	resized.to_pages = old.value;
	/* Less than the target, if the guest took some back. */
	resized.from_pages = device_read(AWAY);
	channel_answer(request->id, NULL, NULL, NULL);
	err = device_set_target(request->bytes / PAGE_BYTES);
	if (!err)
		err = await_start(old, request->timeout_ns, request->phase);
	ran_ns = busy_ran_ns();
	if (!err)
		err = await_end(request->timeout_ns, request->patience_ns);
	if (busy_is_on())
		resized.busy_ns = busy_ran_ns() - ran_ns;
	/* Idle time comes in ticks: busy time may go back over a resize shorter than one. */
	then_ns = procfs_busy_ns();
	enter(request->then);
	resized.cpu_ns = then_ns > busy_ns ? then_ns - busy_ns : 0;
	if (err)
		send_failed(old.value);
	else
		send_resized(inflated);
	return ANSWERED;
}

/* For a resize that the agent does not time: the host sets the phase. */
int do_phase(struct call *call)
{
	call->answer.number = procfs_busy_ns();
	enter(call->request.phase);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/resize_timer.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

/* Shortest sleep: less than that is the cost of a wake-up itself. */
#define NAP_MIN_NS 10000ULL
/*
 * The start is awaited without sleeping, for it comes within a millisecond
 * and nobody else has anything to do until then; for this long at most.
 */
#define START_SPIN_NS 50000000ULL

static void nap(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	nanosleep(&ts, NULL);
}

static uint64_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * How long to leave the driver alone. With the rate so far the whole move
 * would take @total; half of what is left is slept, never more than a 400th
 * of the whole (the end may come sooner than predicted, and the progress
 * curve wants points) and never less than a 1000th of what has passed (more
 * looks would cost more than they tell).
 */
static uint64_t nap_length(uint64_t elapsed, uint64_t moved, uint64_t whole)
{
	uint64_t finest = max_u64(elapsed / 1000, NAP_MIN_NS);
	uint64_t total, left;

	if (!moved)
		return finest;
	total = (double)elapsed * whole / moved;
	left = total > elapsed ? total - elapsed : 0;
	return max_u64(finest, min_u64(left / 2, total / 400));
}

/* Room for new samples: keep every second of the old ones. */
static void thin_out(struct resize_timer *timer)
{
	size_t i;

	for (i = 0; 2 * i < timer->count; i++)
		timer->samples[i] = timer->samples[2 * i];
	timer->count = i;
}

static void add_sample(struct resize_timer *timer, uint64_t ns, uint32_t actual)
{
	if (timer->count == RESIZE_SAMPLES_MAX)
		thin_out(timer);
	timer->samples[timer->count].ns = ns;
	timer->samples[timer->count].actual_pages = actual;
	timer->count++;
}

/*
 * A look at the device: what it says was true at some time from begin_ns to
 * end_ns, which are far apart where the host took this CPU away in between.
 */
struct look {
	uint64_t begin_ns;
	uint64_t end_ns;
	uint32_t value;
};

static struct look look_at_target(const struct device *device)
{
	struct look l;

	l.begin_ns = clock_ns();
	l.value = device_target(device);
	l.end_ns = clock_ns();
	return l;
}

static struct look look_at_away(const struct device *device, bool returning)
{
	struct look l;

	l.begin_ns = clock_ns();
	l.value = device_away(device, returning);
	l.end_ns = clock_ns();
	return l;
}

/*
 * Wait for a new target. A look that finds the device busy with the host's
 * command waits for it, as the driver's own look would: so the move begins with
 * the return of the first look that shows the target. It cannot have begun
 * before the look before that; how far the two are apart is @window_ns.
 */
static int await_start(const struct device *device, uint64_t timeout_ns, struct resize_timer *timer,
		       uint64_t *window_ns)
{
	struct look l = { timer->from_ns, timer->from_ns, timer->from_pages };
	uint64_t begin = clock_ns(), last_ns;

	do {
		if (l.end_ns > begin + START_SPIN_NS)
			nap(NAP_MIN_NS);
		last_ns = l.begin_ns;
		l = look_at_target(device);
		if (l.end_ns - begin > timeout_ns)
			return -ETIMEDOUT;
	} while (l.value == timer->from_pages);
	timer->to_pages = l.value;
	timer->start_ns = l.end_ns;
	timer->begun(timer->context);
	*window_ns = l.end_ns - last_ns;
	return 0;
}

void resize_timer_start(const struct device *device, struct resize_timer *timer)
{
	struct look l = look_at_target(device);

	timer->from_pages = timer->to_pages = l.value;
	timer->from_ns = l.begin_ns;
	timer->from_actual = device_away(device, false);
}

/* Whether the balloon still moves; where it does not, somebody is told. */
static void look_for_stall(struct resize_timer *timer, const struct look *l, uint64_t *moved_ns,
			   uint32_t *moved_to)
{
	uint64_t now = l->end_ns - timer->start_ns;

	if (l->value != *moved_to) {
		*moved_to = l->value;
		*moved_ns = now;
	}
	if (!timer->patience_ns || timer->stall_ns || now - *moved_ns < timer->patience_ns)
		return;
	timer->stall_ns = max_u64(*moved_ns, 1);
	timer->stall_pages = l->value;
	timer->stalled(timer->context);
	timer->relief_ns = clock_ns() - timer->start_ns;
}

int resize_timer_run(const struct device *device, uint64_t timeout_ns, struct resize_timer *timer)
{
	struct look l = { .value = timer->from_actual };
	uint64_t start, before, window_ns, whole, moved_ns = 0;
	uint32_t moved_to = timer->from_actual;
	bool returning;

	timer->count = 0;
	timer->stall_ns = timer->relief_ns = timer->stall_pages = 0;
	if (await_start(device, timeout_ns, timer, &window_ns))
		return -ETIMEDOUT;
	start = l.begin_ns = l.end_ns = timer->start_ns;
	whole = distance(timer->to_pages, timer->from_actual);
	returning = timer->to_pages < timer->from_actual;
	add_sample(timer, 0, timer->from_actual);
	do {
		before = l.begin_ns;
		nap(nap_length(l.end_ns - start, distance(l.value, timer->from_actual), whole));
		l = look_at_away(device, returning);
		add_sample(timer, l.end_ns - start, l.value);
		look_for_stall(timer, &l, &moved_ns, &moved_to);
		if (l.end_ns - start > timeout_ns)
			return -ETIMEDOUT;
	} while (l.value != timer->to_pages);

	/* The end lies between the last two looks; its middle errs by half of that. */
	timer->duration_ns = before + (l.end_ns - before) / 2 - start;
	timer->resolution_ns = window_ns + (l.end_ns - before);
	return 0;
}

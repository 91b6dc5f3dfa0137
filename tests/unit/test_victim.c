/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Victims with a stall planted into them: they are stopped for a known time, and
 * must report it, in the phase that it was in, for every piece that was due.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/victim/victim.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/result.h"

#define STALL_MS 400
#define CALM_MS 200

static void sleep_ms(uint64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NSEC_PER_MSEC };

	nanosleep(&t, NULL);
}

/* Before, an inflate in which it stands still, after. Returns for how long it did, at least. */
static json_t *stalled(const char *kind, uint64_t *stall_ns)
{
	struct victim *v = NULL;
	uint64_t begin;

	assert_int_equal(victim_start(&v, kind, -1), 0);
	sleep_ms(CALM_MS);
	victim_enter(v, VICTIM_INFLATE);
	sleep_ms(20);
	assert_int_equal(kill(victim_pid(v), SIGSTOP), 0);
	begin = clock_ns();
	sleep_ms(STALL_MS);
	*stall_ns = clock_ns() - begin;
	assert_int_equal(kill(victim_pid(v), SIGCONT), 0);
	sleep_ms(100);
	victim_enter(v, VICTIM_AFTER);
	sleep_ms(CALM_MS);
	return victim_stop(v);
}

static struct histogram phase(const json_t *noted, const char *figure, const char *name)
{
	struct histogram h = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s.%s", figure, name);
	assert_int_equal(histogram_from_json(&h, json_at(noted, path)), 0);
	return h;
}

static uint64_t count_above(const struct histogram *h, uint64_t value)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = histogram_bucket(value); i < HISTOGRAM_BUCKETS; i++)
		n += h->buckets[i];
	return n;
}

/* @kind finds the stall, and counts what was due in it: half of that waited for half of it. */
static void expect_stall(const char *kind, const char *figure)
{
	uint64_t stall_ns, period_ns, late;
	json_t *noted = stalled(kind, &stall_ns);
	struct histogram inflate, before;
	char path[64];

	assert_non_null(noted);
	snprintf(path, sizeof(path), "%s.period_ns", figure);
	period_ns = json_integer_value(json_at(noted, path));
	inflate = phase(noted, figure, "inflate");
	before = phase(noted, figure, "before");
	/* Within a bucket: what was due first in the stall, and the machine's own delays beyond. */
	assert_true(inflate.max + period_ns >= stall_ns);
	assert_true(histogram_bucket(inflate.max) <= histogram_bucket(stall_ns) + 1);
	late = count_above(&inflate, stall_ns / 2);
	assert_true(late * period_ns >= stall_ns / 2 * 9 / 10);
	assert_true(late * period_ns <= stall_ns / 2 * 12 / 10);
	/* Nothing of it in the phases beside. */
	assert_true(before.max < stall_ns / 2);
	assert_true(phase(noted, figure, "after").max < stall_ns / 2);
	assert_true(before.count * period_ns >= CALM_MS * NSEC_PER_MSEC / 2);
	json_decref(noted);
}

static void faults_find_a_stall(void **state)
{
	(void)state;
	expect_stall("fault", "fault_ns");
}

static void timers_find_a_stall(void **state)
{
	(void)state;
	expect_stall("sched", "sched_ns");
}

static void requests_find_a_stall(void **state)
{
	(void)state;
	expect_stall("request", "request_ns");
	expect_stall("syscall", "syscall_ns");
}

/* Windows without a byte, as many as the stall is long. */
static void bandwidth_finds_a_stall(void **state)
{
	uint64_t stall_ns, idle = 0;
	json_t *noted = stalled("bandwidth", &stall_ns);
	const json_t *series = json_at(noted, "bandwidth_bytes_per_s.series"), *point;
	struct histogram inflate = phase(noted, "bandwidth_bytes_per_s", "inflate");
	struct histogram before = phase(noted, "bandwidth_bytes_per_s", "before");
	size_t i;

	(void)state;
	assert_true(histogram_quantile(&before, .5) > 0);
	assert_true(inflate.min == 0);
	json_array_foreach (series, i, point)
		idle += !json_integer_value(json_array_get(point, 1));
	/* A busy machine adds some of its own. */
	assert_in_range(idle, STALL_MS / 10 - 2, STALL_MS / 10 * 2);
	json_decref(noted);
}

static void a_series_and_its_marks_are_in_order(void **state)
{
	struct victim *v = NULL;
	const json_t *marks, *series;
	json_t *noted;
	size_t i;

	(void)state;
	assert_int_equal(victim_start(&v, "sched", -1), 0);
	victim_enter(v, VICTIM_INFLATE);
	sleep_ms(50);
	noted = victim_stop(v);
	marks = json_at(noted, "sched_ns.marks");
	series = json_at(noted, "sched_ns.series");
	assert_int_equal(json_array_size(marks), 2);
	assert_string_equal(json_string_value(json_array_get(json_array_get(marks, 1), 1)),
			    "inflate");
	assert_in_range(json_array_size(series), 4, 30);
	for (i = 1; i < json_array_size(series); i++)
		assert_true(json_integer_value(json_array_get(json_array_get(series, i), 0)) >
			    json_integer_value(json_array_get(json_array_get(series, i - 1), 0)));
	json_decref(noted);
}

static void what_cannot_start_says_so(void **state)
{
	struct victim *v = NULL;

	(void)state;
	assert_int_equal(victim_start(&v, "sheep", -1), -EINVAL);
	assert_int_equal(victim_start(&v, "sched", 1000), -EINVAL);
	assert_null(v);
}

static void a_victim_that_died_has_no_figures(void **state)
{
	struct victim *v = NULL;

	(void)state;
	assert_int_equal(victim_start(&v, "sched", -1), 0);
	kill(victim_pid(v), SIGKILL);
	assert_null(victim_stop(v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_find_a_stall),
		cmocka_unit_test(timers_find_a_stall),
		cmocka_unit_test(requests_find_a_stall),
		cmocka_unit_test(bandwidth_finds_a_stall),
		cmocka_unit_test(a_series_and_its_marks_are_in_order),
		cmocka_unit_test(what_cannot_start_says_so),
		cmocka_unit_test(a_victim_that_died_has_no_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

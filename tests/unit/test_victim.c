/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Victims with a stall planted into them: they are stopped for a known time, and
 * must report it, in the phase that it was in, for every piece that was due.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/victim/victims.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "tests/helpers/result_builder.h"

#define STALL_MS 400
#define CALM_MS 200

/* One victim more, on any CPU or @cpu. */
static int start(struct victims *victims, const char *kind, int cpu)
{
	struct victim_spec spec = { (char *)kind, cpu };
	char error[128] = "";
	int err = victims_start(victims, &(struct record_list){ &spec, 1 }, error, sizeof(error));

	assert_true(!err == !*error);
	return err;
}

/* Stop one victim. */
static int stop(struct victims *victims, struct victim_result *result)
{
	struct record_list results = { NULL, 0 };
	int err = victims_stop(victims, &results);

	assert_int_equal(results.count, 1);
	*result = *(struct victim_result *)results.items;
	free(results.items);
	return err;
}

/* Before, an inflate in which it stands still, after. Returns for how long it did, at least. */
static struct victim_result stalled(const char *kind, uint64_t *stall_ns)
{
	struct victim_result result;
	struct victims v = { .count = 0 };
	uint64_t begin;

	assert_int_equal(start(&v, kind, -1), 0);
	sleep_ns(CALM_MS * NSEC_PER_MSEC);
	victims_enter(&v, PHASE_INFLATE);
	sleep_ns(20 * NSEC_PER_MSEC);
	assert_int_equal(kill(v.list[0].pid, SIGSTOP), 0);
	begin = clock_ns();
	sleep_ns(STALL_MS * NSEC_PER_MSEC);
	*stall_ns = clock_ns() - begin;
	assert_int_equal(kill(v.list[0].pid, SIGCONT), 0);
	sleep_ns(100 * NSEC_PER_MSEC);
	victims_enter(&v, PHASE_AFTER);
	sleep_ns(CALM_MS * NSEC_PER_MSEC);
	assert_int_equal(stop(&v, &result), 0);
	return result;
}

/* @kind finds the stall, and counts what was due in it: half of that waited for half of it. */
static void expect_stall(const char *kind, const char *metric)
{
	uint64_t stall_ns, period_ns, late;
	struct victim_result result = stalled(kind, &stall_ns);
	const struct histogram *inflate = result.phases[PHASE_INFLATE],
			       *before = result.phases[PHASE_BEFORE];

	assert_string_equal(result.name, metric);
	assert_non_null(inflate);
	assert_non_null(before);
	assert_non_null(result.phases[PHASE_AFTER]);
	period_ns = result.period_ns;
	/* Within a bucket: what was due first in the stall, and the machine's own delays beyond. */
	assert_true(inflate->max + period_ns >= stall_ns);
	assert_true(histogram_bucket(inflate->max) <= histogram_bucket(stall_ns) + 1);
	late = count_values_from(inflate, stall_ns / 2);
	assert_true(late * period_ns >= stall_ns / 2 * 9 / 10);
	assert_true(late * period_ns <= stall_ns / 2 * 12 / 10);
	/* All of that is one stall; a busy machine may break it in two. */
	assert_in_range(count_values_from(result.stalls.phases[PHASE_INFLATE], stall_ns / 2), 1, 3);
	assert_true(result.stalls.phases[PHASE_INFLATE]->max == inflate->max);
	assert_true(result.stalls.phases[PHASE_INFLATE]->count <= inflate->count - late + 3);
	assert_true(result.stalls.phases[PHASE_BEFORE]->max == before->max);
	/* Nothing of it in the phases beside. */
	assert_true(before->max < stall_ns / 2);
	assert_true(result.phases[PHASE_AFTER]->max < stall_ns / 2);
	assert_true(before->count * period_ns >= CALM_MS * NSEC_PER_MSEC / 2);
	record_release(&victim_record, &result);
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
	struct victim_result result = stalled("bandwidth", &stall_ns);
	const int64_t(*series)[2] = result.series.items;
	size_t i;

	(void)state;
	assert_string_equal(result.name, "bandwidth_bytes_per_s");
	assert_true(histogram_quantile(result.phases[PHASE_BEFORE], .5) > 0);
	assert_true(result.phases[PHASE_INFLATE]->min == 0);
	/* Windows of one block are one stall. */
	assert_true(result.stalls.phases[PHASE_INFLATE]->buckets[0] + STALL_MS / 10 - 5 <=
		    result.phases[PHASE_INFLATE]->buckets[0]);
	assert_true(result.stalls.phases[PHASE_INFLATE]->buckets[0] > 0);
	for (i = 0; i < result.series.count; i++)
		idle += !series[i][1];
	/* A busy machine adds some of its own. */
	assert_in_range(idle, STALL_MS / 10 - 2, STALL_MS / 10 * 2);
	record_release(&victim_record, &result);
}

static void a_series_and_its_marks_are_in_order(void **state)
{
	const struct victim_mark *marks;
	struct victim_result result;
	struct victims v = { .count = 0 };
	const int64_t(*series)[2];
	size_t i;

	(void)state;
	assert_int_equal(start(&v, "sched", -1), 0);
	victims_enter(&v, PHASE_INFLATE);
	sleep_ns(50 * NSEC_PER_MSEC);
	assert_int_equal(stop(&v, &result), 0);
	marks = result.marks.items;
	series = result.series.items;
	assert_int_equal(result.marks.count, 2);
	assert_int_equal(marks[1].phase, PHASE_INFLATE);
	assert_in_range(result.series.count, 4, 30);
	for (i = 1; i < result.series.count; i++)
		assert_true(series[i][0] > series[i - 1][0]);
	record_release(&victim_record, &result);
}

static void what_cannot_start_says_so(void **state)
{
	struct victims v = { .count = 0 };

	(void)state;
	assert_int_equal(start(&v, "sheep", -1), -EINVAL);
	assert_int_equal(start(&v, "sched", 1000), -EINVAL);
	assert_int_equal(v.count, 0);
}

static void a_victim_that_died_has_no_results(void **state)
{
	struct victim_result result;
	struct victims v = { .count = 0 };

	(void)state;
	assert_int_equal(start(&v, "sched", -1), 0);
	kill(v.list[0].pid, SIGKILL);
	assert_int_equal(stop(&v, &result), -ECHILD);
	assert_true(result.marks.count == 0 && !result.phases[PHASE_BEFORE]);
	record_release(&victim_record, &result);
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
		cmocka_unit_test(a_victim_that_died_has_no_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches added up: every ns of the span between the first and the last is in
 * exactly one of the totals.
 */
#include "tests/helpers/unit.h"

#include <math.h>
#include <string.h>

#include "bpf/totals.h"

static const struct guest_batch inflates[] = {
	{ .begin_ns = 1000,
	  .alloc_ns = 500,
	  .alloc_retry_ns = 200,
	  .move_ns = 50,
	  .tell_ns = 400,
	  .pages = 256,
	  .entries = 256,
	  .inflate = 1 },
	/* 30 ns after the end of the first; out of puff at once, so nothing is told */
	{ .begin_ns = 1980, .alloc_ns = 100, .alloc_retry_ns = 100, .inflate = 1 },
	{ .begin_ns = 2100,
	  .alloc_ns = 60,
	  .move_ns = 10,
	  .tell_ns = 40,
	  .pages = 10,
	  .entries = 10,
	  .inflate = 1 },
};

static void every_ns_is_in_one_sum(void **state)
{
	struct guest_totals s = { .batches = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		guest_totals_add(&s, &inflates[i]);
	assert_int_equal(s.batches, 3);
	assert_int_equal(s.kicks, 2);
	assert_int_equal(s.pages, 266);
	assert_int_equal(s.alloc_retry_ns, 300);
	assert_int_equal(s.stage_ns[STAGE_ALLOC], 360);
	assert_int_equal(s.gap_ns, 50);
	assert_int_equal(s.begin_ns, 1000);
	assert_int_equal(s.end_ns, 2210);
	assert_int_equal(s.stage_ns[STAGE_ALLOC] + s.stage_ns[STAGE_MOVE] + s.stage_ns[STAGE_TELL] +
				 s.stage_ns[STAGE_RELEASE] + s.alloc_retry_ns + s.gap_ns,
			 s.end_ns - s.begin_ns);
	/* A stage that did not happen is no event of 0 ns. */
	assert_int_equal(s.stages[STAGE_TELL].count, 2);
	assert_int_equal(s.stages[STAGE_RELEASE].count, 0);
}

static void resizes_are_added_up(void **state)
{
	struct guest_totals first = { .batches = 0 }, second = { .batches = 0 },
			    all = { .batches = 0 };

	(void)state;
	guest_totals_add(&first, &inflates[0]);
	guest_totals_add(&second, &inflates[2]);
	guest_totals_append(&all, &first);
	guest_totals_append(&all, &second);
	guest_totals_append(&all, &(struct guest_totals){ .batches = 0 });
	assert_int_equal(all.batches, 2);
	assert_int_equal(all.begin_ns, 1000);
	assert_int_equal(all.end_ns, 2210);
	assert_int_equal(all.gap_ns, 0);
	assert_int_equal(all.stages[STAGE_TELL].count, 2);
}

static void advice_is_estimated_from_the_calls_that_were_timed(void **state)
{
	const struct host_batch batch = {
		.ns = 100000, .calls = 256, .entries = 256, .timed = 16, .timed_ns = 16 * 320
	};
	struct host_totals s = { .batches = 0 };

	(void)state;
	assert_true(isnan(host_totals_advice_ns(&s, 20)));
	host_totals_add(&s, &batch);
	assert_true(host_totals_advice_ns(&s, 20) == 256 * 300);
	/* Never more than the batches took, never less than nothing. */
	assert_true(host_totals_advice_ns(&s, -1000) == 100000);
	assert_true(host_totals_advice_ns(&s, 1000) == 0);
}

static void the_clock_has_a_cost(void **state)
{
	double ns = clock_cost_ns();

	(void)state;
	assert_true(ns >= 0 && ns < 1e6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_ns_is_in_one_sum),
		cmocka_unit_test(resizes_are_added_up),
		cmocka_unit_test(advice_is_estimated_from_the_calls_that_were_timed),
		cmocka_unit_test(the_clock_has_a_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the host waits for what a workload frees, from curves that are drawn by hand.
 */
#include "tests/helpers/unit.h"

#include "bench/boot/reclaim.h"

#define MIB (1LL << 20)
#define MS 1000000LL

static struct record_list demand, footprint;

static void draw(struct record_list *curve, int64_t ms, int64_t mib)
{
	record_append_pair(curve, ms * MS, mib * MIB);
}

static int begin(void **state)
{
	(void)state;
	demand = footprint = (struct record_list){ NULL, 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(demand.items);
	free(footprint.items);
	return 0;
}

/* 100 MiB for a second. */
static void draw_demand(void)
{
	draw(&demand, 0, 0);
	draw(&demand, 100, 100);
	draw(&demand, 1000, 100);
	draw(&demand, 1010, 0);
	draw(&demand, 9000, 0);
}

static void a_return_is_timed(void **state)
{
	struct reclaims r;

	(void)state;
	draw_demand();
	draw(&footprint, 0, 200);
	draw(&footprint, 100, 300);
	draw(&footprint, 2000, 250);
	/* 90 MiB of 100. */
	draw(&footprint, 3010, 210);
	draw(&footprint, 4000, 200);
	draw(&footprint, 9000, 200);
	reclaims_find(&r, &demand, &footprint);
	assert_int_equal(r.ns.count, 1);
	assert_int_equal(r.ns.max, 2000 * MS);
	assert_int_equal(r.missed, 0);
}

static void a_return_while_it_frees_takes_no_time(void **state)
{
	struct reclaims r;

	(void)state;
	draw_demand();
	draw(&footprint, 0, 300);
	draw(&footprint, 1005, 200);
	draw(&footprint, 9000, 200);
	reclaims_find(&r, &demand, &footprint);
	assert_int_equal(r.ns.count, 1);
	assert_int_equal(r.ns.max, 0);
}

static void what_never_returns_is_missed(void **state)
{
	struct reclaims r;

	(void)state;
	draw_demand();
	draw(&footprint, 0, 300);
	draw(&footprint, 5000, 215);
	draw(&footprint, 9000, 215);
	reclaims_find(&r, &demand, &footprint);
	assert_int_equal(r.ns.count, 0);
	assert_int_equal(r.missed, 1);
}

/* The host need not look: the workload has it again. */
static void a_workload_that_grows_ends_the_wait(void **state)
{
	struct reclaims r;

	(void)state;
	draw_demand();
	draw(&demand, 9100, 100);
	draw(&demand, 12000, 100);
	draw(&footprint, 0, 300);
	draw(&footprint, 9050, 200);
	draw(&footprint, 13000, 200);
	reclaims_find(&r, &demand, &footprint);
	assert_int_equal(r.ns.count, 0);
	assert_int_equal(r.missed, 1);
}

static void little_and_late_does_not_count(void **state)
{
	struct reclaims r;

	(void)state;
	draw(&demand, 0, 100);
	draw(&demand, 10, 90);
	draw(&demand, 8500, 90);
	draw(&demand, 8510, 0);
	draw(&footprint, 0, 300);
	draw(&footprint, 9000, 300);
	reclaims_find(&r, &demand, &footprint);
	assert_int_equal(r.ns.count + r.missed, 0);
	/* Nor does nothing. */
	footprint.count = demand.count = 0;
	reclaims_find(&r, &demand, &footprint);
	assert_int_equal(r.ns.count + r.missed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_return_is_timed, begin, end),
		cmocka_unit_test_setup_teardown(a_return_while_it_frees_takes_no_time, begin, end),
		cmocka_unit_test_setup_teardown(what_never_returns_is_missed, begin, end),
		cmocka_unit_test_setup_teardown(a_workload_that_grows_ends_the_wait, begin, end),
		cmocka_unit_test_setup_teardown(little_and_late_does_not_count, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

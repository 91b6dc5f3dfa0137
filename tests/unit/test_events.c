/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resize timed by the driver's events: what the duration is, what lies outside of it, where
 * polls and events contradict each other, and what its phases must sum to.
 */
#include "tests/helpers/unit.h"

#include "bench/boot/parts.h"

static struct boot_result boot;
static struct resize_result result;
static struct resize resize;

static int set_up(void **state)
{
	(void)state;
	record_init(&boot_record, &boot);
	boot.checks.ok = true;
	resize = (struct resize){ .result = &result };
	resize_begin(&result);
	result.bytes = 1 << 30;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	record_release(&boot_record, &boot);
	record_release(&resize_record, &result);
	return 0;
}

/* Polls from @start for @ns, within @window; a batch of events from @begin to @end. */
static struct event_resized step(int64_t start, int64_t ns, int64_t window, int64_t begin,
				 int64_t end)
{
	struct event_resized event;

	record_init(&event_resized_record, &event);
	event.from_pages = 0;
	event.to_pages = 256;
	event.start_ns = start;
	event.duration_ns = ns;
	event.resolution_ns = window;
	event.trace.resolution_ns = 40;
	event.trace.totals =
		(struct guest_totals){ .batches = 1, .begin_ns = begin, .end_ns = end };
	return event;
}

static bool add(struct event_resized event)
{
	bool ok = events_add(&resize.events, &event);

	result.duration_ns += event.duration_ns;
	result.resolution_ns += event.resolution_ns;
	result.steps++;
	return ok;
}

static void time_by_events(void)
{
	resize_derive_rate(&result);
	events_time(&resize, &boot, 1, INFLATE);
}

static void a_duration_is_from_the_first_batch_to_the_last(void **state)
{
	(void)state;
	assert_true(add(step(1000, 5000, 300, 1200, 5900)));
	assert_true(add(step(9000, 5000, 300, 9100, 13800)));
	time_by_events();
	assert_int_equal(result.timer, TIMER_EVENTS);
	assert_int_equal(result.duration_ns, 9400);
	assert_int_equal(result.resolution_ns, 80);
	assert_int_equal(result.polled.duration_ns, 10000);
	assert_int_equal(result.polled.resolution_ns, 600);
	assert_int_equal(result.polled.outside_ns, 600);
	assert_float_equal(result.gib_per_s, 1e9 / 9400, 1e-6);
	assert_true(boot.checks.ok);
	assert_int_equal(boot.checks.each.count, 2);
}

/* The polls may be late at both ends, by their resolution. */
static void events_may_reach_beyond_the_polls_as_far_as_those_are_known(void **state)
{
	(void)state;
	assert_true(add(step(1000, 5000, 300, 700, 6300)));
	time_by_events();
	assert_int_equal(result.duration_ns, 5600);
	assert_int_equal(result.polled.outside_ns, -600);
	assert_true(boot.checks.ok);
}

static void events_before_the_polls_invalidate_the_boot(void **state)
{
	(void)state;
	assert_true(add(step(1000, 5000, 300, 1100, 5900)));
	assert_true(add(step(9000, 5000, 300, 8699, 13800)));
	time_by_events();
	assert_false(boot.checks.ok);
	assert_string_equal(boot.reason,
			    "cycle 1, inflate: begin by the driver's events, before that by the "
			    "polls: 301 ns, expected 0 to 300");
}

static void events_after_the_polls_invalidate_the_boot(void **state)
{
	(void)state;
	assert_true(add(step(1000, 5000, 300, 1100, 6301)));
	time_by_events();
	assert_string_equal(boot.reason,
			    "cycle 1, inflate: end by the driver's events, after that by the "
			    "polls: 301 ns, expected 0 to 300");
}

/* The function that is traced reports the end before it returns. */
static void a_function_that_deflates_ends_after_the_polls(void **state)
{
	struct event_resized event = step(1000, 5000, 300, 1100, 9000);

	(void)state;
	event.trace.totals.merged = true;
	event.from_pages = 512;
	assert_true(add(event));
	time_by_events();
	assert_true(boot.checks.ok);
	assert_int_equal(result.duration_ns, 7900);
}

static void polls_time_what_has_no_events(void **state)
{
	struct event_resized without = step(9000, 5000, 300, 0, 0);

	(void)state;
	assert_true(add(step(1000, 5000, 300, 1100, 5900)));
	without.trace.totals.batches = 0;
	assert_true(add(without));
	time_by_events();
	assert_int_equal(result.timer, TIMER_POLLS);
	assert_int_equal(result.duration_ns, 10000);
	assert_true(record_is_absent(&polled_record, &result.polled));
	assert_int_equal(boot.checks.each.count, 0);
}

/* Pages that the guest takes back are inflated again, so the last batch is later than the target.
 */
static void polls_time_what_is_taken_back_meanwhile(void **state)
{
	(void)state;
	assert_true(add(step(1000, 5000, 300, 1100, 9900)));
	resize.taken_back = 10;
	time_by_events();
	assert_int_equal(result.timer, TIMER_POLLS);
	assert_true(boot.checks.ok);
}

static void impossible_events_are_refused(void **state)
{
	struct event_resized event = step(1000, 5000, 300, 2, 1);

	(void)state;
	assert_false(add(event));
	event = step(1000, 5000, 300, 0, TRACE_VALUE_MAX + 1);
	assert_false(add(event));
	event = step(1000, 5000, 300, 0, TRACE_VALUE_MAX);
	assert_true(add(event));
	assert_false(add(event));
}

/* A page is counted, and then the host is told: at either end one may be between the two. */
static void one_migration_may_be_under_way_at_each_end(void **state)
{
	(void)state;
	resize_migrations(&resize, 1, 0, 0, 0, 0);
	assert_int_equal(resize.migrated_least, 0);
	assert_int_equal(resize.migrated_most, 0);
	resize_migrations(&resize, 1, 0, 0, 1, 1);
	assert_int_equal(resize.migrated_least, 0);
	assert_int_equal(resize.migrated_most, 1);
	resize_migrations(&resize, 1, 5, 5, 5, 5);
	assert_int_equal(resize.migrated_least, 0);
	assert_int_equal(resize.migrated_most, 1);
	resize_migrations(&resize, 1, 5, 6, 20, 22);
	assert_int_equal(resize.migrated_least, 13);
	assert_int_equal(resize.migrated_most, 18);
}

static void sum_up(int64_t alloc_ns, int64_t resolution_ns)
{
	result.duration_ns = 10000;
	result.resolution_ns = resolution_ns;
	result.phases.alloc_ns = alloc_ns;
	result.phases.notify_ns = 2000;
	result.phases.host_discard_ns = 3000;
	result.phases.other_ns = 500;
	events_check_sum(&boot, 1, INFLATE, &result);
}

/* As they are recorded, whatever the resolution is. */
static void phases_sum_to_the_duration(void **state)
{
	(void)state;
	sum_up(4300, 10000);
	sum_up(4700, 0);
	assert_true(boot.checks.ok);
	sum_up(4701, 10000);
	assert_string_equal(boot.reason, "cycle 1, inflate: the sum of the phases: 10201 ns, "
					 "expected 9800 to 10200");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_duration_is_from_the_first_batch_to_the_last),
		TEST(events_may_reach_beyond_the_polls_as_far_as_those_are_known),
		TEST(events_before_the_polls_invalidate_the_boot),
		TEST(events_after_the_polls_invalidate_the_boot),
		TEST(a_function_that_deflates_ends_after_the_polls),
		TEST(polls_time_what_has_no_events),
		TEST(polls_time_what_is_taken_back_meanwhile),
		TEST(one_migration_may_be_under_way_at_each_end),
		TEST(impossible_events_are_refused),
		TEST(phases_sum_to_the_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

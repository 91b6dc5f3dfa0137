/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cross-checks: what is recorded of them, and the reason of a boot that fails one.
 */
#include "tests/helpers/unit.h"

#include "bench/boot/parts.h"

static struct boot_result result;

static int set_up(void **state)
{
	(void)state;
	record_init(&boot_record, &result);
	result.checks.ok = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	record_release(&boot_record, &result);
	return 0;
}

static const struct check *last(void)
{
	return (struct check *)result.checks.each.items + result.checks.each.count - 1;
}

static void what_agrees_is_recorded(void **state)
{
	(void)state;
	checks_count(&result, 1, INFLATE, "MemTotal", 100, 100);
	assert_int_equal(last()->least, 100);
	assert_int_equal(last()->most, 100);
	assert_int_equal(last()->observed, 100);
	assert_true(result.checks.ok);
	assert_null(result.reason);
}

/* Bounds are those that were checked, and not the observed value. */
static void bounds_are_recorded_as_they_were(void **state)
{
	(void)state;
	checks_add(&result, 2, DEFLATE, CHECK_PAGES, "host discards", 10, 20, 15);
	assert_int_equal(last()->cycle, 2);
	assert_int_equal(last()->resize, DEFLATE);
	assert_int_equal(last()->least, 10);
	assert_int_equal(last()->most, 20);
	assert_int_equal(last()->observed, 15);
	checks_add(&result, 2, DEFLATE, CHECK_PAGES, "host discards", 10, 20, 10);
	checks_add(&result, 2, DEFLATE, CHECK_PAGES, "host discards", 10, 20, 20);
	assert_true(result.checks.ok);
	checks_add(&result, 2, DEFLATE, CHECK_PAGES, "host discards", 10, 20, 21);
	assert_int_equal(last()->most, 20);
	assert_false(result.checks.ok);
	assert_string_equal(result.reason,
			    "cycle 2, deflate: host discards: 21 pages, expected 10 to 20");
}

static void the_first_failure_is_the_reason(void **state)
{
	(void)state;
	checks_count(&result, 1, INFLATE, "vmstat balloon_inflate", 16384, 16383);
	checks_add(&result, 0, CHECK_BOOT, CHECK_NS, "the sum", 1, 2, 3);
	checks_refuse(&result, "memory is not fragmented");
	assert_false(result.checks.ok);
	assert_int_equal(result.checks.each.count, 2);
	assert_string_equal(
		result.reason,
		"cycle 1, inflate: vmstat balloon_inflate: 16383 pages, expected 16384");
}

static void a_boot_has_no_cycle(void **state)
{
	(void)state;
	checks_add(&result, 0, CHECK_BOOT, CHECK_NS, "the sum", 1, 2, 3);
	assert_string_equal(result.reason, "boot: the sum: 3 ns, expected 1 to 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_agrees_is_recorded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounds_are_recorded_as_they_were, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_first_failure_is_the_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_boot_has_no_cycle, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

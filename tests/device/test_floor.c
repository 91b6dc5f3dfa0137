/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x-floor-discard of the balloon device: it discards the ranges that the host names, and only RAM.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "tests/device/qtest.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define PAGE 4096
#define FIRST 0x2000000ULL
#define PATTERN 0x5a
#define ANSWER_MS 10000

static struct machine m;

static int end(void **state)
{
	(void)state;
	machine_end(&m);
	return 0;
}

static int discard(const char *ranges, struct floor_work *work)
{
	return qmp_floor_discard(m.qmp, ranges, work, deadline_in_ms(ANSWER_MS));
}

static void ranges_are_discarded(void **state)
{
	static const bool gone[] = { true, false, true, true, false };
	struct floor_work work;
	size_t i;

	(void)state;
	machine_start(&m, "", NULL);
	for (i = 0; i < 5; i++)
		m.ram[FIRST + i * PAGE] = PATTERN;
	if (discard("0x2000000+0x1000,33562624+8192", &work))
		fail_msg("%s", qmp_error(m.qmp));
	assert_int_equal(work.calls, 2);
	assert_int_equal(work.bytes, 3 * PAGE);
	assert_true(work.ns > 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(m.ram[FIRST + i * PAGE], gone[i] ? 0 : PATTERN);
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "x", "'x': expected ADDRESS+LENGTH" },
		{ "0x2000000", "expected ADDRESS+LENGTH" },
		{ "0x2000000+", "expected ADDRESS+LENGTH" },
		{ "0x2000000+0x1000,", "expected ADDRESS+LENGTH" },
		{ "0x2000000+4k", "expected ADDRESS+LENGTH" },
		/* The BIOS, registers, nothing, and past the end of RAM. */
		{ "0xf0000+0x1000", "cannot discard 0xf0000+0x1000" },
		{ "0xfee00000+0x1000", "cannot discard" },
		{ "0x4000000000+0x1000", "cannot discard" },
		{ "0x13fff000+0x2000", "cannot discard" },
	};
	struct floor_work work;
	size_t i;

	(void)state;
	machine_start(&m, "", NULL);
	m.ram[FIRST] = PATTERN;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(discard(bad[i][0], &work), 0);
		assert_contains(qmp_error(m.qmp), bad[i][1]);
	}
	assert_int_equal(m.ram[FIRST], PATTERN);
	assert_int_equal(discard("0x2000000+0x1000", &work), 0);
	assert_int_equal(m.ram[FIRST], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(ranges_are_discarded, end),
		cmocka_unit_test_teardown(anything_else_is_refused, end),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layouts of a cut: their pads, and which boots run which of them. */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/layout.h"
#include "bench/config/images.h"
#include "bench/config/suite.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define SLOTS (LAYOUT_SPAN / LAYOUT_ALIGN)

static void pads_are_the_same_everywhere(void **state)
{
	char *variable = layout_variable(1, 8);

	(void)state;
	/* Another number here is another kernel for everybody. */
	assert_int_equal(layout_pad(1, 0), 2672);
	assert_int_equal(layout_pad(4, 7), 2784);
	assert_contains(variable, "CFLAGS_virtio_balloon.o=-include balloonbench-layout.h ");
	free(variable);
}

/* In steps of 16 bytes, from 16 bytes to a page, and no two layouts with the same pads. */
static void pads_differ(void **state)
{
	unsigned int layout, other, i, same, pad;
	bool low = false, high = false;

	(void)state;
	for (layout = 1; layout < BUILDS_MAX; layout++) {
		for (i = 0; i < LAYOUT_OBJECTS; i++) {
			pad = layout_pad(layout, i);
			assert_int_equal(pad % LAYOUT_ALIGN, 0);
			assert_in_range(pad, LAYOUT_ALIGN, LAYOUT_SPAN);
			low |= pad <= LAYOUT_SPAN / 4;
			high |= pad > LAYOUT_SPAN * 3 / 4;
		}
		for (other = 1; other < layout; other++) {
			for (same = i = 0; i < LAYOUT_OBJECTS; i++)
				same += layout_pad(layout, i) == layout_pad(other, i);
			assert_in_range(same, 0, 2);
		}
	}
	assert_true(low && high);
}

/* What a digest is taken of: nothing for the plain build, so that its key stays. */
static void plain_build_has_no_text(void **state)
{
	char text[2][8192] = { "", "" };
	int i;
	FILE *f;

	(void)state;
	for (i = 0; i < 2; i++) {
		f = fmemopen(text[i], sizeof(text[i]), "w");
		layout_print(f, i);
		fclose(f);
	}
	assert_string_equal(text[0], "");
	assert_contains(text[1], "BALLOONBENCH_BYTES=");
}

#define SUITE "[s]\nscenarios = a b c\nvariants = x y\nvariants.c = x\nboots = 10\nboots.b = 4\n"

static int load(struct suite *suite, const char *more, char err[512])
{
	char text[512];

	snprintf(text, sizeof(text), SUITE "%s", more);
	return suite_load(suite, "s", write_file(test_dir, "suites.ini", text), err, 512);
}

static void boots_take_builds_in_turn(void **state)
{
	struct suite suite;
	unsigned int boot;
	char err[512];

	(void)state;
	assert_int_equal(load(&suite, "builds = 5\nbuilds.b = 2\nbuilds.c = 10\n", err), 0);
	for (boot = 1; boot <= 10; boot++) {
		assert_int_equal(suite_build(&suite, "a", boot), (boot - 1) % 5);
		assert_int_equal(suite_build(&suite, "b", boot), (boot - 1) % 2);
	}
	assert_int_equal(suite_most_builds(&suite, 0), 10);
	/* It does not run in scenario c. */
	assert_int_equal(suite_most_builds(&suite, 1), 5);
	assert_int_equal(suite_check_builds(&suite, err, sizeof(err)), 0);
	suite_set_builds(&suite, 5);
	assert_int_equal(suite_builds(&suite, "b"), 5);
	assert_int_not_equal(suite_check_builds(&suite, err, sizeof(err)), 0);
	assert_contains(err, "scenario b: 4 boots do not boot each of 5 builds; raise --boots");
	suite_release(&suite);
}

static void one_build_unless_told(void **state)
{
	struct suite suite;
	char err[512];

	(void)state;
	assert_int_equal(load(&suite, "", err), 0);
	assert_int_equal(suite_builds(&suite, "a"), 1);
	assert_int_equal(suite_most_builds(&suite, 0), 1);
	assert_int_equal(suite_build(&suite, "a", 7), 0);
	suite_release(&suite);
}

static void wrong_numbers_are_refused(void **state)
{
	static const char *const wrong[] = { "builds = 0\n", "builds = 21\n", "builds.a = two\n",
					     "builds.a =\n" };
	struct suite suite;
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_not_equal(load(&suite, wrong[i], err), 0);
		assert_contains(err, "suites.ini:");
		assert_contains(err, "builds");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pads_are_the_same_everywhere),
		cmocka_unit_test(pads_differ),
		cmocka_unit_test(plain_build_has_no_text),
		cmocka_unit_test(boots_take_builds_in_turn),
		cmocka_unit_test(one_build_unless_told),
		cmocka_unit_test(wrong_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

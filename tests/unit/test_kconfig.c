/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel configurations with alternatives. */
#include "tests/helpers/unit.h"

#include <stdlib.h>
#include <string.h>

#include "bench/build/kconfig.h"
#include "tests/helpers/files.h"

static struct wanted wanted;
static char err[512];

static void load(const char *name, const char *text)
{
	if (wanted_load(&wanted, write_file(test_dir, name, text), err, sizeof(err)))
		fail_msg("%s", err);
}

static int tear_down(void **state)
{
	(void)state;
	wanted_release(&wanted);
	return 0;
}

static void expect_text(const char *expected)
{
	char *text = wanted_text(&wanted);

	assert_string_equal(text, expected);
	free(text);
}

static void expect_merge(const char *config, const char *expected)
{
	char *text = wanted_merge(&wanted, config);

	assert_string_equal(text, expected);
	free(text);
}

static void expect_missing(const char *config, bool optional, const char *expected)
{
	char *text = wanted_missing(&wanted, config, optional);

	assert_string_equal(text ? text : "", expected);
	free(text);
}

static void comments_and_blanks_do_not_count(void **state)
{
	(void)state;
	load("a", "# CONFIG_A is chosen because\n\n  CONFIG_A=y  \r\n# CONFIG_B is not set\n"
		  "#CONFIG_C=y\nCONFIG_D=n\n");
	expect_text("CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_D is not set\n");
}

static void alternatives(void **state)
{
	(void)state;
	load("a", "CONFIG_A=y|CONFIG_B=y | # CONFIG_C is not set ?\nCONFIG_S=\"x | y ?\"\n");
	expect_text("CONFIG_A=y | CONFIG_B=y | # CONFIG_C is not set ?\nCONFIG_S=\"x | y ?\"\n");
	assert_int_equal(wanted.lines[0].count, 3);
	assert_true(wanted.lines[0].optional);
	assert_false(wanted.lines[1].optional);
}

static void fragment_replaces_lines(void **state)
{
	(void)state;
	load("a", "CONFIG_A=y | CONFIG_LAZY=y\nCONFIG_AB=y\nCONFIG_C=1\n");
	load("b", "# CONFIG_LAZY is not set\nCONFIG_C=2\nCONFIG_D=y\n");
	expect_text("CONFIG_AB=y\n# CONFIG_LAZY is not set\nCONFIG_C=2\nCONFIG_D=y\n");
}

static void merge_keeps_the_rest(void **state)
{
	(void)state;
	load("a", "CONFIG_A=y\n# CONFIG_B is not set\n");
	expect_merge("# Linux\nCONFIG_B=y\n# CONFIG_A is not set\nCONFIG_AB=y\n",
		     "CONFIG_AB=y\nCONFIG_A=y\n# CONFIG_B is not set\n");
}

static void next_alternative_is_tried(void **state)
{
	(void)state;
	load("a", "CONFIG_A=y | CONFIG_B=y | CONFIG_C=y\nCONFIG_X=y\n");
	assert_true(wanted_choose(&wanted, "CONFIG_X=y\n"));
	expect_merge("", "CONFIG_B=y\nCONFIG_X=y\n");
	assert_false(wanted_choose(&wanted, "CONFIG_X=y\nCONFIG_B=y\n"));
	expect_missing("CONFIG_B=y\n", false, "CONFIG_X=y");
	wanted_restart(&wanted);
	expect_merge("", "CONFIG_A=y\nCONFIG_X=y\n");
}

/* An alternative may need what another line chooses later. */
static void first_alternative_is_tried_again(void **state)
{
	(void)state;
	load("a", "CONFIG_A=y | CONFIG_B=y\nCONFIG_X=y | CONFIG_Y=y\n");
	assert_true(wanted_choose(&wanted, ""));
	assert_true(wanted_choose(&wanted, "CONFIG_Y=y\n"));
	expect_merge("", "CONFIG_A=y\nCONFIG_Y=y\n");
	assert_false(wanted_choose(&wanted, "CONFIG_A=y\nCONFIG_Y=y\n"));
	expect_missing("CONFIG_A=y\nCONFIG_Y=y\n", false, "");
}

static void rejected_lines_are_listed(void **state)
{
	int rounds = 0;

	(void)state;
	load("a", "CONFIG_A=y | CONFIG_B=y\nCONFIG_C=y ?\nCONFIG_D=y\n# CONFIG_E is not set\n");
	while (wanted_choose(&wanted, "CONFIG_DD=y\n"))
		assert_below(++rounds, 10);
	expect_missing("CONFIG_DD=y\n", false, "CONFIG_A=y | CONFIG_B=y; CONFIG_D=y");
	expect_missing("CONFIG_DD=y\n", true, "CONFIG_C=y");
}

static void wrong_lines_are_named(void **state)
{
	static const char *const wrong[] = { "CONFIG_A",	"A=y",	     "CONFIG_=y",
					     "CONFIG_A=y |",	"CONFIG_A=", "make me a kernel",
					     "CONFIG_A=y | B=y" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(wanted_load(&wanted, write_file(test_dir, "wrong", wrong[i]), err,
					     sizeof(err)),
				 -22);
		assert_contains(err, "wrong:1: expected CONFIG_NAME=VALUE");
	}
	assert_int_equal(wanted_load(&wanted, "/nonexistent", err, sizeof(err)), -22);
	assert_contains(err, "cannot read the kernel configuration /nonexistent");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comments_and_blanks_do_not_count), TEST(alternatives),
		TEST(fragment_replaces_lines),		TEST(merge_keeps_the_rest),
		TEST(next_alternative_is_tried),	TEST(first_alternative_is_tried_again),
		TEST(rejected_lines_are_listed),	TEST(wrong_lines_are_named),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

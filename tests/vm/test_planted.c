/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planted truth: a kernel that is slower by a known amount (tests/seeded-bugs/delay) is
 * found to be, by that amount, and a kernel against itself is not. Under
 * icount, where a ns of the guest is an instruction: the clock of this machine
 * has no say.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

/* Per call of tell_host(), as the patch says: two instructions a turn. */
#define PLANTED_INSTRUCTIONS (2 * 2648)
#define BATCHES 384
/* 3 % of a batch without it, which takes 176500 instructions. */
#define PLANTED_RATIO 1.03
/*
 * How far what is found may be from what was planted. The agent looks at the
 * balloon every 100 us of guest time, and its timer and its looks are part of
 * the duration: a longer move has more of them, up to a tenth of what makes it
 * longer. And boots differ by 0.1 to 0.2 % (standard deviation).
 */
#define RATIO_TOLERANCE 0.005
/* The same for the phase that tell_host() is in, where hardly anything else is. */
#define PHASE_TOLERANCE 0.15

/* Two runs of a kernel against itself, beside the other one: instructions do not compete. */
static pid_t against_itself[2];
static char skip_reason[600];

static void link_data(const char *from, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	assert_int_equal(symlink(from, path), 0);
}

static const char *tree(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	return path;
}

static pid_t start_against_itself(const char *name, const char *seed)
{
	const char *args[] = { "run",	  "--scenario", "smoke",    "--variant", "finalize", "--aa",
			       "--boots", "4",		"--accel",  "icount",	 "--seed",   seed,
			       "-q",	  "-o",		tree(name), NULL };

	return start_program("balloonbench", args);
}

/* The planted kernel's images, and what balloonbench brings besides. */
static int set_up(void **state)
{
	const char *images = build_path("planted/images.ini");

	if (access(images, R_OK)) {
		snprintf(skip_reason, sizeof(skip_reason),
			 "there is no %s: make test builds it, unless KERNEL_PATCHES is set",
			 images);
		return 0;
	}
	test_dir_set_up(state);
	link_data(images, "images.ini");
	link_data(TEST_SOURCE "/tests/seeded-bugs/delay/variants.ini", "variants.ini");
	link_data(TEST_SOURCE "/bench/suites.ini", "suites.ini");
	link_data(TEST_SOURCE "/bench/scenarios", "scenarios");
	setenv("BALLOONBENCH_DATA", test_dir, 1);
	against_itself[0] = start_against_itself("again-0", "1");
	against_itself[1] = start_against_itself("again-1", "2");
	return 0;
}

static int tear_down(void **state)
{
	return test_dir ? test_dir_tear_down(state) : 0;
}

static void skip_without_images(void)
{
	if (!skip_reason[0])
		return;
	print_message("# %s\n", skip_reason);
	skip();
}

static json_t *compare(const char *name, const char *metric, const char *smallest_effect)
{
	const char *args[] = { "compare", tree(name),	       "--metric",	metric,
			       "--json",  "--smallest-effect", smallest_effect, NULL };
	struct outcome outcome = run_program("balloonstat", args);
	json_t *all = json_loads(outcome.output, 0, NULL);

	if (outcome.status || !all)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	return all;
}

static const char *verdict(const json_t *row)
{
	return json_string_value(json_object_get(row, "verdict"));
}

/* The one comparison there is, after a line on it. */
static const json_t *the_row(const json_t *all, const char *metric)
{
	const json_t *row = json_array_get(json_object_get(all, "comparisons"), 0);

	assert_int_equal(json_array_size(json_object_get(all, "comparisons")), 1);
	print_message("# %s: %.2f against %.2f M instructions, ratio %.4f [%.4f, %.4f], p %.4f, n "
		      "= %.0f and %.0f boots: %s\n",
		      metric, number_of(row, "median"), number_of(row, "base_median"),
		      number_of(row, "ratio"), number_of(row, "ci_low"), number_of(row, "ci_high"),
		      number_of(row, "p"), number_of(row, "n"), number_of(row, "base_n"),
		      verdict(row));
	return row;
}

/* The whole of a move: the ratio that was planted, and a verdict. */
static void check_move(const char *metric)
{
	json_t *all = compare("planted", metric, "2%");
	const json_t *row = the_row(all, metric);
	double planted = PLANTED_INSTRUCTIONS * BATCHES / 1e6;
	double expected = 1 + planted / number_of(row, "base_median");

	assert_in_range(number_of(row, "n"), 6, 10);
	assert_true(fabs(expected - PLANTED_RATIO) < 0.002);
	if (fabs(number_of(row, "ratio") - expected) > RATIO_TOLERANCE)
		fail_msg("%s: ratio %.4f, planted was %.4f", metric, number_of(row, "ratio"),
			 expected);
	assert_true(number_of(row, "ci_low") > 1);
	assert_true(number_of(row, "ci_low") < expected + RATIO_TOLERANCE);
	assert_true(number_of(row, "ci_high") > expected - RATIO_TOLERANCE);
	assert_true(number_of(row, "p_holm") < 0.05);
	assert_string_equal(verdict(row), "regress");
	json_decref(all);
}

/* The phase in which tell_host() is: as many instructions more as were planted. */
static void check_phase(const char *metric)
{
	json_t *all = compare("planted", metric, "2%");
	const json_t *row = the_row(all, metric);
	double planted = PLANTED_INSTRUCTIONS * BATCHES / 1e6;
	double found = number_of(row, "median") - number_of(row, "base_median");

	if (fabs(found / planted - 1) > PHASE_TOLERANCE)
		fail_msg("%s: %.3f M instructions more, planted were %.3f M", metric, found,
			 planted);
	json_decref(all);
}

static void a_delay_of_3_percent_is_found(void **state)
{
	const char *args[] = { "run",
			       "--scenario",
			       "smoke",
			       "--variant",
			       "finalize",
			       "--variant",
			       "planted",
			       "--boots",
			       "6",
			       "--until-ci",
			       "0.25%",
			       "--max-boots",
			       "10",
			       "--seed",
			       "1",
			       "--accel",
			       "icount",
			       "-o",
			       tree("planted"),
			       NULL };
	struct outcome outcome;

	(void)state;
	skip_without_images();
	outcome = run_program("balloonbench", args);
	if (outcome.status)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	check_move("inflate.duration_ns");
	check_move("deflate.duration_ns");
	check_phase("inflate.phases.notify_ns");
	check_phase("deflate.phases.notify_ns");
}

/* Not by a verdict, and not by a difference that anybody would call one. */
static void nothing_is_found_where_nothing_is(void **state)
{
	static const char *const metrics[] = { "inflate.duration_ns", "deflate.duration_ns" };
	const json_t *row;
	json_t *all;
	char name[16];
	int i, m;

	(void)state;
	skip_without_images();
	for (i = 0; i < 2; i++) {
		assert_int_equal(wait_program(against_itself[i]), 0);
		snprintf(name, sizeof(name), "again-%d", i);
		for (m = 0; m < 2; m++) {
			all = compare(name, metrics[m], "2%");
			row = the_row(all, metrics[m]);
			assert_string_equal(json_string_value(json_object_get(row, "variant")),
					    "finalize-again");
			assert_string_equal(verdict(row), "same");
			json_decref(all);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delay_of_3_percent_is_found),
		cmocka_unit_test(nothing_is_found_where_nothing_is),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

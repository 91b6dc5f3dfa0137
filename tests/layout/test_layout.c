/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real kernels, five builds of each with the code elsewhere, two boots of a build, by the clock of
 * TCG: a patch that changes nothing gets no verdict in three runs, and a delay of about 10 % is
 * found. By hand, for twenty minutes, on a machine that does nothing else: `make test-layout`.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define BUILDS "5"
#define BOOTS "10"
#define RUNS 3
#define PLANTED 0.1

static void link_data(const char *from, const char *name)
{
	assert_int_equal(symlink(from, in_test_dir(name)), 0);
}

static int set_up(void **state)
{
	test_dir_set_up(state);
	link_data(build_path("layout/images.ini"), "images.ini");
	link_data(TEST_SOURCE "/tests/seeded-bugs/delay/variants.ini", "variants.ini");
	link_data(TEST_SOURCE "/bench/suites.ini", "suites.ini");
	link_data(TEST_SOURCE "/bench/scenarios", "scenarios");
	setenv("BALLOONBENCH_DATA", test_dir, 1);
	return 0;
}

static void run(const char *variant, const char *seed, const char *tree)
{
	const char *args[] = { "run",	    "--scenario", TEST_SOURCE "/tests/layout/resize.ini",
			       "--variant", "finalize",	  "--variant",
			       variant,	    "--builds",	  BUILDS,
			       "--boots",   BOOTS,	  "--accel",
			       "tcg",	    "--seed",	  seed,
			       "-q",	    "-o",	  tree,
			       NULL };
	struct outcome outcome = run_program("balloonbench", args);

	if (outcome.status)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
}

/* How much builds scatter, as compare says below its tables. */
static void show_scatter(const char *tree)
{
	const char *args[] = { "compare", tree, NULL };
	struct outcome outcome = run_program("balloonstat", args);
	const char *at = strstr(outcome.output, "inflate.duration_ns: means of builds"), *end;

	assert_non_null(at);
	for (; *at; at = end + (*end == '\n')) {
		end = strchrnul(at, '\n');
		print_message("# %.*s\n", (int)(end - at), at);
	}
	outcome_release(&outcome);
}

/* The comparisons of both resizes, after a line on each. */
static json_t *compare(const char *tree)
{
	const char *args[] = { "compare", tree, "--json", NULL };
	struct outcome outcome = run_program("balloonstat", args);
	json_t *all = json_loads(outcome.output, 0, NULL);
	const json_t *row;
	size_t i;

	if (outcome.status || !all)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	show_scatter(tree);
	assert_int_equal(size_of(all, "comparisons"), 2);
	for (i = 0; i < 2; i++) {
		row = item_of(all, "comparisons", i);
		assert_number(number_of(row, "n"), atoi(BUILDS));
		print_message("# %s of %s: ratio %.3f [%.3f, %.3f], p %.4f, n = %.0f and %.0f "
			      "builds: %s\n",
			      text_of(row, "metric"), text_of(row, "variant"),
			      number_of(row, "ratio"), number_of(row, "ci_low"),
			      number_of(row, "ci_high"), number_of(row, "p_holm"),
			      number_of(row, "n"), number_of(row, "base_n"),
			      text_of(row, "verdict"));
	}
	return all;
}

static void a_null_patch_gets_no_verdict(void **state)
{
	static const char *const seeds[RUNS] = { "1", "2", "3" };
	const char *verdict;
	json_t *all;
	size_t i, r;

	(void)state;
	for (r = 0; r < RUNS; r++) {
		run("null", seeds[r], in_test_dir(seeds[r]));
		all = compare(in_test_dir(seeds[r]));
		for (i = 0; i < 2; i++) {
			verdict = text_of(item_of(all, "comparisons", i), "verdict");
			if (strcmp(verdict, "same") && strcmp(verdict, "inconclusive"))
				fail_msg("run %zu: %s", r + 1, verdict);
		}
		json_decref(all);
	}
}

/*
 * In one of the resizes at least. Where boots scatter so much that these builds would not have
 * found it, that is said.
 */
static void a_delay_of_ten_percent_is_found(void **state)
{
	bool found = false, could_find = true;
	const json_t *row;
	json_t *all;
	size_t i;

	(void)state;
	run("planted-10", "4", in_test_dir("planted"));
	all = compare(in_test_dir("planted"));
	for (i = 0; i < 2; i++) {
		row = item_of(all, "comparisons", i);
		found |= !strcmp(text_of(row, "verdict"), "regress");
		if (!strcmp(text_of(row, "verdict"), "inconclusive"))
			could_find &= number_of(row, "detectable") <= PLANTED;
		else
			assert_string_equal(text_of(row, "verdict"), "regress");
	}
	json_decref(all);
	if (!found && !could_find)
		skip_test("a noisy machine: less than %.0f %% would not have been found",
			  100 * PLANTED);
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_null_patch_gets_no_verdict),
		cmocka_unit_test(a_delay_of_ten_percent_is_found),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

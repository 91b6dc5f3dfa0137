/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench run --until-ci and --aa: the plan afterwards, and whether balloonstat
 * notices missing boots. Every resize of the fake guest takes 50 ms; its boots vary.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("1 s", "100 ms")

static char small[256];

static int set_up(void **state)
{
	if (tiny_set_up(state, TINY))
		return -1;
	snprintf(small, sizeof(small), "%s", write_file(test_dir, "small.ini", TINY));
	return 0;
}

/* A run with more options. */
static struct outcome run(const char *name, const char *const *more)
{
	const char *args[ARGS_MAX + 1] = { "run", "--accel",	    "tcg", "--trace", "off",
					   "-o",  in_test_dir(name) };
	size_t n = 7;

	while (*more)
		args[n++] = *more++;
	return run_program("balloonbench", args);
}

static json_t *load(const char *name, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", name, file);
	return load_json(in_test_dir(path));
}

/* Check a scenario of "until_ci" in plan.json. */
static void check_scenario(const json_t *plan, size_t i, const char *name, int boots, bool reached)
{
	const json_t *s = item_of(json_object_get(plan, "until_ci"), "scenarios", i);

	assert_string_equal(text_of(s, "name"), name);
	assert_number(number_of(s, "boots"), boots);
	assert_int_equal(json_is_true(json_object_get(s, "reached")), reached);
}

/* Number of boots of all variants that balloonstat says are missing. */
static int missing(const char *name)
{
	const char *args[] = {
		"compare", in_test_dir(name), "--json", "--metric", "ready_ns", NULL
	};
	struct outcome outcome = run_program("balloonstat", args);
	const char *json = strchr(outcome.output, '{'); /* after warnings */
	json_t *all = json ? json_loads(json, 0, NULL) : NULL;
	const json_t *row;
	int count = 0;
	size_t i;

	if (!all)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	json_array_foreach (json_object_get(all, "variants"), i, row)
		count += json_integer_value(json_object_get(row, "missing"));
	json_decref(all);
	outcome_release(&outcome);
	return count;
}

/* The interval of equal durations has no width. */
static void stops_when_precise_enough(void **state)
{
	const char *more[] = { "--scenario", tiny,	   "--variant", "finalize",
			       "--aa",	     "--until-ci", "2%",	NULL };
	const json_t *until;
	json_t *plan;

	(void)state;
	expect_outcome(run("enough", more), EXIT_FINE,
		       "tiny: all intervals are within +- 2 % after 6 boots");
	plan = load("enough", "plan.json");
	assert_int_equal(size_of(plan, "order"), 12);
	check_scenario(plan, 0, "tiny", 6, true);
	until = json_object_get(plan, "until_ci");
	assert_string_equal(text_of(until, "metric"), "inflate.duration_ns");
	assert_number(number_of(until, "half_width"), 0.02);
	assert_number(number_of(until, "max_boots"), 30);
	json_decref(plan);
	assert_int_equal(missing("enough"), 0);
}

/* A base and its A/A control are compared, though they are no family of comparisons. */
static void controls_are_compared(void **state)
{
	struct outcome outcome = run_program(
		"balloonstat", (const char *[]){ "compare", in_test_dir("enough"), NULL });

	(void)state;
	assert_int_equal(outcome.status, 0);
	assert_contains(outcome.output, "finalize-again");
	assert_lacks(outcome.output, "comparisons fewer");
	outcome_release(&outcome);
}

/* Blocks alternate between the scenarios; every second one is the reverse of its predecessor. */
static void check_order(const json_t *plan, size_t variants, const char *scenario, int boots)
{
	const json_t *order = json_object_get(plan, "order"), *e, *last[8] = { NULL };
	int boot = 0;
	size_t i, n = 0, v;

	json_array_foreach (order, i, e) {
		if (strcmp(json_string_value(json_object_get(e, "scenario")), scenario))
			continue;
		v = n++ % variants;
		boot += !v;
		assert_int_equal(json_integer_value(json_object_get(e, "boot")), boot);
		if (boot % 2)
			last[v] = e;
		else
			assert_string_equal(json_string_value(json_object_get(e, "variant")),
					    json_string_value(json_object_get(
						    last[variants - 1 - v], "variant")));
	}
	assert_int_equal(boot, boots);
}

/* No two boots take the same time: the precision is never reached. */
static void stops_at_max_boots(void **state)
{
	const char *more[] = { "--scenario", tiny,	    "--scenario", small,   "--variant",
			       "finalize",   "--aa",	    "--until-ci", "1e-9%", "--until-metric",
			       "ready_ns",   "--max-boots", "8",	  NULL };
	json_t *plan, *result;

	(void)state;
	expect_outcome(run("most", more), EXIT_FINE, "no more boots");
	plan = load("most", "plan.json");
	assert_int_equal(size_of(plan, "order"), 2 * 2 * 8);
	assert_int_equal(json_integer_value(json_object_get(plan, "boots")), 6);
	check_scenario(plan, 0, "tiny", 8, false);
	check_scenario(plan, 1, "small", 8, false);
	check_order(plan, 2, "tiny", 8);
	check_order(plan, 2, "small", 8);
	json_decref(plan);
	assert_int_equal(missing("most"), 0);
	result = load("most", "tiny/finalize-again/boot-05/result.json");
	assert_string_equal(json_string_value(json_object_get(result, "variant")),
			    "finalize-again");
	json_decref(result);
}

/* Failed boots have no interval; the fake guest runs the kernel of finalize only. */
static void failed_boots_run_to_max_boots(void **state)
{
	const char *more[] = { "--scenario", tiny,	    "--variant", "finalize",
			       "--variant",  "list",	    "-v",	 "--until-ci",
			       "50%",	     "--max-boots", "7",	 NULL };
	json_t *plan;

	(void)state;
	tiny_change_cut("list", "build_id = 00");
	expect_outcome(run("failing", more), EXIT_ENVIRONMENT,
		       "list has too few ok boots for an interval");
	plan = load("failing", "plan.json");
	check_scenario(plan, 0, "tiny", 7, false);
	json_decref(plan);
	assert_int_equal(missing("failing"), 0);
}

/* A run that is interrupted lacks boots of its plan. */
static void interrupted_run(void **state)
{
	pid_t pid =
		tiny_start("stopped", "--trace", "off", "--boots", "6", "-q", "--aa", "--until-ci",
			   "1e-9%", "--until-metric", "ready_ns", "--max-boots", "900");

	(void)state;
	AWAIT(tiny_journal_has("stopped", "\"boot\":7"));
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	assert_in_range(missing("stopped"), 1, 2);
}

static void unknown_metric(void **state)
{
	const char *more[] = { "--scenario", tiny, "--variant",	     "finalize",
			       "--until-ci", "2%", "--until-metric", "inflate.duration",
			       NULL };

	(void)state;
	expect_outcome(run("no-metric", more), EXIT_USAGE,
		       "--until-metric inflate.duration: tiny/finalize boot 1: no such number");
}

static void usage(void **state)
{
	static const struct {
		const char *options[5];
		const char *says;
	} bad[] = {
		{ { "--until-ci", "2" }, "--until-ci 2: expected a percentage in (0%, 100%]" },
		{ { "--until-ci", "0%" }, "--until-ci 0%: expected a percentage in (0%, 100%]" },
		{ { "--until-ci", "2%", "--max-boots", "1" },
		  "--max-boots 1: expected an integer in [6, 999]" },
		{ { "--boots=5", "--until-ci", "2%" },
		  "--boots 5: --until-ci begins with 6 boots or more" },
		{ { "--boots=8", "--until-ci", "2%", "--max-boots", "7" },
		  "--max-boots 7: the suite begins with 8 boots" },
		{ { "--max-boots", "9" }, "need --until-ci" },
		{ { "--until-metric", "ready_ns" }, "need --until-ci" },
		{ { "--suite", "full", "--scenario", "tracing", "--aa" },
		  "--aa: the base pfn-array runs in none of the scenarios" },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *more[7] = { "--dry-run" };

		for (n = 0; n < 5 && bad[i].options[n]; n++)
			more[n + 1] = bad[i].options[n];
		expect_outcome(run("usage", more), EXIT_USAGE, bad[i].says);
	}
	assert_int_equal(access(in_test_dir("usage"), F_OK), -1);
}

/* A variant with the name of the A/A control would be mixed up with it. */
static void name_of_control_is_taken(void **state)
{
	const char *more[] = { "--scenario", tiny, "--variant", "finalize", "--aa", NULL };

	(void)state;
	write_file(test_dir, "variants.ini",
		   "[finalize]\ncut = finalize\n[finalize-again]\ncut = list\n");
	write_file(test_dir, "suites.ini", "[default]\nscenarios = idle\nvariants = finalize\n");
	setenv("BALLOONBENCH_DATA", test_dir, 1);
	expect_outcome(
		run("taken", more), EXIT_USAGE,
		"--aa: the A/A control of finalize would be finalize-again, which is a variant of");
	unsetenv("BALLOONBENCH_DATA");
}

static void dry_run_shows_plan(void **state)
{
	const char *more[] = { "--scenario", tiny,   "--variant", "finalize", "--until-ci",
			       "2%",	     "--aa", "--dry-run", NULL };

	(void)state;
	expect_outcome(run("dry", more), EXIT_FINE, "tiny/finalize-again boot 6",
		       "12 boots\nthen block by block until the interval of inflate.duration_ns is "
		       "within +- 2 %, at most 30 boots per variant\n");
}

static void a_suite_with_few_boots_gets_more(void **state)
{
	const char *few[] = { "--suite", "instructions", "--until-ci", "2%", "--dry-run", NULL };
	const char *enough[] = { "--suite",    "default", "--scenario", tiny,
				 "--until-ci", "2%",	  "--dry-run",	NULL };
	struct outcome outcome;

	(void)state;
	expect_outcome(run("few", few), EXIT_FINE,
		       "--until-ci begins with 6 boots where the suite has fewer");
	outcome = run("plenty", enough);
	assert_int_equal(outcome.status, EXIT_FINE);
	assert_lacks(outcome.output, "where the suite has fewer");
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stops_when_precise_enough),
		cmocka_unit_test(controls_are_compared),
		cmocka_unit_test(stops_at_max_boots),
		cmocka_unit_test_teardown(failed_boots_run_to_max_boots, tiny_restore_cuts),
		cmocka_unit_test(interrupted_run),
		cmocka_unit_test(unknown_metric),
		cmocka_unit_test(usage),
		cmocka_unit_test(name_of_control_is_taken),
		cmocka_unit_test(dry_run_shows_plan),
		cmocka_unit_test(a_suite_with_few_boots_gets_more),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

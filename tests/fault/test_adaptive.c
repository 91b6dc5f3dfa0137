/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench run --until-ci and --aa, with a QEMU whose every move takes 50
 * ms and whose boots take as long as they take: what the plan says afterwards,
 * and whether balloonstat sees that something is missing.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
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

static const char *tree(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	return path;
}

/* A run of two boots to begin with into a tree of that name, and more options. */
static struct outcome run(const char *name, const char *const *more)
{
	const char *args[ARGS_MAX + 1] = { "run",     "--accel", "tcg", "--trace", "off",
					   "--boots", "2",	 "-o",	tree(name) };
	size_t n = 9;

	while (*more)
		args[n++] = *more++;
	return run_program("balloonbench", args);
}

static void expect(const char *name, const char *const *more, int status, const char *says)
{
	struct outcome outcome = run(name, more);

	if (outcome.status != status || !strstr(outcome.output, says))
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
}

static json_t *load(const char *name, const char *file)
{
	char path[512];
	json_t *value;

	snprintf(path, sizeof(path), "%s/%s", tree(name), file);
	value = json_load_file(path, 0, NULL);
	if (!value)
		fail_msg("%s cannot be read", path);
	return value;
}

/* What plan.json says of a scenario under "until_ci". */
static void check_scenario(const json_t *plan, size_t i, const char *name, int boots, bool reached)
{
	const json_t *all = json_object_get(json_object_get(plan, "until_ci"), "scenarios");
	const json_t *s = json_array_get(all, i);

	assert_string_equal(json_string_value(json_object_get(s, "name")), name);
	assert_int_equal(json_integer_value(json_object_get(s, "boots")), boots);
	assert_int_equal(json_is_true(json_object_get(s, "reached")), reached);
}

static size_t planned(const json_t *plan)
{
	return json_array_size(json_object_get(plan, "order"));
}

/* Boots that balloonstat misses, of all variants. */
static int missing(const char *name)
{
	const char *args[] = { "compare", tree(name), "--json", "--metric", "ready_ns", NULL };
	struct outcome outcome = run_program("balloonstat", args);
	const char *json = strchr(outcome.output, '{'); /* behind warnings */
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

/* Moves that all take the same have no width. */
static void enough_is_enough(void **state)
{
	const char *more[] = { "--scenario", tiny,	   "--variant", "finalize",
			       "--aa",	     "--until-ci", "2%",	NULL };
	const json_t *until;
	json_t *plan;

	(void)state;
	expect("enough", more, EXIT_FINE, "tiny: all intervals are within +- 2 % after 2 boots");
	plan = load("enough", "plan.json");
	assert_int_equal(planned(plan), 4);
	check_scenario(plan, 0, "tiny", 2, true);
	until = json_object_get(plan, "until_ci");
	assert_string_equal(json_string_value(json_object_get(until, "metric")),
			    "inflate.duration_ns");
	assert_true(json_real_value(json_object_get(until, "half_width")) == 0.02);
	assert_int_equal(json_integer_value(json_object_get(until, "max_boots")), 30);
	json_decref(plan);
	assert_int_equal(missing("enough"), 0);
}

/* A base and its twin are something to compare, though no family of comparisons. */
static void twins_are_compared(void **state)
{
	const char *args[] = { "compare", tree("enough"), NULL };
	struct outcome outcome = run_program("balloonstat", args);

	(void)state;
	if (outcome.status || !strstr(outcome.output, "finalize-again") ||
	    strstr(outcome.output, "comparisons fewer"))
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
}

/* Blocks alternate between the scenarios, and every second one is the reverse of the one before. */
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

/* No two boots take the same time: what is asked for is never reached. */
static void the_most_boots_are_the_end(void **state)
{
	const char *more[] = { "--scenario", tiny,	    "--scenario", small,   "--variant",
			       "finalize",   "--aa",	    "--until-ci", "1e-9%", "--until-metric",
			       "ready_ns",   "--max-boots", "5",	  NULL };
	json_t *plan, *result;

	(void)state;
	expect("most", more, EXIT_FINE, "no more boots");
	plan = load("most", "plan.json");
	assert_int_equal(planned(plan), 2 * 2 * 5);
	assert_int_equal(json_integer_value(json_object_get(plan, "boots")), 2);
	check_scenario(plan, 0, "tiny", 5, false);
	check_scenario(plan, 1, "small", 5, false);
	check_order(plan, 2, "tiny", 5);
	check_order(plan, 2, "small", 5);
	json_decref(plan);
	assert_int_equal(missing("most"), 0);
	result = load("most", "tiny/finalize-again/boot-05/result.json");
	assert_string_equal(json_string_value(json_object_get(result, "variant")),
			    "finalize-again");
	json_decref(result);
}

/* Boots that fail have no interval; the fake guest runs the kernel of finalize only. */
static void failed_boots_go_on_to_the_end(void **state)
{
	const char *more[] = { "--scenario", tiny,	    "--variant", "finalize",
			       "--variant",  "list",	    "-v",	 "--until-ci",
			       "50%",	     "--max-boots", "3",	 NULL };
	json_t *plan;

	(void)state;
	expect("failing", more, EXIT_ENVIRONMENT, "list has too few that are ok for an interval");
	plan = load("failing", "plan.json");
	check_scenario(plan, 0, "tiny", 3, false);
	json_decref(plan);
	assert_int_equal(missing("failing"), 0);
}

/* One that is stopped lacks a boot of its plan, whenever that is. */
static void stopped_in_between(void **state)
{
	const char *args[] = { "run",	     "--accel",
			       "tcg",	     "--trace",
			       "off",	     "--boots",
			       "2",	     "-q",
			       "-o",	     tree("stopped"),
			       "--scenario", tiny,
			       "--variant",  "finalize",
			       "--aa",	     "--until-ci",
			       "1e-9%",	     "--until-metric",
			       "ready_ns",   "--max-boots",
			       "900",	     NULL };
	char journal[300], *text;
	int tries, found = 0;
	pid_t pid;

	(void)state;
	snprintf(journal, sizeof(journal), "%s/journal.jsonl", tree("stopped"));
	pid = start_program("balloonbench", args);
	for (tries = 0; tries < 1000 && !found; tries++) {
		usleep(10000);
		text = read_file(journal);
		found = text && strstr(text, "\"boot\":4");
		free(text);
	}
	assert_true(found);
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	assert_in_range(missing("stopped"), 1, 2);
}

static void a_metric_that_no_boot_has(void **state)
{
	const char *more[] = { "--scenario", tiny, "--variant",	     "finalize",
			       "--until-ci", "2%", "--until-metric", "inflate.duration",
			       NULL };

	(void)state;
	expect("no-metric", more, EXIT_USAGE,
	       "--until-metric inflate.duration: tiny/finalize boot 1 has no such number");
}

static void usage(void **state)
{
	static const struct {
		const char *options[5];
		const char *says;
	} bad[] = {
		{ { "--until-ci", "2" }, "--until-ci 2: more than 0 and at most 100 % is wanted" },
		{ { "--until-ci", "0%" }, "--until-ci 0%: more than 0" },
		{ { "--until-ci", "2%", "--max-boots", "1" }, "--max-boots 1: a whole number" },
		{ { "--boots=5", "--until-ci", "2%", "--max-boots", "4" },
		  "--max-boots 4: there are 5 to begin with" },
		{ { "--max-boots", "9" }, "go with --until-ci" },
		{ { "--until-metric", "ready_ns" }, "go with --until-ci" },
		{ { "--scenario", "tracing", "--aa" },
		  "--aa: the base pfn-array runs in none of the scenarios" },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *more[7] = { "--dry-run" };

		for (n = 0; n < 5 && bad[i].options[n]; n++)
			more[n + 1] = bad[i].options[n];
		expect("usage", more, EXIT_USAGE, bad[i].says);
	}
	assert_int_equal(access(tree("usage"), F_OK), -1);
}

/* A variant that has the name already would be mixed up with the twin. */
static void a_name_that_is_taken(void **state)
{
	const char *more[] = { "--scenario", tiny, "--variant", "finalize", "--aa", NULL };

	(void)state;
	write_file(test_dir, "variants.ini",
		   "[finalize]\ncut = finalize\n[finalize-again]\ncut = list\n");
	write_file(test_dir, "suites.ini", "[default]\nscenarios = idle\nvariants = finalize\n");
	setenv("BALLOONBENCH_DATA", test_dir, 1);
	expect("taken", more, EXIT_USAGE,
	       "--aa: the twin of finalize would be finalize-again, which is a variant of");
	unsetenv("BALLOONBENCH_DATA");
}

static void the_plan_is_shown(void **state)
{
	const char *more[] = { "--scenario", tiny,   "--variant", "finalize", "--until-ci",
			       "2%",	     "--aa", "--dry-run", NULL };

	(void)state;
	expect("dry", more, EXIT_FINE, "tiny/finalize-again boot 2");
	expect("dry", more, EXIT_FINE,
	       "4 boots\nand then block by block until inflate.duration_ns is known to +- 2 %, at "
	       "most 30 boots a side\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enough_is_enough),
		cmocka_unit_test(twins_are_compared),
		cmocka_unit_test(the_most_boots_are_the_end),
		cmocka_unit_test(failed_boots_go_on_to_the_end),
		cmocka_unit_test(stopped_in_between),
		cmocka_unit_test(a_metric_that_no_boot_has),
		cmocka_unit_test(usage),
		cmocka_unit_test(a_name_that_is_taken),
		cmocka_unit_test(the_plan_is_shown),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two benchmarks of one checkout at the same time, several into one tree, a wall clock
 * that is set during a run, and trees of a newer and of an older version.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/exit_status.h"
#include "lib/directory.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("20 s", "5 s")
#define HOUR_NS 3600e9

static int set_up(void **state)
{
	return tiny_set_up(state, TINY);
}

static pid_t start(const char *name, const char *boots)
{
	return tiny_start(name, "--trace", "off", "--boots", boots, "-q", "--aa");
}

static void two_benchmarks(void **state)
{
	pid_t one = start("one", "20"), two = start("two", "20");

	(void)state;
	assert_int_equal(wait_program(one), 0);
	assert_int_equal(wait_program(two), 0);
	expect_outcome(tiny_resume("one"), 0, "40 boots ok, 0 failed, 0 invalid");
	expect_outcome(tiny_resume("two"), 0, "40 boots ok, 0 failed, 0 invalid");
	expect_nothing_left(in_test_dir("one"));
	expect_nothing_left(in_test_dir("two"));
}

/* Started at the same moment: one gets the tree, the others refuse and change nothing. */
static void several_into_one_tree(void **state)
{
	pid_t pids[4];
	int i, status, fine = 0;

	(void)state;
	for (i = 0; i < 4; i++)
		pids[i] = start("shared", "3");
	for (i = 0; i < 4; i++) {
		status = wait_program(pids[i]);
		fine += status == 0;
		if (status && status != EXIT_USAGE)
			assert_int_equal(status, EXIT_ENVIRONMENT);
	}
	assert_int_equal(fine, 1);
	expect_outcome(tiny_resume("shared"), 0, "6 boots ok, 0 failed, 0 invalid");
	expect_nothing_left(in_test_dir("shared"));
}

/* The library that sets the wall clock of a program. */
static void find_faketime(char *path, size_t size)
{
	glob_t found;

	if (glob("/usr/lib/*/faketime/libfaketime.so.1", 0, NULL, &found))
		skip_test("libfaketime is not installed; run make deps");
	snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
}

/*
 * QEMU runs without the library, which writes where QEMU may not. A program that is
 * linked statically does not load it, and can remove it from the environment.
 */
static void use_qemu_without_preload(void)
{
	write_file(test_dir, "plain.c",
		   "#include <stdlib.h>\n#include <unistd.h>\n"
		   "int main(int argc, char **argv)\n{\n\t(void)argc;\n"
		   "\tunsetenv(\"LD_PRELOAD\");\n\targv[0] = getenv(\"PLAIN_QEMU\");\n"
		   "\treturn execv(argv[0], argv);\n}\n");
	expect_outcome(run_shell("gcc -static -o '%1$s/plain' '%1$s/plain.c'", test_dir), 0, "");
	setenv("PLAIN_QEMU", getenv("QEMU"), 1);
	setenv("QEMU", in_test_dir("plain"), 1);
}

static void set_clock(const char *offset)
{
	char path[256], now[256];

	/* Renamed, so that the program never reads half of it. */
	snprintf(path, sizeof(path), "%s", write_file(test_dir, "clock.new", offset));
	snprintf(now, sizeof(now), "%s/clock", test_dir);
	assert_int_equal(rename(path, now), 0);
}

/* Number of entries of the journal whose time is before that of the one before. */
static int steps_back(const char *name)
{
	char file[64], before[64] = "", *text, *line, *save;
	int steps = 0;

	snprintf(file, sizeof(file), "%s/journal.jsonl", name);
	text = read_file(in_test_dir(file));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *value = json_loads(line, 0, NULL);

		assert_non_null(value);
		steps += strcmp(text_of(value, "time_utc"), before) < 0;
		snprintf(before, sizeof(before), "%s", text_of(value, "time_utc"));
		json_decref(value);
	}
	free(text);
	return steps;
}

static void check_times(void)
{
	glob_t found;
	size_t i;

	assert_int_equal(glob(in_test_dir("stepped/*/*/boot-*/result.json"), 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		json_t *result = load_json(found.gl_pathv[i]);
		const json_t *cycle = item_of(result, "cycles", 0);
		double wall = number_of(json_object_get(cycle, "inflate"), "wall_ns");
		double ready = number_of(result, "ready_ns");

		assert_above(wall, 0);
		assert_below(wall, HOUR_NS);
		assert_above(ready, 0);
		assert_below(ready, HOUR_NS);
		json_decref(result);
	}
	globfree(&found);
}

/* Neither times nor deadlines depend on the wall clock. */
static void clock_is_set(void **state)
{
	static const char *const offsets[] = { "-3650d", "+3650d", "-1d", "+0" };
	char library[256], clock[256], tree[256];
	const char *report[] = { "report", "--no-plots", tree, NULL };
	struct outcome outcome;
	pid_t pid;
	int i;

	(void)state;
	find_faketime(library, sizeof(library));
	snprintf(tree, sizeof(tree), "%s", in_test_dir("stepped"));
	use_qemu_without_preload();
	set_clock("+0");
	snprintf(clock, sizeof(clock), "%s/clock", test_dir);
	setenv("LD_PRELOAD", library, 1);
	setenv("FAKETIME_TIMESTAMP_FILE", clock, 1);
	setenv("FAKETIME_NO_CACHE", "1", 1);
	setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
	setenv("DONT_FAKE_MONOTONIC", "1", 1);
	pid = start("stepped", "20");
	unsetenv("LD_PRELOAD");
	setenv("QEMU", getenv("PLAIN_QEMU"), 1);
	for (i = 0; i < 4; i++) {
		AWAIT(tiny_journal_lines("stepped") >= 3 + 8 * i);
		set_clock(offsets[i]);
	}
	assert_int_equal(wait_program(pid), 0);
	assert_in_range(steps_back("stepped"), 2, 3);
	check_times();
	outcome = run_program("balloonstat", report);
	expect_outcome(outcome, 0, "REPORT.md is written");
	expect_nothing_left(in_test_dir("stepped"));
}

/* Rewrite the version of all files of a pattern. Returns the one that they had. */
static int set_version(const char *tree, const char *pattern, int version)
{
	glob_t found;
	int before = 0;
	size_t i;

	assert_int_equal(glob_below(in_test_dir(tree), pattern, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		json_t *value = load_json(found.gl_pathv[i]);

		before = number_of(value, "schema_version");
		json_object_set_new(value, "schema_version", json_integer(version));
		assert_int_equal(json_dump_file(value, found.gl_pathv[i], 0), 0);
		json_decref(value);
	}
	globfree(&found);
	return before;
}

/* Every command of balloonstat refuses the tree, in one line or more, and writes nothing. */
static void expect_refusals(const char *name, const char *says, bool one_line)
{
	char tree[256], claims[256], new[300], *end;
	const char *const commands[][8] = {
		{ "compare", tree },
		{ "report", tree, "--no-plots", "-o", new },
		{ "export", tree, "--format", "csv", "-o", new },
		{ "gate", tree, "--qos", claims },
		{ "cover-letter", tree },
		{ "history", tree, tree },
	};
	struct outcome outcome;
	size_t i;

	snprintf(tree, sizeof(tree), "%s", in_test_dir(name));
	snprintf(new, sizeof(new), "%s/refused-output", test_dir);
	snprintf(claims, sizeof(claims), "%s",
		 write_file(test_dir, "claims.ini",
			    "[quick]\nclaim = inflate.duration_ns <= 60 s\n"));
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		outcome = run_program("balloonstat", commands[i]);
		assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
		assert_contains(outcome.output, says);
		assert_contains(outcome.output, tree);
		end = strchr(outcome.output, '\n');
		if (one_line && (!end || end[1]))
			fail_msg("expected one line: %s", outcome.output);
		outcome_release(&outcome);
		assert_int_equal(access(new, F_OK), -1);
	}
}

static const char *const versioned[] = { "/env.json", "/plan.json", "/tiny/*/boot-*/result.json" };

/* Whichever file is newer, every command refuses the tree. */
static void newer_version(void **state)
{
	int before;
	size_t i;

	(void)state;
	assert_int_equal(wait_program(start("newer", "2")), 0);
	for (i = 0; i < 3; i++) {
		before = set_version("newer", versioned[i], 99);
		expect_outcome(tiny_resume("newer"), i < 2 ? EXIT_USAGE : EXIT_ENVIRONMENT,
			       "schema_version 99,");
		expect_refusals("newer", "schema_version 99", i < 2);
		set_version("newer", versioned[i], before);
	}
	expect_outcome(tiny_resume("newer"), 0, "4 boots ok, 0 failed, 0 invalid");
}

/* A tree of version 1, which nothing reads any more, is refused in one line. */
static void older_version(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(wait_program(start("older", "2")), 0);
	for (i = 0; i < 3; i++)
		set_version("older", versioned[i], 1);
	expect_refusals("older", "schema_version 1,", true);
	expect_outcome(tiny_resume("older"), EXIT_USAGE, "env.json: schema_version 1,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_benchmarks), cmocka_unit_test(several_into_one_tree),
		cmocka_unit_test(clock_is_set),	  cmocka_unit_test(newer_version),
		cmocka_unit_test(older_version),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

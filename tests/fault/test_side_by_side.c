/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two of a kind at once, and trees from another time: two benchmarks of one
 * checkout, two into one tree, a wall clock that is set while one runs, a tree of a
 * version that is newer.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/glob_below.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/program.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("20 s", "5 s")
#define LOOKS 6000
#define HOUR_NS 3600e9

static int set_up(void **state)
{
	return tiny_set_up(state, TINY);
}

static pid_t begin(const char *name, const char *boots)
{
	const char *args[] = { "run",	  "--accel", "tcg",  "--trace",		"off",
			       "--boots", boots,     "-o",   in_test_dir(name), "--scenario",
			       tiny,	  "-q",	     "--aa", "--variant",	"finalize",
			       NULL };

	return start_program("balloonbench", args);
}

static struct outcome resume(const char *name)
{
	const char *args[] = { "run", "--resume", in_test_dir(name), NULL };

	return run_program("balloonbench", args);
}

/* Until the journal of a tree has so many lines. */
static void await_lines(const char *name, int lines)
{
	char file[64], *text, *at;
	int looks, n = 0;

	snprintf(file, sizeof(file), "%s/journal.jsonl", name);
	for (looks = 0; looks < LOOKS && n < lines; looks++) {
		usleep(5000);
		text = read_file(in_test_dir(file));
		for (n = 0, at = text; at && (at = strchr(at, '\n')); at++)
			n++;
		free(text);
	}
	assert_true(looks < LOOKS);
}

static void two_benchmarks(void **state)
{
	pid_t one = begin("one", "20"), two = begin("two", "20");

	(void)state;
	assert_int_equal(wait_program(one), 0);
	assert_int_equal(wait_program(two), 0);
	expect_outcome(resume("one"), 0, "40 boots ok, 0 failed, 0 invalid");
	expect_outcome(resume("two"), 0, "40 boots ok, 0 failed, 0 invalid");
	expect_nothing_left(in_test_dir("one"));
	expect_nothing_left(in_test_dir("two"));
}

/* Begun at the same moment: one has the tree, the others have said no, and harmed nothing. */
static void several_into_one_tree(void **state)
{
	pid_t pids[4];
	int i, status, fine = 0;

	(void)state;
	for (i = 0; i < 4; i++)
		pids[i] = begin("shared", "3");
	for (i = 0; i < 4; i++) {
		status = wait_program(pids[i]);
		fine += status == 0;
		if (status && status != EXIT_USAGE && status != EXIT_ENVIRONMENT)
			fail_msg("status %d", status);
	}
	assert_int_equal(fine, 1);
	expect_outcome(resume("shared"), 0, "6 boots ok, 0 failed, 0 invalid");
	expect_nothing_left(in_test_dir("shared"));
}

/* The library that steps the wall clock of a program; skips without it. */
static void find_faketime(char *path, size_t size)
{
	glob_t found;

	if (glob("/usr/lib/*/faketime/libfaketime.so.1", 0, NULL, &found)) {
		print_message("# libfaketime is not installed: make deps\n");
		skip();
	}
	snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
}

/*
 * QEMU goes without the library, which would want to write where QEMU may not. A
 * program that is linked statically does not load it, and can take it off.
 */
static void use_qemu_without_preload(void)
{
	char command[1024];

	write_file(test_dir, "plain.c",
		   "#include <stdlib.h>\n#include <unistd.h>\n"
		   "int main(int argc, char **argv)\n{\n\t(void)argc;\n"
		   "\tunsetenv(\"LD_PRELOAD\");\n\targv[0] = getenv(\"PLAIN_QEMU\");\n"
		   "\treturn execv(argv[0], argv);\n}\n");
	snprintf(command, sizeof(command), "gcc -static -o '%1$s/plain' '%1$s/plain.c'", test_dir);
	assert_int_equal(system(command), 0);
	setenv("PLAIN_QEMU", getenv("QEMU"), 1);
	setenv("QEMU", in_test_dir("plain"), 1);
}

static void set_clock(const char *offset)
{
	char path[256], now[256];

	/* Renamed: it is read in the middle of being written otherwise. */
	snprintf(path, sizeof(path), "%s", write_file(test_dir, "clock.new", offset));
	snprintf(now, sizeof(now), "%s/clock", test_dir);
	assert_int_equal(rename(path, now), 0);
}

/* How often the journal's time goes back. */
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
		json_t *result = json_load_file(found.gl_pathv[i], 0, NULL);
		const json_t *cycle = item_of(result, "cycles", 0);
		double wall = number_of(json_object_get(cycle, "inflate"), "wall_ns");
		double ready = number_of(result, "ready_ns");

		assert_true(wall > 0 && wall < HOUR_NS);
		assert_true(ready > 0 && ready < HOUR_NS);
		json_decref(result);
	}
	globfree(&found);
}

/* Nothing is timed, and no deadline kept, by the clock that somebody sets. */
static void the_clock_is_stepped(void **state)
{
	static const char *const offsets[] = { "-3650d", "+3650d", "-1d", "+0" };
	char library[256], clock[256], tree[256];
	const char *report[] = { "report", "--no-plots", tree, NULL };
	struct outcome outcome;
	size_t i;
	pid_t pid;

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
	pid = begin("stepped", "20");
	unsetenv("LD_PRELOAD");
	setenv("QEMU", getenv("PLAIN_QEMU"), 1);
	for (i = 0; i < 4; i++) {
		await_lines("stepped", 3 + 8 * i);
		set_clock(offsets[i]);
	}
	assert_int_equal(wait_program(pid), 0);
	assert_in_range(steps_back("stepped"), 2, 3);
	check_times();
	outcome = run_program("balloonstat", report);
	expect_outcome(outcome, 0, "REPORT.md is written");
	expect_nothing_left(in_test_dir("stepped"));
}

/* In all files of a pattern below the tree. */
static void set_version(const char *pattern, int version)
{
	glob_t found;
	size_t i;

	assert_int_equal(glob_below(in_test_dir("newer"), pattern, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		json_t *value = json_load_file(found.gl_pathv[i], 0, NULL);

		assert_non_null(value);
		json_object_set_new(value, "schema_version", json_integer(version));
		assert_int_equal(json_dump_file(value, found.gl_pathv[i], 0), 0);
		json_decref(value);
	}
	globfree(&found);
}

/* Whatever it is that has the version, every command says which program to take. */
static void a_newer_version(void **state)
{
	static const char *const files[] = { "/env.json", "/plan.json",
					     "/tiny/*/boot-*/result.json" };
	static const char *const words = "written by a newer balloonbench";
	char tree[256], claims[256], new[300];
	const char *const commands[][8] = {
		{ "compare", tree },
		{ "report", tree, "--no-plots", "-o", new },
		{ "export", tree, "--format", "csv", "-o", new },
		{ "gate", tree, "--qos", claims },
		{ "cover-letter", tree },
		{ "history", tree, tree },
	};
	size_t f, c;

	(void)state;
	snprintf(tree, sizeof(tree), "%s", in_test_dir("newer"));
	snprintf(new, sizeof(new), "%s/newer-output", test_dir);
	snprintf(claims, sizeof(claims), "%s",
		 write_file(test_dir, "claims.ini",
			    "[quick]\nclaim = inflate.duration_ns <= 60 s\n"));
	assert_int_equal(wait_program(begin("newer", "2")), 0);
	for (f = 0; f < 3; f++) {
		set_version(files[f], 99);
		expect_outcome(resume("newer"), f < 2 ? EXIT_USAGE : EXIT_ENVIRONMENT, words);
		for (c = 0; c < sizeof(commands) / sizeof(commands[0]); c++)
			expect_outcome(run_program("balloonstat", commands[c]), EXIT_ENVIRONMENT,
				       words);
		assert_int_equal(access(new, F_OK), -1);
		set_version(files[f], 1);
	}
	expect_outcome(resume("newer"), 0, "4 boots ok, 0 failed, 0 invalid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_benchmarks),
		cmocka_unit_test(several_into_one_tree),
		cmocka_unit_test(the_clock_is_stepped),
		cmocka_unit_test(a_newer_version),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

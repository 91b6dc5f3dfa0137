/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs that are killed, and gone on with: nothing that was finished is lost or
 * run twice, the plan stays, and what is another run is refused. QEMU is the
 * fake one, whose boots take a few milliseconds.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/glob_below.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("5 s", "1 s")
#define BOOTS 20
#define VARIANTS 2

static int set_up(void **state)
{
	return tiny_set_up(state, TINY);
}

/* Begin a run of forty boots into a tree of that name. */
static pid_t begin(const char *name)
{
	const char *args[] = { "run",	     "--accel", "tcg",
			       "--trace",    "off",	"--boots",
			       "20",	     "-o",	in_test_dir(name),
			       "--scenario", tiny,	"--variant",
			       "finalize",   "--aa",	NULL };

	return start_program("balloonbench", args);
}

static size_t count(const char *name, const char *pattern)
{
	glob_t found = { .gl_pathc = 0 };
	size_t n = 0;

	if (!glob_below(in_test_dir(name), pattern, &found)) {
		n = found.gl_pathc;
		globfree(&found);
	}
	return n;
}

static size_t finished(const char *name)
{
	return count(name, "/*/*/boot-*/result.json");
}

static struct outcome resume(const char *name)
{
	const char *args[] = { "run", "--resume", in_test_dir(name), NULL };

	return run_program("balloonbench", args);
}

/* Let it finish @boots, and some time of another, then kill it as a power cut would. */
static void run_and_kill(const char *name, size_t boots, unsigned int more_us)
{
	pid_t pid = begin(name);
	int tries;

	for (tries = 0; tries < 3000 && finished(name) < boots; tries++)
		usleep(5000);
	usleep(more_us);
	kill(pid, SIGKILL);
	assert_int_equal(wait_program(pid), 128 + SIGKILL);
	assert_in_range(finished(name), boots, BOOTS * VARIANTS);
}

/* What each result was, by its inode: a boot that is run again has another. */
static void note_inodes(const char *name, char *text, size_t size)
{
	char command[512];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command),
		 "find '%s' -path '*/boot-*/result.json' -printf '%%i %%p\\n' | sort",
		 in_test_dir(name));
	f = popen(command, "r");
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	pclose(f);
}

static void expect_whole(const char *name)
{
	assert_int_equal(finished(name), BOOTS * VARIANTS);
	assert_int_equal(count(name, "/*/*/.boot-*"), 0);
	assert_int_equal(count(name, "/*.??????"), 0);
	assert_int_equal(count_processes(in_test_dir(name)), 0);
}

static void killed_anywhere_it_is_gone_on_with(void **state)
{
	static const unsigned int more_us[] = { 0, 1000, 2500, 4000, 6000, 9000 };
	char name[32], plan[64], before[8192], after[8192], *old, *new, *line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(more_us) / sizeof(more_us[0]); i++) {
		snprintf(name, sizeof(name), "killed-%zu", i);
		run_and_kill(name, 1 + 4 * i, more_us[i]);
		snprintf(plan, sizeof(plan), "%s/plan.json", name);
		old = read_file(in_test_dir(plan));
		note_inodes(name, before, sizeof(before));
		expect_outcome(resume(name), 0, "40 boots ok, 0 failed, 0 invalid");
		expect_whole(name);
		new = read_file(in_test_dir(plan));
		assert_string_equal(old, new);
		note_inodes(name, after, sizeof(after));
		for (line = strtok(before, "\n"); line; line = strtok(NULL, "\n"))
			if (!strstr(after, line))
				fail_msg("it was run again: %s", line);
		free(old);
		free(new);
	}
}

static void what_is_done_is_done(void **state)
{
	pid_t pid = begin("done");

	(void)state;
	assert_int_equal(wait_program(pid), 0);
	expect_outcome(resume("done"), 0, "40 boots ok, 0 failed, 0 invalid");
	expect_whole("done");
}

/* A journal whose last line was cut off: the next line begins on its own. */
static void a_torn_journal_is_mended(void **state)
{
	char path[300], *text, *line, *save;
	FILE *f;

	(void)state;
	run_and_kill("torn", 2, 0);
	snprintf(path, sizeof(path), "%s", in_test_dir("torn/journal.jsonl"));
	f = fopen(path, "a");
	fputs("{\"event\": \"bo", f);
	fclose(f);
	expect_outcome(resume("torn"), 0, "40 boots ok");
	text = read_file(path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *value = json_loads(line, 0, NULL);

		if (!value)
			assert_string_equal(line, "{\"event\": \"bo");
		json_decref(value);
	}
	free(text);
}

/* Change a member of one of the tree's files. */
static void alter(const char *name, const char *file, const char *key, json_t *value)
{
	char path[300];
	json_t *object, *part;

	snprintf(path, sizeof(path), "%s/%s", in_test_dir(name), file);
	object = part = json_load_file(path, 0, NULL);
	assert_non_null(object);
	if (strchr(key, '.')) {
		char first[32];

		snprintf(first, sizeof(first), "%.*s", (int)strcspn(key, "."), key);
		part = json_object_get(object, first);
		key = strchr(key, '.') + 1;
	}
	json_object_set_new(part, key, value);
	assert_int_equal(json_dump_file(object, path, 0), 0);
	json_decref(object);
}

static void another_run_is_refused(void **state)
{
	const char *more[] = { "run", "--resume", in_test_dir("other"), "--boots", "9", NULL };

	(void)state;
	run_and_kill("other", 1, 0);
	expect_outcome(run_program("balloonbench", more), EXIT_USAGE, "only -q and -v go with it");
	alter("other", "env.json", "host.cpus", json_integer(4096));
	expect_outcome(resume("other"), EXIT_USAGE,
		       "the machine's number of CPUs is not what it was");
	alter("other", "env.json", "host.cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	alter("other", "env.json", "kernel.config_sha256", json_string("0"));
	expect_outcome(resume("other"), EXIT_USAGE, "kernel configuration is not what it was");
	run_and_kill("seed", 1, 0);
	alter("seed", "plan.json", "seed", json_integer(7));
	expect_outcome(resume("seed"), EXIT_USAGE, "the order of the boots is not what it was");
	write_file(test_dir, "tiny.ini", TINY "; changed\nrefault = on\n");
	run_and_kill("scenario", 1, 0);
	write_file(test_dir, "tiny.ini", TINY);
	expect_outcome(resume("scenario"), EXIT_USAGE, "scenario tiny is not what it was");
	expect_outcome(resume("nowhere"), EXIT_USAGE, "nowhere/env.json");
}

static void a_damaged_boot_is_named(void **state)
{
	glob_t found;
	FILE *f;

	(void)state;
	run_and_kill("damaged", 2, 0);
	assert_int_equal(glob_below(in_test_dir("damaged"), "/*/*/boot-*/result.json", &found), 0);
	f = fopen(found.gl_pathv[0], "w");
	fputs("{", f);
	fclose(f);
	globfree(&found);
	expect_outcome(resume("damaged"), EXIT_ENVIRONMENT,
		       "remove its directory, and it is run again");
}

static void two_do_not_write_into_one_tree(void **state)
{
	pid_t pid = begin("busy");
	int tries;

	(void)state;
	for (tries = 0; tries < 3000 && finished("busy") < 1; tries++)
		usleep(5000);
	/* It must not be done before the other has lost its patience. */
	kill(pid, SIGSTOP);
	expect_outcome(resume("busy"), EXIT_ENVIRONMENT, "another balloonbench writes into it");
	kill(pid, SIGCONT);
	assert_int_equal(wait_program(pid), 0);
	expect_whole("busy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_anywhere_it_is_gone_on_with),
		cmocka_unit_test(what_is_done_is_done),
		cmocka_unit_test(a_torn_journal_is_mended),
		cmocka_unit_test(another_run_is_refused),
		cmocka_unit_test(a_damaged_boot_is_named),
		cmocka_unit_test(two_do_not_write_into_one_tree),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

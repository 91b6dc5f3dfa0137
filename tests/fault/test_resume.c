/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --resume after a run was killed: no finished boot is lost or run twice, the plan
 * stays the same, and a run that differs is refused. The fake QEMU boots in a few
 * milliseconds.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/exit_status.h"
#include "lib/directory.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("5 s", "1 s")
#define BOOTS 20
#define VARIANTS 2

static int set_up(void **state)
{
	return tiny_set_up(state, TINY);
}

/* Start a run of forty boots. */
static pid_t start(const char *name)
{
	return tiny_start(name, "--trace", "off", "--boots", "20", "--aa");
}

/* Kill a run, as a power cut would, @more_us after it has finished @boots. */
static void run_and_kill(const char *name, size_t boots, unsigned int more_us)
{
	pid_t pid = start(name);

	AWAIT(tiny_finished(name) >= boots);
	usleep(more_us);
	kill(pid, SIGKILL);
	assert_int_equal(wait_program(pid), 128 + SIGKILL);
	assert_in_range(tiny_finished(name), boots, BOOTS * VARIANTS);
}

/* Inode and path of each result: a boot that is run again has another inode. */
static char *inodes(const char *name)
{
	struct outcome outcome =
		run_shell("find '%s' -path '*/boot-*/result.json' -printf '%%i %%p\n' | sort",
			  in_test_dir(name));

	return outcome.output;
}

static void expect_complete(const char *name)
{
	const char *tree = in_test_dir(name);

	assert_int_equal(tiny_finished(name), BOOTS * VARIANTS);
	assert_int_equal(count_paths(tree, "/*/*/.boot-*"), 0);
	assert_int_equal(count_paths(tree, "/*.??????"), 0);
	assert_int_equal(count_processes(tree), 0);
}

static void killed_at_any_time(void **state)
{
	static const unsigned int more_us[] = { 0, 1000, 2500, 4000, 6000, 9000 };
	char name[32], plan[64], *before, *after, *old, *new, *line, *save;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(more_us) / sizeof(more_us[0]); i++) {
		snprintf(name, sizeof(name), "killed-%zu", i);
		run_and_kill(name, 1 + 4 * i, more_us[i]);
		snprintf(plan, sizeof(plan), "%s/plan.json", name);
		old = read_file(in_test_dir(plan));
		before = inodes(name);
		expect_outcome(tiny_resume(name), 0, "40 boots ok, 0 failed, 0 invalid");
		expect_complete(name);
		new = read_file(in_test_dir(plan));
		assert_string_equal(old, new);
		after = inodes(name);
		line = strtok_r(before, "\n", &save);
		assert_non_null(line);
		for (; line; line = strtok_r(NULL, "\n", &save))
			assert_contains(after, line);
		free(before);
		free(after);
		free(old);
		free(new);
	}
}

static void complete_run_runs_nothing(void **state)
{
	pid_t pid = start("done");

	(void)state;
	assert_int_equal(wait_program(pid), 0);
	expect_outcome(tiny_resume("done"), 0, "40 boots ok, 0 failed, 0 invalid");
	expect_complete("done");
}

/* A journal whose last line was cut off: the next entry starts a new line. */
static void torn_journal(void **state)
{
	char *path, *text, *line, *save;
	FILE *f;

	(void)state;
	run_and_kill("torn", 2, 0);
	path = strdup(in_test_dir("torn/journal.jsonl"));
	f = fopen(path, "a");
	fputs("{\"event\": \"bo", f);
	fclose(f);
	expect_outcome(tiny_resume("torn"), 0, "40 boots ok");
	text = read_file(path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *value = json_loads(line, 0, NULL);

		if (!value)
			assert_string_equal(line, "{\"event\": \"bo");
		json_decref(value);
	}
	free(text);
	free(path);
}

/* Change a member, "key" or "object.key", of one of the tree's files; NULL removes it. */
static void alter(const char *name, const char *file, const char *key, json_t *value)
{
	char path[300];
	json_t *object, *part;

	snprintf(path, sizeof(path), "%s/%s", in_test_dir(name), file);
	object = part = load_json(path);
	if (strchr(key, '.')) {
		char first[32];

		snprintf(first, sizeof(first), "%.*s", (int)strcspn(key, "."), key);
		part = json_object_get(object, first);
		key = strchr(key, '.') + 1;
	}
	if (value)
		json_object_set_new(part, key, value);
	else
		json_object_del(part, key);
	assert_int_equal(json_dump_file(object, path, 0), 0);
	json_decref(object);
}

/* Set a fact of the kernel, "cuts", or of the QEMU, "qemus", as it was when the run began. */
static void alter_image(const char *list, const char *name, const char *key, const char *value)
{
	json_t *env = load_json(in_test_dir("image/env.json"));
	json_t *images = json_object_get(env, list);

	json_object_set_new(json_object_get(images, name), key, json_string(value));
	alter("image", "env.json", list, json_incref(images));
	json_decref(env);
}

/* What a kernel is must be the same; what it was built from may be written in another way. */
static void different_images_are_refused(void)
{
	static const char *const keys[] = { "build_id",	     "release",	 "key",
					    "config_sha256", "compiler", "patches_sha256" };
	char *env;
	size_t i;

	run_and_kill("image", 1, 0);
	env = read_file(in_test_dir("image/env.json"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		alter_image("cuts", "finalize", keys[i], "other");
		expect_outcome(tiny_resume("image"), EXIT_USAGE,
			       "the kernel of cut finalize has changed since the run began");
		write_file(test_dir, "image/env.json", env);
	}
	alter_image("qemus", "default", "path", "/usr/bin/other");
	expect_outcome(tiny_resume("image"), EXIT_USAGE,
		       "the QEMU default has changed since the run began");
	write_file(test_dir, "image/env.json", env);
	alter_image("qemus", "default", "version", "1.0");
	expect_outcome(tiny_resume("image"), EXIT_USAGE,
		       "the QEMU default has changed since the run began");
	write_file(test_dir, "image/env.json", env);
	/* As of a run before QEMUs had names. */
	alter("image", "env.json", "qemus", NULL);
	alter("image", "env.json", "qemu.path", json_string("/usr/bin/other"));
	expect_outcome(tiny_resume("image"), EXIT_USAGE, "QEMU has changed since the run began");
	write_file(test_dir, "image/env.json", env);
	alter_image("cuts", "finalize", "subject", "spelled in another way");
	expect_outcome(tiny_resume("image"), 0, "40 boots ok");
	free(env);
}

static void different_run_is_refused(void **state)
{
	const char *more[] = { "run", "--resume", in_test_dir("other"), "--boots", "9", NULL };

	(void)state;
	run_and_kill("other", 1, 0);
	expect_outcome(run_program("balloonbench", more), EXIT_USAGE,
		       "only -q and -v go with it, not --boots");
	alter("other", "env.json", "host.cpus", json_integer(4096));
	expect_outcome(tiny_resume("other"), EXIT_USAGE,
		       "the machine's number of CPUs has changed since the run began");
	alter("other", "env.json", "host.cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	alter("other", "env.json", "kernel.config_sha256", json_string("0"));
	expect_outcome(tiny_resume("other"), EXIT_USAGE,
		       "kernel configuration has changed since the run began");
	different_images_are_refused();
	run_and_kill("seed", 1, 0);
	alter("seed", "plan.json", "seed", json_integer(7));
	expect_outcome(tiny_resume("seed"), EXIT_USAGE,
		       "the order of the boots has changed since the run began");
	write_file(test_dir, "tiny.ini", TINY "; changed\nrefault = on\n");
	run_and_kill("scenario", 1, 0);
	write_file(test_dir, "tiny.ini", TINY);
	expect_outcome(tiny_resume("scenario"), EXIT_USAGE,
		       "scenario tiny has changed since the run began");
	expect_outcome(tiny_resume("nowhere"), EXIT_USAGE, "nowhere/env.json");
}

static void damaged_result_is_named(void **state)
{
	glob_t found;
	FILE *f;

	(void)state;
	run_and_kill("damaged", 2, 0);
	assert_int_equal(glob_below(in_test_dir("damaged"), "/*/*/boot-*/result.json", &found), 0);
	f = fopen(found.gl_pathv[0], "w");
	fputs("{", f);
	fclose(f);
	expect_outcome(tiny_resume("damaged"), EXIT_ENVIRONMENT, found.gl_pathv[0],
		       "remove its directory to run it again");
	globfree(&found);
}

static void tree_in_use(void **state)
{
	pid_t pid = start("busy");

	(void)state;
	AWAIT(tiny_finished("busy") >= 1);
	/* It must not be done before the other has given up waiting for it. */
	kill(pid, SIGSTOP);
	expect_outcome(tiny_resume("busy"), EXIT_ENVIRONMENT,
		       "another balloonbench writes into it");
	kill(pid, SIGCONT);
	assert_int_equal(wait_program(pid), 0);
	expect_complete("busy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_time),
		cmocka_unit_test(complete_run_runs_nothing),
		cmocka_unit_test(torn_journal),
		cmocka_unit_test(different_run_is_refused),
		cmocka_unit_test(damaged_result_is_named),
		cmocka_unit_test(tree_in_use),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs that die again and again, at any moment, and are gone on with: at last there
 * is the tree that a run has which nothing happened to, by the same plan, and on the
 * way nothing that was finished is lost.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/boot/perf.h"
#include "lib/glob_below.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/program.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("20 s", "5 s")
/* Two variants of which each has so many boots in the end, and two to begin with. */
#define BOOTS 6
#define ROUNDS 5
#define DEATHS_MAX 200

static int set_up(void **state)
{
	return tiny_set_up(state, TINY);
}

/* The plan grows while it is run: no two boots are ready after the same time. */
static pid_t begin(const char *name)
{
	const char *args[] = { "run",
			       "--accel",
			       "tcg",
			       "--trace",
			       "off",
			       "--boots",
			       "2",
			       "-o",
			       in_test_dir(name),
			       "--scenario",
			       tiny,
			       "--variant",
			       "finalize",
			       "--aa",
			       "--seed",
			       "7",
			       "--until-ci",
			       "1e-9%",
			       "--until-metric",
			       "ready_ns",
			       "--max-boots",
			       "6",
			       NULL };

	return start_program("balloonbench", args);
}

static pid_t go_on(const char *name)
{
	const char *args[] = { "run", "--resume", in_test_dir(name), NULL };

	return start_program("balloonbench", args);
}

static size_t finished(const char *name)
{
	glob_t found = { .gl_pathc = 0 };
	size_t n = 0;

	if (!glob_below(in_test_dir(name), "/*/*/boot-*/result.json", &found)) {
		n = found.gl_pathc;
		globfree(&found);
	}
	return n;
}

/* All paths of a tree, in order; to be freed. */
static char *structure_of(const char *name)
{
	char command[512], list[256];

	snprintf(list, sizeof(list), "%s/list", test_dir);
	snprintf(command, sizeof(command), "cd '%s' && find . | LC_ALL=C sort >'%s'",
		 in_test_dir(name), list);
	assert_int_equal(system(command), 0);
	return read_file(list);
}

static json_t *plan_of(const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/plan.json", name);
	return json_load_file(in_test_dir(file), 0, NULL);
}

/* As a tree that was begun has; one that was not is removed, which loses nothing. */
static bool is_begun(const char *name)
{
	json_t *plan = plan_of(name);
	bool begun = plan != NULL;

	if (!begun) {
		assert_int_equal(finished(name), 0);
		remove_tree(in_test_dir(name));
	}
	json_decref(plan);
	return begun;
}

/* Let it die after so long, and return its status: 0 where it was done before. */
static int live_for(pid_t pid, unsigned int us)
{
	usleep(us);
	kill(pid, SIGKILL);
	return wait_program(pid);
}

static int die_and_go_on(const char *name, unsigned int *seed)
{
	size_t before = 0, after;
	int deaths, status;

	for (deaths = 0; deaths < DEATHS_MAX; deaths++) {
		/* On a busy machine it may get nowhere in a short life: later lives are longer. */
		unsigned int us = rand_r(seed) % (60000 + 5000 * deaths);

		status = live_for(is_begun(name) ? go_on(name) : begin(name), us);
		after = finished(name);
		if (after < before)
			fail_msg("%zu boots were finished, now it is %zu", before, after);
		before = after;
		expect_no_process(in_test_dir(name));
		if (!status)
			break;
		assert_int_equal(status, 128 + SIGKILL);
	}
	assert_true(deaths < DEATHS_MAX);
	return deaths;
}

static void at_last_it_is_the_same_tree(void **state)
{
	unsigned int seed = 20170412;
	char name[32], *wanted, *got;
	json_t *plan, *planned;
	int i, deaths = 0;

	(void)state;
	assert_int_equal(wait_program(begin("whole")), 0);
	assert_int_equal(finished("whole"), 2 * BOOTS);
	wanted = structure_of("whole");
	planned = plan_of("whole");
	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "cut-%d", i);
		deaths += die_and_go_on(name, &seed);
		got = structure_of(name);
		assert_string_equal(got, wanted);
		free(got);
		plan = plan_of(name);
		if (!json_equal(json_object_get(plan, "order"), json_object_get(planned, "order")))
			fail_msg("%s has another plan", name);
		json_decref(plan);
		expect_nothing_left(in_test_dir(name));
	}
	print_message("# %d deaths in %d runs\n", deaths, ROUNDS);
	assert_true(deaths > ROUNDS);
	json_decref(planned);
	free(wanted);
}

/* Victims on the host and perf, which a run starts beside QEMU, die with it as QEMU does. */
static void none_of_its_processes_outlives_it(void **state)
{
	char out[256], path[256];
	const char *args[] = { "run", "--scenario", path,  "--variant", "finalize", "--boots",
			       "900", "--accel",    "tcg", "--trace",	"off",	    "--perf",
			       "-q",  "-o",	    out,   NULL };
	char err[256];
	int looks, i;
	pid_t pid;

	(void)state;
	if (perf_available(err, sizeof(err))) {
		print_message("# %s\n", err);
		skip();
	}
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "company.ini",
			    TINY "[victims]\nhost = sched@0 bandwidth@0\ncalm = 1 s\n"));
	for (i = 0; i < 3; i++) {
		snprintf(out, sizeof(out), "%s/company-%d", test_dir, i);
		pid = start_program("balloonbench", args);
		/* Itself, its victims (by the same command line), QEMU, and perf. */
		for (looks = 0; looks < 6000 && count_processes(out) < 5; looks++)
			usleep(1000);
		kill(pid, SIGKILL);
		assert_int_equal(wait_program(pid), 128 + SIGKILL);
		assert_true(looks < 6000);
		expect_no_process(out);
	}
}

/* What a death in the middle of a write leaves: --resume removes it, also beside the plan. */
static void temporary_files_are_removed(void **state)
{
	(void)state;
	assert_int_equal(wait_program(begin("temporary")), 0);
	write_file(test_dir, "temporary/plan.json.a1B2c3", "{");
	write_file(test_dir, "temporary/env.json.XyZ012", "");
	write_file(test_dir, "temporary/tiny/finalize/.boot-09/result.json.a1B2c3", "{");
	assert_int_equal(wait_program(go_on("temporary")), 0);
	expect_nothing_left(in_test_dir("temporary"));
	assert_int_equal(finished("temporary"), 2 * BOOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_last_it_is_the_same_tree),
		cmocka_unit_test(none_of_its_processes_outlives_it),
		cmocka_unit_test(temporary_files_are_removed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs that are killed at random moments and resumed, again and again: the tree is in
 * the end that of a run without a kill, by the same plan, and no finished boot is lost
 * on the way.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/boot/boot.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("20 s", "5 s")
/* Boots of each of the two variants in the end; six of them are planned at the start. */
#define BOOTS 8
#define ROUNDS 5
#define KILLS_MAX 200

static int set_up(void **state)
{
	return tiny_set_up(state, TINY);
}

/* The plan grows during the run: no two boots are ready after the same time. */
static pid_t start(const char *name)
{
	return tiny_start(name, "--trace", "off", "--boots", "6", "--aa", "--seed", "7",
			  "--until-ci", "1e-9%", "--until-metric", "ready_ns", "--max-boots", "8");
}

/* All paths of a tree, sorted; to be freed. */
static char *structure_of(const char *name)
{
	struct outcome outcome = run_shell("cd '%s' && find . | LC_ALL=C sort", in_test_dir(name));

	assert_int_equal(outcome.status, 0);
	return outcome.output;
}

static json_t *plan_of(const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/plan.json", name);
	return json_load_file(in_test_dir(file), 0, NULL);
}

/* Whether a tree has a plan; one that has none is removed, which loses nothing. */
static bool has_begun(const char *name)
{
	json_t *plan = plan_of(name);
	bool begun = plan != NULL;

	if (!begun) {
		assert_int_equal(tiny_finished(name), 0);
		remove_tree(in_test_dir(name));
	}
	json_decref(plan);
	return begun;
}

/* Kill a run after so long. Returns its status: 0 if it was complete before. */
static int kill_after(pid_t pid, unsigned int us)
{
	usleep(us);
	kill(pid, SIGKILL);
	return wait_program(pid);
}

static int kill_and_resume(const char *name, unsigned int *seed)
{
	size_t before = 0, after;
	int kills, status;

	for (kills = 0; kills < KILLS_MAX; kills++) {
		/* On a busy machine a short run finishes nothing: later ones are longer. */
		unsigned int us = rand_r(seed) % (60000 + 5000 * kills);

		status = kill_after(has_begun(name) ? tiny_start_resume(name) : start(name), us);
		after = tiny_finished(name);
		if (after < before)
			fail_msg("%zu boots were finished, now there are %zu", before, after);
		before = after;
		expect_no_process(in_test_dir(name));
		if (!status)
			break;
		assert_int_equal(status, 128 + SIGKILL);
	}
	assert_below(kills, KILLS_MAX);
	return kills;
}

static void tree_is_complete_in_the_end(void **state)
{
	unsigned int seed = 20170412;
	char name[32], *wanted, *got;
	json_t *plan, *planned;
	int i, kills = 0;

	(void)state;
	assert_int_equal(wait_program(start("whole")), 0);
	assert_int_equal(tiny_finished("whole"), 2 * BOOTS);
	wanted = structure_of("whole");
	planned = plan_of("whole");
	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "cut-%d", i);
		kills += kill_and_resume(name, &seed);
		got = structure_of(name);
		assert_string_equal(got, wanted);
		free(got);
		plan = plan_of(name);
		if (!json_equal(json_object_get(plan, "order"), json_object_get(planned, "order")))
			fail_msg("%s has a different plan", name);
		json_decref(plan);
		expect_nothing_left(in_test_dir(name));
	}
	print_message("# %d kills in %d runs\n", kills, ROUNDS);
	assert_above(kills, ROUNDS);
	json_decref(planned);
	free(wanted);
}

/* Victims on the host and perf, which a run starts beside QEMU, end with it as QEMU does. */
static void no_process_is_left_behind(void **state)
{
	char out[256], path[256];
	const char *args[] = { "run", "--scenario", path,  "--variant", "finalize", "--boots",
			       "900", "--accel",    "tcg", "--trace",	"off",	    "--perf",
			       "-q",  "-o",	    out,   NULL };
	char err[256];
	pid_t pid;
	int i;

	(void)state;
	if (perf_available(err, sizeof(err)))
		skip_test("%s", err);
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "company.ini",
			    TINY "[victims]\nhost = sched@0 bandwidth@0\ncalm = 1 s\n"));
	for (i = 0; i < 3; i++) {
		snprintf(out, sizeof(out), "%s/company-%d", test_dir, i);
		pid = start_program("balloonbench", args);
		/* Itself, its victims (by the same command line), QEMU, and perf. */
		AWAIT(count_processes(out) >= 5);
		kill(pid, SIGKILL);
		assert_int_equal(wait_program(pid), 128 + SIGKILL);
		expect_no_process(out);
	}
}

/* --resume removes what a kill in the middle of a write leaves, also beside the plan. */
static void temporary_files_are_removed(void **state)
{
	(void)state;
	assert_int_equal(wait_program(start("temporary")), 0);
	write_file(test_dir, "temporary/plan.json.a1B2c3", "{");
	write_file(test_dir, "temporary/env.json.XyZ012", "");
	write_file(test_dir, "temporary/tiny/finalize/.boot-09/result.json.a1B2c3", "{");
	assert_int_equal(wait_program(tiny_start_resume("temporary")), 0);
	expect_nothing_left(in_test_dir("temporary"));
	assert_int_equal(tiny_finished("temporary"), 2 * BOOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_is_complete_in_the_end),
		cmocka_unit_test(no_process_is_left_behind),
		cmocka_unit_test(temporary_files_are_removed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench submit with a Slurm of its own: munged, slurmctld and a slurmd for each of two nodes
 * on this machine, all below the test's directory. A node dies in the middle, and a task nears its
 * time limit: no finished boot is lost or run twice, and the merged tree has all of the plan, with
 * the verdicts of a run in one piece. The fake QEMU says hello after a second and a half.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/slurm.h"
#include "tests/helpers/tiny.h"

#define BOOTS 4
#define SHARD_BOOTS (BOOTS * SLURM_VARIANTS / 2)

static int set_up(void **state)
{
	if (tiny_set_up(state, TINY_WITHIN("120 s", "60 s")))
		return -1;
	setenv("FAKE_QEMU", "late-hello", 1);
	slurm_register_qemu(getenv("QEMU"));
	slurm_start();
	return 0;
}

static int tear_down(void **state)
{
	slurm_stop();
	return test_dir_tear_down(state);
}

/* Finished boots of a shard. */
static size_t finished(const char *tree, int shard)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.shards/shard-%d", tree, shard);
	return count_paths(in_test_dir(path), "/*/*/boot-*/result.json");
}

/* Inode and path of each result of a shard: a boot that is run again has another inode. */
static char *inodes(const char *tree, int shard)
{
	return run_shell("find '%s.shards/shard-%d' -path '*/boot-*/result.json' "
			 "-printf '%%i %%p\n' | sort",
			 in_test_dir(tree), shard)
		.output;
}

static char *log_of(const char *tree, int shard)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.shards/shard-%d.log", tree, shard);
	return read_file(in_test_dir(path));
}

static int node_of(const char *tree, int shard)
{
	char *log = log_of(tree, shard), *at = strstr(log, " on node n");
	int node = at ? atoi(at + strlen(" on node n")) : 0;

	free(log);
	assert_in_range(node, 1, SLURM_NODES);
	return node;
}

/* What was there is still the same. */
static void expect_kept(char *before, char *after)
{
	char *line, *save;

	for (line = strtok_r(before, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_contains(after, line);
	free(before);
	free(after);
}

static void node_dies_in_the_middle(void **state)
{
	char *before, *log;
	int node;

	(void)state;
	need_slurm();
	slurm_submit("died", tiny, BOOTS);
	AWAIT_WITHIN(300, finished("died", 1) >= 2);
	node = node_of("died", 1);
	slurm_kill_node(node);
	before = inodes("died", 1);
	assert_in_range(finished("died", 1), 2, SHARD_BOOTS - 1);
	slurm_start_node(node);
	slurm_expect_whole("died", BOOTS);
	expect_kept(before, inodes("died", 1));
	log = log_of("died", 1);
	assert_contains(log, "start 2");
	free(log);
	assert_int_equal(finished("died", 1), SHARD_BOOTS);
}

static void time_limit_is_near(void **state)
{
	char *before, *log;

	(void)state;
	need_slurm();
	slurm_await_idle();
	slurm_submit("limit", tiny, BOOTS);
	AWAIT_WITHIN(300, finished("limit", 2) >= 2);
	before = inodes("limit", 2);
	expect_shell("scancel", run_shell("scancel --batch --signal=USR1 "
					  "$(squeue -h -r -t R -o '%%F_%%K' | grep '_2$')"));
	slurm_expect_whole("limit", BOOTS);
	expect_kept(before, inodes("limit", 2));
	log = log_of("limit", 2);
	assert_contains(log, "start 2");
	free(log);
	/* The other task has its own limit. */
	log = log_of("limit", 1);
	assert_lacks(log, "start 2");
	free(log);
}

static char *compare(const char *tree)
{
	return run_shell("'%s' compare '%s' --json", build_path("balloonstat"), in_test_dir(tree))
		.output;
}

/* Durations differ from run to run, so both trees get those of one. */
static void same_verdicts_as_one_run(void **state)
{
	struct outcome outcome;
	char *merged, *one;

	(void)state;
	need_slurm();
	setenv("FAKE_QEMU", "good", 1);
	/* Boots may be invalid: the machine is overloaded. */
	outcome = run_shell("'%s' run %s --scenario '%s' --boots %d -o '%s'",
			    build_path("balloonbench"), slurm_run_options, tiny, BOOTS,
			    in_test_dir("one"));
	assert_contains(outcome.output, " 0 failed");
	outcome_release(&outcome);
	expect_shell("copy", run_shell("cd '%s/died' && for f in */*/boot-*/result.json; do "
				       "cp $f ../one/$f || exit; done",
				       test_dir));
	merged = compare("died");
	one = compare("one");
	assert_contains(one, "\"verdict\"");
	assert_string_equal(merged, one);
	free(merged);
	free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_dies_in_the_middle),
		cmocka_unit_test(time_limit_is_near),
		cmocka_unit_test(same_verdicts_as_one_run),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

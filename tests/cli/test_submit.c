/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench submit without Slurm: its scripts, what it refuses, and how it calls sbatch. */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <sys/stat.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define SUBMIT(...)                                                                                \
	run_program("balloonbench", (const char *const[]){ "submit", __VA_ARGS__, NULL })

static void scripts_are_printed(void **state)
{
	struct outcome outcome;
	char *dir = strdup(in_test_dir("it's here"));

	(void)state;
	outcome = SUBMIT("--shards", "3", "--dry-run", "--slurm", "-p", "lab", "--time=5", "--",
			 "--scenario", "smoke", "-o", dir, "--boots", "6", "--variant", "list");
	assert_int_equal(outcome.status, 0);
	assert_contains(outcome.output, "#!/bin/sh\n#SBATCH --job-name=balloonbench\n");
	assert_contains(outcome.output, "#SBATCH --array=1-3\n#SBATCH --requeue\n");
	assert_contains(outcome.output, " -p lab --time=5 ");
	assert_contains(outcome.output,
			"\nset -- --scenario smoke --boots 6 --variant list --seed=");
	/* Only quoted. */
	assert_contains(outcome.output, "it'\\''s here");
	assert_lacks(outcome.output, "it's here");
	assert_contains(outcome.output, "--dependency=afterany:JOB");
	assert_contains(outcome.output, "balloonstat\" merge ");
	assert_int_equal(access(dir, F_OK), -1);
	outcome_release(&outcome);
	free(dir);
}

/* A shell reads the scripts. */
static void scripts_are_valid(void **state)
{
	struct outcome outcome = run_shell(
		"'%s' submit --dry-run --slurm -- --scenario smoke -o '%s' | grep -v '^# ' | sh -n",
		build_path("balloonbench"), in_test_dir("x"));

	(void)state;
	assert_string_equal(outcome.output, "");
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
}

/* However the output is said: each task has one of its own. */
static void seed_is_kept_and_output_is_not(void **state)
{
	static const char *const outputs[][2] = { { "-ox" }, { "-qox" }, { "-o", "x" } };
	struct outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		outcome = SUBMIT("--dry-run", "--slurm", "--", "--scenario", "smoke", "--seed", "5",
				 outputs[i][0], outputs[i][1]);
		assert_contains(outcome.output, "set -- --scenario smoke --seed 5\n");
		outcome_release(&outcome);
	}
}

/* It is an option of neither sbatch nor a shard. */
static void nothing_is_submitted_by_a_dry_run(void **state)
{
	struct outcome first = SUBMIT("--dry-run", "--slurm", "-p", "lab", "--", "--seed", "5"), o;

	(void)state;
	assert_int_equal(first.status, 0);
	o = SUBMIT("--slurm", "-p", "--dry-run", "lab", "--", "--seed", "5");
	assert_string_equal(o.output, first.output);
	outcome_release(&o);
	o = SUBMIT("--slurm", "-p", "lab", "--", "--seed", "--dry-run", "5");
	assert_string_equal(o.output, first.output);
	outcome_release(&o);
	outcome_release(&first);
}

static void refused(void **state)
{
	(void)state;
	expect_outcome(SUBMIT("--", "--scenario", "smoke"), EXIT_USAGE, "--slurm is missing");
	expect_outcome(SUBMIT("--slurm", "-p", "lab"), EXIT_USAGE, "'--' is missing");
	expect_outcome(SUBMIT("--slurm", "--array=1-2", "--", "-q"), EXIT_USAGE,
		       "--array=1-2: submit sets it itself");
	expect_outcome(SUBMIT("--slurm", "-d", "1", "--", "-q"), EXIT_USAGE,
		       "-d: submit sets it itself");
	expect_outcome(SUBMIT("--slurm", "--", "--shard", "1/2"), EXIT_USAGE,
		       "submit gives each task its own");
	expect_outcome(SUBMIT("--slurm", "--", "--resume", "x"), EXIT_USAGE,
		       "a task resumes its shard itself");
	expect_outcome(SUBMIT("--slurm", "--", "--until-ci", "5%"), EXIT_USAGE, "--until-ci");
	expect_outcome(SUBMIT("--slurm", "--", "--bots", "5"), EXIT_USAGE,
		       "unknown option: --bots; did you mean --boots?");
	expect_outcome(SUBMIT("--slurm", "--", "--scenario", "smike"), EXIT_USAGE, "smike");
	expect_outcome(SUBMIT("--shards", "0", "--slurm", "--", "-q"), EXIT_USAGE,
		       "expected an integer in [1, 999]");
}

/* An sbatch that writes down how it was called, and gives jobs the numbers 100 and 101. */
static void put_sbatch(void)
{
	char path[512];

	write_file(in_test_dir("bin"), "sbatch",
		   "#!/bin/sh\n"
		   "echo \"$@\" >>\"$TEST_LOG\"\n"
		   "n=$(wc -l <\"$TEST_LOG\")\n"
		   "[ \"$n\" != \"$TEST_FAILS\" ] || { echo 'no such partition' >&2; exit 1; }\n"
		   "echo \"$((99 + n));cluster\"\n");
	assert_int_equal(chmod(in_test_dir("bin/sbatch"), 0755), 0);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", in_test_dir("bin"));
	setenv("PATH", path, 1);
	setenv("TEST_LOG", in_test_dir("calls"), 1);
	unlink(in_test_dir("calls"));
}

static void two_jobs_are_submitted(void **state)
{
	char *calls, *second, *dir = strdup(in_test_dir("whole"));

	(void)state;
	put_sbatch();
	setenv("TEST_FAILS", "0", 1);
	expect_outcome(SUBMIT("--shards", "2", "--slurm", "-p", "lab", "--", "--scenario", "smoke",
			      "-o", dir),
		       0, "job 100: shards 1 to 2", "job 101: merges them");
	calls = read_file(in_test_dir("calls"));
	assert_contains(calls, "--parsable --output=");
	assert_contains(calls, "/whole.shards/shard-%a.log -p lab ");
	second = strchr(calls, '\n');
	assert_non_null(second);
	assert_contains(second, "--dependency=afterany:100 -p lab ");
	assert_contains(second, "/whole.shards/merge.sh");
	assert_int_equal(access(in_test_dir("whole.shards/shard.sh"), R_OK), 0);
	expect_outcome(SUBMIT("--slurm", "--", "--scenario", "smoke", "-o", dir), EXIT_USAGE,
		       "choose a new directory with -o");
	free(calls);
	free(dir);
}

static void slurm_refuses(void **state)
{
	(void)state;
	put_sbatch();
	setenv("TEST_FAILS", "1", 1);
	expect_outcome(SUBMIT("--slurm", "--", "--scenario", "smoke", "-o", in_test_dir("first")),
		       EXIT_ENVIRONMENT, "sbatch failed: no such partition");
	unlink(in_test_dir("calls"));
	setenv("TEST_FAILS", "2", 1);
	expect_outcome(SUBMIT("--slurm", "--", "--scenario", "smoke", "-o", in_test_dir("second")),
		       EXIT_ENVIRONMENT, "job 100 runs without the job that merges",
		       "`scancel 100` ends it");
	setenv("PATH", "/nowhere", 1);
	expect_outcome(SUBMIT("--slurm", "--", "--scenario", "smoke", "-o", in_test_dir("third")),
		       EXIT_ENVIRONMENT, "cannot run sbatch: no such program");
	setenv("PATH", "/usr/bin:/bin", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_are_printed),
		cmocka_unit_test(scripts_are_valid),
		cmocka_unit_test(seed_is_kept_and_output_is_not),
		cmocka_unit_test(nothing_is_submitted_by_a_dry_run),
		cmocka_unit_test(refused),
		cmocka_unit_test(two_jobs_are_submitted),
		cmocka_unit_test(slurm_refuses),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

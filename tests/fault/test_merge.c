/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat merge: the shards of a plan become the tree of one run; what does not belong together
 * is refused, and what is missing is named with the command that runs it.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

#define BOOTS "6"

/* Shards 1 to 3 of 3, and the same plan in one run. */
static int set_up(void **state)
{
	static const char *const shards[] = { "1/3", "2/3", "3/3" };
	char tree[16];
	size_t i;

	if (tiny_set_up(state, TINY_WITHIN("5 s", "1 s")))
		return -1;
	for (i = 0; i < 3; i++) {
		snprintf(tree, sizeof(tree), "shard-%zu", i + 1);
		expect_outcome(tiny_run(tree, "--trace", "off", "--boots", BOOTS, "--aa", "--seed",
					"7", "--shard", shards[i]),
			       0, "4 boots ok");
	}
	expect_outcome(tiny_run("one", "--trace", "off", "--boots", BOOTS, "--aa", "--seed", "7"),
		       0, "12 boots ok");
	return 0;
}

static void copy_tree(const char *from, const char *to)
{
	struct outcome outcome = run_shell("cp -r '%s' '%s'", in_test_dir(from), in_test_dir(to));

	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
}

/* Merge up to three trees below the test's directory; NULL: none. */
static struct outcome merge(const char *to, const char *a, const char *b, const char *c)
{
	const char *const names[] = { a, b, c };
	const char *args[8] = { "merge", "-o" };
	char paths[4][256];
	size_t i, n = 2;

	snprintf(paths[3], sizeof(paths[3]), "%s", in_test_dir(to));
	args[n++] = paths[3];
	for (i = 0; i < 3; i++) {
		if (!names[i])
			continue;
		snprintf(paths[i], sizeof(paths[i]), "%s", in_test_dir(names[i]));
		args[n++] = paths[i];
	}
	return run_program("balloonstat", args);
}

static char *compare(const char *tree)
{
	struct outcome outcome =
		run_program("balloonstat",
			    (const char *const[]){ "compare", in_test_dir(tree), "--json", NULL });

	assert_int_equal(outcome.status, 0);
	return outcome.output;
}

static json_t *load(const char *tree, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", tree, file);
	return load_json(in_test_dir(path));
}

/* The results of a tree, by their paths: numbers that the fake QEMU does not measure. */
static char *list_boots(const char *tree)
{
	return run_shell("cd '%s' && find . -name 'boot-*' | sort", in_test_dir(tree)).output;
}

static void same_as_one_run(void **state)
{
	char *merged, *one;
	json_t *env, *plan;

	(void)state;
	/* In any order. */
	expect_outcome(merge("whole", "shard-3", "shard-1", "shard-2"), 0, "");
	merged = list_boots("whole");
	one = list_boots("one");
	assert_string_equal(merged, one);
	free(merged);
	free(one);
	assert_int_equal(count_paths(in_test_dir("whole"), "/*/*/boot-*/cmd.sh"), 12);
	plan = load("whole", "plan.json");
	assert_null(json_object_get(plan, "shard"));
	assert_int_equal(json_array_size(json_object_get(plan, "order")), 12);
	env = load("whole", "env.json");
	assert_lacks(text_of(env, "command"), "--shard");
	assert_int_equal(json_object_size(json_object_get(env, "fleet")), 1);
	json_decref(env);
	json_decref(plan);
}

/* Give the boots of a tree the durations of the run in one piece: those differ from run to run. */
static void take_durations(const char *tree)
{
	struct outcome outcome =
		run_shell("cd '%s' && for f in */*/boot-*/result.json; do cp '%s'/$f $f; done",
			  in_test_dir(tree), in_test_dir("one"));

	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
}

static void same_verdicts_as_one_run(void **state)
{
	char *merged, *one;

	(void)state;
	expect_outcome(merge("verdicts", "shard-1", "shard-2", "shard-3"), 0, "");
	take_durations("verdicts");
	merged = compare("verdicts");
	one = compare("one");
	assert_string_equal(merged, one);
	free(merged);
	free(one);
}

static void missing_shard_is_named(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = merge("part", "shard-1", "shard-3", NULL);
	assert_contains(outcome.output, "shard 2/3 is missing; `balloonbench run --accel tcg");
	assert_contains(outcome.output, " --seed 7 --shard 2/3` runs it");
	assert_lacks(outcome.output, " -o ");
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	outcome_release(&outcome);
	outcome = run_program("balloonstat",
			      (const char *const[]){ "compare", in_test_dir("part"), NULL });
	assert_contains(outcome.output, "4 planned but without a result");
	outcome_release(&outcome);
}

static void missing_boot_is_named(void **state)
{
	(void)state;
	copy_tree("shard-2", "stopped");
	remove_tree(in_test_dir("stopped/tiny/finalize/boot-03"));
	expect_outcome(merge("part-2", "shard-1", "stopped", "shard-3"), EXIT_ENVIRONMENT,
		       "shard 2/3: 1 of 4 boots are missing; `balloonbench run --resume ",
		       "part-2 has what is there");
	expect_outcome(tiny_resume("stopped"), 0, "4 boots ok");
	expect_outcome(merge("again", "shard-1", "stopped", "shard-3"), 0, "");
}

/* Shards that are refused with the first of three: other options of `run`, and the reason. */
static void other_plans_are_refused(void **state)
{
	static const struct {
		const char *boots, *seed, *shard, *more, *reason;
	} others[] = {
		{ BOOTS, "8", "2/3", "--aa", "the seed differs" },
		{ "9", "7", "2/3", "--aa", "the number of boots differs" },
		{ BOOTS, "7", "2/2", "--aa", "the number of shards differs" },
		{ BOOTS, "7", "1/3", "--aa", "are both shard 1/3" },
		{ BOOTS, "7", "2/3", "--variant=list", "the list of variants differs" },
		{ BOOTS, "7", "2/3", "--cycles=2", "the list of scenarios differs" },
	};
	char tree[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(tree, sizeof(tree), "other-%zu", i);
		expect_outcome(tiny_run(tree, "--trace", "off", "--boots", others[i].boots,
					"--seed", others[i].seed, "--shard", others[i].shard,
					others[i].more),
			       0, " 0 failed");
		expect_outcome(merge("refused", "shard-1", tree, NULL), EXIT_USAGE,
			       others[i].reason);
	}
	expect_outcome(merge("refused", "shard-1", "one", NULL), EXIT_USAGE, "no shard of a plan");
	assert_int_equal(access(in_test_dir("refused"), F_OK), -1);
}

/*
 * Change a member of env.json of a copy of shard 2, or, of objects by name, one of the object
 * @name, NULL: the first.
 */
static void change(const char *tree, const char *objects, const char *name, const char *member)
{
	char path[256];
	json_t *env, *object;

	copy_tree("shard-2", tree);
	env = load(tree, "env.json");
	object = objects ? json_object_get(env, objects) : env;
	if (name)
		object = json_object_get(object, name);
	else if (objects)
		object = json_object_iter_value(json_object_iter(object));
	assert_non_null(object);
	json_object_set_new(object, member, json_string("another"));
	snprintf(path, sizeof(path), "%s/env.json", in_test_dir(tree));
	assert_int_equal(json_dump_file(env, path, JSON_INDENT(2)), 0);
	json_decref(env);
}

static void other_images_are_refused(void **state)
{
	(void)state;
	change("kernel", "cuts", "finalize", "build_id");
	expect_outcome(merge("refused", "shard-1", "kernel", NULL), EXIT_USAGE,
		       "the kernel of cut finalize differs");
	change("qemu", "qemus", NULL, "version");
	expect_outcome(merge("refused", "shard-1", "qemu", NULL), EXIT_USAGE,
		       "the QEMU default differs");
	change("traced", NULL, NULL, "trace");
	expect_outcome(merge("refused", "shard-1", "traced", NULL), EXIT_USAGE,
		       "the level of tracing differs");
	change("accelerated", NULL, NULL, "accel");
	expect_outcome(merge("refused", "shard-1", "accelerated", NULL), EXIT_USAGE,
		       "the accelerator differs");
	change("rebooted", "fleet", NULL, "kernel_release");
	expect_outcome(merge("refused", "shard-1", "rebooted", NULL), EXIT_USAGE,
		       "what is written of the host ");
}

static void foreign_boot_is_refused(void **state)
{
	(void)state;
	copy_tree("shard-2", "mixed");
	copy_tree("mixed/tiny/finalize/boot-03", "mixed/tiny/finalize/boot-01");
	expect_outcome(merge("refused", "shard-1", "mixed", NULL), EXIT_USAGE,
		       "boot-01: not a boot of shard 2/3 by its plan.json");
}

static void output_is_never_overwritten(void **state)
{
	(void)state;
	write_file(in_test_dir("taken"), "file", "");
	expect_outcome(merge("taken", "shard-1", "shard-2", "shard-3"), EXIT_USAGE,
		       "results are never overwritten");
	expect_outcome(run_program("balloonstat",
				   (const char *const[]){ "merge", in_test_dir("shard-1"), NULL }),
		       EXIT_USAGE, "-o DIR is missing");
	expect_outcome(merge("nothing", "nowhere", NULL, NULL), EXIT_ENVIRONMENT, "cannot open ");
}

static void merged_tree_is_not_resumed(void **state)
{
	(void)state;
	expect_outcome(merge("ended", "shard-1", "shard-2", "shard-3"), 0, "");
	expect_outcome(tiny_resume("ended"), EXIT_USAGE, "it cannot be resumed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_one_run),
		cmocka_unit_test(same_verdicts_as_one_run),
		cmocka_unit_test(missing_shard_is_named),
		cmocka_unit_test(missing_boot_is_named),
		cmocka_unit_test(other_plans_are_refused),
		cmocka_unit_test(other_images_are_refused),
		cmocka_unit_test(foreign_boot_is_refused),
		cmocka_unit_test(output_is_never_overwritten),
		cmocka_unit_test(merged_tree_is_not_resumed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

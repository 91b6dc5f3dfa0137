/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run where nothing of the shipped series is built: the kernels that are registered are run. */
#include "tests/helpers/unit.h"

#include "bench/config/images.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

/* Data as after an installation: images.ini has no kernel. */
static int set_up(void **state)
{
	if (tiny_set_up(state, TINY_WITHIN("5 s", "1 s")))
		return -1;
	expect_outcome(run_shell("cd '%s' && mkdir -p data cache/cuts && "
				 "ln -s '" TEST_SOURCE "'/bench/* data/ && "
				 "sed '/^.cut /,$d' '%s' >data/images.ini",
				 test_dir, path_images()),
		       0, "");
	setenv("BALLOONBENCH_CACHE", in_test_dir("cache"), 1);
	return 0;
}

/* Register a shipped kernel under another name. */
static void register_as(const char *name)
{
	unsetenv("BALLOONBENCH_DATA");
	expect_outcome(run_shell("awk '/^.cut |^.build / { on = $0 == \"[cut finalize]\" } on' "
				 "'%s' | sed 's/cut finalize/cut %s/' >'%s/cache/cuts/%s.ini'",
				 path_images(), name, test_dir, name),
		       0, "");
	setenv("BALLOONBENCH_DATA", in_test_dir("data"), 1);
}

static struct outcome run_smoke(const char *tree, const char *more)
{
	const char *const args[] = {
		"run",	   "--scenario", tiny, "--accel",	  "tcg", "--trace", "off",
		"--boots", "1",		 "-o", in_test_dir(tree), more,	 NULL
	};

	return run_program("balloonbench", args);
}

static void nothing_is_there(void **state)
{
	(void)state;
	setenv("BALLOONBENCH_DATA", in_test_dir("data"), 1);
	expect_outcome(run_smoke("nothing", NULL), EXIT_ENVIRONMENT, "needs the kernel of cut");
}

static void registered_kernels_run(void **state)
{
	(void)state;
	register_as("mine");
	expect_outcome(run_smoke("one", NULL), 0, "nothing of the shipped series is built",
		       "1 boots ok");
	assert_int_equal(count_paths(in_test_dir("one"), "/tiny/mine/boot-01"), 1);
	register_as("other");
	expect_outcome(run_smoke("two", "--aa"), 0, "3 boots ok");
	assert_int_equal(count_paths(in_test_dir("two"), "/tiny/mine-again/boot-01"), 1);
	assert_int_equal(count_paths(in_test_dir("two"), "/tiny/other/boot-01"), 1);
}

static void named_variants_stay(void **state)
{
	(void)state;
	expect_outcome(run_smoke("named", "--variant=other"), 0, "1 boots ok");
	expect_outcome(run_smoke("shipped", "--variant=finalize"), EXIT_ENVIRONMENT,
		       "needs the kernel of cut 'finalize'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_there),
		cmocka_unit_test(registered_kernels_run),
		cmocka_unit_test(named_variants_stay),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

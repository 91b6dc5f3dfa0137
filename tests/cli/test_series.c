/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench series and bisect, with kernels that gcc builds in a moment and a fake QEMU, which
 * is as slow as the kernel says.
 */
#include "tests/helpers/unit.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/fake_linux.h"
#include "tests/helpers/files.h"

/* The user's source; the cache is empty at the begin of each test. */
static char *linux_dir, *scenario, *out;

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	fake_linux_set_up();
	setenv("QEMU", build_path("tests/helpers/fake-qemu/fake-qemu"), 1);
	setenv("FAKE_QEMU", "by-kernel", 1);
	write_file(test_dir, "data/variants.ini", "[list]\ncut = list\n");
	write_file(test_dir, "data/suites.ini",
		   "[default]\nscenarios = idle\nvariants = list\nboots = 1\n");
	expect_outcome(run_shell("ln -s " TEST_SOURCE "/analysis/* %s/data/", test_dir), 0, NULL);
	scenario = strdup(write_file(test_dir, "tiny.ini",
				     "[scenario]\ndescription = tiny\n[guest]\nmemory = 256 MiB\n"
				     "vcpus = 1\n[balloon]\ninflate = 64 MiB\n[run]\n"
				     "boot_timeout = 5 s\nresize_timeout = 5 s\n"));
	out = strdup(in_test_dir("out"));
	linux_dir = strdup(in_test_dir("linux"));
	fake_linux_commit(linux_dir);
	return 0;
}

static int tear_down(void **state)
{
	free(linux_dir);
	free(scenario);
	free(out);
	return test_dir_tear_down(state);
}

#define SERIES(range, ...)                                                                         \
	run_program("balloonbench",                                                                \
		    (const char *const[]){ "series", linux_dir, range, "--accel", "tcg",           \
					   "--trace", "off", "--scenario", scenario, "-o", out,    \
					   __VA_ARGS__, NULL })
#define BISECT(...)                                                                                \
	run_program("balloonbench",                                                                \
		    (const char *const[]){ "bisect", "--git", linux_dir, "--accel", "tcg",         \
					   "--trace", "off", "--scenario", scenario,               \
					   "--max-regress", "inflate.duration_ns=5%", "--boots",   \
					   "4", "-o", out, __VA_ARGS__, NULL })

/* Words of a git command's output, valid until the next call. */
static const char *git_says(const char *args)
{
	static char text[8192];
	struct outcome outcome = run_shell("git -C %s %s", linux_dir, args);

	assert_int_equal(outcome.status, 0);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(outcome.output, "\n"), outcome.output);
	outcome_release(&outcome);
	return text;
}

/* A digest of all that is in the user's repository, to be freed. */
static char *repository(void)
{
	struct outcome outcome =
		run_shell("cd %s && find . -type f | sort | xargs sha256sum | sha256sum && "
			  "git worktree list && git status --porcelain",
			  linux_dir);

	assert_int_equal(outcome.status, 0);
	return outcome.output;
}

static void expect_untouched(char *before)
{
	char *after = repository();

	assert_string_equal(before, after);
	free(before);
	free(after);
}

static size_t boots_of(const char *tree)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/%s", out, tree);
	return count_paths(dir, "/tiny/*/boot-*/result.json");
}

/* Five commits, the third of them bad. */
static void commit_five(const char *second)
{
	fake_linux_change(linux_dir, 1, "balloon: one");
	fake_linux_say(linux_dir, 2, second, "balloon: two");
	fake_linux_say(linux_dir, 3, "the balloon crawls", "balloon: three");
	fake_linux_say(linux_dir, 4, "the balloon crawls", "balloon: four");
	fake_linux_say(linux_dir, 5, "the balloon crawls", "balloon: five");
}

static void series(void **state)
{
	char *before, *letter;

	(void)state;
	commit_five("quick");
	before = repository();
	expect_outcome(SERIES("base..HEAD", "--boots", "4"), 0, "00-base", "03-balloon-three",
		       "05-balloon-five", "cover-letter.txt");
	assert_int_equal(boots_of("."), 24);
	assert_int_equal(access(in_test_dir("out/REPORT.md"), F_OK), 0);
	letter = read_file(in_test_dir("out/cover-letter.txt"));
	assert_contains(letter, git_says("rev-parse --short=12 base"));
	assert_contains(letter, "2.000 [2.000, 2.000]");
	assert_contains(letter, "To reproduce");
	free(letter);
	expect_untouched(before);
	/* All is there. */
	expect_outcome(SERIES("base..HEAD", "--boots", "4"), 0, "05-balloon-five");
	assert_int_equal(boots_of("."), 24);
	assert_int_equal(times_compiled("mm/balloon"), 6);
	/* Not as the answer to another question. */
	expect_outcome(SERIES("base..HEAD", "--boots", "5"), 2, "was begun for something else",
		       "--boots=4", "choose another directory with -o");
	expect_outcome(SERIES("base..HEAD~1", "--boots", "4"), 2, "was begun for something else");
	fake_linux_change(linux_dir, 7, NULL);
	git_in(linux_dir, "commit -q -a --amend -m 'balloon: five'");
	expect_outcome(SERIES("base..HEAD", "--boots", "4"), 2,
		       "the kernel of cut 05-balloon-five has changed");
}

static const char *result_of(const char *cut, int boot)
{
	char name[128];

	snprintf(name, sizeof(name), "out/tiny/%s/boot-%02d/result.json", cut, boot);
	return in_test_dir(name);
}

/* The build that a boot had, and that it was that kernel. */
static void expect_build(const char *cut, int boot, int build)
{
	json_t *result = load_json(result_of(cut, boot)),
	       *env = load_json(in_test_dir("out/env.json"));
	const json_t *kernel = json_object_get(json_object_get(env, "cuts"), cut);
	const json_t *builds = json_object_get(kernel, "builds");

	assert_int_equal(json_array_size(builds), 1);
	assert_int_equal(json_integer_value(json_object_get(result, "build")), build);
	if (build)
		kernel = json_array_get(builds, build - 1);
	assert_string_equal(json_string_value(json_object_get(result, "kernel_build_id")),
			    json_string_value(json_object_get(kernel, "build_id")));
	json_decref(result);
	json_decref(env);
}

/* balloonbench run with so many builds, into a tree of that name. */
static struct outcome run_builds(const char *builds, const char *more)
{
	const char *args[] = { "run",	    "--accel",	"tcg",	   "--trace", "off",
			       "--variant", "00-base",	"--boots", "3",	      "--scenario",
			       scenario,    "--builds", builds,	   "-o",      in_test_dir(builds),
			       more,	    NULL };

	return run_program("balloonbench", args);
}

static void layouts_of_a_series(void **state)
{
	json_t *plan;
	int boot;

	(void)state;
	fake_linux_change(linux_dir, 1, "balloon: one");
	expect_outcome(SERIES("base..HEAD", "--boots", "2", "--builds", "3"), 2,
		       "each build is booted");
	expect_outcome(SERIES("base..HEAD", "--boots", "4", "--builds", "2"), 0,
		       "00-base layout 1: built", "tiny/00-base boot 2 of build 1: ok");
	for (boot = 1; boot <= 4; boot++) {
		expect_build("00-base", boot, (boot - 1) % 2);
		expect_build("01-balloon-one", boot, (boot - 1) % 2);
	}
	plan = load_json(in_test_dir("out/plan.json"));
	assert_int_equal(json_integer_value(json_object_get(plan, "builds")), 2);
	json_decref(plan);
	/* What is missing is run again, with the same builds. */
	expect_outcome(run_shell("rm -r %s/tiny/00-base/boot-02", out), 0, NULL);
	expect_outcome(SERIES("base..HEAD", "--boots", "4", "--builds", "2"), 0, NULL);
	expect_build("00-base", 2, 1);
	expect_outcome(run_builds("4", "--dry-run"), 2, "3 boots do not boot each of 4 builds");
	expect_outcome(run_builds("3", "--dry-run"), 3,
		       "cut '00-base' has 2 builds of 3; `balloonbench",
		       " --range base..HEAD --builds 3` builds them");
	expect_outcome(run_builds("2", "--dry-run"), 0, "boot 2 of build 1", "boot 3 of build 0");
	expect_outcome(run_builds("1", "-q"), 0, NULL);
	expect_outcome(run_shell("grep '\"build\"' %s/1/tiny/*/boot-*/result.json %s/1/plan.json",
				 test_dir, test_dir),
		       1, NULL);
	/* Those of a suite are for its own boots and cuts. */
	write_file(test_dir, "data/suites.ini",
		   "[default]\nscenarios = idle\nvariants = list\nboots = 9\nbuilds = 9\n");
	expect_outcome(run_builds("1", "--dry-run"), 0, "00-base boot 3\n");
	expect_outcome(run_shell("%s/balloonbench run --accel tcg --variant 00-base --boots 2 "
				 "--scenario %s --dry-run",
				 TEST_BUILD, scenario),
		       0, "00-base boot 2\n");
	/* Each build has to be that very kernel. */
	expect_outcome(run_shell("cd %s/cache/cuts && sed -i '/^.build/,$s/^build_id = ../&00/' "
				 "00-base.ini",
				 test_dir),
		       0, NULL);
	expect_outcome(run_builds("2", "-v"), 3, "another kernel than that of cut '00-base/1'");
}

static void ends_of_a_series(void **state)
{
	char config[PATH_MAX], *letter;

	(void)state;
	commit_five("quick");
	snprintf(config, sizeof(config), "%s", write_file(test_dir, "my own.config", "# none\n"));
	expect_outcome(
		SERIES("base..HEAD", "--ends", "--boots", "4", "--config", config, "--name", "v2"),
		0, "v2-00-base", "v2-05-balloon-five");
	assert_int_equal(boots_of("."), 8);
	letter = read_file(in_test_dir("out/cover-letter.txt"));
	assert_contains(letter, "--ends");
	assert_contains(letter, "own.config'");
	assert_contains(letter, "--name v2");
	free(letter);
}

static void the_bad_commit_is_found(void **state)
{
	char id[64], found[128], *before, *log;

	(void)state;
	commit_five("quick");
	snprintf(id, sizeof(id), "%s", git_says("rev-parse HEAD~2"));
	snprintf(found, sizeof(found), "%s is the first bad commit", id);
	before = repository();
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD"), 0, found, "out/bisect.log",
		       "--remove 'bisect-*'");
	expect_untouched(before);
	log = read_file(in_test_dir("out/bisect.log"));
	assert_contains(log, "# first bad commit: [");
	assert_contains(log, "balloon: three");
	free(log);
	/* Which git takes. */
	expect_outcome(run_shell("git clone -q %s %s/clone && cd %s/clone && git bisect replay "
				 "%s/bisect.log && git bisect reset",
				 linux_dir, test_dir, test_dir, out),
		       0, found);
	/* The same again boots nothing. */
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD"), 0, found);
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD~1"), 2,
		       "begun for another bisection");
}

/* Of ours, by its name: the cuts of a series are called after it, those of bisect are its own. */
static void a_named_configuration(void **state)
{
	char id[64], found[128];

	(void)state;
	commit_five("quick");
	write_file(test_dir, "data/vm-images/config/distro.config", "# CONFIG_SMP is not set\n");
	expect_outcome(SERIES("base..HEAD", "--ends", "--boots", "4", "--config", "distro"), 0,
		       "00-base-distro", "05-balloon-five-distro");
	snprintf(id, sizeof(id), "%s", git_says("rev-parse HEAD~2"));
	snprintf(found, sizeof(found), "%s is the first bad commit", id);
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD", "--config", "distro", "-o",
			      in_test_dir("other")),
		       0, found);
}

static void what_cannot_be_judged_is_skipped(void **state)
{
	char skipped[128];

	(void)state;
	commit_five("the balloon panics");
	snprintf(skipped, sizeof(skipped), "# skip: [%s]", git_says("rev-parse HEAD~3"));
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD~2"), 5,
		       "it does not boot, see above; the commit is skipped",
		       "only 'skip'ped commits", git_says("rev-parse HEAD~2"),
		       "the first bad commit was not found");
	expect_outcome(run_shell("cat %s/bisect.log", out), 0, skipped);
}

static void what_does_not_compile_is_skipped(void **state)
{
	(void)state;
	commit_five("\" no C");
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD~2"), 5, "cannot build the kernel",
		       "does not build; the commit is skipped", "only 'skip'ped commits");
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD~3", "-o", in_test_dir("other")), 5,
		       "does not build", "--bad HEAD~3 or --good base cannot be judged");
}

static void inconclusive_commits_get_more_boots(void **state)
{
	(void)state;
	commit_five("the balloon dawdles");
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD~3", "--max-boots", "6"), 5,
		       "inconclusive with 4 boots; again with more",
		       "still inconclusive; a higher --max-boots may decide it");
	assert_int_equal(count_paths(out, "/*-4/plan.json"), 1);
	assert_int_equal(count_paths(out, "/*-6/plan.json"), 1);
}

static void nothing_to_bisect(void **state)
{
	(void)state;
	commit_five("quick");
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD~3"), 5,
		       "--bad HEAD~3 is not worse than --good base by inflate.duration_ns=5%: "
		       "nothing to bisect");
}

/* A signal to the command while git bisect run waits for a step. */
static void end_in_a_step(int signal, int status)
{
	const char *const args[] = { "bisect",
				     "--git",
				     linux_dir,
				     "--accel",
				     "tcg",
				     "--trace",
				     "off",
				     "--scenario",
				     scenario,
				     "--max-regress",
				     "inflate.duration_ns=5%",
				     "--boots",
				     "4",
				     "-o",
				     out,
				     "--good",
				     "base",
				     "--bad",
				     "HEAD",
				     NULL };
	pid_t pid = start_program("balloonbench", args);

	AWAIT(!access(in_test_dir("out/git/BISECT_LOG"), F_OK));
	write_file(test_dir, "hold", "");
	AWAIT(!access(in_test_dir("holding"), F_OK));
	kill(pid, signal);
	assert_int_equal(wait_program(pid), status);
	AWAIT(count_processes(test_dir) == 0);
	unlink(in_test_dir("hold"));
	unlink(in_test_dir("holding"));
}

static void an_interrupted_bisection_goes_on(void **state)
{
	char found[128], *before;
	size_t boots;

	(void)state;
	commit_five("quick");
	snprintf(found, sizeof(found), "%s is the first bad commit", git_says("rev-parse HEAD~2"));
	before = repository();
	end_in_a_step(SIGINT, 130);
	boots = count_paths(out, "/*/tiny/*/boot-*/result.json");
	assert_at_least(boots, 8);
	end_in_a_step(SIGTERM, 130);
	end_in_a_step(SIGKILL, 128 + SIGKILL);
	expect_outcome(BISECT("--good", "base", "--bad", "HEAD"), 0, found);
	expect_untouched(before);
}

/* Where only the programs were built, images.ini is written, without a kernel. */
static void nothing_was_built_yet(void **state)
{
	char *images;

	(void)state;
	fake_linux_change(linux_dir, 1, "balloon: one");
	write_file(test_dir, "bin/initramfs.cpio", "");
	expect_outcome(
		run_shell("cp %1$s/balloonbench %1$s/balloonstat %2$s/bin && "
			  "%2$s/bin/balloonbench series %3$s base..HEAD --accel tcg --trace off "
			  "--boots 4 --scenario %4$s -o %5$s",
			  TEST_BUILD, test_dir, linux_dir, scenario, out),
		0, "01-balloon-one", "cover-letter.txt");
	images = read_file(in_test_dir("data/images.ini"));
	assert_contains(images, "[initramfs]\npath = ");
	assert_contains(images, "/fake-qemu\n");
	assert_lacks(images, "[cut");
	free(images);
}

static void wrong_usage(void **state)
{
	(void)state;
	commit_five("quick");
	git_in(linux_dir, "checkout -q -b side base");
	fake_linux_change(linux_dir, 9, "balloon: side");
	expect_outcome(BISECT("--good", "nope", "--bad", "main"), 2, "--good", "no commit 'nope'");
	expect_outcome(BISECT("--good", "main", "--bad", "base"), 2, "not an ancestor of --bad");
	expect_outcome(BISECT("--good", "side", "--bad", "main"), 2, "not an ancestor of --bad");
	expect_outcome(BISECT("--good", "main", "--bad", "main"), 2, "are the same commit");
	expect_outcome(BISECT("--good", "base"), 2, "are needed");
	expect_outcome(BISECT("--good", "base", "--bad", "main", "--max-regress", "inflate.x=5%"),
		       2, "no metric 'inflate.x'");
	expect_outcome(BISECT("--good", "base", "--bad", "main", "--scenario", "nope"), 2,
		       "no scenario 'nope'");
	expect_outcome(BISECT("--good", "base", "--bad", "main", "--git", in_test_dir("data")), 2,
		       "not a git repository");
	expect_outcome(BISECT("--good", "base", "--bad", "main", "-o", linux_dir), 2,
		       "expected a new or empty directory");
	/* To git bisect run, what is no answer must not look like one. */
	expect_outcome(BISECT("--good", "base", "--step", "nope"), 128, "no commit 'nope'");
	expect_outcome(BISECT("--good", "base", "--step", "main", "--scenario", "nope"), 128, NULL);
	expect_outcome(SERIES("base..nope", NULL), 3, "no commit 'nope'");
	expect_outcome(SERIES("main..base", NULL), 3, "wrong way round");
	expect_outcome(SERIES("base..main", "--each", "--ends"), 2, "exclude each other");
	expect_outcome(SERIES("base..main", "--name", "../x"), 2, "cannot be the prefix");
	expect_outcome(SERIES("base..main", "--kernel-args", "console=tty0"), 2, "leave it out");
	expect_outcome(SERIES("base..main", "-o", linux_dir), 2,
		       "expected a new or empty directory");
	setenv("QEMU", "/nonexistent", 1);
	expect_outcome(SERIES("base..main", NULL), 3, "no QEMU at /nonexistent");
	assert_int_equal(times_compiled("mm/balloon"), 0);
	assert_int_equal(access(out, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(series),
		TEST(layouts_of_a_series),
		TEST(ends_of_a_series),
		TEST(the_bad_commit_is_found),
		TEST(a_named_configuration),
		TEST(what_cannot_be_judged_is_skipped),
		TEST(what_does_not_compile_is_skipped),
		TEST(inconclusive_commits_get_more_boots),
		TEST(nothing_to_bisect),
		TEST(an_interrupted_bisection_goes_on),
		TEST(nothing_was_built_yet),
		TEST(wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build, with a kernel that gcc builds in a moment. */
#include "tests/helpers/unit.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/fake_linux.h"
#include "tests/helpers/files.h"

/* The user's source; the cache is empty at the begin of each test. */
static char *linux_dir;

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	fake_linux_set_up();
	linux_dir = strdup(in_test_dir("linux"));
	fake_linux_commit(linux_dir);
	fake_linux_change(linux_dir, 1, "balloon: one");
	fake_linux_change(linux_dir, 2, "balloon: two");
	return 0;
}

static int tear_down(void **state)
{
	free(linux_dir);
	return test_dir_tear_down(state);
}

#define BUILD(...) run_program("balloonbench", (const char *const[]){ "build", __VA_ARGS__, NULL })
#define RANGE(range, ...) BUILD("--git", linux_dir, "--range", range, __VA_ARGS__)
#define WORKTREE(...) BUILD("--git", linux_dir, "--worktree", __VA_ARGS__)

/* A key of a cut's file, valid until the fourth call after; NULL if there is none. */
static const char *cut_value(const char *cut, const char *key)
{
	static char values[4][512];
	static unsigned int turn;
	char name[64], start[64], *text, *at, *value = NULL;

	snprintf(name, sizeof(name), "cache/cuts/%s.ini", cut);
	snprintf(start, sizeof(start), "\n%s = ", key);
	text = read_file(in_test_dir(name));
	at = text ? strstr(text, start) : NULL;
	if (at) {
		at += strlen(start);
		value = values[turn++ % 4];
		snprintf(value, sizeof(values[0]), "%.*s", (int)strcspn(at, "\n"), at);
	}
	free(text);
	return value;
}

static void expect_key(const char *cut, const char *key, const char *expected)
{
	assert_contains(cut_value(cut, key), expected);
}

static bool same_kernel(const char *a, const char *b)
{
	const char *key_a = cut_value(a, "key"), *key_b = cut_value(b, "key");

	assert_non_null(key_a);
	assert_non_null(key_b);
	return !strcmp(key_a, key_b);
}

/* The kernel of a cut returns that. */
static void expect_kernel(const char *cut, int status)
{
	assert_non_null(cut_value(cut, "image"));
	expect_outcome(run_shell("%s", cut_value(cut, "image")), status, NULL);
}

static void range(void **state)
{
	(void)state;
	expect_outcome(RANGE("base..HEAD", NULL), 0, "00-base", "01-balloon-one", "02-balloon-two",
		       "[3/3] 02-balloon-two: built, 1 objects", "--variant 01-balloon-one",
		       "--remove 02-balloon-two");
	expect_kernel("00-base", 1);
	expect_kernel("01-balloon-one", 2);
	expect_kernel("02-balloon-two", 3);
	expect_key("01-balloon-one", "release", "6.12.0-balloonbench");
	expect_key("01-balloon-one", "subject", "balloon: one");
	expect_key("01-balloon-one", "trace_events", "yes");
	expect_key("01-balloon-one", "source", "git /tmp/");
	expect_key("01-balloon-one", "built_from", "--range base..HEAD");
	expect_key("01-balloon-one", "compiler", "gcc");
	assert_null(cut_value("01-balloon-one", "dirty"));
	/* Only what a commit changes is compiled. */
	assert_int_equal(times_compiled("init/main"), 1);
	assert_int_equal(times_compiled("mm/balloon"), 3);
	assert_int_equal(times_compiled("tinyconfig"), 1);
}

static void build_id_is_that_of_the_kernel(void **state)
{
	const char *image, *id;
	struct outcome outcome;

	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, NULL);
	image = cut_value("02-balloon-two", "image");
	id = cut_value("02-balloon-two", "build_id");
	assert_non_null(id);
	assert_int_equal(strlen(id), 40);
	outcome = run_shell("readelf -n %s", image);
	expect_outcome(outcome, 0, id);
}

static void same_tree_is_built_once(void **state)
{
	char other[PATH_MAX];

	(void)state;
	expect_outcome(RANGE("base..HEAD", NULL), 0, NULL);
	expect_outcome(RANGE("base..HEAD", "--ends", "--name", "v2"), 0, "v2-02-balloon-two");
	expect_outcome(WORKTREE(NULL), 0, "worktree");
	assert_int_equal(times_compiled("mm/balloon"), 3);
	assert_true(same_kernel("worktree", "02-balloon-two"));
	assert_true(same_kernel("v2-00-base", "00-base"));
	assert_null(cut_value("v2-01-balloon-one", "key"));
	/* Also from a directory elsewhere that is not in git. */
	snprintf(other, sizeof(other), "%s/unpacked", test_dir);
	expect_outcome(run_shell("mkdir %s && git -C %s archive HEAD | tar -xC %s", other,
				 linux_dir, other),
		       0, NULL);
	expect_outcome(BUILD("--git", other, "--worktree", "--name", "plain"), 0, "plain");
	assert_true(same_kernel("plain", "02-balloon-two"));
	assert_int_equal(times_compiled("mm/balloon"), 3);
}

/* The same series as commits, patch files and mails: the same kernels. */
static void patches(void **state)
{
	char onto[PATH_MAX];

	(void)state;
	expect_outcome(RANGE("base..HEAD", NULL), 0, NULL);
	git_in(linux_dir, "format-patch -q --cover-letter -o %s/p base..", test_dir);
	git_in(linux_dir, "format-patch -q --thread --stdout base.. >%s/p.mbox", test_dir);
	snprintf(onto, sizeof(onto), "%s@base", linux_dir);
	expect_outcome(BUILD("--series", in_test_dir("p"), "--onto", onto, "--name", "s"), 0,
		       "s-00-base", "s-01-balloon-one", "s-02-balloon-two");
	expect_outcome(BUILD("--mbox", in_test_dir("p.mbox"), "--onto", onto, "--name", "m"), 0,
		       "m-00-base", "m-01-balloon-one", "m-02-balloon-two");
	assert_true(same_kernel("s-00-base", "00-base"));
	assert_true(same_kernel("s-02-balloon-two", "02-balloon-two"));
	assert_true(same_kernel("m-01-balloon-one", "01-balloon-one"));
	assert_int_equal(times_compiled("mm/balloon"), 3);
	expect_key("m-01-balloon-one", "message_id", "@");
	expect_key("m-01-balloon-one", "fuzz", "0");
	expect_key("m-01-balloon-one", "subject", "balloon: one");
	expect_outcome(BUILD("--series", in_test_dir("p"), NULL), 2, "need --onto");
}

static void series_with_names(void **state)
{
	char onto[PATH_MAX];

	(void)state;
	git_in(linux_dir, "format-patch -q -o %s/p base..", test_dir);
	write_file(test_dir, "p/series",
		   "# cut: plain\n0001-balloon-one.patch\n0002-balloon-two.patch\n# cut: both\n");
	/* Also onto a directory that is not in git. */
	snprintf(onto, sizeof(onto), "%s/plain", test_dir);
	fake_linux_write(onto);
	expect_outcome(BUILD("--series", in_test_dir("p"), "--onto", onto, NULL), 0, "plain",
		       "both");
	expect_kernel("plain", 1);
	expect_kernel("both", 3);
	assert_null(cut_value("00-base", "key"));
}

static void working_tree(void **state)
{
	(void)state;
	fake_linux_change(linux_dir, 7, NULL);
	expect_outcome(WORKTREE("--name", "mine"), 0, "mine", "(and what is not committed)");
	expect_kernel("mine", 8);
	expect_key("mine", "dirty", "yes");
	expect_key("mine", "subject", "balloon: two");
	write_file(linux_dir, "include/linux/balloon.h", "#define BALLOON 5\n");
	expect_outcome(WORKTREE("--name", "mine"), 0, "cut mine is replaced; it was of git /tmp/",
		       "(balloon: two)", NULL);
	expect_kernel("mine", 12);
	assert_int_equal(times_compiled("init/main"), 1);
}

static void configuration(void **state)
{
	const char *image;

	(void)state;
	expect_outcome(WORKTREE(NULL), 0, NULL);
	image = cut_value("worktree", "image");
	expect_outcome(run_shell("grep -x CONFIG_BALLOON_COMPACTION=y $(dirname %s)/config", image),
		       0, NULL);
	/* A tree with the new name of the symbol. */
	write_file(linux_dir, "Kconfig", "config SMP\nconfig BALLOON_MIGRATION\n");
	expect_outcome(WORKTREE("--name", "new"), 0, NULL);
	assert_int_equal(times_compiled("tinyconfig"), 2);
	image = cut_value("new", "image");
	expect_outcome(run_shell("cat $(dirname %s)/config", image), 0,
		       "CONFIG_BALLOON_MIGRATION=y", "CONFIG_SMP=y");
	expect_outcome(WORKTREE("--name", "debug", "--debug"), 0, NULL);
	assert_false(same_kernel("debug", "new"));
	write_file(test_dir, "mine.config", "CONFIG_HUGE=y ?\n");
	expect_outcome(WORKTREE("--name", "fragment", "--config", in_test_dir("mine.config")), 0,
		       NULL);
	assert_false(same_kernel("fragment", "new"));
	write_file(test_dir, "mine.config", "# A comment.\nCONFIG_HUGE=y ?\n");
	expect_outcome(WORKTREE("--name", "comment", "--config", in_test_dir("mine.config")), 0,
		       NULL);
	assert_true(same_kernel("fragment", "comment"));
	write_file(test_dir, "mine.config", "CONFIG_HUGE=y\n");
	expect_outcome(WORKTREE("--config", in_test_dir("mine.config")), 3, "cut worktree",
		       "the kernel rejects this configuration: CONFIG_HUGE=y");
	write_file(linux_dir, "Kconfig", "config BALLOON_MIGRATION\n");
	expect_outcome(WORKTREE(NULL), 3, "the kernel rejects this configuration: CONFIG_SMP=y;");
}

static void environment_does_not_leak(void **state)
{
	(void)state;
	expect_outcome(WORKTREE(NULL), 0, NULL);
	setenv("ARCH", "um", 1);
	setenv("MAKEFLAGS", "-n", 1);
	setenv("KBUILD_OUTPUT", "/nonexistent", 1);
	setenv("LOCALVERSION", "-evil", 1);
	setenv("V", "1", 1);
	fake_linux_change(linux_dir, 9, NULL);
	expect_outcome(WORKTREE("--name", "other"), 0, "ARCH=um has no effect on the build",
		       "LOCALVERSION=-evil has no effect", NULL);
	expect_kernel("other", 10);
	expect_key("other", "release", "6.12.0-balloonbench");
	unsetenv("ARCH");
	unsetenv("MAKEFLAGS");
	unsetenv("KBUILD_OUTPUT");
	unsetenv("LOCALVERSION");
	unsetenv("V");
}

static pid_t start_and_hold(void)
{
	const char *const args[] = { "build", "--git", linux_dir, "--range", "base..HEAD", NULL };
	pid_t pid;

	write_file(test_dir, "hold", "");
	unlink(in_test_dir("holding"));
	pid = start_program("balloonbench", args);
	AWAIT(!access(in_test_dir("holding"), F_OK));
	return pid;
}

static void ctrl_c_and_go_on(void **state)
{
	pid_t pid = start_and_hold();

	(void)state;
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), 130);
	unlink(in_test_dir("hold"));
	assert_null(cut_value("00-base", "key"));
	assert_int_equal(times_compiled("init/main"), 1);
	expect_outcome(RANGE("base..HEAD", NULL), 0, NULL);
	expect_kernel("00-base", 1);
	assert_int_equal(times_compiled("init/main"), 1);
}

/* Nobody could remove partial objects: start again. */
static void killed_and_started_again(void **state)
{
	pid_t pid = start_and_hold();

	(void)state;
	kill(pid, SIGKILL);
	wait_program(pid);
	unlink(in_test_dir("hold"));
	expect_outcome(RANGE("base..HEAD", NULL), 0, "was cut off; starting again");
	expect_kernel("02-balloon-two", 3);
	assert_int_equal(times_compiled("init/main"), 2);
}

static void damaged_kernel_is_built_again(void **state)
{
	const char *image;

	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, NULL);
	image = cut_value("02-balloon-two", "image");
	expect_outcome(run_shell("echo x >>%s", image), 0, NULL);
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, "is damaged; rebuilding it");
	expect_kernel("02-balloon-two", 3);
}

static void what_does_not_compile_is_named(void **state)
{
	(void)state;
	write_file(linux_dir, "mm/balloon.c", "int balloon(void) { return nothing; }\n");
	git_in(linux_dir, "commit -q -a -m 'balloon: broken'");
	expect_outcome(RANGE("base..HEAD", NULL), 3,
		       "mm/balloon.c:1:28: error: ", "cut 03-balloon-broken",
		       "cannot build the kernel, see above; the output of make is in /", NULL);
	expect_kernel("02-balloon-two", 3);
	assert_null(cut_value("03-balloon-broken", "key"));
	/* The events do not apply: said once, and recorded. */
	write_file(linux_dir, "mm/balloon.c", "int balloon(void) { return 42; }\n");
	expect_outcome(WORKTREE(NULL), 0,
		       "cut worktree has no trace events: no patch of them applies: "
		       "mm/balloon.c differs");
	expect_key("worktree", "trace_events", "no: no patch of them applies");
	expect_kernel("worktree", 42);
}

/* What is recorded can be pasted into a shell. */
static void recorded_command_is_quoted(void **state)
{
	char *fragment = strdup(write_file(test_dir, "it's mine.config", "CONFIG_SMP=y\n"));

	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends", "--config", fragment), 0, NULL);
	expect_key("00-base", "built_from", "/it'\\''s mine.config'");
	free(fragment);
}

static void removal(void **state)
{
	(void)state;
	expect_outcome(RANGE("base..HEAD", NULL), 0, NULL);
	expect_outcome(WORKTREE("--name", "mine"), 0, NULL);
	assert_int_equal(count_paths(test_dir, "/cache/kernels/*"), 3);
	expect_outcome(BUILD("--remove", "02-balloon-two"), 0, "removed",
		       "cuts/02-balloon-two.ini");
	assert_int_equal(count_paths(test_dir, "/cache/kernels/*"), 3);
	expect_kernel("mine", 3);
	expect_outcome(BUILD("--remove", "mine"), 0, "kernels/");
	assert_int_equal(count_paths(test_dir, "/cache/kernels/*"), 2);
	assert_int_equal(count_paths(test_dir, "/cache/trees/*"), 1);
	expect_outcome(BUILD("--remove", "0*"), 0, "removed", "trees/");
	assert_int_equal(count_paths(test_dir, "/cache/kernels/*"), 0);
	assert_int_equal(count_paths(test_dir, "/cache/trees/*"), 0);
	assert_int_equal(count_paths(test_dir, "/cache/cuts/*"), 0);
	expect_outcome(BUILD("--remove", "mine"), 3, "there is no cut or QEMU 'mine'");
	expect_outcome(BUILD("--remove", "../cuts/x"), 3, "is not the name of a cut");
}

static void kernel_of_a_run_stays(void **state)
{
	const char *image;

	(void)state;
	expect_outcome(WORKTREE("--name", "mine"), 0, NULL);
	image = cut_value("mine", "image");
	expect_outcome(run_shell("exec 8<%s; flock -s 8; %s/balloonbench build --remove mine",
				 image, TEST_BUILD),
		       3, "is in use by a run");
	expect_kernel("mine", 3);
}

/* The address of balloon() in the kernel of a build. */
static unsigned long address(const char *cut, int build)
{
	struct outcome outcome = run_shell("nm $(sed -n '/^.build %s.%d]/,$p' %s/cache/cuts/%s.ini "
					   "| sed -n 's/^image = //p;T;q') "
					   "| sed -n 's/ T balloon$//p'",
					   cut, build, test_dir, cut);
	unsigned long at = strtoul(outcome.output, NULL, 16);

	assert_true(at);
	outcome_release(&outcome);
	return at;
}

static void layouts(void **state)
{
	unsigned long moved;
	char key[32];

	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, NULL);
	snprintf(key, sizeof(key), "%s", cut_value("02-balloon-two", "key"));
	assert_int_equal(times_compiled("mm/balloon"), 2);
	expect_outcome(RANGE("base..HEAD", "--ends", "--builds", "3"), 0,
		       "[1/4] 00-base layout 1: built, 1 objects", "[4/4] 02-balloon-two layout 2");
	assert_string_equal(cut_value("02-balloon-two", "key"), key);
	/* Only the objects with a pad are compiled. */
	assert_int_equal(times_compiled("init/main"), 1);
	assert_int_equal(times_compiled("mm/balloon"), 6);
	/* A layout is the same in every cut. */
	moved = address("00-base", 2) - address("00-base", 1);
	assert_true(moved && moved % 16 == 0);
	assert_int_equal(address("02-balloon-two", 2) - address("02-balloon-two", 1), moved);
	expect_outcome(
		run_shell("for i in $(sed -n 's/^image = //p' "
			  "%s/cache/cuts/02-balloon-two.ini); do $i; echo $?; done | uniq -c",
			  test_dir),
		0, "3 3");
	expect_outcome(RANGE("base..HEAD", "--ends", "--builds", "3"), 0, NULL);
	assert_int_equal(times_compiled("mm/balloon"), 6);
	expect_outcome(BUILD("--remove", "*"), 0, NULL);
	assert_int_equal(count_paths(test_dir, "/cache/kernels/*"), 0);
}

/* A configuration of ours has a name, which the names of its cuts end in. */
static void named_configuration(void **state)
{
	const char *lean, *distro;

	(void)state;
	write_file(test_dir, "data/vm-images/config/distro.config", "# CONFIG_SMP is not set\n");
	expect_outcome(WORKTREE("--name", "mine"), 0, NULL);
	expect_outcome(WORKTREE("--name", "mine", "--config", "distro"), 0, "mine-distro",
		       "--variant mine-distro");
	assert_null(cut_value("mine", "config"));
	expect_key("mine-distro", "config", "distro");
	expect_key("mine-distro", "built_from", "--config distro");
	assert_false(same_kernel("mine", "mine-distro"));
	lean = cut_value("mine", "image");
	distro = cut_value("mine-distro", "image");
	expect_outcome(run_shell("grep -c SMP=y $(dirname %s)/config $(dirname %s)/config | "
				 "sed 's/.*://'",
				 lean, distro),
		       0, "1\n0\n");
	/* A user's fragment has a path, and no part in the name. */
	write_file(test_dir, "own.config", "CONFIG_HUGE=y ?\n");
	expect_outcome(WORKTREE("--name", "two", "--config", "distro", "--config",
				in_test_dir("own.config")),
		       0, "two-distro");
	expect_outcome(RANGE("base..HEAD", "--ends", "--config", "distro", "--builds", "2"), 0,
		       "02-balloon-two-distro");
	assert_contains(cut_value("02-balloon-two-distro", "image"), "vmlinux");
	expect_outcome(WORKTREE("--config", "gone"), 3,
		       "--config gone: there is no configuration of that name; there are: distro, "
		       "drivers, host",
		       "./gone");
	expect_outcome(WORKTREE("--config", "distro", "--config", "debug"), 3,
		       "--config distro and --config debug are two builds");
}

/* images.ini of the shipped series: base, one, and base again without the patch of one. */
static char *shipped(const char *options)
{
	char *images;

	expect_outcome(
		run_shell("cd %1$s && INITRAMFS=%1$s/i QEMU=/bin/true KERNEL_SRC=%2$s "
			  "KERNEL_PATCHES=%1$s/p %3$s/balloonbench build --images i.ini %4$s",
			  test_dir, linux_dir, TEST_BUILD, options),
		0, NULL);
	images = read_file(in_test_dir("i.ini"));
	assert_non_null(images);
	return images;
}

#define SCENARIO "[guest]\nmemory = 1 GiB\n[balloon]\ninflate = 512 MiB\n"

static void prepare_suite(const char *suites)
{
	git_in(linux_dir, "format-patch -q -1 --start-number 1 -o %s/p base~0..HEAD~1", test_dir);
	git_in(linux_dir, "checkout -q base");
	write_file(test_dir, "p/series",
		   "# cut: base\n0001-balloon-one.patch\n# cut: one\n"
		   "0001-balloon-one.patch -R\n# cut: back\n");
	write_file(test_dir, "data/variants.ini", "[a]\ncut = one\n[b]\ncut = base\n");
	write_file(test_dir, "data/suites.ini", suites);
	write_file(test_dir, "data/scenarios/x.ini", SCENARIO);
	write_file(test_dir, "data/scenarios/y.ini", SCENARIO);
}

static void layouts_of_a_suite(void **state)
{
	char *images, *key;

	(void)state;
	prepare_suite("[s]\nscenarios = x y\nvariants = b\nvariants.y = a+off\nbuilds.y = 3\n");
	images = shipped("");
	assert_null(strstr(images, "[build"));
	free(images);
	images = shipped("--suite s");
	assert_contains(images, "[build one/1]");
	assert_contains(images, "[build one/2]");
	assert_null(strstr(images, "[build one/3]"));
	assert_null(strstr(images, "[build back"));
	/* The tree is that of the base again. */
	key = strstr(images, "[cut back]");
	key = strstr(key, "\nkey = ");
	key[strlen("\nkey = 0123456789abcdef\n")] = '\0';
	assert_ptr_not_equal(strstr(images, key), key);
	free(images);
	images = shipped("--builds 2");
	assert_contains(images, "[build base/1]");
	assert_contains(images, "[build back/1]");
	free(images);
	expect_outcome(BUILD("--suite", "gone"), 3, "no suite 'gone'");
}

/* The configurations of its scenarios, for the cuts that they boot. */
static void configurations_of_a_suite(void **state)
{
	char *images;

	(void)state;
	prepare_suite("[s]\nscenarios = x z\nvariants = b a\nvariants.z = a\nbuilds.z = 2\n");
	write_file(test_dir, "data/scenarios/z.ini", SCENARIO "[guest]\nconfig = distro\n");
	write_file(test_dir, "data/vm-images/config/distro.config", "# CONFIG_SMP is not set\n");
	images = shipped("");
	assert_null(strstr(images, "config = "));
	free(images);
	images = shipped("--suite s");
	assert_contains(images, "[cut one-distro]");
	assert_contains(images, "\nconfig = distro\n");
	assert_contains(images, "[build one-distro/1]");
	assert_null(strstr(images, "[cut base-distro]"));
	assert_null(strstr(images, "[build one/1]"));
	free(images);
	images = shipped("--suite s --builds 1");
	assert_contains(images, "[cut one-distro]");
	assert_null(strstr(images, "[build"));
	free(images);
	images = shipped("--config distro");
	assert_contains(images, "[cut base]");
	assert_contains(images, "[cut base-distro]");
	assert_contains(images, "[cut back-distro]");
	free(images);
}

static void wrong_usage(void **state)
{
	(void)state;
	expect_outcome(BUILD("--range", "a..b"), 2, "need --git DIR");
	expect_outcome(BUILD("--git", linux_dir), 2, "--git needs --range BASE..TIP or --worktree");
	expect_outcome(RANGE("base..HEAD", "--worktree"), 2, "two builds");
	expect_outcome(WORKTREE("--builds", "0"), 2, "--builds");
	expect_outcome(WORKTREE("--builds", "21"), 2, "--builds");
	expect_outcome(WORKTREE("--suite", "default"), 2, "--suite is for the shipped series");
	expect_outcome(BUILD("--debian", "6.12", "--builds", "2"), 2,
		       "the driver of this kernel is built already");
	expect_outcome(BUILD("--image", "x", "--builds", "2"), 2, "is built already");
	expect_outcome(WORKTREE("--ends"), 2, "--ends needs --range");
	expect_outcome(WORKTREE("--name", "../x"), 2, "cannot be the name of a cut");
	expect_outcome(RANGE("base..HEAD", "--name", "a-name-that-is-longer"), 2, "the prefix");
	expect_outcome(WORKTREE("--remove", "x"), 2, "leave out --git");
	expect_outcome(BUILD("--git", "/nonexistent", "--worktree"), 3,
		       "cannot read /nonexistent: No such file or directory");
	expect_outcome(BUILD("--git", "/etc/passwd", "--worktree"), 3, "is not a directory");
	expect_outcome(WORKTREE("--config", "/nonexistent"), 3, "cannot read the kernel config");
	expect_outcome(BUILD("--git", in_test_dir("data"), "--worktree"), 3,
		       "it is not the source of a Linux kernel");
	expect_outcome(BUILD("--git", in_test_dir("data"), "--range", "a..b"), 3,
		       "is not a git repository");
	expect_outcome(run_shell("mkdir -p %1$s/broken && echo 'gitdir: /nonexistent' "
				 ">%1$s/broken/.git && %2$s/balloonbench build --git %1$s/broken "
				 "--worktree",
				 test_dir, TEST_BUILD),
		       3, "cannot read the git repository", "not a git repository: /nonexistent",
		       NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(range),
		TEST(build_id_is_that_of_the_kernel),
		TEST(same_tree_is_built_once),
		TEST(patches),
		TEST(series_with_names),
		TEST(working_tree),
		TEST(configuration),
		TEST(environment_does_not_leak),
		TEST(ctrl_c_and_go_on),
		TEST(killed_and_started_again),
		TEST(damaged_kernel_is_built_again),
		TEST(what_does_not_compile_is_named),
		TEST(recorded_command_is_quoted),
		TEST(removal),
		TEST(kernel_of_a_run_stays),
		TEST(layouts),
		TEST(layouts_of_a_suite),
		TEST(configurations_of_a_suite),
		TEST(named_configuration),
		TEST(wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

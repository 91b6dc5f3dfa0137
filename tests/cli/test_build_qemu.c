/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonbench build --qemu-git, with a QEMU that ninja builds in a moment. */
#include "tests/helpers/unit.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/fake_linux.h"
#include "tests/helpers/fake_qemu_source.h"
#include "tests/helpers/files.h"

#define BALLOON "hw/virtio/virtio-balloon.c"
/* Of the subproject. */
#define KEYS 40

/* The user's source; the cache is empty at the begin of each test. */
static char *qemu_dir;

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	fake_linux_set_up();
	qemu_dir = strdup(in_test_dir("qemu"));
	fake_qemu_commit(qemu_dir);
	fake_qemu_change(qemu_dir, 1, "virtio-balloon: one");
	fake_qemu_change(qemu_dir, 2, "virtio-balloon: two");
	return 0;
}

static int tear_down(void **state)
{
	free(qemu_dir);
	return test_dir_tear_down(state);
}

#define BUILD(...) run_program("balloonbench", (const char *const[]){ "build", __VA_ARGS__, NULL })
#define RANGE(range, ...) BUILD("--qemu-git", qemu_dir, "--range", range, __VA_ARGS__)

/* The value of a key of a QEMU's file, valid until the next call; NULL if there is none. */
static const char *value_of(const char *name, const char *key)
{
	static char value[512];
	char file[64], start[64], *text, *at;

	snprintf(file, sizeof(file), "cache/qemus/%s.ini", name);
	snprintf(start, sizeof(start), "\n%s = ", key);
	text = read_file(in_test_dir(file));
	at = text ? strstr(text, start) : NULL;
	if (at)
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + strlen(start), "\n"),
			 at + strlen(start));
	free(text);
	return at ? value : NULL;
}

static void expect_qemu(const char *name, int status)
{
	const char *path = value_of(name, "path");

	assert_non_null(path);
	expect_outcome(run_shell("%s", path), KEYS + status, NULL);
}

static void range(void **state)
{
	(void)state;
	expect_outcome(RANGE("base..HEAD", NULL), 0, "[3/3] 02-virtio-balloon-two: built",
		       "QEMU 10.0.99", "--variant finalize@01-virtio-balloon-one",
		       "--remove 02-virtio-balloon-two");
	expect_qemu("00-base", 0);
	expect_qemu("01-virtio-balloon-one", 1);
	expect_qemu("02-virtio-balloon-two", 2);
	assert_contains(value_of("01-virtio-balloon-one", "subject"), "virtio-balloon: one");
	assert_contains(value_of("01-virtio-balloon-one", "version"), "10.0.99");
	assert_contains(value_of("01-virtio-balloon-one", "source"), "git /tmp/");
	assert_contains(value_of("01-virtio-balloon-one", "built_from"), "--range base..HEAD");
	assert_int_equal(strlen(value_of("01-virtio-balloon-one", "commit")), 40);
	/* Only what a commit changes is compiled. */
	assert_int_equal(times_compiled("main.c"), 1);
	assert_int_equal(times_compiled("keys.c"), 1);
	assert_int_equal(times_compiled(BALLOON), 3);
	assert_int_equal(times_compiled("configure --enable-tcg --disable-download"), 1);
	assert_int_equal(count_paths(test_dir, "/cache/qemu/*/share/qemu/firmware.bin"), 3);
	expect_outcome(BUILD("--remove", "0*"), 0, "qemus/00-base.ini", "trees/");
	assert_int_equal(count_paths(test_dir, "/cache/qemu/*"), 0);
	assert_int_equal(count_paths(test_dir, "/cache/trees/*"), 0);
}

static void same_tree_is_built_once(void **state)
{
	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends", "--name", "q"), 0, "q-00-base",
		       "q-02-virtio-balloon-two");
	assert_null(value_of("q-01-virtio-balloon-one", "path"));
	expect_outcome(RANGE("base~0..HEAD~1", NULL), 0, "01-virtio-balloon-one");
	assert_int_equal(times_compiled(BALLOON), 3);
	git_in(qemu_dir, "commit -q --allow-empty -m 'virtio-balloon: nothing'");
	expect_outcome(RANGE("HEAD~1..HEAD", NULL), 0, "01-virtio-balloon-nothing");
	assert_int_equal(times_compiled(BALLOON), 3);
	expect_qemu("01-virtio-balloon-nothing", 2);
}

static void damaged_qemu_is_built_again(void **state)
{
	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, NULL);
	expect_outcome(run_shell("echo x >>%s", value_of("00-base", "path")), 0, NULL);
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, "is damaged; rebuilding it");
	expect_qemu("00-base", 0);
}

/* A build directory is made anew when configure changes. */
static void configured_again(void **state)
{
	(void)state;
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, NULL);
	expect_outcome(run_shell("sed -i 's/gcc -c/gcc -O2 -c/' %s/configure", qemu_dir), 0, NULL);
	git_in(qemu_dir, "commit -q -a -m 'configure: optimize'");
	expect_outcome(RANGE("HEAD~1..HEAD", NULL), 0, "01-configure-optimize");
	assert_int_equal(times_compiled("configure --"), 2);
	assert_int_equal(times_compiled("main.c"), 2);
}

static pid_t start_and_hold(void)
{
	const char *const args[] = {
		"build", "--qemu-git", qemu_dir, "--range", "base..HEAD", NULL
	};
	pid_t pid;

	write_file(test_dir, "hold", "");
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
	assert_null(value_of("00-base", "path"));
	expect_outcome(RANGE("base..HEAD", NULL), 0, NULL);
	expect_qemu("02-virtio-balloon-two", 2);
	assert_int_equal(times_compiled("configure --"), 1);
}

static void killed_and_started_again(void **state)
{
	pid_t pid = start_and_hold();

	(void)state;
	kill(pid, SIGKILL);
	wait_program(pid);
	unlink(in_test_dir("hold"));
	expect_outcome(RANGE("base..HEAD", NULL), 0, "was cut off; starting again");
	expect_qemu("02-virtio-balloon-two", 2);
	assert_int_equal(times_compiled("configure --"), 2);
}

static void what_does_not_compile_is_named(void **state)
{
	(void)state;
	write_file(qemu_dir, BALLOON, "int balloon(void) { return nothing; }\n");
	git_in(qemu_dir, "commit -q -a -m 'virtio-balloon: broken'");
	expect_outcome(RANGE("base..HEAD", NULL), 3,
		       BALLOON ":1:28: error: ", "QEMU 03-virtio-balloon-broken, commit ",
		       "cannot build QEMU, see above; the output of ninja is in /");
	expect_qemu("02-virtio-balloon-two", 2);
	assert_null(value_of("03-virtio-balloon-broken", "path"));
}

/* Its origin cannot be reached: a copy of the user's counts, if it has that revision. */
static void subprojects(void **state)
{
	char copy[PATH_MAX];

	(void)state;
	snprintf(copy, sizeof(copy), "%s/subprojects", qemu_dir);
	expect_outcome(run_shell("mv %s/keycodemapdb %s", test_dir, copy), 0, NULL);
	expect_outcome(RANGE("base..HEAD", "--ends"), 0, NULL);
	expect_qemu("00-base", 0);
	expect_outcome(BUILD("--remove", "0*"), 0, NULL);
	remove_tree(in_test_dir("qemu/subprojects/keycodemapdb"));
	expect_outcome(RANGE("base..HEAD", "--ends"), 3, "QEMU 00-base, commit ",
		       "cannot get the subproject keycodemapdb, which the "
		       "commits of QEMU do not have, from /tmp/",
		       "run `meson subprojects download keycodemapdb` in ");
	/* Not even named. */
	git_in(qemu_dir, "rm -q subprojects/keycodemapdb.wrap");
	git_in(qemu_dir, "commit -q -m 'subprojects: none'");
	expect_outcome(RANGE("HEAD~1..HEAD", "--ends"), 3, "cannot get the subproject");
	git_in(qemu_dir, "commit -q --allow-empty -m more");
	expect_outcome(RANGE("HEAD~1..HEAD", "--ends"), 3, "ERROR: Neither a subproject directory",
		       "cannot configure QEMU, see above; the output of ../src/configure is in /");
}

static void wrong_usage(void **state)
{
	(void)state;
	expect_outcome(BUILD("--qemu-git", qemu_dir), 2, "--qemu-git needs --range A..B");
	expect_outcome(RANGE("base..HEAD", "--worktree"), 2, "--worktree needs --git DIR");
	expect_outcome(RANGE("base..HEAD", "--git", qemu_dir), 2, "are several builds");
	expect_outcome(RANGE("base..HEAD", "--debug"), 2, "--config and --debug need");
	expect_outcome(RANGE("base..HEAD", "--name", "a-name-that-is-longer"), 2, "the prefix");
	expect_outcome(RANGE("HEAD..base", NULL), 3, "is it the wrong way round?");
	expect_outcome(BUILD("--qemu-git", in_test_dir("data"), "--range", "a..b"), 3,
		       "is not a git repository", "--qemu PATH");
	fake_linux_commit(in_test_dir("linux"));
	fake_linux_change(in_test_dir("linux"), 1, "balloon: one");
	expect_outcome(BUILD("--qemu-git", in_test_dir("linux"), "--range", "base..HEAD"), 3,
		       "it is not the source of QEMU");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(range),
		TEST(same_tree_is_built_once),
		TEST(damaged_qemu_is_built_again),
		TEST(configured_again),
		TEST(ctrl_c_and_go_on),
		TEST(killed_and_started_again),
		TEST(what_does_not_compile_is_named),
		TEST(subprojects),
		TEST(wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

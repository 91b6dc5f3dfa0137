/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another user exchanges a directory of a result tree for a link, on the way to it, during a run,
 * or before it is resumed: nothing is written, overwritten or removed where the link leads.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/safe_directory.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/tiny.h"

#define NOBODY 65534
#define PRECIOUS "what was in it before"

static int set_up(void **state)
{
	return tiny_set_up(state, TINY_WITHIN("20 s", "20 s"));
}

static const char *below(const char *tree, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s", test_dir, tree, name);
	return path;
}

/* A directory that looks like a part of a tree, with files that a run would write or remove. */
static void make_target(const char *name)
{
	write_file(in_test_dir(name), "finalize/.boot-01/console.log", PRECIOUS);
	write_file(in_test_dir(name), "finalize/.boot-01/result.json", PRECIOUS);
	write_file(in_test_dir(name), "finalize/.boot-01/cmd.sh", PRECIOUS);
}

static void expect_untouched(const char *name)
{
	static const char *const files[] = { "console.log", "result.json", "cmd.sh" };
	char path[PATH_MAX], *text;
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "finalize/.boot-01/%s", files[i]);
		text = read_file(below(name, path));
		if (!text || strcmp(text, PRECIOUS))
			fail_msg("%s/%s is %s", name, path, text ? "overwritten" : "removed");
		free(text);
	}
	assert_int_equal(count_files(below(name, "finalize/.boot-01")), 3);
	assert_int_equal(count_files(below(name, "finalize")), 1);
}

/* tree/tiny becomes a link to the target. */
static void exchange(const char *tree, const char *target)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", below(tree, "tiny"));
	rename(folder, below(tree, "gone"));
	assert_int_equal(symlink(in_test_dir(target), folder), 0);
}

/* Ctrl-C removes the directory of the boot that is under way. */
static void exchanged_before_the_end_by_a_signal(void **state)
{
	pid_t pid;

	(void)state;
	make_target("target-1");
	setenv("FAKE_QEMU", "hang-in-resize", 1);
	pid = tiny_start("stopped", "--boots", "1", "--trace", "off");
	AWAIT(!access(below("stopped", "tiny/finalize/.boot-01/guest.log"), F_OK));
	exchange("stopped", "target-1");
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	expect_untouched("target-1");
}

/* A boot that ends writes its result, and gets its final name. */
static void exchanged_before_the_end_of_a_boot(void **state)
{
	pid_t pid;

	(void)state;
	make_target("target-2");
	setenv("FAKE_QEMU", "no-poweroff", 1);
	pid = tiny_start("ended", "--boots", "1", "--trace", "off");
	AWAIT(!access(below("ended", "tiny/finalize/.boot-01/guest.log"), F_OK));
	exchange("ended", "target-2");
	wait_program(pid);
	expect_untouched("target-2");
	assert_int_equal(access(below("ended", "gone/finalize/boot-01/result.json"), F_OK), 0);
}

/* The next boot is not written where the link leads, and the run ends. */
static void exchanged_between_boots(void **state)
{
	pid_t pid;

	(void)state;
	make_target("target-3");
	setenv("FAKE_QEMU", "no-poweroff", 1);
	pid = tiny_start("between", "--boots", "2", "--trace", "off");
	AWAIT(!access(below("between", "tiny/finalize/.boot-01/guest.log"), F_OK));
	exchange("between", "target-3");
	assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
	expect_untouched("target-3");
}

static void exchanged_before_resume(void **state)
{
	(void)state;
	make_target("target-4");
	setenv("FAKE_QEMU", "good", 1);
	expect_outcome(tiny_run("resumed", "--boots", "1", "--trace", "off"), EXIT_FINE, "");
	exchange("resumed", "target-4");
	expect_outcome(tiny_resume("resumed"), EXIT_ENVIRONMENT, "symbolic link");
	expect_untouched("target-4");
}

/* Links of the user's are followed, as /home often is one; those of others are not. */
static void link_on_the_way(void **state)
{
	(void)state;
	setenv("FAKE_QEMU", "good", 1);
	assert_int_equal(mkdir(in_test_dir("real"), 0755), 0);
	assert_int_equal(symlink("real", in_test_dir("ours")), 0);
	expect_outcome(tiny_run("ours/tree", "--boots", "1", "--trace", "off"), EXIT_FINE, "");
	assert_int_equal(access(below("real", "tree/env.json"), F_OK), 0);
	if (geteuid())
		skip_test("only root can make a link of another user");
	assert_int_equal(symlink("real", in_test_dir("theirs")), 0);
	assert_int_equal(lchown(in_test_dir("theirs"), NOBODY, NOBODY), 0);
	expect_outcome(tiny_run("theirs/other", "--boots", "1", "--trace", "off"), EXIT_ENVIRONMENT,
		       "symbolic link");
	assert_int_equal(access(below("real", "other"), F_OK), -1);
}

static void group_can_write(void **state)
{
	(void)state;
	setenv("FAKE_QEMU", "good", 1);
	assert_int_equal(mkdir(in_test_dir("group"), 0755), 0);
	assert_int_equal(chmod(in_test_dir("group"), 0775), 0);
	expect_outcome(tiny_run("group", "--boots", "1", "--trace", "off"), EXIT_ENVIRONMENT,
		       "another user can write to it");
}

/* A gnuplot that gives the test time: it cannot write outside of its private directory. */
static void make_slow_gnuplot(void)
{
	char path[PATH_MAX];

	write_file(in_test_dir("bin"), "gnuplot",
		   "#!/bin/sh\nsleep 0.3\nexec /usr/bin/gnuplot \"$@\"\n");
	assert_int_equal(chmod(in_test_dir("bin/gnuplot"), 0755), 0);
	snprintf(path, sizeof(path), "%s:%s", in_test_dir("bin"), getenv("PATH"));
	setenv("PATH", path, 1);
}

/* The plots of a report go to the directory that was there when it began. */
static void exchanged_during_a_report(void **state)
{
	char plots[PATH_MAX];
	pid_t pid;

	(void)state;
	if (access("/usr/bin/gnuplot", X_OK))
		skip_test("no gnuplot here");
	make_slow_gnuplot();
	hostile_tree_make(in_test_dir("reported"));
	write_file(in_test_dir("elsewhere"), "precious", PRECIOUS);
	assert_int_equal(mkdir(in_test_dir("tmp"), 0700), 0);
	setenv("TMPDIR", in_test_dir("tmp"), 1);
	pid = start_program("balloonstat",
			    (const char *[]){ "report", in_test_dir("reported"), NULL });
	AWAIT(count_files(in_test_dir("tmp")));
	snprintf(plots, sizeof(plots), "%s", in_test_dir("reported/plots"));
	assert_int_equal(rename(plots, in_test_dir("reported/gone")), 0);
	assert_int_equal(symlink(in_test_dir("elsewhere"), plots), 0);
	assert_int_equal(wait_program(pid), EXIT_FINE);
	unsetenv("TMPDIR");
	assert_int_equal(count_files(in_test_dir("elsewhere")), 1);
	assert_above(count_files(in_test_dir("reported/gone")), 2);
}

static void directories_by_descriptor(void **state)
{
	int top = safe_directory_open(in_test_dir("top/a/b"), true), fd;
	char path[PATH_MAX];

	(void)state;
	assert_true(top >= 0);
	fd = safe_directory_below(top, "c/d", true);
	assert_true(fd >= 0);
	write_file(in_test_dir("top/a/b/c/d"), "file", PRECIOUS);
	assert_int_equal(access(descriptor_path(fd, "file", path), F_OK), 0);
	close(fd);
	fd = file_open_below(top, "c/d/file", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("c", in_test_dir("top/a/b/link")), 0);
	assert_int_equal(safe_directory_below(top, "link/d", false), -ELOOP);
	assert_int_equal(file_open_below(top, "link/d/file", O_RDONLY), -ELOOP);
	assert_int_equal(symlink("d/file", in_test_dir("top/a/b/c/link")), 0);
	assert_int_equal(file_open_below(top, "c/link", O_RDONLY), -ELOOP);
	assert_int_equal(file_open_below(top, "c/../../b/c/d/file", O_RDONLY), -EINVAL);
	assert_int_equal(safe_directory_below(top, "missing", false), -ENOENT);
	assert_int_equal(safe_directory_below(top, "c/d/file", false), -ENOTDIR);
	/* A loop of links ends. */
	assert_int_equal(symlink("loop", in_test_dir("loop")), 0);
	assert_int_equal(safe_directory_open(in_test_dir("loop/x"), false), -ELOOP);
	directory_remove_at(top, "link");
	assert_int_equal(access(in_test_dir("top/a/b/c/d/file"), F_OK), 0);
	directory_remove_at(top, "c");
	assert_int_equal(access(in_test_dir("top/a/b/c"), F_OK), -1);
	close(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanged_before_the_end_by_a_signal),
		cmocka_unit_test(exchanged_before_the_end_of_a_boot),
		cmocka_unit_test(exchanged_between_boots),
		cmocka_unit_test(exchanged_before_resume),
		cmocka_unit_test(link_on_the_way),
		cmocka_unit_test(group_can_write),
		cmocka_unit_test(exchanged_during_a_report),
		cmocka_unit_test(directories_by_descriptor),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

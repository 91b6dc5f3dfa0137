/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Result trees by somebody who means ill with what lies in them, rather than with
 * what is written there: pipes, links, files without an end. And that nobody
 * else can use or change what the programs leave behind.
 */
#include "tests/helpers/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/json_file.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/program.h"

#define PRECIOUS "what was in it before"

static const char *in_tree(const char *tree, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s", test_dir, tree, name);
	return path;
}

static struct outcome stat_program(const char *command, const char *tree, const char *option)
{
	return run_program("balloonstat",
			   (const char *[]){ command, in_test_dir(tree), option, NULL });
}

/* Nobody ever writes into it. */
static void a_pipe_makes_nobody_wait(void **state)
{
	static const char *const names[] = { "env.json", "plan.json",
					     "idle/v0/boot-01/result.json" };
	char tree[32];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		snprintf(tree, sizeof(tree), "pipe-%zu", i);
		hostile_tree_make(in_test_dir(tree));
		unlink(in_tree(tree, names[i]));
		assert_int_equal(mkfifo(in_tree(tree, names[i]), 0600), 0);
		expect_outcome(stat_program("compare", tree, NULL), EXIT_ENVIRONMENT,
			       "not a regular file");
	}
	hostile_tree_make(in_test_dir("resumed"));
	unlink(in_tree("resumed", "plan.json"));
	assert_int_equal(mkfifo(in_tree("resumed", "plan.json"), 0600), 0);
	expect_outcome(
		run_program("balloonbench",
			    (const char *[]){ "run", "--resume", in_test_dir("resumed"), NULL }),
		EXIT_USAGE, "not a regular file");
}

/* A hole is cheap to make, and a terabyte to read. */
static void a_file_has_an_end(void **state)
{
	(void)state;
	hostile_tree_make(in_test_dir("large"));
	assert_int_equal(truncate(in_tree("large", "idle/v0/boot-01/result.json"), 1LL << 40), 0);
	expect_outcome(stat_program("compare", "large", NULL), EXIT_ENVIRONMENT,
		       "larger than 16 MiB");
}

static void nesting_has_an_end(void **state)
{
	char *deep = malloc(JSON_FILE_MAX);

	(void)state;
	assert_non_null(deep);
	memset(deep, '[', JSON_FILE_MAX - 1);
	deep[JSON_FILE_MAX - 1] = '\0';
	hostile_tree_make(in_test_dir("deep"));
	write_file(in_test_dir("deep"), "plan.json", deep);
	expect_outcome(stat_program("compare", "deep", NULL), EXIT_ENVIRONMENT,
		       "maximum parsing depth");
	write_file(in_test_dir("deep"), "plan.json", "{}");
	write_file(in_test_dir("deep"), "idle/v0/boot-01/trace.json", deep);
	expect_outcome(run_program("balloonstat", (const char *[]){ "export", in_test_dir("deep"),
								    "--format", "perfetto", NULL }),
		       EXIT_ENVIRONMENT, "trace.json");
	free(deep);
}

static void expect_precious(void)
{
	char *text = read_file(in_test_dir("precious"));

	assert_string_equal(text, PRECIOUS);
	free(text);
}

static void is_no_link(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		fail_msg("no %s", path);
	if (!S_ISREG(st.st_mode))
		fail_msg("%s is a link still", path);
}

/* A report is written into the tree: a link there must not choose another file. */
static void links_are_not_written_through(void **state)
{
	static const char *const names[] = { "REPORT.md", "report.html", "plots/idle-duration.svg",
					     "plots/idle-duration.png" };
	size_t i;

	(void)state;
	hostile_tree_make(in_test_dir("links"));
	write_file(test_dir, "precious", PRECIOUS);
	write_file(in_test_dir("links"), "plots/keep", "");
	/* The name that the tree gives its scenario, as a plot's file has it. */
	expect_outcome(stat_program("report", "links", NULL), EXIT_FINE, "report.html is written");
	for (i = 0; i < 4; i++) {
		char path[PATH_MAX], *kind = strrchr(names[i], '-');
		struct dirent *entry = NULL;
		DIR *plots = kind ? opendir(in_tree("links", "plots")) : NULL;

		snprintf(path, sizeof(path), "%s", in_tree("links", names[i]));
		while (plots && (entry = readdir(plots)))
			if (strlen(entry->d_name) > strlen(kind) &&
			    !strcmp(entry->d_name + strlen(entry->d_name) - strlen(kind), kind))
				snprintf(path, sizeof(path), "%s/%s", in_tree("links", "plots"),
					 entry->d_name);
		if (plots)
			closedir(plots);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(in_test_dir("precious"), path), 0);
		expect_outcome(stat_program("report", "links", NULL), EXIT_FINE,
			       "report.html is written");
		expect_precious();
		is_no_link(path);
	}
}

static void a_link_in_place_of_the_plots(void **state)
{
	struct outcome outcome;

	(void)state;
	hostile_tree_make(in_test_dir("linked"));
	assert_int_equal(mkdir(in_test_dir("elsewhere"), 0755), 0);
	assert_int_equal(symlink(in_test_dir("elsewhere"), in_tree("linked", "plots")), 0);
	outcome = stat_program("report", "linked", NULL);
	assert_int_equal(outcome.status, EXIT_USAGE);
	outcome_release(&outcome);
	assert_int_equal(rmdir(in_test_dir("elsewhere")), 0);
}

/* Where others can write they can put a link in the way of every file to come. */
static void others_directories_are_refused(void **state)
{
	const char *const args[] = { "run",
				     "--scenario",
				     "smoke",
				     "--variant",
				     "finalize",
				     "--boots",
				     "1",
				     "--accel",
				     "tcg",
				     "--trace",
				     "off",
				     "-o",
				     in_test_dir("theirs"),
				     NULL };

	(void)state;
	setenv("QEMU", build_path("tests/helpers/fake-qemu/fake-qemu"), 1);
	assert_int_equal(mkdir(in_test_dir("theirs"), 0755), 0);
	assert_int_equal(chmod(in_test_dir("theirs"), 01777), 0);
	expect_outcome(run_program("balloonbench", args), EXIT_ENVIRONMENT, "all can write to it");
	if (geteuid())
		return;
	assert_int_equal(chmod(in_test_dir("theirs"), 0755), 0);
	assert_int_equal(chown(in_test_dir("theirs"), 65534, 65534), 0);
	expect_outcome(run_program("balloonbench", args), EXIT_ENVIRONMENT,
		       "belongs to another user");
}

static size_t seen_files;

static int expect_private(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	seen_files += type == FTW_F;
	if (!S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)))
		fail_msg("%s has mode %o", path, st->st_mode);
	return 0;
}

/* A shell's umask of 0 is no leave for others to write. */
static void what_is_written_is_ours(void **state)
{
	const char *out = in_test_dir("ours");
	mode_t old = umask(0);

	(void)state;
	setenv("QEMU", build_path("tests/helpers/fake-qemu/fake-qemu"), 1);
	setenv("TMPDIR", test_dir, 1);
	write_file(test_dir, "tiny.ini",
		   "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n[run]\ncycles = 1\n");
	chmod(in_test_dir("tiny.ini"), 0644);
	expect_outcome(
		run_program("balloonbench",
			    (const char *[]){ "run", "--scenario", in_test_dir("tiny.ini"),
					      "--variant", "finalize", "--boots", "1", "--accel",
					      "tcg", "--trace", "off", "-o", out, NULL }),
		EXIT_FINE, "1 boots ok");
	expect_outcome(stat_program("report", "ours", NULL), EXIT_FINE, "report.html is written");
	umask(old);
	unsetenv("TMPDIR");
	nftw(out, expect_private, 16, FTW_PHYS);
	assert_true(seen_files > 10);
}

/* $TMPDIR is where temporary files go, and nothing is left there. */
static void temporary_files_are_where_they_belong(void **state)
{
	struct dirent *entry;
	DIR *dir;

	(void)state;
	hostile_tree_make(in_test_dir("drawn"));
	assert_int_equal(mkdir(in_test_dir("tmp"), 0700), 0);
	setenv("TMPDIR", in_test_dir("tmp"), 1);
	expect_outcome(stat_program("report", "drawn", NULL), EXIT_FINE, "report.html is written");
	dir = opendir(in_test_dir("tmp"));
	while ((entry = readdir(dir)))
		assert_true(entry->d_name[0] == '.');
	closedir(dir);
	setenv("TMPDIR", in_test_dir("missing"), 1);
	expect_outcome(stat_program("report", "drawn", NULL), EXIT_ENVIRONMENT,
		       "in $TMPDIR or /tmp: No such file");
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_makes_nobody_wait),
		cmocka_unit_test(a_file_has_an_end),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(links_are_not_written_through),
		cmocka_unit_test(a_link_in_place_of_the_plots),
		cmocka_unit_test(others_directories_are_refused),
		cmocka_unit_test(what_is_written_is_ours),
		cmocka_unit_test(temporary_files_are_where_they_belong),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

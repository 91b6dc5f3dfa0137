/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Malicious result trees with pipes, links and endless files; and that other users
 * cannot change what the programs write.
 */
#include "tests/helpers/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/exit_status.h"
#include "lib/json_file.h"
#include "lib/trace_records.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/hostile_tree.h"
#include "tests/helpers/tiny.h"

#define PRECIOUS "what was in it before"
#define DEPTH 150000

static int set_up(void **state)
{
	return tiny_set_up(state, TINY_WITHIN("30 s", "30 s"));
}

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

/* Nobody writes to the pipe. */
static void pipe_instead_of_file(void **state)
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

/* A sparse file costs nothing to create, and takes hours to read. */
static void endless_file(void **state)
{
	(void)state;
	hostile_tree_make(in_test_dir("large"));
	assert_int_equal(truncate(in_tree("large", "idle/v0/boot-01/result.json"), 1LL << 40), 0);
	expect_outcome(stat_program("compare", "large", NULL), EXIT_ENVIRONMENT,
		       "larger than 16 MiB");
}

static void deep_nesting(void **state)
{
	char *deep = malloc(DEPTH + 1);

	(void)state;
	assert_non_null(deep);
	memset(deep, '[', DEPTH);
	deep[DEPTH] = '\0';
	hostile_tree_make(in_test_dir("deep"));
	write_file(in_test_dir("deep"), "plan.json", deep);
	expect_outcome(stat_program("compare", "deep", NULL), EXIT_ENVIRONMENT,
		       "maximum parsing depth");
	write_file(in_test_dir("deep"), "plan.json", "{}");
	write_file(in_test_dir("deep"), "idle/v0/boot-01/" TRACE_FILE, deep);
	expect_outcome(run_program("balloonstat", (const char *[]){ "export", in_test_dir("deep"),
								    "--format", "perfetto", NULL }),
		       EXIT_ENVIRONMENT, TRACE_FILE);
	free(deep);
}

/* Replace a file of a tree by @count copies of @item between @begin and @end, and compare. */
static void expect_refused(const char *name, const char *begin, const char *item, size_t count,
			   const char *end, const char *reason)
{
	char *text = malloc(strlen(begin) + count * strlen(item) + strlen(end) + 1), *at;

	assert_non_null(text);
	at = stpcpy(text, begin);
	while (count--)
		at = stpcpy(at, item);
	stpcpy(at, end);
	remove_tree(in_test_dir("refused"));
	hostile_tree_make(in_test_dir("refused"));
	write_file(in_test_dir("refused"), name, text);
	expect_outcome(stat_program("compare", "refused", NULL), EXIT_ENVIRONMENT, reason);
	free(text);
}

/* Small files that take gigabytes, or minutes. */
static void small_files_with_much_in_them(void **state)
{
	static const char *const names[] = { "plan.json", "env.json",
					     "idle/v0/boot-01/result.json" };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		expect_refused(names[i], "{\"a\":[", "{},", 5000000, "{}]}", "arrays and objects");
		expect_refused(names[i], "{\"a\":[", "0,", 5000000, "0]}", "values, more than");
	}
	expect_refused("plan.json", "{\"scenarios\":[", "{\"name\":\"x\"},", 1000, "{}]}",
		       "more than 256 scenarios");
}

static void keys_that_are_there_twice(void **state)
{
	(void)state;
	expect_refused("idle/v0/boot-01/result.json", "{\"boot\":1,", "\"boot\":2,", 1,
		       "\"seed\":1}", "duplicate object key");
	expect_refused("plan.json", "{\"seed\":1,", "\"seed\":2,", 1, "\"a\":1}",
		       "duplicate object key");
}

/* They would be cut off, and one taken for the other. */
static void long_names(void **state)
{
	char *name = calloc(1, 601), *text;
	json_t *result;

	(void)state;
	memset(name, 'n', 600);
	hostile_tree_make(in_test_dir("long"));
	result = load_json(in_tree("long", "idle/v0/boot-01/result.json"));
	json_object_set_new(result, "variant", json_string(name));
	text = json_dumps(result, 0);
	write_file(in_test_dir("long"), "idle/v0/boot-01/result.json", text);
	expect_outcome(stat_program("compare", "long", NULL), EXIT_ENVIRONMENT,
		       "name of more than 255 bytes");
	json_decref(result);
	free(text);
	free(name);
}

/* A link in a tree of someone else's can lead to what only the reader may read. */
static void links_are_not_read(void **state)
{
	static const char *const names[] = { "env.json", "plan.json", "idle/v0/boot-01/result.json",
					     "idle" };
	char path[PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		remove_tree(in_test_dir("read"));
		remove_tree(in_test_dir("moved"));
		hostile_tree_make(in_test_dir("read"));
		snprintf(path, sizeof(path), "%s", in_tree("read", names[i]));
		assert_int_equal(rename(path, in_test_dir("moved")), 0);
		assert_int_equal(symlink(in_test_dir("moved"), path), 0);
		expect_outcome(stat_program("compare", "read", NULL), EXIT_ENVIRONMENT,
			       "symbolic link");
	}
	hostile_tree_make(in_test_dir("traced"));
	write_file(test_dir, "trace",
		   "{\"schema_version\":2,\"level\":\"phases\"}\n{\"records\":0}\n");
	assert_int_equal(
		symlink(in_test_dir("trace"), in_tree("traced", "idle/v0/boot-01/" TRACE_FILE)), 0);
	expect_outcome(stat_program("export", "traced", "--format=perfetto"), EXIT_ENVIRONMENT,
		       TRACE_FILE ": Too many levels of symbolic links");
	hostile_tree_make(in_test_dir("beside"));
	assert_int_equal(symlink(in_test_dir("beside"), in_tree("beside", "icount")), 0);
	expect_outcome(stat_program("report", "beside", "--no-plots"), EXIT_ENVIRONMENT,
		       "icount is a symbolic link");
	/* The tree itself may be one. */
	hostile_tree_make(in_test_dir("real"));
	assert_int_equal(symlink("real", in_test_dir("named")), 0);
	expect_outcome(stat_program("export", "named", "--format=json"), EXIT_FINE, "");
}

/* A limit is an error with a message, not the end by a signal. */
static void limited_size_of_files(void **state)
{
	(void)state;
	expect_outcome(run_shell("ulimit -f 1; '%s' run --scenario '%s' --variant finalize "
				 "--accel tcg --trace off --boots 1 -o '%s/limited' 2>&1",
				 build_path("balloonbench"), tiny, test_dir),
		       EXIT_ENVIRONMENT, "ulimit -f");
}

static void expect_precious(void)
{
	char *text = read_file(in_test_dir("precious"));

	assert_string_equal(text, PRECIOUS);
	free(text);
}

static void expect_no_link(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		fail_msg("no %s", path);
	if (!S_ISREG(st.st_mode))
		fail_msg("%s is still a link", path);
}

/* A report is written into the tree: a link there must not redirect it to another file. */
static void links_are_not_written_through(void **state)
{
	static const char *const names[] = { "REPORT.md", "report.html", "plots/idle-duration.svg",
					     "plots/idle-duration.png" };
	size_t i;

	(void)state;
	hostile_tree_make(in_test_dir("links"));
	write_file(test_dir, "precious", PRECIOUS);
	write_file(in_test_dir("links"), "plots/keep", "");
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
		expect_no_link(path);
	}
}

static void link_instead_of_plots(void **state)
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

/* A directory that others can write to can get a link in place of any file. */
static void directory_of_others(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_test_dir("theirs"), 0755), 0);
	assert_int_equal(chmod(in_test_dir("theirs"), 01777), 0);
	expect_outcome(tiny_run("theirs", "--boots", "1", "--trace", "off"), EXIT_ENVIRONMENT,
		       "another user can write to it");
}

static void directory_owned_by_another_user(void **state)
{
	(void)state;
	if (geteuid())
		skip_test("only root can give a directory away");
	assert_int_equal(mkdir(in_test_dir("nobodys"), 0755), 0);
	assert_int_equal(chown(in_test_dir("nobodys"), 65534, 65534), 0);
	expect_outcome(tiny_run("nobodys", "--boots", "1", "--trace", "off"), EXIT_ENVIRONMENT,
		       "another user owns it");
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

/* Even with a umask of 0 others cannot write. */
static void output_is_private(void **state)
{
	mode_t old = umask(0);

	(void)state;
	setenv("TMPDIR", test_dir, 1);
	expect_outcome(tiny_run("ours", "--boots", "1", "--trace", "off"), EXIT_FINE, "1 boots ok");
	expect_outcome(stat_program("report", "ours", NULL), EXIT_FINE, "report.html is written");
	umask(old);
	unsetenv("TMPDIR");
	nftw(in_test_dir("ours"), expect_private, 16, FTW_PHYS);
	assert_above(seen_files, 10);
}

/* Temporary files are in $TMPDIR, and none is left. */
static void temporary_files(void **state)
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
		if (entry->d_name[0] != '.')
			fail_msg("%s is left", entry->d_name);
	closedir(dir);
	setenv("TMPDIR", in_test_dir("missing"), 1);
	expect_outcome(stat_program("report", "drawn", NULL), EXIT_ENVIRONMENT,
		       "in $TMPDIR or /tmp: No such file");
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipe_instead_of_file),
		cmocka_unit_test(endless_file),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(small_files_with_much_in_them),
		cmocka_unit_test(keys_that_are_there_twice),
		cmocka_unit_test(long_names),
		cmocka_unit_test(links_are_not_read),
		cmocka_unit_test(limited_size_of_files),
		cmocka_unit_test(links_are_not_written_through),
		cmocka_unit_test(link_instead_of_plots),
		cmocka_unit_test(directory_of_others),
		cmocka_unit_test(directory_owned_by_another_user),
		cmocka_unit_test(output_is_private),
		cmocka_unit_test(temporary_files),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

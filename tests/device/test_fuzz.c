/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fuzzer of the device: its corpus, some more for a bounded time, and faults
 * planted in the device (tests/seeded-bugs/device) that it must find.
 */
#include "tests/helpers/unit.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define FUZZER "tests/device/fuzz-device"
#define CORPUS TEST_SOURCE "/tests/device/corpus"

/* What the build has noted of a QEMU: build/fuzz-qemu/NAME holds its path. */
static char *qemu(const char *name)
{
	char file[256], *path;

	snprintf(file, sizeof(file), "fuzz-qemu/%s", name);
	path = read_file(build_path(file));
	if (path)
		path[strcspn(path, "\n")] = '\0';
	return path;
}

/* Takes the output to pieces. */
static void show(const struct outcome *outcome)
{
	char *line, *rest = outcome->output;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			print_message("# %s\n", line);
}

static void nothing_fails(void **state)
{
	const char *seconds = getenv("FUZZ_SECONDS");
	char *good = qemu("sanitized");
	struct outcome outcome;

	(void)state;
	assert_non_null(good);
	outcome = run_program(FUZZER, (const char *[]){ "--qemu", good, "--corpus", CORPUS,
							"--seconds", seconds ? seconds : "30",
							"--failures", TEST_BUILD, NULL });
	assert_non_null(strstr(outcome.output, " places of virtio-balloon.c reached"));
	show(&outcome);
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	free(good);
}

static int replay(const char *path, const char *input)
{
	struct outcome outcome =
		run_program(FUZZER, (const char *[]){ "--qemu", path, "--replay", input, NULL });
	int status = outcome.status;

	show(&outcome);
	outcome_release(&outcome);
	return status;
}

/* The file of the only input in a directory. */
static void only_file(const char *dir, char *path, size_t size)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int count = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, size, "%s/%s", dir, e->d_name);
		count++;
	}
	closedir(d);
	assert_int_equal(count, 1);
}

/* Found, made short, and what is left fails again: there and nowhere else. */
static void expect_found(const char *name, const char *what)
{
	char *bad = qemu(name), *good = qemu("sanitized");
	char input[512], failures[512];
	bool found;
	struct outcome outcome;

	if (!bad) {
		print_message("# SKIP the fault is planted in this project's series only\n");
		free(good);
		skip();
		return; /* which skip() does not, as only a reader knows */
	}
	snprintf(failures, sizeof(failures), "%s", make_temp_dir());
	outcome = run_program(FUZZER,
			      (const char *[]){ "--qemu", bad, "--corpus", CORPUS, "--seconds",
						"120", "--failures", failures, NULL });
	found = strstr(outcome.output, what);
	show(&outcome);
	assert_int_equal(outcome.status, 1);
	assert_true(found);
	outcome_release(&outcome);
	only_file(failures, input, sizeof(input));
	assert_int_equal(replay(bad, input), 1);
	assert_int_equal(replay(good, input), 0);
	remove_tree(failures);
	free(bad);
	free(good);
}

static void a_write_beyond_an_array_is_found(void **state)
{
	(void)state;
	expect_found("forgets-the-bound", "AddressSanitizer: heap-buffer-overflow");
}

static void a_page_that_nobody_named_is_found(void **state)
{
	(void)state;
	expect_found("joins-over-a-gap", "which nobody has named");
}

static void what_cannot_run_is_told(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = run_program(FUZZER, (const char *[]){ NULL });
	assert_int_equal(outcome.status, 2);
	assert_non_null(strstr(outcome.output, "build-qemu --sanitize"));
	outcome_release(&outcome);
	outcome = run_program(FUZZER, (const char *[]){ "--qemu", "/bin/false", NULL });
	assert_int_equal(outcome.status, 3);
	assert_non_null(strstr(outcome.output, "/bin/false"));
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fails),
		cmocka_unit_test(a_write_beyond_an_array_is_found),
		cmocka_unit_test(a_page_that_nobody_named_is_found),
		cmocka_unit_test(what_cannot_run_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

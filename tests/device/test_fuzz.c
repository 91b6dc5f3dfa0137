/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fuzzer of the device: the corpus and a short search must find nothing, and the bugs
 * in tests/seeded-bugs/device must be found.
 */
#include "tests/helpers/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define FUZZER "tests/device/fuzz-device"
#define CORPUS TEST_BUILD "/corpus/device"

/* Path of a sanitized QEMU, from build/fuzz-qemu/NAME; to be freed. */
static char *qemu(const char *name)
{
	char file[256], *path;

	snprintf(file, sizeof(file), "fuzz-qemu/%s", name);
	path = read_file(build_path(file));
	if (path)
		path[strcspn(path, "\n")] = '\0';
	return path;
}

/* Print the output as comments; it is modified. */
static void show(const struct outcome *outcome)
{
	char *line, *rest = outcome->output;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			print_message("# %s\n", line);
}

static void no_input_fails(void **state)
{
	const char *seconds = getenv("FUZZ_SECONDS");
	char *good = qemu("sanitized");
	struct outcome outcome;

	(void)state;
	assert_non_null(good);
	outcome = run_program(FUZZER, (const char *[]){ "--qemu", good, "--corpus", CORPUS,
							"--seconds", seconds ? seconds : "30",
							"--failures", TEST_BUILD, NULL });
	assert_contains(outcome.output, " places of virtio-balloon.c reached");
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

/* Path of the only file in a directory. */
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

/*
 * A bug is found, its input is minimised, and the result fails again with the bug and
 * passes without it.
 */
static void expect_found(const char *name, const char *what)
{
	char *bad = qemu(name), *good = qemu("sanitized");
	char input[512], failures[512];
	struct outcome outcome;

	if (!bad) {
		free(good);
		skip_test("no QEMU with %s: only the shipped series is seeded with it", name);
	}
	snprintf(failures, sizeof(failures), "%s", make_temp_dir());
	outcome = run_program(FUZZER,
			      (const char *[]){ "--qemu", bad, "--corpus", CORPUS, "--seconds",
						"120", "--failures", failures, NULL });
	assert_contains(outcome.output, what);
	show(&outcome);
	assert_int_equal(outcome.status, 1);
	outcome_release(&outcome);
	only_file(failures, input, sizeof(input));
	assert_int_equal(replay(bad, input), 1);
	assert_int_equal(replay(good, input), 0);
	remove_tree(failures);
	free(bad);
	free(good);
}

static void overflow_is_found(void **state)
{
	(void)state;
	expect_found("forgets-the-bound", "AddressSanitizer: heap-buffer-overflow");
}

static void wrong_discard_is_found(void **state)
{
	(void)state;
	expect_found("joins-over-a-gap", "which no entry names");
}

static void wrong_qemu_is_reported(void **state)
{
	(void)state;
	expect_outcome(run_program(FUZZER, (const char *[]){ NULL }), 2, "build-qemu --sanitize");
	expect_outcome(run_program(FUZZER, (const char *[]){ "--qemu", "/bin/false", NULL }), 3,
		       "/bin/false");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_input_fails),
		cmocka_unit_test(overflow_is_found),
		cmocka_unit_test(wrong_discard_is_found),
		cmocka_unit_test(wrong_qemu_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

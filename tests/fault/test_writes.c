/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that is full or read-only at each write of a run, a report, plots and an
 * export: finished files are complete, no other file is left, and --resume completes
 * the run once there is space. The disks are small tmpfs and bind mounts, which need
 * root.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/directory.h"
#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/tiny.h"

#define TINY TINY_WITHIN("20 s", "5 s")
#define BOOTS 4

static char disk[256], out[300], frozen[256];
static char part[320]; /* of the output, that becomes read-only */

static int set_up(void **state)
{
	if (tiny_set_up(state, TINY))
		return -1;
	snprintf(disk, sizeof(disk), "%s/disk", test_dir);
	snprintf(out, sizeof(out), "%s/out", disk);
	snprintf(frozen, sizeof(frozen), "%s/frozen", test_dir);
	mkdir(disk, 0755);
	mkdir(frozen, 0755);
	return 0;
}

/* Also after a test that failed. */
static int unmount(void **state)
{
	(void)state;
	umount2(frozen, MNT_DETACH);
	umount2(part, MNT_DETACH);
	while (!umount2(out, MNT_DETACH))
		;
	while (!umount2(disk, MNT_DETACH))
		;
	return 0;
}

static void mount_disk(int kib)
{
	char options[64];

	if (geteuid())
		skip_test("mounting a file system needs root");
	snprintf(options, sizeof(options), "size=%dk", kib);
	assert_int_equal(mount("tmpfs", disk, "tmpfs", 0, options), 0);
}

static void enlarge_disk(void)
{
	assert_int_equal(mount("tmpfs", disk, "tmpfs", MS_REMOUNT, "size=64m"), 0);
}

static struct outcome run(const char *trace)
{
	return tiny_run("disk/out", "--boots", "4", "--trace", trace, "-q");
}

/* Number of boots; each of them has a complete result. */
static size_t finished(void)
{
	glob_t found = { .gl_pathc = 0 };
	struct boot_result result;
	char err[512], path[512];
	size_t i, n;
	json_t *json;

	if (glob_below(out, "/tiny/finalize/boot-*", &found))
		return 0;
	for (i = 0; i < found.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/result.json", found.gl_pathv[i]);
		json = load_json(path);
		if (result_decode(&result, json, path, err, sizeof(err)))
			fail_msg("%s", err);
		record_release(&boot_record, &result);
		json_decref(json);
	}
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* Each line of the journal is complete. */
static void check_journal(void)
{
	char path[320], *text, *line, *save;

	snprintf(path, sizeof(path), "%s/journal.jsonl", out);
	text = read_file(path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *value = json_loads(line, 0, NULL);

		if (!value)
			fail_msg("no JSON in the journal: '%s'", line);
		json_decref(value);
	}
	free(text);
}

/* Once there is space, the run is resumed, or started if it had not begun. */
static void check_end(const char *trace, int status)
{
	char env[320];
	size_t before = finished();
	struct outcome outcome;

	expect_nothing_left(out);
	snprintf(env, sizeof(env), "%s/env.json", out);
	if (access(env, F_OK)) {
		assert_int_equal(access(out, F_OK), -1);
		outcome = run(trace);
	} else {
		check_journal();
		outcome = tiny_resume("disk/out");
	}
	expect_outcome(outcome, status, "");
	assert_at_most(before, BOOTS);
	assert_int_equal(finished(), BOOTS);
	check_journal();
	expect_nothing_left(out);
}

/* Each size fails at a different write. */
static void fill(const char *trace, int from_kib, int to_kib, int step_kib, int status)
{
	const int half = (to_kib - from_kib) / step_kib / 2;
	struct outcome outcome;
	int kib, failed = 0;

	for (kib = from_kib; kib <= to_kib; kib += step_kib) {
		mount_disk(kib);
		outcome = run(trace);
		if (outcome.status != EXIT_ENVIRONMENT ||
		    !strstr(outcome.output, "No space left on device") ||
		    !strstr(outcome.output, "free some space, or choose another directory with -o"))
			failed = outcome.status == status ? failed : -1;
		else
			failed++;
		if (failed < 0)
			fail_msg("%d KiB, status %d: %s", kib, outcome.status, outcome.output);
		outcome_release(&outcome);
		enlarge_disk();
		check_end(trace, status);
		unmount(NULL);
	}
	/* A disk that is large enough tests nothing. */
	assert_above(failed, half);
}

static void full_disk(void **state)
{
	(void)state;
	fill("off", 4, 96, 4, EXIT_FINE);
}

/* With trace.jsonl; the fake guest has no tracer, and its boots are invalid. */
static void full_disk_with_records(void **state)
{
	(void)state;
	fill("phases", 44, 68, 4, EXIT_ENVIRONMENT);
}

/*
 * Bind a directory of the output over itself, read-only. The mount becomes read-only elsewhere, and
 * a bind mount inherits that: the remount is EBUSY if a file is open for writing through the mount.
 */
static void freeze_output(void)
{
	snprintf(part, sizeof(part), "%s/tiny", out);
	assert_int_equal(mount(part, frozen, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, frozen, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	assert_int_equal(mount(frozen, part, NULL, MS_BIND, NULL), 0);
	assert_int_equal(umount2(frozen, MNT_DETACH), 0);
}

/* From some boot on no file can be created; the journal is open and stays writable. */
static void disk_becomes_read_only(void **state)
{
	static const unsigned int more_us[] = { 0, 900, 2300, 4100, 7700 };
	size_t i;
	pid_t pid;

	(void)state;
	for (i = 0; i < sizeof(more_us) / sizeof(more_us[0]); i++) {
		mount_disk(65536);
		setenv("FAKE_QEMU", "slow-clock", 1);
		pid = tiny_start("disk/out", "--boots", "4", "--trace", "off", "-q");
		AWAIT(finished() >= 1);
		usleep(more_us[i]);
		freeze_output();
		assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
		assert_in_range(finished(), 1, BOOTS - 1);
		setenv("FAKE_QEMU", "good", 1);
		expect_outcome(tiny_resume("disk/out"), EXIT_ENVIRONMENT, "Read-only file system");
		assert_int_equal(umount2(part, MNT_DETACH), 0);
		expect_outcome(tiny_resume("disk/out"), 0, "4 boots ok, 0 failed, 0 invalid");
		assert_int_equal(finished(), BOOTS);
		expect_nothing_left(out);
		unmount(NULL);
	}
}

static void read_only_directory(void **state)
{
	struct outcome outcome;

	(void)state;
	mount_disk(1024);
	assert_int_equal(mount("tmpfs", disk, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	outcome = run("off");
	expect_outcome(outcome, EXIT_ENVIRONMENT,
		       "Read-only file system; choose a directory that you can write to with -o");
}

/* The last @n bytes of a text. */
static const char *tail(const char *text, size_t n)
{
	return strlen(text) > n ? text + strlen(text) - n : text;
}

/*
 * A file of balloonstat is the same as on a disk that is not full, or missing. A report
 * lacks the plots that could not be drawn, and is complete otherwise.
 */
static void check_output(const char *name)
{
	char path[512], whole[512], *got, *wanted;
	bool is_report = strstr(name, "report.") || strstr(name, "REPORT.");

	snprintf(path, sizeof(path), "%s/%s", disk, name);
	snprintf(whole, sizeof(whole), "%s/whole/%s", test_dir, name);
	got = read_file(path);
	wanted = read_file(whole);
	assert_non_null(wanted);
	if (got && is_report)
		assert_string_equal(tail(got, 16), tail(wanted, 16));
	else if (got)
		assert_string_equal(got, wanted);
	free(got);
	free(wanted);
}

static struct outcome balloonstat(const char *command, const char *tree, const char *dir,
				  const char *name)
{
	char file[512], claims[300];
	const char *report[] = { "report", tree, "-o", dir, NULL };
	const char *export[] = { "export", tree, "--format", strrchr(name, '.') + 1,
				 "-o",	   file, NULL };
	const char *gate[] = { "gate", tree, "--qos", claims, "--junit", file, NULL };

	snprintf(claims, sizeof(claims), "%s/claims.ini", test_dir);
	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return run_program("balloonstat", !strcmp(command, "report")   ? report
					  : !strcmp(command, "export") ? export
								       : gate);
}

/* With @kib left on the disk, a list that ends with a negative number; and read-only. */
static void outputs(const char *tree, const char *command, const char *const *names, int ok,
		    const int *kib)
{
	char whole[300];
	struct outcome outcome;
	size_t i;

	snprintf(whole, sizeof(whole), "%s/whole", test_dir);
	mkdir(whole, 0755);
	outcome = balloonstat(command, tree, whole, names[0]);
	assert_int_equal(outcome.status, ok);
	outcome_release(&outcome);
	for (; *kib >= 0; kib++) {
		mount_disk(*kib + 4);
		write_file(disk, "filler", "takes a page");
		outcome = balloonstat(command, tree, disk, names[0]);
		if (outcome.status != EXIT_ENVIRONMENT ||
		    !strstr(outcome.output, "No space left on device"))
			fail_msg("%s, %d KiB, status %d: %s", command, *kib, outcome.status,
				 outcome.output);
		outcome_release(&outcome);
		for (i = 0; names[i]; i++)
			check_output(names[i]);
		expect_nothing_left(disk);
		assert_int_equal(mount("tmpfs", disk, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
		outcome = balloonstat(command, tree, disk, names[0]);
		if (outcome.status != EXIT_ENVIRONMENT ||
		    !strstr(outcome.output, "Read-only file system"))
			fail_msg("%s, read-only, status %d: %s", command, outcome.status,
				 outcome.output);
		outcome_release(&outcome);
		unmount(NULL);
	}
}

#define SIZES(...) ((const int[]){ __VA_ARGS__, -1 })
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void outputs_of_balloonstat(void **state)
{
	char tree[256];

	(void)state;
	snprintf(tree, sizeof(tree), "%s/tree", test_dir);
	expect_outcome(tiny_run("tree", "--aa", "--boots", "3", "--trace", "off", "-q"), 0, "");
	write_file(test_dir, "claims.ini", "[quick]\nclaim = inflate.duration_ns <= 60 s\n");
	outputs(tree, "report",
		NAMES("REPORT.md", "report.html", "plots/tiny-duration.svg",
		      "plots/tiny-progress.svg"),
		0, SIZES(0, 4, 20, 44, 76, 120));
	outputs(tree, "export", NAMES("all.csv"), 0, SIZES(0));
	outputs(tree, "export", NAMES("all.json"), 0, SIZES(0, 4));
	outputs(tree, "gate", NAMES("gate.xml"), EXIT_INCONCLUSIVE, SIZES(0));
}

/* gnuplot draws in a temporary directory, and prints nothing if that fails. */
static void full_temporary_directory(void **state)
{
	static const int sizes_kib[] = { 12, 28, 44 };
	char tree[256], report[256];
	size_t i;

	(void)state;
	snprintf(tree, sizeof(tree), "%s/tree", test_dir);
	snprintf(report, sizeof(report), "%s/drawn", test_dir);
	setenv("TMPDIR", disk, 1);
	for (i = 0; i < sizeof(sizes_kib) / sizeof(sizes_kib[0]); i++) {
		mount_disk(sizes_kib[i]);
		expect_outcome(balloonstat("report", tree, report, "REPORT.md"), EXIT_ENVIRONMENT,
			       "No space left on device");
		unmount(NULL);
	}
	unsetenv("TMPDIR");
	expect_nothing_left(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(full_disk, unmount),
		cmocka_unit_test_teardown(full_disk_with_records, unmount),
		cmocka_unit_test_teardown(disk_becomes_read_only, unmount),
		cmocka_unit_test_teardown(read_only_directory, unmount),
		cmocka_unit_test_teardown(outputs_of_balloonstat, unmount),
		cmocka_unit_test_teardown(full_temporary_directory, unmount),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

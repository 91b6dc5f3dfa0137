/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat export as it is called: what is in the tree is in the CSV and the
 * JSON; and what cannot be written is told.
 */
#include "tests/helpers/unit.h"

#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/atomic_file.h"
#include "lib/exit_status.h"
#include "lib/histogram.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define CELLS_MAX 64
#define ROWS_MAX 32

static json_t *make_move(int ms)
{
	return json_pack(
		"{s:i, s:i, s:f, s:i, s:i, s:i, s:[], s:{s:i}, s:{s:i, s:n}, s:{s:s, s:i}}",
		"bytes", 1 << 30, "duration_ns", ms * 1000000, "gib_per_s", 1000.0 / ms,
		"resolution_ns", 77, "wall_ns", ms * 1100000, "steps", 1, "progress", "entries",
		"count", 12, "phases", "alloc_ns", 345, "host_translate_ns", "host", "source",
		"batches", "discard_calls", 67);
}

struct boot {
	const char *tree;
	const char *scenario;
	const char *variant;
	const char *accel;
	const char *status;
	const char *reason;
	int number;
};

static void add_boot(const struct boot *boot)
{
	static int directory;
	struct histogram one = { .count = 0 };
	char name[256], *text;
	json_t *result;

	histogram_add(&one, 1);
	result = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:I, s:s, s:s?, s:i, s:[{s:{s:i, s:i}, "
			   "s:o, s:o}, {s:o, s:o}], s:{s:{s:o}}}",
			   "schema_version", 1, "scenario", boot->scenario, "variant",
			   boot->variant, "cut", "list", "accel", boot->accel, "boot", boot->number,
			   "seed", (json_int_t)1 << 62, "status", boot->status, "reason",
			   boot->reason, "ready_ns", 1000, "cycles", "touch", "bytes", 4096,
			   "duration_ns", 99, "inflate", make_move(100), "deflate", make_move(200),
			   "inflate", make_move(300), "deflate", make_move(400), "ops", "enqueue",
			   "histogram", histogram_to_json(&one));
	assert_non_null(result);
	text = json_dumps(result, JSON_REAL_PRECISION(12));
	snprintf(name, sizeof(name), "%s/s/v/boot-%04d/result.json", boot->tree, ++directory);
	write_file(test_dir, name, text);
	free(text);
	json_decref(result);
}

static const struct boot plain = { "plain", "idle", "list", "tcg", "ok", NULL, 1 };

static int set_up(void **state)
{
	struct boot boot = plain;

	if (test_dir_set_up(state))
		return -1;
	add_boot(&boot);
	boot.number = 2;
	boot.status = "failed";
	boot.reason = "guest said \"no\",\nand \x1b[31mleft\xc2\x9b";
	add_boot(&boot);
	boot.number = 3;
	boot.status = "invalid";
	boot.reason = "counts disagree";
	add_boot(&boot);
	boot = plain;
	boot.tree = "icount";
	boot.accel = "icount";
	add_boot(&boot);
	write_file(test_dir, "plain/env.json", "{\"trace\": \"pages\"}");
	return 0;
}

/* RFC 4180, as a reader would have it. */
struct csv {
	char *text; /* the cells point into it */
	const char *cells[ROWS_MAX][CELLS_MAX];
	size_t width[ROWS_MAX];
	size_t rows;
};

/* Take one cell, unquoted in place; returns what ended it. */
static char take_cell(char **at, const char **cell)
{
	char *to = *at, *from = *at, end;
	bool quoted = *from == '"';

	*cell = to;
	if (!quoted) {
		from += strcspn(from, ",\n");
	} else {
		for (from++; *from != '"' || from[1] == '"'; *to++ = *from++) {
			assert_true(*from);
			from += *from == '"';
		}
		from++;
		assert_true(*from == ',' || *from == '\n');
	}
	end = *from;
	*(quoted ? to : from) = '\0';
	*at = from + 1;
	return end;
}

static void read_csv(struct csv *csv, const char *path)
{
	char *at, end;

	memset(csv, 0, sizeof(*csv));
	at = csv->text = read_file(path);
	assert_non_null(at);
	while (*at) {
		size_t n = 0;

		assert_true(csv->rows < ROWS_MAX);
		do {
			assert_true(n < CELLS_MAX);
			end = take_cell(&at, &csv->cells[csv->rows][n++]);
		} while (end == ',');
		assert_int_equal(end, '\n');
		csv->width[csv->rows++] = n;
	}
	for (end = 0; (size_t)end < csv->rows; end++)
		assert_int_equal(csv->width[(int)end], csv->width[0]);
}

static const char *cell(const struct csv *csv, size_t row, const char *name)
{
	size_t i;

	for (i = 0; i < csv->width[0]; i++)
		if (!strcmp(csv->cells[0][i], name))
			return csv->cells[row][i];
	fail_msg("there is no column %s", name);
	return NULL;
}

static void csv_has_every_move(void **state)
{
	static const char *const moves[] = { "touch", "inflate", "deflate", "inflate", "deflate" };
	struct csv csv;
	size_t i;

	(void)state;
	expect_outcome(EXPORT("plain", "--format", "csv", "-o", in_test_dir("moves.csv")), 0, "");
	read_csv(&csv, in_test_dir("moves.csv"));
	assert_int_equal(csv.rows, 1 + 5 + 2);
	for (i = 0; i < 5; i++) {
		assert_string_equal(cell(&csv, i + 1, "move"), moves[i]);
		assert_string_equal(cell(&csv, i + 1, "cycle"), i < 3 ? "1" : "2");
		assert_string_equal(cell(&csv, i + 1, "status"), "ok");
	}
	assert_string_equal(cell(&csv, 1, "duration_ns"), "99");
	assert_string_equal(cell(&csv, 1, "wall_ns"), "");
	assert_string_equal(cell(&csv, 2, "duration_ns"), "100000000");
	assert_string_equal(cell(&csv, 5, "gib_per_s"), "2.5");
	assert_string_equal(cell(&csv, 2, "seed"), "4611686018427387904");
	assert_string_equal(cell(&csv, 2, "entries_count"), "12");
	assert_string_equal(cell(&csv, 2, "phases_alloc_ns"), "345");
	assert_string_equal(cell(&csv, 2, "phases_host_translate_ns"), "");
	assert_string_equal(cell(&csv, 2, "host_source"), "batches");
	assert_string_equal(cell(&csv, 2, "host_discard_calls"), "67");
	free(csv.text);
}

/* One line each, with the reason, quoted and without what a terminal would obey. */
static void csv_has_boots_without_figures(void **state)
{
	struct csv csv;
	size_t row;

	(void)state;
	read_csv(&csv, in_test_dir("moves.csv"));
	for (row = 6; row <= 7; row++) {
		assert_string_equal(cell(&csv, row, "move"), "");
		assert_string_equal(cell(&csv, row, "cycle"), "");
		assert_string_equal(cell(&csv, row, "duration_ns"), "");
		assert_string_equal(cell(&csv, row, "phases_alloc_ns"), "");
	}
	assert_string_equal(cell(&csv, 6, "status"), "failed");
	assert_string_equal(cell(&csv, 6, "reason"), "guest said \"no\",\nand ?[31mleft?");
	assert_string_equal(cell(&csv, 7, "status"), "invalid");
	assert_string_equal(cell(&csv, 7, "boot"), "3");
	free(csv.text);
}

static void csv_calls_instructions_by_their_name(void **state)
{
	struct csv csv;

	(void)state;
	expect_outcome(EXPORT("icount", "--format", "csv", "-o", in_test_dir("icount.csv")), 0, "");
	read_csv(&csv, in_test_dir("icount.csv"));
	assert_string_equal(cell(&csv, 2, "duration_instructions"), "100000000");
	assert_string_equal(cell(&csv, 2, "phases_alloc_instructions"), "345");
	assert_string_equal(cell(&csv, 2, "gib_per_g_instructions"), "10");
	/* These are of the host's clock. */
	assert_string_equal(cell(&csv, 2, "wall_ns"), "110000000");
	assert_string_equal(cell(&csv, 2, "ready_ns"), "1000");
	free(csv.text);
}

static void json_has_the_results_as_they_are(void **state)
{
	const json_t *boots;
	json_t *all, *one;

	(void)state;
	expect_outcome(EXPORT("plain", "--format", "json", "-o", in_test_dir("all.json")), 0, "");
	all = json_load_file(in_test_dir("all.json"), 0, NULL);
	boots = json_object_get(all, "boots");
	assert_int_equal(json_array_size(boots), 3);
	one = json_load_file(in_test_dir("plain/s/v/boot-0002/result.json"), 0, NULL);
	assert_non_null(one);
	assert_true(json_equal(json_array_get(boots, 1), one));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(all, "env"), "trace")), "pages");
	assert_true(json_is_object(json_object_get(all, "plan")));
	json_decref(one);
	json_decref(all);
	expect_outcome(EXPORT("plain", "--format", "json", "--boot", "3"), 0, "\"boot\":3");
}

static size_t count_files(const char *dir)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	size_t n = 0;

	while (d && (entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

static void unknown_names_are_told(void **state)
{
	(void)state;
	expect_outcome(EXPORT("plain", "--format", "csv", "--scenario", "x"), EXIT_USAGE,
		       "no scenario 'x' in the results; there are: idle");
	expect_outcome(EXPORT("plain", "--format", "csv", "--variant", "x"), EXIT_USAGE,
		       "no variant 'x' in the results; there are: list");
	expect_outcome(EXPORT("plain", "--format", "csv", "--boot", "9"), EXIT_USAGE,
		       "no boot is what");
	expect_outcome(EXPORT("plain", "--format", "csv", "--boot", "0"), EXIT_USAGE,
		       "a number from 1");
	expect_outcome(EXPORT("plain", "--format", "xml"), EXIT_USAGE,
		       "no format 'xml'; there are csv");
	expect_outcome(EXPORT("plain", "--table", "moves"), EXIT_USAGE, "--format is wanted");
	expect_outcome(EXPORT("plain", "--format", "csv", "--table", "x"), EXIT_USAGE,
		       "no table 'x'; there are moves, batches");
	expect_outcome(EXPORT("plain", "--format", "json", "--table", "moves"), EXIT_USAGE,
		       "--table is for --format csv");
	expect_outcome(EXPORT("plain", "--format", "csv", "-H", "x"), EXIT_USAGE,
		       "--histogram is for");
	expect_outcome(EXPORT("nowhere", "--format", "csv"), EXIT_ENVIRONMENT, "no results in it");
}

static int run_shell(const char *format)
{
	char command[2048];

	snprintf(command, sizeof(command), "'%s/balloonstat' export '%s/plain' --format %s",
		 TEST_BUILD, test_dir, format);
	return WEXITSTATUS(system(command));
}

/* A full disk, a reader that has gone, a place that is not there: 3, and no half a file. */
static void what_cannot_be_written_is_told(void **state)
{
	static const char *const formats[] = { "csv", "json", "hgrm -H ops.enqueue" };
	char command[128];
	size_t i, before;

	(void)state;
	for (i = 0; i < 3; i++) {
		snprintf(command, sizeof(command), "%s >/dev/full 2>/dev/null", formats[i]);
		assert_int_equal(run_shell(command), EXIT_ENVIRONMENT);
		snprintf(command, sizeof(command), "%s -o /dev/full 2>/dev/null", formats[i]);
		assert_int_equal(run_shell(command), EXIT_ENVIRONMENT);
		snprintf(command, sizeof(command), "%s 2>/dev/null >&-", formats[i]);
		assert_int_equal(run_shell(command), EXIT_ENVIRONMENT);
	}
	before = count_files(test_dir);
	expect_outcome(EXPORT("plain", "--format", "csv", "-o", in_test_dir("no/where.csv")),
		       EXIT_ENVIRONMENT, "no/where.csv: No such file");
	expect_outcome(EXPORT("plain", "--format", "csv", "-o", test_dir), EXIT_ENVIRONMENT,
		       "directory");
	assert_int_equal(count_files(test_dir), before);
}

static void a_reader_that_has_gone(void **state)
{
	const char *args[] = { "export", in_test_dir("plain"), "--format", "json", NULL };
	int ends[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	pid = fork();
	if (!pid) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execl(build_path("balloonstat"), "balloonstat", args[0], args[1], args[2], args[3],
		      NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_ENVIRONMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_has_every_move),
		cmocka_unit_test(csv_has_boots_without_figures),
		cmocka_unit_test(csv_calls_instructions_by_their_name),
		cmocka_unit_test(json_has_the_results_as_they_are),
		cmocka_unit_test(unknown_names_are_told),
		cmocka_unit_test(what_cannot_be_written_is_told),
		cmocka_unit_test(a_reader_that_has_gone),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

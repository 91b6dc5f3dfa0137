/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat export as it is called: what is in the tree is in the CSV and the
 * JSON; and what cannot be written is told.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/directory.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

#define CELLS_MAX 96
#define ROWS_MAX 32

static void fill_resize(struct resize_result *resize, double ms)
{
	record_release(&resize_record, resize);
	*resize = build_resize(1 << 30, ms);
	resize->wall_ns = ms * 1.1 * MS;
	resize->entries.count = 12;
	resize->phases.alloc_ns = 345;
	resize->host.source = HOST_BATCHES;
	resize->host.discard_calls = 67;
}

/* Two cycles, the first of which writes to memory before it. */
static void add_boot(const char *tree, int number, enum result_accel accel, enum boot_status status,
		     const char *reason)
{
	struct boot_result boot = build_boot("idle", "list", number, 1);
	struct cycle_result *second = record_append(&cycle_record, &boot.cycles);

	boot.seed = 1LL << 62;
	boot.ready_ns = 1000;
	boot.accel = accel;
	boot.status = status;
	record_set_text(&boot.reason, reason);
	boot_cycle(&boot)->touch = (struct touch_result){ .bytes = 4096, .duration_ns = 99 };
	fill_resize(&boot_cycle(&boot)->inflate, 100);
	fill_resize(&boot_cycle(&boot)->deflate, 200);
	fill_resize(&second->inflate, 300);
	fill_resize(&second->deflate, 400);
	second->deflate.resolution_ns = 13 * MS;
	add_op(&boot, "enqueue", build_histogram(1, 1));
	put_boot(tree, &boot);
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	add_boot("plain", 1, RESULT_TCG, BOOT_OK, NULL);
	add_boot("plain", 2, RESULT_TCG, BOOT_FAILED,
		 "guest said \"no\",\nand \x1b[31mleft\xc2\x9b");
	add_boot("plain", 3, RESULT_TCG, BOOT_INVALID, "counts disagree");
	add_boot("icount", 1, RESULT_ICOUNT, BOOT_OK, NULL);
	add_boot("boxed", 1, RESULT_KVM_IN_ICOUNT, BOOT_OK, NULL);
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

static void csv_has_every_resize(void **state)
{
	static const char *const resizes[] = { "touch", "inflate", "deflate", "inflate",
					       "deflate" };
	struct csv csv;
	size_t i;

	(void)state;
	expect_outcome(EXPORT("plain", "--format", "csv", "-o", in_test_dir("resizes.csv")), 0, "");
	read_csv(&csv, in_test_dir("resizes.csv"));
	assert_int_equal(csv.rows, 1 + 5 + 2);
	for (i = 0; i < 5; i++) {
		assert_string_equal(cell(&csv, i + 1, "resize"), resizes[i]);
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
	assert_string_equal(cell(&csv, 1, "resolved"), "");
	assert_string_equal(cell(&csv, 2, "resolved"), "resolved");
	assert_string_equal(cell(&csv, 5, "resolved"), "unresolved");
	free(csv.text);
}

/* One line each, with the reason, quoted and without what a terminal would obey. */
static void csv_has_boots_without_figures(void **state)
{
	struct csv csv;
	size_t row;

	(void)state;
	read_csv(&csv, in_test_dir("resizes.csv"));
	for (row = 6; row <= 7; row++) {
		assert_string_equal(cell(&csv, row, "resize"), "");
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
	/* In a box both clocks count. */
	expect_outcome(EXPORT("boxed", "--format", "csv", "-o", in_test_dir("boxed.csv")), 0, "");
	read_csv(&csv, in_test_dir("boxed.csv"));
	assert_string_equal(cell(&csv, 2, "accel"), "kvm in icount");
	assert_string_equal(cell(&csv, 2, "duration_instructions"), "100000000");
	assert_string_equal(cell(&csv, 2, "wall_instructions"), "110000000");
	assert_string_equal(cell(&csv, 2, "ready_instructions"), "1000");
	free(csv.text);
}

static void json_has_the_results_as_they_are(void **state)
{
	const json_t *boots;
	json_t *all, *one;
	char name[64];
	size_t i;

	(void)state;
	expect_outcome(EXPORT("plain", "--format", "json", "-o", in_test_dir("all.json")), 0, "");
	all = load_json(in_test_dir("all.json"));
	boots = json_object_get(all, "boots");
	assert_int_equal(json_array_size(boots), 3);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "plain/s/v/boot-%05zu/result.json", i + 1);
		one = load_json(in_test_dir(name));
		assert_true(json_equal(json_array_get(boots, i), one));
		json_decref(one);
	}
	assert_int_equal(number_of(all, "schema_version"), 2);
	assert_string_equal(text_of(json_object_get(all, "env"), "trace"), "pages");
	assert_true(json_is_object(json_object_get(all, "plan")));
	json_decref(all);
	expect_outcome(EXPORT("plain", "--format", "json", "--boot", "3"), 0, "\"boot\":3");
}

/* A tree of such files is the same tree. */
static void jsonl_is_what_a_packed_tree_holds(void **state)
{
	char *plain, *packed;

	(void)state;
	make_directories(in_test_dir("packed/boots"));
	expect_outcome(EXPORT("plain", "--format", "jsonl", "--scenario", "idle", "-o",
			      in_test_dir("packed/boots/idle.jsonl")),
		       0, "");
	expect_outcome(EXPORT("packed", "--format", "csv", "-o", in_test_dir("packed.csv")), 0, "");
	plain = read_file(in_test_dir("resizes.csv"));
	packed = read_file(in_test_dir("packed.csv"));
	assert_string_equal(plain, packed);
	free(packed);
	free(plain);
	/* No trace is kept in it. */
	expect_outcome(EXPORT("packed", "--format", "csv", "-t", "batches"), 0,
		       "the table is empty");
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
		       "--boot 0: expected an integer in [1, 1000000]");
	expect_outcome(EXPORT("plain", "--format", "xml"), EXIT_USAGE,
		       "--format xml: expected one of csv, json");
	expect_outcome(EXPORT("plain", "--table", "resizes"), EXIT_USAGE,
		       "missing option: --format");
	expect_outcome(EXPORT("plain", "--format", "csv", "--table", "x"), EXIT_USAGE,
		       "--table x: expected one of resizes, batches");
	expect_outcome(EXPORT("plain", "--format", "json", "--table", "resizes"), EXIT_USAGE,
		       "--table: only for --format csv");
	expect_outcome(EXPORT("plain", "--format", "csv", "-H", "x"), EXIT_USAGE,
		       "--histogram: only for");
	expect_outcome(EXPORT("nowhere", "--format", "csv"), EXIT_ENVIRONMENT, "no results in it");
}

static int run_export(const char *format)
{
	char command[2048];

	snprintf(command, sizeof(command), "'%s/balloonstat' export '%s/plain' --format %s",
		 TEST_BUILD, test_dir, format);
	return WEXITSTATUS(system(command));
}

/* A full disk, a reader that has gone, a place that is not there: 3, and no half a file. */
static void what_cannot_be_written_is_told(void **state)
{
	static const char *const formats[] = { "csv", "json", "jsonl", "hgrm -H ops.enqueue" };
	char command[128];
	size_t i, before;

	(void)state;
	for (i = 0; i < 4; i++) {
		snprintf(command, sizeof(command), "%s >/dev/full 2>/dev/null", formats[i]);
		assert_int_equal(run_export(command), EXIT_ENVIRONMENT);
		snprintf(command, sizeof(command), "%s -o /dev/full 2>/dev/null", formats[i]);
		assert_int_equal(run_export(command), EXIT_ENVIRONMENT);
		snprintf(command, sizeof(command), "%s 2>/dev/null >&-", formats[i]);
		assert_int_equal(run_export(command), EXIT_ENVIRONMENT);
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
		cmocka_unit_test(csv_has_every_resize),
		cmocka_unit_test(csv_has_boots_without_figures),
		cmocka_unit_test(csv_calls_instructions_by_their_name),
		cmocka_unit_test(json_has_the_results_as_they_are),
		cmocka_unit_test(jsonl_is_what_a_packed_tree_holds),
		cmocka_unit_test(unknown_names_are_told),
		cmocka_unit_test(what_cannot_be_written_is_told),
		cmocka_unit_test(a_reader_that_has_gone),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workload files: what is read is what was written, its demand is that computed by hand, and a
 * message names file, line and column.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/config/workload.h"
#include "tests/helpers/files.h"

#define HEAD WORKLOAD_FIRST_LINE "\n# " WORKLOAD_COLUMNS "\n"
#define MIB (1ULL << 20)
#define NS_PER_MS 1000000ULL

static int load(const char *text, struct workload *w, char *err, size_t err_size)
{
	return workload_load(w, write_file(test_dir, "w.workload", text), err, err_size);
}

/* 256 MiB for 3 s, 64 MiB of it page cache for 2 s more, nothing for 1 s. */
#define BY_HAND                                                                                    \
	"0 0 0 0 0\n"                                                                              \
	"1000 196608 65536 65536 250\n"                                                            \
	"# a comment\n"                                                                            \
	"\n"                                                                                       \
	"4000\t0\t65536\t0\t750\n"                                                                 \
	"6000 0 0 0 0\n"                                                                           \
	"7000 0 0 0 1\n"

static void a_workload_is_read(void **state)
{
	struct workload w;
	char err[512] = "";

	(void)state;
	assert_int_equal(load(HEAD BY_HAND, &w, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_int_equal(w.count, 5);
	assert_int_equal(w.rows[1].at_ns, 1000 * NS_PER_MS);
	assert_int_equal(w.rows[1].anon_bytes, 192 * MIB);
	assert_int_equal(w.rows[1].file_bytes, 64 * MIB);
	assert_int_equal(w.rows[1].faults, 65536);
	assert_int_equal(w.rows[2].cpu_ns, 750 * NS_PER_MS);
	workload_release(&w);
}

static void sums_are_those_by_hand(void **state)
{
	struct workload w;
	char err[512];

	(void)state;
	assert_int_equal(load(HEAD BY_HAND, &w, err, sizeof(err)), 0);
	assert_int_equal(workload_duration_ns(&w), 7000 * NS_PER_MS);
	assert_int_equal(workload_peak_bytes(&w), 256 * MIB);
	assert_int_equal(workload_cpu_ns(&w), 1001 * NS_PER_MS);
	/* (0.25 GiB * 3 s + 0.0625 GiB * 2 s) / 60 s */
	assert_float_equal(workload_gib_minutes(&w), 0.875 / 60, 1e-12);
	workload_release(&w);
}

static void what_is_written_is_read(void **state)
{
	const struct workload_row row = { 1500 * NS_PER_MS, 3 * MIB, 4096, 17, 40 * NS_PER_MS };
	char *text = NULL, *file, err[512];
	struct workload w;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	workload_write_row(f, &row);
	fclose(f);
	assert_string_equal(text, "1500 3072 4 17 40\n");
	assert_true(asprintf(&file, HEAD "0 0 0 0 0\n%s", text) > 0);
	assert_int_equal(load(file, &w, err, sizeof(err)), 0);
	assert_memory_equal(&w.rows[1], &row, sizeof(row));
	workload_release(&w);
	free(file);
	free(text);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "w.workload: 0 rows; a workload has two or more" },
		{ HEAD, "w.workload: 0 rows" },
		{ HEAD "0 0 0 0 0\n", "w.workload: 1 rows" },
		{ "0 0 0 0 0\n", "w.workload:1: expected '# balloonbench workload 1'" },
		{ "# balloonbench workload 12\n", "w.workload:1: expected" },
		{ HEAD "0 0 0 0\n", "w.workload:3: no cpu_ms; the columns are at_ms anon_kib" },
		{ HEAD "0 0 0 0 0 9\n", "w.workload:3: '9' is beyond the last column" },
		{ HEAD "0 12k 0 0 0\n", "w.workload:3: anon_kib: '12k': expected an integer in" },
		{ HEAD "0 0 -1 0 0\n", "w.workload:3: file_kib: '-1': expected an integer in" },
		{ HEAD "0 99999999999 0 0 0\n", "w.workload:3: anon_kib: '99999999999'" },
		{ HEAD "0 0 0 0 1.5\n", "w.workload:3: cpu_ms: '1.5': expected an integer" },
		{ HEAD "5 0 0 0 0\n", "w.workload:3: at_ms: the first row is at 5, expected 0" },
		{ HEAD "0 0 0 0 0\n\n9 0 0 0 0\n9 0 0 0 0\n",
		  "w.workload:6: at_ms: 9 is not after the row before, which is at 9" },
	};
	struct workload w;
	char err[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*err = '\0';
		assert_int_equal(load(cases[i].text, &w, err, sizeof(err)), -EINVAL);
		assert_contains(err, cases[i].says);
		workload_release(&w);
	}
}

static void files_are_bounded(void **state)
{
	char *text = NULL, err[512];
	struct workload w;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	fputs(HEAD, f);
	for (i = 0; i <= WORKLOAD_ROWS_MAX; i++)
		fprintf(f, "%zu 0 0 0 0\n", i);
	fclose(f);
	assert_int_equal(load(text, &w, err, sizeof(err)), -EINVAL);
	assert_contains(err, "w.workload:100003: more than 100000 rows");
	workload_release(&w);
	memset(text + sizeof(HEAD) - 1, ' ', 5000);
	assert_int_equal(load(text, &w, err, sizeof(err)), -EINVAL);
	assert_contains(err, "w.workload:3: line longer than 4094 characters");
	workload_release(&w);
	free(text);
	assert_int_equal(workload_load(&w, "/nowhere", err, sizeof(err)), -ENOENT);
	assert_contains(err, "/nowhere: No such file");
	workload_release(&w);
	/* Nobody waits for a pipe. */
	assert_int_equal(mkfifo(in_test_dir("fifo"), 0600), 0);
	assert_int_equal(workload_load(&w, in_test_dir("fifo"), err, sizeof(err)), -EINVAL);
	assert_contains(err, "fifo: not a regular file");
	workload_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_workload_is_read),	   cmocka_unit_test(sums_are_those_by_hand),
		cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(files_are_bounded),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

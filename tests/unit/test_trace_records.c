/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.jsonl: what is written is read again, cut off at every byte, and damaged.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/trace_records.h"
#include "tests/helpers/files.h"

#define HEAD "{\"schema_version\":2}\n"
#define INFLATING HEAD "{\"cycle\":1,\"resize\":\"inflate\"}\n"
#define STEP "[\"step\",5,6]\n"
#define GUEST "[\"guest\",1,2,3,4,5,6,7,8]\n"
#define HOST "[\"host\",1,2,0,4,5,6,7,8]\n"

static const char whole[] = INFLATING STEP GUEST GUEST HOST HOST
	"{\"cycle\":1,\"resize\":\"deflate\"}\n" GUEST HOST "{\"records\":7}\n";

static int count_record(const struct trace_record *record, void *context)
{
	assert_int_equal(record->cycle, 1);
	assert_true(record->number >= 1);
	++*(int *)context;
	return 0;
}

static int read_text(const char *text, int *records, char *err, size_t err_size)
{
	*records = 0;
	return trace_read(write_file(test_dir, "t.jsonl", text), count_record, records, err,
			  err_size);
}

static char *written;

static void write_all(void)
{
	const struct trace_step step = { 11, 12 };
	const struct trace_guest_batch guest = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct trace_host_batch host = { TRACE_VALUE_MAX, 22, 1, 23, 24, 25, 26, 27 };
	struct trace_writer writer;
	size_t size;
	FILE *file = open_memstream(&written, &size);

	trace_write_begin(&writer, file, "phases");
	trace_write_resize(&writer, 1, INFLATE);
	trace_write_record(&writer, TRACE_STEP, &step);
	trace_write_record(&writer, TRACE_GUEST, &guest);
	trace_write_resize(&writer, 2, DEFLATE);
	trace_write_record(&writer, TRACE_HOST, &host);
	trace_write_record(&writer, TRACE_HOST, &host);
	trace_write_end(&writer);
	fclose(file);
}

static struct trace_record seen[4];

static int keep_record(const struct trace_record *record, void *context)
{
	int *count = context;

	assert_in_range(*count, 0, 3);
	seen[(*count)++] = *record;
	return 0;
}

static void what_is_written_is_read(void **state)
{
	char err[512] = "";
	int count = 0;

	(void)state;
	write_all();
	assert_non_null(
		strstr(written, "\"level\":\"phases\",\"step\":[\"start_ns\",\"duration_ns\"]"));
	if (trace_read(write_file(test_dir, "t.jsonl", written), keep_record, &count, err,
		       sizeof(err)))
		fail_msg("%s: %s", err, written);
	assert_int_equal(count, 4);
	assert_true(seen[0].kind == TRACE_STEP && seen[0].cycle == 1 && seen[0].number == 1);
	assert_true(seen[0].step.start_ns == 11 && seen[0].step.duration_ns == 12);
	assert_true(seen[1].kind == TRACE_GUEST && seen[1].resize == INFLATE);
	assert_true(seen[1].guest.begin_ns == 1 && seen[1].guest.alloc_retry_ns == 3 &&
		    seen[1].guest.entries == 8);
	assert_true(seen[2].kind == TRACE_HOST && seen[2].resize == DEFLATE && seen[2].cycle == 2);
	assert_true(seen[2].host.end_ns == TRACE_VALUE_MAX && seen[2].host.timed_ns == 27);
	assert_int_equal(seen[3].number, 2);
	free(written);
}

/* At every byte, with as many records as were whole. */
static void a_cut_is_always_found(void **state)
{
	size_t length = strlen(whole) - 1, n;
	char text[sizeof(whole)], err[512];
	int records, last = 0;

	(void)state;
	for (n = 0; n < length; n++) {
		snprintf(text, sizeof(text), "%.*s", (int)n, whole);
		assert_int_equal(read_text(text, &records, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "t.jsonl: after"));
		assert_non_null(strstr(err, "ends too early"));
		assert_in_range(records, last, last + 1);
		last = records;
	}
	assert_int_equal(read_text(whole, &records, err, sizeof(err)), 0);
	assert_int_equal(records, 7);
}

static void damage_is_told(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} files[] = {
		{ "", "ends too early" },
		{ "[]\n", "no JSON of a trace" },
		{ "7\n", "no JSON of a trace" },
		{ "{\"schema_version\":1}\n", "another version" },
		{ "{\"level\":\"phases\"}\n", "another version" },
		{ HEAD "{\"records\":0}\nx\n", "more behind its last line" },
		{ HEAD "{\"cycle\":1}\n", "an inflate or a deflate" },
		{ HEAD "{\"cycle\":1,\"resize\":\"x\"}\n", "an inflate or a deflate" },
		{ HEAD "{\"cycle\":0,\"resize\":\"inflate\"}\n", "an inflate or a deflate" },
		{ HEAD GUEST, "before the line of its resize" },
		{ INFLATING GUEST "{\"records\":2}\n", "records are missing" },
		{ INFLATING "[\"guest\",1,2,3,4,5,6,7]\n", "a value is missing" },
		{ INFLATING "[\"host\",1,2,3]\n", "a value is missing" },
		{ INFLATING "[\"step\",1]\n", "a value is missing" },
		{ INFLATING "[\"step\",-1,2]\n", "whole number" },
		{ INFLATING "[\"step\",1,2.5]\n", "whole number" },
		{ INFLATING "[\"step\",1,\"x\"]\n", "whole number" },
		{ INFLATING "[\"step\",1,99999999999999999999]\n", "no JSON" },
		{ INFLATING "[\"step\",1,72057594037927937]\n", "whole number" },
		{ INFLATING "[\"step\" 1,2]\n", "no JSON" },
		{ INFLATING "[\"step\",1,2] [3]\n", "no JSON" },
	};
	char err[512];
	int records;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(read_text(files[i].text, &records, err, sizeof(err)), -EINVAL);
		if (!strstr(err, "/t.jsonl: after ") || !strstr(err, files[i].says))
			fail_msg("%s: %s", files[i].text, err);
	}
	/* Unknown lines, keys and columns are ignored. */
	assert_int_equal(read_text("{\"schema_version\":2,\"a\":null}\n{\"b\":[{}]}\n{\"cycle\":1,"
				   "\"resize\":\"inflate\",\"c\":true}\n[\"other\",\"y\",[]]\n"
				   "[\"step\",1,2,\"]\",-1e3]\n[7]\n{\"records\":3,\"d\":1}",
				   &records, err, sizeof(err)),
			 0);
	assert_int_equal(records, 1);
	assert_int_equal(trace_read("/nowhere/trace.jsonl", count_record, NULL, err, sizeof(err)),
			 -ENOENT);
}

/* A file of one endless line, or of another kind, takes no more memory than a line. */
static void a_line_has_a_bound(void **state)
{
	char *text = calloc(1, 100001), err[512];
	int records;

	(void)state;
	memset(text, ' ', 100000);
	memcpy(text, "{", 1);
	assert_int_equal(read_text(text, &records, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "too long"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_cut_is_always_found),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(a_line_has_a_bound),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

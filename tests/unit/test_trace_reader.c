/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.json record by record: whole, cut off at every byte, and damaged.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analysis/export/trace_reader.h"
#include "tests/helpers/files.h"

/* Six batches, and all that may stand around them. */
static const char whole[] =
	"{\"schema_version\": 1, \"level\": \"phases\", \"moves\": [\n"
	"{\"cycle\":1,\"move\":\"inflate\",\"steps\":{\"columns\":[\"start_ns\",\"duration_ns\"],"
	"\"rows\":[[5,6]]},\"guest\":{\"columns\":[\"begin_ns\",\"pages\"],\"rows\":[\n[1,2],\n[3,"
	"4]]},"
	"\"host\":{\"columns\":[\"end_ns\",\"ns\"],\"rows\":[[5,6], [7,8]]}},\n"
	"{\"cycle\":1,\"move\":\"deflate\",\"guest\":{\"columns\":[\"begin_ns\"],\"rows\":[[1]]},"
	"\"host\":{\"columns\":[\"ns\",\"end_ns\"],\"rows\":[[5,6]]}}]}\n";

static int count_batch(const struct trace_move *move, const struct trace_batch *batch,
		       void *context)
{
	assert_true(move->cycle == 1 && batch->number >= 1);
	++*(int *)context;
	return 0;
}

static int read_text(const char *text, int *batches, char *err, size_t err_size)
{
	const struct trace_sink sink = { .batch = count_batch, .context = batches };

	*batches = 0;
	return trace_read(write_file(test_dir, "t.json", text), &sink, err, err_size);
}

/* At every byte, with as many records as were whole. */
static void a_cut_is_always_found(void **state)
{
	size_t length = strlen(whole) - 1, n;
	char text[sizeof(whole)], err[512];
	int batches, last = 0;

	(void)state;
	for (n = 0; n < length; n++) {
		snprintf(text, sizeof(text), "%.*s", (int)n, whole);
		assert_int_equal(read_text(text, &batches, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "t.json: after"));
		assert_in_range(batches, last, last + 1);
		last = batches;
	}
	assert_int_equal(read_text(whole, &batches, err, sizeof(err)), 0);
	assert_int_equal(batches, 6);
}

#define MOVE(inside) "{\"moves\":[{\"cycle\":1,\"move\":\"inflate\"," inside "}]}"
#define GUEST_ROWS(rows) MOVE("\"guest\":{\"columns\":[\"begin_ns\",\"pages\"],\"rows\":" rows "}")

static void damage_is_told(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} files[] = {
		{ "", "ends too early" },
		{ "[]", "'{' is missing" },
		{ "{\"schema_version\":2}", "newer balloonbench" },
		{ "{\"moves\":[]} x", "more behind its end" },
		{ "{\"moves\":[{\"cycle\":1}]}", "an inflate or a deflate" },
		{ "{\"moves\":[{\"cycle\":1,\"move\":\"x\"}]}", "an inflate or a deflate" },
		{ "{\"moves\":[{\"guest\":{\"columns\":[\"begin_ns\"],\"rows\":[[1]]}}]}",
		  "must stand before the records" },
		{ MOVE("\"guest\":{\"rows\":[[1]]}"), "columns must stand before rows" },
		{ MOVE("\"guest\":{\"columns\":[]}"), "an array of 1 to" },
		{ MOVE("\"guest\":{\"columns\":[\"pages\"],\"rows\":[[1]]}"), "needs begin_ns" },
		{ MOVE("\"host\":{\"columns\":[\"end_ns\"],\"rows\":[[1]]}"), "end_ns and ns" },
		{ MOVE("\"steps\":{\"columns\":[\"start_ns\"],\"rows\":[[1]]}"), "a step needs" },
		{ GUEST_ROWS("[[1]]"), "1 values for 2 columns" },
		{ GUEST_ROWS("[[1,2,3]]"), "3 values for 2 columns" },
		{ GUEST_ROWS("[[-1,2]]"), "begin_ns is no whole number" },
		{ GUEST_ROWS("[[1,2.5]]"), "pages is no whole number" },
		{ GUEST_ROWS("[[1,\"x\"]]"), "pages is no whole number" },
		{ GUEST_ROWS("[[99999999999999999999,1]]"), "a value is wrong" },
		{ GUEST_ROWS("[[72057594037927937,1]]"), "begin_ns is no whole number" },
		{ GUEST_ROWS("[7]"), "0 values for 2 columns" },
		{ GUEST_ROWS("[[1,2] [3,4]]"), "']' is missing" },
		{ GUEST_ROWS("{}"), "'[' is missing" },
	};
	char err[512];
	int batches;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(read_text(files[i].text, &batches, err, sizeof(err)), -EINVAL);
		if (!strstr(err, "/t.json: after ") || !strstr(err, files[i].says))
			fail_msg("%s: %s", files[i].text, err);
	}
	/* What is not known is passed over, whatever it is. */
	assert_int_equal(
		read_text("{\"a\":1,\"b\":null,\"c\":[{}],\"d\":\"]\",\"moves\":[{\"cycle\":1,"
			  "\"move\":\"inflate\",\"e\":true,\"guest\":{\"columns\":[\"x\","
			  "\"begin_ns\"],\"f\":-1e3,\"rows\":[[\"y\",5],[[],6]]}}]}",
			  &batches, err, sizeof(err)),
		0);
	assert_int_equal(batches, 2);
	assert_int_equal(
		trace_read("/nowhere/trace.json", &(struct trace_sink){ NULL }, err, sizeof(err)),
		-ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_is_always_found),
		cmocka_unit_test(damage_is_told),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

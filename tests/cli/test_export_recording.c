/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloonstat export of what balloontrace host --record wrote. */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/exit_status.h"
#include "lib/recording.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/timeline.h"

#define MS 1000000LL

/* Two machines, of which one ends; their batches overlap. Returns the path. */
static const char *record(const char *name, bool whole)
{
	const struct recorded_process first = { 1, 4711, 1000 * MS },
				      second = { 2, 4712, 1001 * MS };
	const struct recorded_batch inflate = { 1,   1010 * MS, 4 * MS, 0,     256,
						256, 1 << 20,	16,	160000 };
	const struct recorded_batch deflate = { 2, 1011 * MS, 3 * MS, 1, 256, 0, 0, 0, 0 };
	const struct recorded_sample samples[] = {
		{ 1, 1500 * MS, 256, 1 << 20, 0, 64 << 20, 2 << 20 },
		{ 1, 2500 * MS, 512, 3 << 20, 0, 62 << 20, 0 },
	};
	const struct recorded_end end = { 2, 2600 * MS };
	const char *path = in_test_dir(name);
	struct recording recording;
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	recording_begin(&recording, f);
	recording_process(&recording, &first, "we\"b\\");
	recording_process(&recording, &second, "not \xff utf-8");
	recording_write(&recording, RECORDED_BATCH, &inflate);
	recording_write(&recording, RECORDED_BATCH, &deflate);
	recording_write(&recording, RECORDED_SAMPLE, &samples[0]);
	/* Its name was not known before. */
	recording_process(&recording, &second, "db");
	recording_write(&recording, RECORDED_SAMPLE, &samples[1]);
	recording_write(&recording, RECORDED_END, &end);
	if (whole)
		recording_end(&recording);
	assert_int_equal(fclose(f), 0);
	return path;
}

static struct outcome export(const char *path, const char *format, const char *output)
{
	return run_program("balloonstat", (const char *[]){ "export", path, "--format", format,
							    "-o", output, NULL });
}

static const json_t *find_event(const json_t *all, const char *name, int n)
{
	const json_t *event;
	size_t i;

	json_array_foreach (json_object_get(all, "traceEvents"), i, event)
		if (!strcmp(text_of(event, "name"), name) && !n--)
			return event;
	fail_msg("no %s", name);
	return NULL;
}

static int count_events(const json_t *all, const char *name)
{
	const json_t *event;
	int count = 0;
	size_t i;

	json_array_foreach (json_object_get(all, "traceEvents"), i, event)
		count += !strcmp(text_of(event, "name"), name);
	return count;
}

static void drawn(void **state)
{
	char output[512];
	struct slice slice;
	json_t *all;

	(void)state;
	snprintf(output, sizeof(output), "%s", in_test_dir("drawn.json"));
	expect_outcome(export(record("whole.jsonl", true), "perfetto", output), EXIT_FINE, "");
	all = load_timeline(output);
	assert_string_equal(
		json_string_value(json_at(find_event(all, "process_name", 0), "args.name")),
		"we\"b\\");
	assert_string_equal(
		json_string_value(json_at(find_event(all, "process_name", 2), "args.name")), "db");
	assert_int_equal(count_events(all, "process_labels"), 2);
	slice = find_slice(all, 1, "batch", 0);
	assert_int_equal(slice.begin, 6 * MS);
	assert_int_equal(slice.end, 10 * MS);
	assert_int_equal(slice_arg(&slice, "bytes"), 1 << 20);
	/* 256 calls, of which 16 took 10 us each. */
	slice = find_slice(all, 1, "discard", 0);
	assert_int_equal(slice.end - slice.begin, 2560000);
	slice = find_slice(all, 2, "batch", 0);
	assert_int_equal(slice.begin, 8 * MS);
	/* 2 MiB in a second. */
	assert_number(number_of(find_event(all, "advised bytes/s", 1), "args.bytes"), 2 << 20);
	assert_number(number_of(find_event(all, "memory", 0), "args.resident"), 64 << 20);
	assert_non_null(find_event(all, "ended", 0));
	json_decref(all);
}

static void cut_off(void **state)
{
	char output[512];
	json_t *all;

	(void)state;
	snprintf(output, sizeof(output), "%s", in_test_dir("cut.json"));
	expect_outcome(export(record("cut.jsonl", false), "perfetto", output), EXIT_ENVIRONMENT,
		       "after 8 records: the file ends too early",
		       "what stands before is exported");
	all = load_timeline(output);
	assert_true(json_is_false(json_at(all, "otherData.whole")));
	json_decref(all);
}

static void not_a_recording(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "the file ends too early" },
		{ "{}\n", "not a recording" },
		{ "{\"schema_version\":9,\"recording\":\"balloontrace host\"}\n",
		  "another version" },
		{ "[\"process\",1,2,3,\"x\"]\n", "no JSON of a recording" },
		{ "{\"schema_version\":1,\"recording\":\"balloontrace host\"}\n[\"end\",-1,2]\n",
		  "not a whole number" },
		{ "{\"schema_version\":1,\"recording\":\"balloontrace "
		  "host\"}\n[\"process\",1,2,3]\n",
		  "has no name" },
		{ "{\"schema_version\":1,\"recording\":\"balloontrace host\"}\n{\"records\":1}\n",
		  "records are missing" },
		{ "{\"schema_version\":1,\"recording\":\"balloontrace "
		  "host\"}\n{\"records\":0}\n[]\n",
		  "behind its last line" },
	};
	char path[512], output[512];
	size_t i;

	(void)state;
	snprintf(output, sizeof(output), "%s", in_test_dir("none.json"));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(path, sizeof(path), "%s", write_file(test_dir, "wrong", cases[i].text));
		expect_outcome(export(path, "perfetto", output), EXIT_ENVIRONMENT, cases[i].says);
	}
}

static void other_formats(void **state)
{
	(void)state;
	expect_outcome(export(record("csv.jsonl", true), "csv", in_test_dir("csv")), EXIT_USAGE,
		       "a recording of balloontrace: only --format perfetto");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawn),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(not_a_recording),
		cmocka_unit_test(other_formats),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

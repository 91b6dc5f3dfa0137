/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tracers saw as the structs of a result; the error of a tracer that cannot
 * be loaded.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/object.h"
#include "bpf/trace_result.h"
#include "lib/histogram.h"

static struct record_list ops;
static struct guest_counts counts;
static struct guest_totals inflate, deflate;

static const struct op_result *find_op(const char *name)
{
	return record_find(&op_record, &ops, name);
}

static int end_ops(void **state)
{
	(void)state;
	record_release_list(&op_record, &ops);
	memset(&counts, 0, sizeof(counts));
	memset(&inflate, 0, sizeof(inflate));
	memset(&deflate, 0, sizeof(deflate));
	return 0;
}

/* A loss belongs to what lost it, and to nothing else. */
static void operations_count_what_was_lost(void **state)
{
	const struct op_result *enqueue, *tell;

	(void)state;
	counts.counters[COUNTER_LOST_PAIRS] = 10;
	counts.counters[COUNTER_LOST_RECORDS] = 10;
	counts.tallies[TALLY_LOST_OP + OP_ENQUEUE] = 10;
	counts.tallies[TALLY_LOST_INFLATES] = 10;
	counts.one_in[OP_ENQUEUE] = counts.one_in[OP_ISOLATE] = 1;
	histogram_add(&counts.ops[OP_ENQUEUE], 100);
	histogram_add(&counts.ops[OP_ENQUEUE], 300);
	histogram_add(&counts.ops[OP_ISOLATE], 50);
	histogram_add(&inflate.stages[STAGE_TELL], 7000);
	histogram_add(&deflate.stages[STAGE_TELL], 8000);
	histogram_add(&deflate.stages[STAGE_RELEASE], 9000);
	trace_ops(&ops, &counts, &inflate, &deflate);
	enqueue = find_op("enqueue");
	assert_int_equal(enqueue->count, 12);
	assert_int_equal(enqueue->lost, 10);
	assert_int_equal(enqueue->histogram->sum, 400);
	assert_int_equal(enqueue->per, OP_PER_PAGE);
	assert_int_equal(find_op("isolate")->count, 1);
	assert_int_equal(find_op("isolate")->lost, 0);
	tell = find_op("tell_inflate");
	assert_int_equal(tell->count, 11);
	assert_int_equal(tell->lost, 10);
	assert_int_equal(find_op("tell_deflate")->lost, 0);
	assert_int_equal(find_op("release")->lost, 0);
	assert_int_equal(find_op("release")->histogram->max, 9000);
	assert_int_equal(find_op("release")->per, OP_PER_BATCH);
}

/* Timed is a sample; what the batches and the blocks say is the number. */
static void a_sample_is_counted_by_the_batches(void **state)
{
	enum page_op op;
	int i;

	(void)state;
	counts.tallies[TALLY_PAGES_INFLATED] = 2048;
	counts.tallies[TALLY_BLOCK_PAGES_INFLATED] = 512;
	counts.tallies[TALLY_PAGES_DEFLATED] = 1024;
	for (op = 0; op < OP_COUNT; op++)
		counts.one_in[op] = op < OP_SAMPLED ? 1 : 16;
	for (i = 0; i < 1536 / 16; i++)
		histogram_add(&counts.ops[OP_ENQUEUE], 100);
	for (i = 0; i < 3; i++)
		histogram_add(&counts.ops[OP_MIGRATE], 100);
	trace_ops(&ops, &counts, &inflate, &deflate);
	assert_int_equal(find_op("enqueue")->count, 1536);
	assert_int_equal(find_op("enqueue")->one_in, 16);
	assert_int_equal(find_op("enqueue")->histogram->count, 96);
	assert_int_equal(find_op("dequeue")->count, 1024);
	assert_int_equal(find_op("finalize")->count, 1024 + 3);
	assert_int_equal(find_op("migrate")->count, 3);
	assert_int_equal(find_op("migrate")->one_in, 1);
	assert_null(find_op("putback"));
	record_release_list(&op_record, &ops);
	/* In the middle of a batch. */
	counts.tallies[TALLY_BLOCK_PAGES_DEFLATED] = 2048;
	trace_ops(&ops, &counts, &inflate, &deflate);
	assert_int_equal(find_op("finalize")->count, 3);
}

/* At level phases the pages are known, and no operation on them is. */
static void what_is_not_observed_is_no_operation(void **state)
{
	(void)state;
	counts.tallies[TALLY_PAGES_INFLATED] = 2048;
	counts.one_in[OP_MIGRATE] = 1;
	trace_ops(&ops, &counts, &inflate, &deflate);
	assert_int_equal(ops.count, 0);
}

static void times_that_were_not_measured(void **state)
{
	(void)state;
	assert_false(is_duration(0));
	assert_true(is_duration(1));
	assert_true(is_duration(1ULL << 62));
	/* The clock of one CPU is 5 ns behind that of another. */
	assert_false(is_duration(100ULL - 105));
}

/* How evenly the operations of a CPU are sampled, whatever N, also within batches of 256. */
static void a_sample_is_spread_evenly(void **state)
{
	static const uint32_t one_in[] = { 1, 2, 3, 16, 255, 256, 1000 };
	uint32_t number, i, sampled;
	uint64_t places[4];
	size_t k;

	(void)state;
	for (k = 0; k < sizeof(one_in) / sizeof(one_in[0]); k++) {
		memset(places, 0, sizeof(places));
		for (number = 12345, i = 0, sampled = 0; i < 1 << 20; i++) {
			number += SAMPLE_STEP;
			if (number > UINT32_MAX / one_in[k])
				continue;
			sampled++;
			places[i % 256 / 64]++;
		}
		assert_in_range(sampled, (1 << 20) / one_in[k] - 4, (1 << 20) / one_in[k] + 4);
		for (i = 0; i < 4; i++)
			assert_in_range(places[i], sampled / 4 - sampled / 40 - 4,
					sampled / 4 + sampled / 40 + 4);
	}
}

static void blocks_are_counted_by_order(void **state)
{
	uint64_t tallies[TALLY_COUNT] = { 0 };
	struct block_counts blocks;

	(void)state;
	record_init(&blocks_record, &blocks);
	tallies[TALLY_BLOCK_PAGES_INFLATED] = 512;
	tallies[TALLY_BLOCKS_SPLIT] = 1;
	tallies[TALLY_ALLOC_ORDER + 9] = 3;
	trace_blocks(&blocks, tallies);
	assert_int_equal(blocks.inflated_pages, 512);
	assert_int_equal(blocks.deflated_pages, 0);
	assert_int_equal(blocks.split, 1);
	assert_int_equal(blocks.allocations.count, ORDERS_MAX);
	assert_int_equal(((int64_t *)blocks.allocations.items)[9], 3);
	record_release(&blocks_record, &blocks);
}

static void totals_come_back(void **state)
{
	static const struct guest_batch batch = { .begin_ns = 1000,
						  .alloc_ns = 50,
						  .alloc_retry_ns = 10,
						  .move_ns = 20,
						  .tell_ns = 30,
						  .pages = 256,
						  .entries = 2,
						  .inflate = 1 };
	static struct guest_totals totals, back;
	char err[256];
	json_t *json;

	(void)state;
	guest_totals_add(&totals, &batch);
	totals.merged = true;
	json = record_encode(&guest_totals_record, &totals);
	assert_int_equal(
		record_decode(&guest_totals_record, json, &back, "totals", err, sizeof(err)), 0);
	/* All of them but for the histograms, which are not sent. */
	assert_memory_equal(&totals, &back, offsetof(struct guest_totals, stages));
	json_object_del(json, "pages");
	assert_int_equal(
		record_decode(&guest_totals_record, json, &back, "totals", err, sizeof(err)),
		-EINVAL);
	json_decref(json);
}

static void what_is_not_observed_has_its_reason(void **state)
{
	const struct observation seen[] = {
		{ .what = "batches", .how = "trace event" },
		{ .what = NULL },
		{ .what = "finalize", .why_not = "an inline function" },
	};
	struct record_list list = { NULL, 0 };
	const struct observed *o;

	(void)state;
	trace_observations(&list, seen, 3);
	o = list.items;
	assert_int_equal(list.count, 2);
	assert_string_equal(o[0].how, "trace event");
	assert_null(o[0].why_not);
	assert_null(o[1].how);
	assert_string_equal(o[1].why_not, "an inline function");
	record_release_list(&observed_record, &list);
}

static void levels_and_mechanisms_have_names(void **state)
{
	static const struct {
		const char *text;
		enum trace_level level;
		unsigned int one_in;
		const char *shortest;
	} levels[] = {
		{ "off", TRACE_OFF, 16, "off" },
		{ "phases", TRACE_PHASES, 16, "phases" },
		{ "pages", TRACE_PAGES, 16, "pages" },
		{ "pages=16", TRACE_PAGES, 16, "pages" },
		{ "pages=1/16", TRACE_PAGES, 16, "pages" },
		{ "pages=1", TRACE_PAGES, 1, "pages=1" },
		{ "pages=1/1", TRACE_PAGES, 1, "pages=1" },
		{ "pages=65536", TRACE_PAGES, 65536, "pages=65536" },
	};
	static const char *const wrong[] = { "everything", "",		 "page",	"pages=",
					     "pages=0",	   "pages=2/16", "pages=65537", "pages=x",
					     "phases=16",  "pages=1/",	 "pages=-1",	"off=1" };
	char text[TRACE_SETTING_TEXT];
	struct trace_setting setting;
	enum mechanism mechanism, m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		assert_null(trace_setting_parse(levels[i].text, &setting));
		assert_int_equal(setting.level, levels[i].level);
		assert_int_equal(setting.one_in, levels[i].one_in);
		assert_string_equal(trace_setting_text(&setting, text), levels[i].shortest);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_non_null(trace_setting_parse(wrong[i], &setting));
	for (m = MECHANISM_AUTO; m < MECHANISMS; m++)
		assert_true(mechanism_parse(mechanisms[m], &mechanism) && mechanism == m);
	assert_false(mechanism_parse("magic", &mechanism));
}

/* Whatever the reason, what failed comes first. */
static void a_tracer_says_why_it_is_none(void **state)
{
	static const int errors[] = { -EPERM, -ENOSYS, -EINVAL };
	char text[512], number[32];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		tracer_explain(text, sizeof(text), "cannot trace it", errors[i]);
		assert_int_equal(strncmp(text, "cannot trace it: ", 17), 0);
		snprintf(number, sizeof(number), "(errno %d)", -errors[i]);
		assert_non_null(strstr(text, number));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(operations_count_what_was_lost, end_ops),
		cmocka_unit_test_teardown(a_sample_is_counted_by_the_batches, end_ops),
		cmocka_unit_test_teardown(what_is_not_observed_is_no_operation, end_ops),
		cmocka_unit_test(times_that_were_not_measured),
		cmocka_unit_test(a_sample_is_spread_evenly),
		cmocka_unit_test(blocks_are_counted_by_order),
		cmocka_unit_test(totals_come_back),
		cmocka_unit_test(what_is_not_observed_has_its_reason),
		cmocka_unit_test(levels_and_mechanisms_have_names),
		cmocka_unit_test(a_tracer_says_why_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

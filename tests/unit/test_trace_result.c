/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tracers saw as the structs of a result; the error of a tracer that cannot
 * be loaded.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <string.h>

#include "bpf/object.h"
#include "bpf/trace_result.h"
#include "lib/histogram.h"

static void operations_count_what_was_lost(void **state)
{
	static struct guest_counts counts;
	static struct guest_totals inflate, deflate;
	struct record_list ops = { NULL, 0 };
	const struct op_result *enqueue, *tell, *release;

	(void)state;
	counts.counters[COUNTER_LOST_PAIRS] = 2;
	counts.counters[COUNTER_LOST_RECORDS] = 5;
	histogram_add(&counts.ops[OP_ENQUEUE], 100);
	histogram_add(&counts.ops[OP_ENQUEUE], 300);
	histogram_add(&inflate.stages[STAGE_TELL], 7000);
	histogram_add(&deflate.stages[STAGE_RELEASE], 9000);
	trace_ops(&ops, &counts, &inflate, &deflate);
	assert_int_equal(ops.count, 3);
	enqueue = record_find(&op_record, &ops, "enqueue");
	tell = record_find(&op_record, &ops, "tell_inflate");
	release = record_find(&op_record, &ops, "release");
	assert_int_equal(enqueue->count, 4);
	assert_int_equal(enqueue->lost, 2);
	assert_int_equal(enqueue->histogram->sum, 400);
	assert_int_equal(enqueue->per, OP_PER_PAGE);
	assert_int_equal(tell->count, 6);
	assert_int_equal(release->histogram->max, 9000);
	assert_int_equal(release->per, OP_PER_BATCH);
	record_release_list(&op_record, &ops);
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
	enum mechanism mechanism, m;
	enum trace_level level, l;

	(void)state;
	for (l = TRACE_OFF; l < TRACE_LEVELS; l++)
		assert_true(trace_level_parse(trace_level_name(l), &level) && level == l);
	for (m = MECHANISM_AUTO; m < MECHANISMS; m++)
		assert_true(mechanism_parse(mechanisms[m], &mechanism) && mechanism == m);
	assert_false(trace_level_parse("everything", &level));
	assert_false(mechanism_parse("magic", &mechanism));
}

/* Whatever the reason, what failed comes first. */
static void a_tracer_says_why_it_is_none(void **state)
{
	static const int errors[] = { -EPERM, -ENOSYS, -EINVAL };
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		tracer_explain(text, sizeof(text), "cannot trace it", errors[i]);
		assert_int_equal(strncmp(text, "cannot trace it: ", 17), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_count_what_was_lost),
		cmocka_unit_test(blocks_are_counted_by_order),
		cmocka_unit_test(totals_come_back),
		cmocka_unit_test(what_is_not_observed_has_its_reason),
		cmocka_unit_test(levels_and_mechanisms_have_names),
		cmocka_unit_test(a_tracer_says_why_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

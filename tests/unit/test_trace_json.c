/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent makes of what its tracer saw, in words and JSON; and what a tracer
 * that cannot be loaded says.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <string.h>

#include "bpf/object.h"
#include "bpf/trace_json.h"
#include "lib/histogram.h"
#include "lib/result.h"

static json_int_t number_at(const json_t *json, const char *path)
{
	const json_t *value = json_at(json, path);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void operations_count_what_was_lost(void **state)
{
	static struct guest_counts counts;
	static struct guest_totals inflate, deflate;
	json_t *ops;

	(void)state;
	counts.counters[COUNTER_LOST_PAIRS] = 2;
	counts.counters[COUNTER_LOST_RECORDS] = 5;
	histogram_add(&counts.ops[OP_ENQUEUE], 100);
	histogram_add(&counts.ops[OP_ENQUEUE], 300);
	histogram_add(&inflate.stages[STAGE_TELL], 7000);
	histogram_add(&deflate.stages[STAGE_RELEASE], 9000);
	ops = guest_ops_to_json(&counts, &inflate, &deflate);
	assert_int_equal(json_object_size(ops), 3);
	assert_int_equal(number_at(ops, "enqueue.count"), 4);
	assert_int_equal(number_at(ops, "enqueue.lost"), 2);
	assert_int_equal(number_at(ops, "enqueue.histogram.sum"), 400);
	assert_int_equal(number_at(ops, "tell_inflate.count"), 6);
	assert_int_equal(number_at(ops, "release.histogram.max"), 9000);
	assert_string_equal(json_string_value(json_at(ops, "enqueue.per")), "page");
	assert_string_equal(json_string_value(json_at(ops, "release.per")), "batch");
	json_decref(ops);
}

static void blocks_are_told_by_order(void **state)
{
	uint64_t tallies[TALLY_COUNT] = { 0 };
	json_t *blocks;

	(void)state;
	tallies[TALLY_BLOCK_PAGES_INFLATED] = 512;
	tallies[TALLY_BLOCKS_SPLIT] = 1;
	tallies[TALLY_ALLOC_ORDER + 9] = 3;
	blocks = guest_blocks_to_json(tallies);
	assert_int_equal(number_at(blocks, "inflated_pages"), 512);
	assert_int_equal(number_at(blocks, "deflated_pages"), 0);
	assert_int_equal(number_at(blocks, "split"), 1);
	assert_int_equal(json_array_size(json_at(blocks, "allocations")), ORDERS_MAX);
	assert_int_equal(json_integer_value(json_array_get(json_at(blocks, "allocations"), 9)), 3);
	json_decref(blocks);
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
	json_t *json;

	(void)state;
	guest_totals_add(&totals, &batch);
	json = guest_totals_to_json(&totals);
	guest_totals_from_json(&back, json);
	/* All of them but for the histograms, which JSON does without. */
	assert_memory_equal(&totals, &back, offsetof(struct guest_totals, stages));
	json_decref(json);
}

static void what_is_not_observed_has_its_reason(void **state)
{
	const struct observation seen[] = {
		{ .what = "batches", .how = "trace event" },
		{ .what = NULL },
		{ .what = "finalize", .why_not = "an inline function" },
	};
	json_t *list = observations_to_json(seen, 3);

	(void)state;
	assert_int_equal(json_array_size(list), 2);
	assert_true(json_is_null(json_object_get(json_array_get(list, 0), "why_not")));
	assert_true(json_is_null(json_object_get(json_array_get(list, 1), "how")));
	json_decref(list);
}

static void levels_and_mechanisms_have_names(void **state)
{
	enum mechanism mechanism, m;
	enum trace_level level, l;

	(void)state;
	for (l = TRACE_OFF; l < TRACE_LEVELS; l++)
		assert_true(trace_level_parse(trace_level_name(l), &level) && level == l);
	for (m = MECHANISM_AUTO; m < MECHANISMS; m++)
		assert_true(mechanism_parse(mechanism_name(m), &mechanism) && mechanism == m);
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
	tracer_quiet();
	for (i = 0; i < 3; i++) {
		tracer_explain(text, sizeof(text), "cannot trace it", errors[i]);
		assert_int_equal(strncmp(text, "cannot trace it: ", 17), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_count_what_was_lost),
		cmocka_unit_test(blocks_are_told_by_order),
		cmocka_unit_test(totals_come_back),
		cmocka_unit_test(what_is_not_observed_has_its_reason),
		cmocka_unit_test(levels_and_mechanisms_have_names),
		cmocka_unit_test(a_tracer_says_why_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

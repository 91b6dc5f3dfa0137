/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's tracer in real guests, against numbers of pages that are known:
 * by the trace events of the series, and on the untouched kernel by fentry and
 * by kprobes.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/histogram.h"
#include "tests/helpers/vm.h"

#define BALLOON_BYTES (128 * MIB)
#define PAGES (int)(BALLOON_BYTES / 4096)
#define BATCHES (PAGES / 256)

static void start(const char *cut)
{
	const struct test_guest guest = { .cut = cut, .memory_bytes = 512 * MIB };

	test_guest_start(&guest);
}

static void trace_start(const char *level, const char *mechanism, int ring, const char *expected)
{
	json_t *answer = test_ask(json_pack("{s:s, s:s, s:s, s:i}", "cmd", "trace-start", "level",
					    level, "mechanism", mechanism, "ring_bytes", ring));

	assert_string_equal(json_string_value(json_object_get(answer, "mechanism")), expected);
	json_decref(answer);
}

static struct guest_totals move(uint64_t bytes)
{
	struct guest_totals sums;

	test_balloon(bytes, &sums);
	return sums;
}

static int64_t op_count(const json_t *trace, const char *op)
{
	return test_member(json_object_get(json_object_get(trace, "ops"), op), "count");
}

static int64_t counter(const json_t *trace, const char *name)
{
	return test_member(json_object_get(trace, "counters"), name);
}

static json_t *read_trace(void)
{
	return test_ask(json_pack("{s:s}", "cmd", "trace"));
}

/* A histogram of times that a guest can have taken. */
static void check_times(const json_t *trace, const char *op)
{
	const json_t *o = json_object_get(json_object_get(trace, "ops"), op);
	struct histogram *h = calloc(1, sizeof(*h));

	assert_int_equal(histogram_from_json(h, json_object_get(o, "histogram")), 0);
	assert_int_equal(h->count + test_member(o, "lost"), test_member(o, "count"));
	assert_true(h->max < TEST_TIMEOUT_NS);
	free(h);
}

static void inflate_and_deflate(const char *mechanism, const char *expected, bool finalize)
{
	struct guest_totals sums;
	json_t *trace;

	trace_start("pages", mechanism, 0, expected);
	sums = move(BALLOON_BYTES);
	assert_int_equal(sums.pages, PAGES);
	assert_int_equal(sums.kicks, BATCHES);
	assert_true(sums.stage_ns[STAGE_ALLOC] > 0 && sums.stage_ns[STAGE_TELL] > 0);
	sums = move(0);
	assert_int_equal(sums.pages, PAGES);
	assert_true(sums.stage_ns[STAGE_MOVE] > 0 && sums.stage_ns[STAGE_RELEASE] > 0);
	trace = read_trace();
	assert_int_equal(op_count(trace, "enqueue"), PAGES);
	assert_int_equal(op_count(trace, "dequeue"), PAGES);
	assert_int_equal(op_count(trace, "finalize"), finalize ? PAGES : 0);
	assert_int_equal(op_count(trace, "tell_inflate"), BATCHES);
	assert_int_equal(op_count(trace, "tell_deflate"), BATCHES);
	assert_int_equal(counter(trace, "lost_records"), 0);
	assert_int_equal(counter(trace, "lost_pairs"), 0);
	check_times(trace, "enqueue");
	check_times(trace, "dequeue");
	check_times(trace, "tell_inflate");
	json_decref(trace);
}

static void trace_events_count_every_page(void **state)
{
	size_t i;

	for (i = 0; i < test_images.cut_count; i++) {
		if (!strcmp(test_images.cuts[i].name, "stock"))
			continue;
		start(test_images.cuts[i].name);
		inflate_and_deflate("auto", "events", true);
		test_guest_end(state);
	}
}

static void a_stock_kernel_is_traced_by_fentry(void **state)
{
	(void)state;
	start("stock");
	inflate_and_deflate("auto", "fentry", false);
}

static void a_stock_kernel_is_traced_by_kprobes(void **state)
{
	(void)state;
	start("stock");
	inflate_and_deflate("kprobe", "kprobe", false);
}

/*
 * Every second batch of the balloon's pages is given back, which leaves holes
 * for compaction to fill from the other end.
 */
static void migrations_are_the_kernel_s_count(void **state)
{
	int64_t before, migrated;
	json_t *trace;

	(void)state;
	start("finalize");
	trace_start("pages", "auto", 0, "events");
	move(3 * BALLOON_BYTES);
	move(2 * BALLOON_BYTES);
	before = test_vmstat("balloon_migrate");
	json_decref(test_ask(json_pack("{s:s}", "cmd", "compact")));
	migrated = test_vmstat("balloon_migrate") - before;
	trace = read_trace();
	assert_true(migrated > 0);
	assert_int_equal(op_count(trace, "migrate"), migrated);
	assert_true(op_count(trace, "isolate") >= migrated);
	assert_int_equal(op_count(trace, "isolate"),
			 migrated + op_count(trace, "putback") + counter(trace, "migrate_failed"));
	json_decref(trace);
}

/* One record is 72 bytes with its header: a page of ring holds a few of a hundred. */
static void a_tiny_ring_loses_and_says_so(void **state)
{
	struct guest_totals sums;
	json_t *trace;

	(void)state;
	start("finalize");
	trace_start("phases", "auto", 4096, "events");
	sums = move(BALLOON_BYTES);
	trace = read_trace();
	assert_true(counter(trace, "lost_records") > 0);
	assert_int_equal(sums.batches + counter(trace, "lost_records"), BATCHES);
	assert_int_equal(op_count(trace, "tell_inflate"), BATCHES);
	json_decref(trace);
}

static void nonsense_is_refused(void **state)
{
	static const char *const levels[] = { "off", "everything", "" };
	json_t *answer = NULL;
	size_t i;

	(void)state;
	start("finalize");
	for (i = 0; i < 3; i++)
		assert_int_equal(agent_request(test_vm.agent,
					       json_pack("{s:s, s:s}", "cmd", "trace-start",
							 "level", levels[i]),
					       &answer, deadline_in_ms(10000)),
				 -EPROTO);
	assert_non_null(strstr(agent_error(test_vm.agent), "level"));
	assert_int_equal(agent_request(test_vm.agent, json_pack("{s:s}", "cmd", "trace"), &answer,
				       deadline_in_ms(10000)),
			 -EPROTO);
	assert_non_null(strstr(agent_error(test_vm.agent), "nothing is traced"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(trace_events_count_every_page, test_guest_end),
		cmocka_unit_test_teardown(a_stock_kernel_is_traced_by_fentry, test_guest_end),
		cmocka_unit_test_teardown(a_stock_kernel_is_traced_by_kprobes, test_guest_end),
		cmocka_unit_test_teardown(migrations_are_the_kernel_s_count, test_guest_end),
		cmocka_unit_test_teardown(a_tiny_ring_loses_and_says_so, test_guest_end),
		cmocka_unit_test_teardown(nonsense_is_refused, test_guest_end),
	};

	return cmocka_run_group_tests(tests, vm_tests_set_up, vm_tests_tear_down);
}

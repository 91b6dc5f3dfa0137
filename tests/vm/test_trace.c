/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's tracer in real guests, against numbers of pages that are known:
 * by the trace events of the series, and on the untouched kernel by fentry and
 * by kprobes.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <string.h>

#include "bpf/level.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "tests/helpers/vm.h"

#define BALLOON_BYTES (128 * MIB)
#define PAGES (int)(BALLOON_BYTES / 4096)
#define BATCHES (PAGES / 256)
#define FREED_BYTES (16 * MIB)
/* Of two vCPUs: the multiples of the golden ratio are spread better than at random. */
#define SAMPLE_ERROR 16

static void start(const char *cut)
{
	const struct test_guest guest = { .cut = cut, .memory_bytes = 512 * MIB };

	test_guest_start(&guest);
}

static struct answer_trace trace;

static void trace_start(const char *level, const char *mechanism, int ring,
			enum result_mechanism expected)
{
	struct guest_request request = guest_request("trace-start");
	struct answer_tracer answer;

	request.level = (char *)level;
	request.mechanism = (char *)mechanism;
	request.ring_bytes = ring;
	test_request(request, &answer_tracer_record, &answer);
	assert_int_equal(answer.mechanism, expected);
	record_release(&answer_tracer_record, &answer);
}

static struct guest_totals resize(uint64_t bytes)
{
	struct guest_totals totals;

	test_balloon(bytes, &totals);
	return totals;
}

static int64_t op_count(const char *name)
{
	const struct op_result *op = record_find(&op_record, &trace.ops, name);

	return op ? op->count : 0;
}

static void read_trace(void)
{
	test_request(guest_request("trace"), &answer_trace_record, &trace);
}

static void release_trace(void)
{
	record_release(&answer_trace_record, &trace);
}

/* A histogram of times that a guest can have taken. */
static void check_times(const char *name)
{
	const struct op_result *op = record_find(&op_record, &trace.ops, name);

	assert_non_null(op);
	assert_int_equal(op->lost, 0);
	assert_true(op->histogram->min > 0 && op->histogram->max < TEST_TIMEOUT_NS);
}

/* An operation on each of PAGES, of which one in @one_in was timed. */
static void check_pages(const char *name, int one_in)
{
	const struct op_result *op = record_find(&op_record, &trace.ops, name);

	check_times(name);
	assert_int_equal(op->count, PAGES);
	assert_int_equal(op->one_in, one_in);
	if (one_in == 1)
		assert_int_equal(op->histogram->count, PAGES);
	else
		assert_in_range(op->histogram->count, PAGES / one_in - SAMPLE_ERROR,
				PAGES / one_in + SAMPLE_ERROR);
}

static void inflate_and_deflate(const char *mechanism, enum result_mechanism expected,
				const char *level, int one_in)
{
	struct guest_totals totals;

	trace_start(level, mechanism, 0, expected);
	totals = resize(BALLOON_BYTES);
	assert_int_equal(totals.pages, PAGES);
	assert_int_equal(totals.kicks, BATCHES);
	assert_true(totals.stage_ns[STAGE_ALLOC] > 0 && totals.stage_ns[STAGE_TELL] > 0);
	totals = resize(0);
	assert_int_equal(totals.pages, PAGES);
	assert_true(totals.stage_ns[STAGE_MOVE] > 0 && totals.stage_ns[STAGE_RELEASE] > 0);
	read_trace();
	check_pages("enqueue", one_in);
	check_pages("dequeue", one_in);
	if (expected == RESULT_EVENTS)
		check_pages("finalize", one_in);
	else
		assert_int_equal(op_count("finalize"), 0);
	assert_int_equal(op_count("tell_inflate"), BATCHES);
	assert_int_equal(op_count("tell_deflate"), BATCHES);
	assert_int_equal(trace.counters.lost_records, 0);
	assert_int_equal(trace.counters.lost_pairs, 0);
	check_times("tell_inflate");
	release_trace();
}

/* Every page is counted, of whichever sample. The second tracer has its own. */
static void inflate_and_deflate_sampled(const char *mechanism, enum result_mechanism expected)
{
	inflate_and_deflate(mechanism, expected, "pages", TRACE_ONE_IN);
	inflate_and_deflate(mechanism, expected, "pages=1", 1);
	inflate_and_deflate(mechanism, expected, "pages=1/5", 5);
}

static void trace_events_count_every_page(void **state)
{
	size_t i;

	for (i = 0; i < test_images.cut_count; i++) {
		if (!strcmp(test_images.cuts[i].name, "stock"))
			continue;
		start(test_images.cuts[i].name);
		inflate_and_deflate_sampled("auto", RESULT_EVENTS);
		test_guest_end(state);
	}
}

static void a_stock_kernel_is_traced_by_fentry(void **state)
{
	(void)state;
	start("stock");
	inflate_and_deflate_sampled("auto", RESULT_FENTRY);
}

static void a_stock_kernel_is_traced_by_kprobes(void **state)
{
	(void)state;
	start("stock");
	inflate_and_deflate_sampled("kprobe", RESULT_KPROBE);
}

/*
 * Compaction moves pages up: the highest addresses are held while the balloon is inflated, and
 * freed then. What a deflate frees may lie below the balloon, where nothing moves to.
 */
static void migrations_are_the_kernel_s_count(void **state)
{
	int64_t before, migrated, freed;

	(void)state;
	start("finalize");
	trace_start("pages", "auto", 0, RESULT_EVENTS);
	test_send(guest_request_bytes("hold-high", FREED_BYTES));
	resize(2 * BALLOON_BYTES);
	test_request(guest_request_bytes("free-high", FREED_BYTES), &answer_bytes, &freed);
	before = test_vmstat("balloon_migrate");
	test_send(guest_request("compact"));
	migrated = test_vmstat("balloon_migrate") - before;
	read_trace();
	assert_at_least(migrated * 2, freed / 4096.0);
	assert_int_equal(op_count("migrate"), migrated);
	assert_true(op_count("isolate") >= migrated);
	assert_int_equal(op_count("isolate"),
			 migrated + op_count("putback") + trace.counters.migrate_failed);
	release_trace();
}

/* One record is 72 bytes with its header: a page of ring holds a few of a hundred. */
static void a_tiny_ring_loses_and_says_so(void **state)
{
	struct guest_totals totals;

	(void)state;
	start("finalize");
	trace_start("phases", "auto", 4096, RESULT_EVENTS);
	totals = resize(BALLOON_BYTES);
	read_trace();
	assert_true(trace.counters.lost_records > 0);
	assert_int_equal(totals.batches + trace.counters.lost_records, BATCHES);
	assert_int_equal(op_count("tell_inflate"), BATCHES);
	release_trace();
}

static void expect_refusal(struct guest_request request, const char *says)
{
	assert_int_equal(agent_request(test_vm.agent, &request, NULL, NULL, deadline_in_ms(10000)),
			 -EPROTO);
	assert_non_null(strstr(agent_error(test_vm.agent), says));
}

static void nonsense_is_refused(void **state)
{
	static const char *const levels[] = { "off", "everything", "", "pages=0" };
	struct guest_request request = guest_request("trace-start");
	size_t i;

	(void)state;
	start("finalize");
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		request.level = (char *)levels[i];
		expect_refusal(request, "level");
	}
	expect_refusal(guest_request("trace"), "nothing is traced");
	expect_refusal(guest_request("fly"), "unknown request");
	expect_refusal(guest_request_bytes("touch", -1), "Invalid argument");
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

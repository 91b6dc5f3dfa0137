/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the report says of phases, latencies and the cost of tracing, against a
 * tree whose numbers are round.
 */
#include "tests/helpers/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define BOOTS 6
#define BYTES (1LL << 30)
#define PAGES (BYTES / 4096)

/* @per_page ns for each page, of which a quarter, a half and so on is spent in a phase. */
static void set_resize(struct resize_result *resize, int per_page, enum direction direction)
{
	int64_t ns = per_page * PAGES;

	record_release(&resize_record, resize);
	*resize = build_resize(BYTES, ns / 1e6);
	resize->duration_ns = resize->wall_ns = ns;
	resize->gib_per_s = 1e9 / ns;
	resize->phases.notify_ns = ns / 4;
	resize->phases.other_ns = 0;
	if (direction == INFLATE) {
		resize->phases.alloc_ns = ns / 2;
		resize->phases.alloc_retry_ns = 0;
		resize->phases.enqueue_ns = ns / 4;
	} else {
		resize->phases.dequeue_ns = ns / 4;
		resize->phases.host_translate_ns = ns / 8;
		resize->phases.host_willneed_ns = ns / 8;
		resize->phases.release_ns = ns / 4;
	}
	resize->host.source = HOST_BATCHES;
	resize->host.discard_calls = resize->host.willneed_calls = PAGES;
	resize->host.discard_bytes = resize->host.willneed_bytes = BYTES;
	resize->host.discard_ns = resize->host.willneed_ns = 1;
	resize->kicks = 128;
	resize->entries.count = PAGES / 2;
}

/* 1000 operations: 980 of 100 ns, 20 of 5000. */
static struct histogram *make_histogram(void)
{
	struct histogram *h = build_histogram(100, 980);
	int i;

	for (i = 0; i < 20; i++)
		histogram_add(h, 5000);
	return h;
}

static void add_checks(struct boot_result *boot, int count)
{
	while (count--) {
		struct check *check = record_append(&check_record, &boot->checks.each);

		check->cycle = 1;
		check->resize = INFLATE;
		record_set_text(&check->what, "device");
		check->unit = CHECK_PAGES;
		check->least = check->most = check->observed = PAGES;
	}
	boot->checks.ok = true;
}

static void add_trace(struct boot_result *boot, bool pages)
{
	struct guest_trace *guest = &boot->trace.guest;
	struct observed *observed = record_append(&observed_record, &guest->observations);

	boot->trace.level = pages ? RESULT_PAGES : RESULT_PHASES;
	guest->mechanism = RESULT_FENTRY;
	record_set_text(&boot->trace.host.error, "it is <off>");
	record_set_text(&observed->what, "puff");
	record_set_text(&observed->why_not, "it <hides>");
	memset(&guest->counters, 0, sizeof(guest->counters));
	guest->blocks.inflated_pages = guest->blocks.deflated_pages = PAGES;
	guest->blocks.split = 0;
	record_append_number(&guest->blocks.allocations, 0);
	record_append_number(&guest->blocks.allocations, 0);
	record_append_number(&guest->blocks.allocations, PAGES / 8);
}

static void add_profile(struct boot_result *boot)
{
	struct perf_symbol *top = record_append(&perf_symbol_record, &boot->perf.top);

	record_set_text(&boot->perf.event, "cpu-clock");
	boot->perf.frequency_hz = 499;
	boot->perf.samples = 200;
	record_set_text(&top->symbol, "do_madvise");
	top->samples = 50;
}

static void add_boot(const char *variant, int number, int per_page, bool pages)
{
	struct boot_result boot = build_boot("idle", variant, number, 1);
	int d;

	for (d = 0; d < DIRECTIONS; d++)
		set_resize(cycle_resize(boot_cycle(&boot), d), per_page, d);
	add_checks(&boot, 2);
	if (pages) {
		add_op(&boot, "enqueue", make_histogram());
		add_op(&boot, "dequeue", make_histogram())->one_in = 16;
		add_call(&boot, "dontneed", make_histogram(), make_histogram());
	}
	add_trace(&boot, pages);
	add_profile(&boot);
	put_boot("t", &boot);
}

static struct table table;

static int set_up(void **state)
{
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		add_boot("old", i, 1000, false);
		add_boot("new", i, 800, false);
		add_boot("new+off", i, 640, false);
		add_boot("new+pages", i, 1600, true);
	}
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 1, \"boots\": 6, \"scenarios\": [{\"name\": \"idle\"}], "
		   "\"variants\": [{\"name\": \"old\"}, {\"name\": \"new\", \"against\": "
		   "\"nobody old\"}, {\"name\": \"new+off\"}, {\"name\": \"new+pages\"}]}");
	load_table(&table, "t");
	return 0;
}

static int tear_down(void **state)
{
	table_release(&table);
	return test_dir_tear_down(state);
}

static void phases_are_per_page_and_of_the_resize(void **state)
{
	struct measure per_page = measure_of("inflate.phases.alloc_ns.per_page");
	struct measure percent = measure_of("inflate.phases.alloc_ns.percent");
	struct measure unseen = measure_of("inflate.phases.host_discard_ns.percent");
	struct estimate e = estimate(&table, "idle", "old", &per_page);

	(void)state;
	assert_int_equal(e.n, BOOTS);
	assert_true(e.median == 500 && e.interval.low == 500 && e.interval.high == 500);
	assert_true(estimate(&table, "idle", "old", &percent).median == 50);
	assert_int_equal(estimate(&table, "idle", "old", &unseen).n, 0);
}

static struct estimate enqueue(const char *variant, const char *statistic)
{
	struct measure m = measure_of("ops.enqueue.%s", statistic);

	return estimate(&table, "idle", variant, &m);
}

static void a_percentile_needs_events_beyond_it(void **state)
{
	struct measure p50 = measure_of("ops.enqueue.p50"), rare = measure_of("ops.enqueue.p99.99");
	struct series s = series(&table, "idle", "new+pages", &p50);
	struct interval within;

	(void)state;
	assert_int_equal(s.n, BOOTS);
	assert_int_equal(enqueue("new+pages", "p50").n, BOOTS);
	assert_int_equal(enqueue("new+pages", "p99").n, BOOTS);
	assert_int_equal(enqueue("new+pages", "p99.9").n, 0);
	assert_true(enqueue("new+pages", "max").median == 5000);
	/* Of one boot alone the interval is what its number of events makes it. */
	within = series_within(&table, s.boots[0], &p50);
	assert_true(within.low <= s.values[0] && within.high >= s.values[0]);
	assert_true(isnan(series_within(&table, s.boots[0], &rare).high));
	assert_int_equal(enqueue("old", "p50").n, 0);
	series_release(&s);
}

static void the_report_says_where_the_time_went(void **state)
{
	char *text = report_text(&table);

	(void)state;
	/* Variants are rows; what no boot has observed is no column. */
	assert_contains(text, "| inflate | alloc | enqueue | notify | other |\n");
	assert_contains(text,
			"| old | 0.500 [0.500, 0.500] · 50.0 % | 0.250 [0.250, 0.250] · 25.0 % |");
	assert_contains(text, "| new | 0.400 [0.400, 0.400] · 50.0 % |");
	assert_contains(text, "| deflate | dequeue | notify | host: translate | host: willneed | "
			      "release | other |\n");
	assert_contains(text, "| 0.125 [0.125, 0.125] · 12.5 % |");
	assert_lacks(text, "| alloc retry |\n");
	/* 100 ns is in a bucket from 100 to 103. */
	assert_contains(text,
			"| enqueue | new+pages | 6 | 1000 | 198 [198, 198] | 102 [102, 102] | ");
	assert_contains(text, " | - | 5000 |");
	/* A sample says so. */
	assert_contains(text, "| dequeue | new+pages | 6 | 1000, 1 in 16 | 198 [198, 198] |");
	assert_contains(text, "\"1 in N\": one operation in N is timed");
	assert_contains(text, "| dontneed | new+pages | 6 | 1000 |");
	assert_contains(text, "| idle | inflate | old | 6 | 262144 [262144, 262144] | 1024");
	assert_contains(
		text,
		"| idle | inflate | old | 6 | 128 [128, 128] | 131072 [131072, 131072] | 2 |");
	/* An eighth of as many allocations of order 2 as there are pages is half of them. */
	assert_contains(text, "| idle | old | 2: 50.00 %; 0: 50.00 % |");
	assert_contains(text, "In the 24 boots that are used, 48 counts");
	assert_contains(text, "- Traced on the host: it is &lt;off>.");
	assert_contains(text, "- Traced on the guest, puff: it &lt;hides> (level phases).");
	assert_contains(text, "| 25.0 | do_madvise |");
	free(text);
}

static void steps_are_compared(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_contains(text, "## Step by step");
	assert_contains(
		text, "| idle | inflate | new | old | 6 | 209.7 | 262.1 | 0.800 [0.800, 0.800] |");
	assert_contains(text, "| idle | deflate | new | old |");
	assert_lacks(text, "nobody");
	assert_lacks(text, "touch after the deflate");
	free(text);
}

static void levels_are_a_cost_not_a_variant(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_contains(text,
			"| idle | inflate | new | new+off | 6 | 800.0 [800.0, 800.0] ns | +160.0 | "
			"1.2500 [1.2500, 1.2500] |");
	assert_contains(text, "| idle | deflate | new+pages | new+off | 6 |");
	assert_contains(text, "| 2.5000 [2.5000, 2.5000] |");
	assert_lacks(text, "| inflate | new+off |");
	free(text);
}

static void plots_are_drawn(void **state)
{
	struct report report;
	struct plot_of of;
	char *svg;

	(void)state;
	make_report(&report, &table);
	of = (struct plot_of){ .report = &report, .scenario = &report.scenarios[0] };
	svg = drawn_plot(PLOT_PHASES, of);
	assert_contains(svg, "host: willneed");
	free(svg);
	of = (struct plot_of){ .report = &report, .scenario_name = "idle" };
	svg = drawn_plot(PLOT_LATENCY, of);
	assert_contains(svg, "new+pages");
	assert_contains(svg, "enqueue");
	free(svg);
	free(drawn_plot(PLOT_MADVISE, of));
	of.scenario_name = "elsewhere";
	assert_null(plot_data(PLOT_LATENCY, of));
	assert_null(plot_data(PLOT_MADVISE, of));
	report_release(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phases_are_per_page_and_of_the_resize),
		cmocka_unit_test(a_percentile_needs_events_beyond_it),
		cmocka_unit_test(the_report_says_where_the_time_went),
		cmocka_unit_test(steps_are_compared),
		cmocka_unit_test(levels_are_a_cost_not_a_variant),
		cmocka_unit_test(plots_are_drawn),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

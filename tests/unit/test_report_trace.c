/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the report says of phases, latencies and the cost of tracing, against a
 * tree whose numbers are round.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/data/latencies.h"
#include "analysis/data/phases.h"
#include "analysis/plots/plot_trace.h"
#include "analysis/report/report_write.h"
#include "lib/histogram.h"
#include "tests/helpers/files.h"

#define BYTES (1LL << 30)
#define PAGES (BYTES / 4096)

/* @per_page ns for each page, of which a quarter, a half and so on is spent in a phase. */
static json_t *make_move(int per_page, bool inflate)
{
	json_int_t ns = per_page * PAGES;
	json_t *phases;

	if (inflate)
		phases = json_pack("{s:I, s:i, s:I, s:I, s:n, s:n, s:i}", "alloc_ns", ns / 2,
				   "puff_ns", 0, "enqueue_ns", ns / 4, "notify_ns", ns / 4,
				   "host_translate_ns", "host_discard_ns", "other_ns", 0);
	else
		phases = json_pack("{s:I, s:I, s:I, s:I, s:I, s:i}", "dequeue_ns", ns / 4,
				   "notify_ns", ns / 4, "host_translate_ns", ns / 8,
				   "host_willneed_ns", ns / 8, "release_ns", ns / 4, "other_ns", 0);
	return json_pack("{s:I, s:I, s:f, s:i, s:I, s:i, s:[[i, i], [I, I]], s:o, s:{s:I, s:I, "
			 "s:I, s:I}, s:i, s:{s:I}}",
			 "bytes", (json_int_t)BYTES, "duration_ns", ns, "gib_per_s",
			 BYTES / 1.073741824 / ns, "resolution_ns", 1000, "wall_ns", ns, "steps", 1,
			 "progress", 0, 0, ns, (json_int_t)BYTES, "phases", phases, "host",
			 "discard_calls", (json_int_t)PAGES, "discard_bytes", (json_int_t)BYTES,
			 "willneed_calls", (json_int_t)PAGES, "willneed_bytes", (json_int_t)BYTES,
			 "kicks", 128, "entries", "count", (json_int_t)PAGES / 2);
}

/* 1000 operations: 980 of 100 ns, 20 of 5000. */
static json_t *make_histogram(void)
{
	struct histogram *h = calloc(1, sizeof(*h));
	json_t *json;
	int i;

	for (i = 0; i < 1000; i++)
		histogram_add(h, i < 980 ? 100 : 5000);
	json = histogram_to_json(h);
	free(h);
	return json;
}

static void add_boot(const char *variant, int boot, int per_page, bool pages)
{
	char name[128], *text;
	json_t *b;

	b = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:[{s:o, s:o}], s:{s:[{}, {}]}}",
		      "schema_version", 1, "scenario", "idle", "variant", variant, "cut", "list",
		      "accel", "tcg", "boot", boot, "status", "ok", "cycles", "inflate",
		      make_move(per_page, true), "deflate", make_move(per_page, false), "trust",
		      "checks");
	json_object_set_new(b, "trace",
			    json_pack("{s:s, s:{s:[{s:s, s:n, s:s}], s:{s:i}, s:{s:[i, i, I]}}}",
				      "level", pages ? "pages" : "phases", "guest", "observations",
				      "what", "puff", "how", "why_not", "it <hides>", "counters",
				      "lost_records", 0, "blocks", "allocations", 0, 0,
				      (json_int_t)PAGES / 8));
	json_object_set_new(b, "perf",
			    json_pack("{s:s, s:i, s:i, s:[{s:s, s:i}]}", "event", "cpu-clock",
				      "frequency_hz", 499, "samples", 200, "top", "symbol",
				      "do_madvise", "samples", 50));
	if (pages) {
		json_object_set_new(b, "ops",
				    json_pack("{s:{s:s, s:o}}", "enqueue", "per", "page",
					      "histogram", make_histogram()));
		json_object_set_new(json_object_get(b, "trace"), "host",
				    json_pack("{s:{s:{s:o, s:o}}}", "calls", "dontneed",
					      "latency_ns", make_histogram(), "length_bytes",
					      make_histogram()));
	}
	text = json_dumps(b, 0);
	snprintf(name, sizeof(name), "t/idle/%s/boot-%02d/result.json", variant, boot);
	write_file(test_dir, name, text);
	free(text);
	json_decref(b);
}

static struct tree tree;

static int set_up(void **state)
{
	char err[512], path[256];
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= 4; i++) {
		add_boot("old", i, 1000, false);
		add_boot("new", i, 800, false);
		add_boot("new+off", i, 640, false);
		add_boot("new+pages", i, 1600, true);
	}
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 1, \"boots\": 4, \"scenarios\": [{\"name\": \"idle\"}], "
		   "\"variants\": [{\"name\": \"old\"}, {\"name\": \"new\", \"against\": "
		   "\"nobody old\"}, {\"name\": \"new+off\"}, {\"name\": \"new+pages\"}]}");
	snprintf(path, sizeof(path), "%s/t", test_dir);
	return tree_load(&tree, path, err, sizeof(err));
}

static int tear_down(void **state)
{
	tree_release(&tree);
	return test_dir_tear_down(state);
}

static char *report_text(void)
{
	struct report report;
	char *text = NULL;
	size_t size;
	FILE *f;

	assert_int_equal(
		report_make(&report, &(struct report_input){ .tree = &tree,
							     .smallest_effect = SMALLEST_EFFECT }),
		0);
	f = open_memstream(&text, &size);
	report_write(&report, f);
	fclose(f);
	report_release(&report);
	return text;
}

static void phases_are_per_page_and_of_the_move(void **state)
{
	struct estimate e;

	(void)state;
	e = phase_estimate(&tree, "idle", "old", "inflate", "alloc_ns", PHASE_NS_PER_PAGE);
	assert_int_equal(e.n, 4);
	assert_true(e.median == 500 && e.interval.low == 500 && e.interval.high == 500);
	e = phase_estimate(&tree, "idle", "old", "inflate", "alloc_ns", PHASE_PERCENT);
	assert_true(e.median == 50);
	e = phase_estimate(&tree, "idle", "old", "inflate", "host_discard_ns", PHASE_PERCENT);
	assert_int_equal(e.n, 0);
}

static void a_percentile_needs_events_beyond_it(void **state)
{
	struct latencies l = latencies_of(&tree, "idle", "new+pages", "ops.enqueue.histogram");
	struct estimate e;

	(void)state;
	assert_int_equal(l.count, 4);
	assert_int_equal(latencies_quantile(&l, .5).n, 4);
	assert_int_equal(latencies_quantile(&l, .99).n, 4);
	assert_int_equal(latencies_quantile(&l, .999).n, 0);
	assert_true(latencies_max(&l) == 5000);
	/* Of one boot alone the interval is what its number of events makes it. */
	l.count = 1;
	e = latencies_quantile(&l, .5);
	assert_true(e.n == 1 && e.interval.low == latencies_within(&l, 0, .5).low);
	assert_true(e.interval.low <= e.median && e.interval.high >= e.median);
	assert_true(isnan(latencies_within(&l, 0, .9999).high));
	latencies_release(&l);
	l = latencies_of(&tree, "idle", "old", "ops.enqueue.histogram");
	assert_int_equal(l.count, 0);
	latencies_release(&l);
}

static void expect(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' is not in:\n%s", words, text);
}

static void the_report_says_where_the_time_went(void **state)
{
	char *text = report_text();

	(void)state;
	expect(text, "| alloc | 0.500 [0.500, 0.500] · 50.0 % | 0.400 [0.400, 0.400] · 50.0 % |");
	expect(text, "| host: discard | not observed | not observed |");
	expect(text, "| host: willneed | 0.125 [0.125, 0.125] · 12.5 %");
	assert_null(strstr(text, "out of puff"));
	/* 100 ns is in a bucket from 100 to 103. */
	expect(text, "| enqueue | new+pages | 4 | 1000 | 198 [198, 198] | 102 [102, 102] | ");
	expect(text, " | - | 5000 |");
	expect(text, "| dontneed | new+pages | 4 | 1000 |");
	expect(text, "| idle | inflate | discard | old | 4 | 262144 [262144, 262144] | 1024");
	expect(text, "| idle | inflate | old | 4 | 128 [128, 128] | 131072 [131072, 131072] | 2 |");
	/* An eighth of as many allocations of order 2 as there are pages is half of them. */
	expect(text, "| idle | old | 2: 50.00 %; 0: 50.00 % |");
	expect(text, "In the 16 boots that are used, 32 counts");
	expect(text, "guest, puff: it &lt;hides> (level phases)");
	expect(text, "| 25.0 % | do_madvise |");
	free(text);
}

static void steps_are_compared(void **state)
{
	char *text = report_text();

	(void)state;
	expect(text, "## Step by step");
	expect(text, "| idle | inflate | new | old | 4 | 209.7 | 262.1 | 0.800 [0.800, 0.800] |");
	expect(text, "| idle | deflate | new | old |");
	assert_null(strstr(text, "nobody"));
	assert_null(strstr(text, "touch after the deflate"));
	free(text);
}

static void levels_are_a_cost_not_a_variant(void **state)
{
	char *text = report_text();

	(void)state;
	expect(text,
	       "| idle | inflate | new | new+off | 4 | 800.0 [800.0, 800.0] ns | +160.0 | 1.2500 "
	       "[1.2500, 1.2500] |");
	expect(text, "| idle | deflate | new+pages | new+off | 4 |");
	expect(text, "| 2.5000 [2.5000, 2.5000] |");
	assert_null(strstr(text, "| inflate | new+off |"));
	free(text);
}

static void plots_are_drawn(void **state)
{
	char *variants[] = { "old", "new", NULL }, err[512], path[512], *text;
	int status;

	(void)state;
	snprintf(path, sizeof(path), "%s/phases", test_dir);
	status = plot_phases(&tree, "idle", variants, path, err, sizeof(err));
	if (status == -ENOENT)
		skip();
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/phases.svg", test_dir);
	text = read_file(path);
	expect(text, "host: willneed");
	free(text);
	snprintf(path, sizeof(path), "%s/latency", test_dir);
	assert_int_equal(plot_latencies(&tree, "idle", path, err, sizeof(err)), 0);
	snprintf(path, sizeof(path), "%s/latency.svg", test_dir);
	text = read_file(path);
	expect(text, "new+pages");
	expect(text, "enqueue");
	free(text);
	snprintf(path, sizeof(path), "%s/madvise", test_dir);
	assert_int_equal(plot_calls(&tree, "idle", path, err, sizeof(err)), 0);
	/* Nothing to be drawn is no error, and no file. */
	snprintf(path, sizeof(path), "%s/none", test_dir);
	assert_int_equal(plot_latencies(&tree, "elsewhere", path, err, sizeof(err)), 0);
	snprintf(path, sizeof(path), "%s/none.svg", test_dir);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phases_are_per_page_and_of_the_move),
		cmocka_unit_test(a_percentile_needs_events_beyond_it),
		cmocka_unit_test(the_report_says_where_the_time_went),
		cmocka_unit_test(steps_are_compared),
		cmocka_unit_test(levels_are_a_cost_not_a_variant),
		cmocka_unit_test(plots_are_drawn),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

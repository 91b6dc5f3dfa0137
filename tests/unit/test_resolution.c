/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is shown of a resize that is shorter than its timer can tell. */
#include "tests/helpers/unit.h"

#include <math.h>

#include "analysis/compare/compare.h"
#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define BOOTS 4
#define EQUAL(a, b) assert_float_equal(a, b, 1e-9)

static struct table table;

static void add_boots(const char *variant, double ms, double share)
{
	struct boot_result boot;
	int i, d;

	for (i = 1; i <= BOOTS; i++) {
		boot = build_boot("idle", variant, i, ms);
		for (d = 0; d < DIRECTIONS; d++)
			cycle_resize(boot_cycle(&boot), d)->resolution_ns = share * ms * MS;
		boot_cycle(&boot)->inflate.phases.alloc_ns = ms / 2 * MS;
		put_boot("t", &boot);
	}
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	add_boots("old", 640, 0.02);
	add_boots("fast", 5.2, 1);
	add_boots("clear", 123.456, 0.03);
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 1, \"scenarios\": [{\"name\": \"idle\"}], \"variants\": "
		   "[{\"name\": \"old\"}, {\"name\": \"fast\"}, {\"name\": \"clear\"}]}");
	load_table(&table, "t");
	return 0;
}

static int tear_down(void **state)
{
	table_release(&table);
	return test_dir_tear_down(state);
}

static void expect_resolution(const char *variant, const char *metric, double share, double below,
			      double above)
{
	struct measure m = measure_of("%s", metric);
	struct resolution r = resolution_of(&table, "idle", variant, &m);

	EQUAL(r.share, share);
	EQUAL(r.below, below);
	EQUAL(r.above, above);
}

static void durations_and_what_they_divide_are_bounded(void **state)
{
	(void)state;
	expect_resolution("fast", "inflate.duration_ns", 1, 0.5, 2);
	expect_resolution("fast", "deflate.duration_ns.per_page", 1, 0.5, 2);
	expect_resolution("fast", "inflate.gib_per_s", 1, 0.5, 2);
	expect_resolution("old", "inflate.gib_per_s", 0.02, 1 / 1.02, 1 / 0.99);
	expect_resolution("old", "inflate.phases.alloc_ns.percent", 0.02, 1 / 1.02, 1 / 0.99);
	expect_resolution("fast", "inflate.phases.alloc_ns", 0, 1, 1);
	expect_resolution("fast", "inflate.kicks", 0, 1, 1);
	expect_resolution("fast", "ready_ns", 0, 1, 1);
	expect_resolution("nobody", "inflate.duration_ns", 0, 1, 1);
}

static void an_interval_is_as_wide_as_the_resolution(void **state)
{
	struct measure m = measure_of("inflate.duration_ns");
	struct estimate e = estimate(&table, "idle", "fast", &m);
	struct comparison c;

	(void)state;
	/* All boots are alike: what is left is the timer. */
	EQUAL(e.median, 5.2e6);
	EQUAL(e.resolution, 1);
	EQUAL(e.interval.low, 2.6e6);
	EQUAL(e.interval.high, 10.4e6);
	compare(&c, &table, &m, "idle", "fast", "old");
	EQUAL(c.median_interval.low, 2.6);
	EQUAL(c.median_interval.high, 10.4);
	EQUAL(c.ratio, 5.2 / 640);
	EQUAL(c.ratio_interval.low, 2.6 / (640 * 1.02));
	EQUAL(c.ratio_interval.high, 10.4 / (640 * 0.99));
	EQUAL(c.difference_interval.low, 2.6 - 640 * 1.02);
	EQUAL(c.difference_interval.high, 10.4 - 640 * 0.99);
	EQUAL(c.ratio_resolution, 1.02);
	compare_release(&c);
}

/* Of 100 ms a boot against 150 ms, with resolutions in ms. */
static void expect_verdict(const char *tree, double resolution, const char *verdict)
{
	struct measure m = measure_of("inflate.duration_ns");
	struct comparison c, *family[] = { &c };
	struct table t;
	int i;

	for (i = 1; i <= 2 * BOOTS; i++) {
		struct boot_result boot =
			build_boot("idle", i % 2 ? "a" : "b", i, (i % 2 ? 100 : 150) + 0.1 * i);

		boot_cycle(&boot)->inflate.resolution_ns = resolution * MS;
		put_boot(tree, &boot);
	}
	load_table(&t, tree);
	compare(&c, &t, &m, "idle", "b", "a");
	compare_judge(family, 1, SMALLEST_EFFECT, 0);
	assert_string_equal(verdict_names[c.verdict], verdict);
	if (c.verdict == VERDICT_UNRESOLVED)
		assert_string_equal(c.reason, "the timer leaves more than 3 % open");
	compare_release(&c);
	table_release(&t);
}

/* However large the effect is: 1.7 % and 1.2 % of the two sides make 2.9 %. */
static void what_is_not_resolved_to_3_percent_has_no_verdict(void **state)
{
	(void)state;
	expect_verdict("near", 1.7, "regress");
	expect_verdict("wide", 1.9, "unresolved");
}

/* By events in 100 ms, by polls in 103 ms; 104 ms by polls alone. */
static void put_timed(const char *tree, const char *variant, int number, bool by_events)
{
	struct boot_result boot = build_boot("idle", variant, number, by_events ? 100 : 104);
	struct resize_result *r = &boot_cycle(&boot)->inflate;

	r->resolution_ns = by_events ? 1000 : MS;
	r->timer = by_events ? TIMER_EVENTS : TIMER_POLLS;
	if (by_events)
		r->polled = (struct polled_times){ .duration_ns = 103 * MS,
						   .resolution_ns = MS,
						   .outside_ns = 3 * MS };
	put_boot(tree, &boot);
}

static void expect_compared(const struct table *t, const char *metric, const char *variant,
			    const char *base, bool by_polls, double ratio)
{
	struct measure m = measure_of("%s", metric);
	struct comparison c;

	compare(&c, t, &m, "idle", variant, base);
	assert_int_equal(c.by_polls, by_polls);
	assert_float_equal(c.ratio, ratio, 1e-4);
	compare_release(&c);
}

/* What is outside of the events is in no ratio of two variants, or in both of them. */
static void different_timers_have_the_polls_in_common(void **state)
{
	struct measure m = measure_of("inflate.duration_ns");
	struct table t;
	char *text;
	int i;

	(void)state;
	for (i = 1; i <= BOOTS; i++) {
		put_timed("timers", "polled", i, false);
		put_timed("timers", "events", i, true);
		put_timed("timers", "also", i, true);
		put_timed("timers", "mixed", i, i % 2);
	}
	load_table(&t, "timers");
	expect_compared(&t, "inflate.duration_ns", "also", "events", false, 1);
	expect_compared(&t, "inflate.duration_ns", "events", "polled", true, 103.0 / 104);
	expect_compared(&t, "inflate.duration_ns", "polled", "events", true, 104.0 / 103);
	expect_compared(&t, "inflate.duration_ns.per_gib", "polled", "events", true, 104.0 / 103);
	expect_compared(&t, "inflate.gib_per_s", "polled", "events", true, 103.0 / 104);
	expect_compared(&t, "inflate.bytes", "polled", "events", false, 1);
	EQUAL(estimate(&t, "idle", "events", &m).median, 100e6);
	EQUAL(estimate(&t, "idle", "events", &m).resolution, 1e-5);
	EQUAL(estimate(&t, "idle", "mixed", &m).median, 103.5e6);
	m = measure_by_polls(&m);
	assert_string_equal(m.text, "inflate.duration_ns by polls");
	EQUAL(estimate(&t, "idle", "events", &m).median, 103e6);
	EQUAL(estimate(&t, "idle", "events", &m).resolution, 1 / 103.0);
	text = report_text(&t);
	assert_contains(text, " by polls |");
	free(text);
	table_release(&t);
}

static void no_digit_is_finer(void **state)
{
	static const struct {
		const char *format, *text;
		double resolution, value, low, high;
	} cases[] = {
		{ "%.4g", "5.53 [5.427, 6.199]", 0, 5.53, 5.427, 6.199 },
		{ "%.4g", "6 [3, 13]", 1.06, 5.53, 2.55, 12.8 },
		{ "%.4g", "5.5 [5.4, 6.2]", 0.1, 5.53, 5.427, 6.199 },
		{ "%.4g", "1410 [1400, 1430]", 0.01, 1412, 1403, 1431 },
		{ "%.4g", "1412 [1403, 1431]", 1e-5, 1412, 1403, 1431 },
		{ "%.3f", "0.02 [0.01, 0.06]", 1.06, 0.024, 0.0113, 0.0556 },
		{ "%.3f", "0.522 [0.500, 0.543]", 1e-4, 0.522, 0.5, 0.543 },
		{ "%.4g", "12000", 0.2, 12345, NAN, NAN },
		{ "%.4g", "-5.5", 0.1, -5.53, NAN, NAN },
		{ "%.4g", "0", 1, 0, NAN, NAN },
	};
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = rounded_text(cases[i].format, cases[i].resolution, cases[i].value,
				    cases[i].low, cases[i].high);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void the_report_shows_no_more_than_was_timed(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_contains(text,
			"| inflate | old | 4 | 640 [630, 650] (87.5 %) | 1.56 | 1 | | base |");
	assert_contains(text, "| inflate | fast | 4 | 5 [3, 10] (87.5 %) unresolved | unresolved | "
			      "0.008 [0.004, 0.016] unresolved |");
	assert_contains(text, "| inflate | clear | 4 | 123 [122, 127] (87.5 %) | 8.1 |");
	assert_contains(text, "| fast | 4 | 5 unresolved | unresolved | "
			      "0.008 [0.004, 0.016] unresolved |");
	/* A share of a duration that is not known. */
	assert_contains(text, "· 50.0 %");
	assert_contains(text, "| fast | 0.010 [0.010, 0.010] (87.5 %) |");
	free(text);
}

/* touched/huge by the polls, which is what the floor is compared with. */
static void the_reference_has_such_boots(void **state)
{
	struct measure m = measure_of("inflate.polled.duration_ns");
	struct estimate e;
	struct table t;
	char err[512];

	(void)state;
	assert_int_equal(table_load(&t, TEST_SOURCE "/results/reference", err, sizeof(err)), 0);
	e = estimate(&t, "touched", "huge", &m);
	table_release(&t);
	assert_false(is_resolved(e.resolution));
	assert_at_most(e.interval.low, e.median * (1 - e.resolution / 2));
	assert_at_least(e.interval.high, e.median * (1 + e.resolution));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_and_what_they_divide_are_bounded),
		cmocka_unit_test(an_interval_is_as_wide_as_the_resolution),
		cmocka_unit_test(what_is_not_resolved_to_3_percent_has_no_verdict),
		cmocka_unit_test(different_timers_have_the_polls_in_common),
		cmocka_unit_test(no_digit_is_finer),
		cmocka_unit_test(the_report_shows_no_more_than_was_timed),
		cmocka_unit_test(the_reference_has_such_boots),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

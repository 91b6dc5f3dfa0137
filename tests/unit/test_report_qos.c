/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the report says and draws of victims, against a tree whose numbers are
 * round.
 */
#include "tests/helpers/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/table.h"
#include "lib/exit_status.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define GIB (1LL << 30)
#define STRETCH (10 * MS)
/* Where its clock stands when a victim begins, and how long it is left undisturbed. */
#define BEGIN (50000 * MS)
#define CALM (2000 * MS)
/* The inflate begins in the middle of a stretch, and so does the deflate. */
#define RESIZE (95 * MS)
#define BOOTS 6

#define HOSTILE "x|y <b>"

/*
 * What reads back as it was put in: the end of a bucket for the least of all
 * values, the beginning of one for the largest.
 */
#define LEAST 1023
#define LARGE 4096

/* @common values of LEAST, @rare of @worst. */
static struct histogram *make_histogram(int common, int rare, uint64_t worst)
{
	struct histogram *h = build_histogram(LEAST, common);
	int i;

	for (i = 0; i < rare; i++)
		histogram_add(h, worst);
	return h;
}

static void add_mark(struct victim_result *victim, int64_t at, enum result_victim_phase phase)
{
	struct victim_mark *mark = record_append(&victim_mark_record, &victim->marks);

	*mark = (struct victim_mark){ at, phase };
}

static void add_marks(struct victim_result *victim, int cycles)
{
	int64_t at = BEGIN + CALM + STRETCH / 2;
	int i;

	add_mark(victim, BEGIN, PHASE_BEFORE);
	for (i = 0; i < cycles; i++) {
		add_mark(victim, at, PHASE_INFLATE);
		add_mark(victim, at + RESIZE, PHASE_PLATEAU);
		at += RESIZE + CALM + STRETCH / 2;
		add_mark(victim, at, PHASE_DEFLATE);
		add_mark(victim, at + RESIZE, PHASE_AFTER);
		at += RESIZE + CALM + STRETCH / 2;
	}
}

/*
 * Each stretch has @calm, but for a tenth of those before, which are @worse; the
 * four that begin with that in which a resize begins have @disturbed. No more than @most.
 */
static void add_series(struct victim_result *victim, int cycles, int most, int64_t calm,
		       int64_t worse, int64_t disturbed)
{
	const int period = 210, total = period * 2 * cycles + 200;
	int i;

	victim->series_ns = STRETCH;
	for (i = 0; i < total && i < most; i++) {
		int64_t value = i < 20 ? worse : calm;

		if (i >= 200 && (i - 200) % period < 4)
			value = disturbed;
		record_append_pair(&victim->series, BEGIN + i * STRETCH, value);
	}
}

/* Its histograms before, during the inflate and the deflate, the first again at the end. */
static struct victim_result *make_victim(struct record_list *side, const char *name,
					 struct histogram *before, struct histogram *inflate,
					 struct histogram *deflate, const struct histogram *rest)
{
	struct victim_result *victim = add_victim(side, name, before, inflate);

	victim->phases[PHASE_DEFLATE] = deflate;
	victim->phases[PHASE_PLATEAU] = build_histogram(0, 0);
	victim->phases[PHASE_AFTER] = build_histogram(0, 0);
	*victim->phases[PHASE_PLATEAU] = *victim->phases[PHASE_AFTER] = *rest;
	victim->period_ns = 100000;
	return victim;
}

/* Each boot is twice as slow as the one before it, and its inflate @times its calm. */
static void add_faults(struct boot_result *boot, int times, bool is_short)
{
	uint64_t worst = (uint64_t)LARGE << (boot->boot - 1);
	struct histogram *calm = make_histogram(980, 20, worst);
	struct victim_result *victim = make_victim(
		&boot->victims.guest, "fault_ns", calm,
		make_histogram(is_short ? 80 : 980, 20, worst * times),
		is_short ? make_histogram(0, 15, LARGE) : make_histogram(980, 20, worst), calm);

	add_marks(victim, 1);
	add_series(victim, 1, 1 << 20, 1000, 5000, 9000);
}

static void add_bandwidth(struct boot_result *boot, int parts)
{
	struct histogram *calm = build_histogram(8 * GIB, 200);
	struct victim_result *victim = make_victim(&boot->victims.host, "bandwidth_bytes_per_s",
						   calm, build_histogram(8 * GIB / parts, 30),
						   build_histogram(8 * GIB, 30), calm);

	add_marks(victim, 1);
	add_series(victim, 1, 1 << 20, 8 * GIB, 8 * GIB, 8 * GIB / parts);
}

static struct boot_result make_boot(const char *variant, int number, int ms)
{
	struct boot_result boot = build_boot("beside", variant, number, ms);
	struct cycle_result *cycle = boot_cycle(&boot);
	int d;

	for (d = 0; d < DIRECTIONS; d++) {
		struct resize_result *resize = cycle_resize(cycle, d);

		record_release(&resize_record, resize);
		*resize = build_resize(2 * GIB, ms);
		resize->cpu.qemu_ns = 3 * ms * MS;
		resize->cpu.guest_ns = ms * MS;
		resize->cpu.guest_resolution_ns = 1;
	}
	cycle->fragmentation.longest_run = 1;
	cycle->fragmentation.pinned_bytes = 0;
	cycle->fragmentation.duration_ns = 1;
	cycle->fragmentation.before.share_order4 = 0.25;
	cycle->host_memory.plateau = (struct qemu_memory){ GIB, GIB / 2 };
	return boot;
}

/* With a side that there is not. */
static void put_strange(struct boot_result *boot)
{
	static int directory;
	json_t *json = record_encode(&boot_record, boot);
	char name[64], *text;

	json_object_set_new(json_object_get(json, "victims"), "moon",
			    json_pack("{s:{}}", "light_ns"));
	text = json_dumps(json, 0);
	snprintf(name, sizeof(name), "t/s/v/boot-%05d/result.json", ++directory);
	write_file(test_dir, name, text);
	free(text);
	json_decref(json);
	record_release(&boot_record, boot);
}

static void add_boot(const char *variant, int number, int times, bool is_short)
{
	struct boot_result boot = make_boot(variant, number, is_short ? 10 : 400 / times);

	add_faults(&boot, times, is_short);
	add_bandwidth(&boot, times);
	/* Names that the schema does not allow. */
	add_item(&victim_record, &boot.victims.guest, "x](http://192.0.2.1)_ns");
	add_item(&victim_record, &boot.victims.guest, "no.place_ns");
	put_strange(&boot);
}

static struct table table;

static int set_up(void **state)
{
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		struct boot_result plain = make_boot("old", i, 100);

		add_boot("old", i, 4, false);
		add_boot("new", i, 2, false);
		add_boot(HOSTILE, i, 8, true);
		put_boot("plain", &plain);
	}
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 1, \"scenarios\": [{\"name\": \"beside\"}], \"variants\": "
		   "[{\"name\": \"old\"}, {\"name\": \"new\"}, {\"name\": \"" HOSTILE "\"}]}");
	load_table(&table, "t");
	return 0;
}

static int tear_down(void **state)
{
	table_release(&table);
	return test_dir_tear_down(state);
}

static void victims_are_those_that_the_schema_allows(void **state)
{
	struct victim *victims;

	(void)state;
	assert_int_equal(victims_of(&table, "beside", &victims), 2);
	assert_string_equal(victims[0].name, "fault_ns");
	assert_string_equal(victims[0].side, "guest");
	assert_false(victims[0].is_rate);
	assert_string_equal(victims[1].name, "bandwidth_bytes_per_s");
	assert_string_equal(victims[1].side, "host");
	assert_true(victims[1].is_rate);
	free(victims);
	assert_int_equal(victims_of(&table, "elsewhere", &victims), 0);
	free(victims);
}

static const struct victim faults = { "guest", "fault_ns", false };
static const struct victim bandwidth = { "host", "bandwidth_bytes_per_s", true };
static const struct report none = { .table = &table };

static struct estimate sample(const char *variant, const struct victim *victim,
			      const char *statistic, enum result_victim_phase phase)
{
	return victim_estimate(&none, "beside", variant, victim, statistic, phase, false);
}

static struct estimate over_before(const char *variant, const char *level)
{
	return victim_estimate(&none, "beside", variant, &faults, level, PHASE_INFLATE, true);
}

static void ratios_are_within_the_boot(void **state)
{
	struct estimate e = over_before("old", "p99");

	(void)state;
	/* Boots differ by a factor of eight, each from its own calm by four. */
	assert_int_equal(e.n, BOOTS);
	assert_true(e.median == 4 && e.interval.low == 4 && e.interval.high == 4);
	e = sample("old", &faults, "p99", PHASE_INFLATE);
	assert_true(e.median == 4 * LARGE * 6);
	/* Between the first and the second of six; the sixth is far from the fifth. */
	assert_true(e.interval.low > 4 * LARGE * 1.35 && e.interval.low < 4 * LARGE * 1.37);
	assert_true(e.interval.high == 4 * LARGE * 32);
	assert_true(sample("old", &faults, "max", PHASE_INFLATE).interval.high == 4 * LARGE * 32);
	assert_true(sample("old", &faults, "count", PHASE_INFLATE).median == 1000);
}

static void a_percentile_needs_values_beyond_it(void **state)
{
	(void)state;
	assert_int_equal(sample("old", &faults, "p99", PHASE_INFLATE).n, BOOTS);
	assert_int_equal(sample("old", &faults, "p99.9", PHASE_INFLATE).n, 0);
	assert_int_equal(sample(HOSTILE, &faults, "p90", PHASE_INFLATE).n, BOOTS);
	assert_int_equal(sample(HOSTILE, &faults, "p99", PHASE_INFLATE).n, 0);
	assert_int_equal(over_before(HOSTILE, "p99").n, 0);
	/* Of a rate it is the lowest that are rare. */
	assert_int_equal(sample("old", &bandwidth, "p5", PHASE_BEFORE).n, BOOTS);
	assert_int_equal(sample("old", &bandwidth, "p1", PHASE_BEFORE).n, 0);
	assert_int_equal(sample("nobody", &faults, "p50", PHASE_INFLATE).n, 0);
	assert_int_equal(sample("nobody", &faults, "max", PHASE_INFLATE).n, 0);
}

/* What the stretches of the first boot's victim are disturbed beyond. */
static double limit_of(const struct victim *victim)
{
	struct boot_result boot;
	double limit = NAN;
	char err[512];

	assert_int_equal(table_reread(&table.boots[0], &boot, err, sizeof(err)), 0);
	assert_true(victim_limit(victim_find(&boot, victim), &limit));
	record_release(&boot_record, &boot);
	return limit;
}

static void time_is_disturbed_beyond_what_it_was_before(void **state)
{
	struct estimate ns = sample("old", &faults, "disturbed_ns", PHASE_INFLATE);

	(void)state;
	/* 180 of the 201 stretches that are before in part are calm. */
	assert_true(limit_of(&faults) == 5000);
	assert_int_equal(ns.n, BOOTS);
	/* Half of the first of four, and three, of nine and a half. */
	assert_float_equal(ns.median / 1e9, 0.035, 1e-9);
	assert_float_equal(sample("old", &faults, "disturbed_percent", PHASE_INFLATE).median,
			   100 * 3.5 / 9.5, 1e-9);
	assert_true(sample("old", &faults, "disturbed_ns", PHASE_PLATEAU).median < 6e6);
	/* Before, half of a stretch in 200 and a half was. */
	assert_float_equal(sample("old", &faults, "excess_ns", PHASE_INFLATE).median / 1e9,
			   0.035 - 0.095 * 5 / 2005, 1e-9);
	assert_float_equal(sample("old", &faults, "excess_percent", PHASE_INFLATE).median,
			   100 * (3.5 / 9.5 - 5.0 / 2005), 1e-9);
	assert_true(sample("old", &faults, "excess_ns", PHASE_BEFORE).median == 0);
	assert_float_equal(limit_of(&bandwidth) / GIB, 7.2, 1e-9);
	assert_float_equal(sample("old", &bandwidth, "disturbed_ns", PHASE_INFLATE).median / 1e9,
			   0.035, 1e-9);
}

/* One boot in a tree of its own, with @cycles and @stretches of a series. */
static struct estimate lone_disturbed(const char *name, int cycles, int stretches)
{
	struct boot_result boot = make_boot("old", 1, 100);
	struct histogram *calm = make_histogram(0, 1000, LARGE);
	struct victim_result *victim =
		make_victim(&boot.victims.guest, "fault_ns", calm, make_histogram(0, 1000, LARGE),
			    make_histogram(0, 1000, LARGE), calm);
	struct report lone = { .table = NULL };
	struct estimate e;
	struct table t;

	add_marks(victim, cycles);
	add_series(victim, cycles, stretches, 1000, 5000, 9000);
	put_boot(name, &boot);
	load_table(&t, name);
	lone.table = &t;
	e = victim_estimate(&lone, "beside", "old", &faults, "disturbed_ns", PHASE_INFLATE, false);
	table_release(&t);
	return e;
}

static void seconds_are_of_one_resize(void **state)
{
	(void)state;
	assert_float_equal(lone_disturbed("three", 3, 1 << 20).median / 1e9, 0.035, 1e-9);
	/* With less than a hundred stretches before, a tenth of them is too few. */
	assert_int_equal(lone_disturbed("few", 1, 99).n, 0);
}

static void the_report_says_what_victims_felt(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_contains(text, "## Quality of service");
	assert_contains(text, "These boots do not say which values are of one stall");
	assert_contains(text, "Under TCG the guest's latencies are those of an emulated path");
	assert_contains(text,
			"### beside: fault_ns in the guest\n\nWhat is measured is the first touch");
	assert_contains(
		text,
		"| old | 6 | 24.6 [5.6, 131.1] | 98.3 [22.2, 524.3] | 24.6 [5.6, 131.1] | "
		"24.6 [5.6, 131.1] | 24.6 [5.6, 131.1] | 4.00 [4.00, 4.00] | 1.00 [1.00, 1.00] "
		"|\n");
	assert_contains(text, "| new | 6 | 24.6 [5.6, 131.1] | 49.2 [11.1, 262.1] |");
	/* Without enough values for p99, a lower percentile is shown, or none. */
	assert_contains(text, "| x\\|y &lt;b> | 6 | 24.6 [5.6, 131.1] | 197 [44, 1049] (p90) |");
	assert_contains(text,
			"| x\\|y &lt;b> | inflate | 6 | 100 | 1.02 [1.02, 1.02] | 197 [44, 1049] "
			"| - | - | 1049 |");
	assert_contains(text, "| x\\|y &lt;b> | deflate | 6 | 15 | - | - | - | - | 4.10 |");
	assert_contains(text,
			"| old | inflate | 6 | 1000 | 1.02 [1.02, 1.02] | 1.02 [1.02, 1.02] | 98.3 "
			"[22.2, 524.3] | - | 524 |");
	free(text);
}

static void the_report_says_for_how_long(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_contains(
		text,
		"| inflate | old | 6 | 0.035 [0.035, 0.035] | 36.6 [36.6, 36.6] | p99 | 1 | | "
		"base |");
	assert_contains(
		text,
		"| inflate | new | 6 | 0.035 [0.035, 0.035] | 36.6 [36.6, 36.6] | p99 | 0.500 "
		"[");
	/* Against the base the percentile that both carry. */
	assert_contains(
		text,
		"| inflate | x\\|y &lt;b> | 6 | 0.035 [0.035, 0.035] | 36.6 [36.6, 36.6] | p90 "
		"|");
	assert_contains(
		text,
		"| deflate | x\\|y &lt;b> | 6 | 0.035 [0.035, 0.035] | 36.6 [36.6, 36.6] | - | "
		"| | |");
	assert_contains(text, "### beside: bandwidth_bytes_per_s on the host");
	assert_contains(
		text,
		"| old | 6 | 8.00 [8.00, 8.00] | 2.00 [2.00, 2.00] | 8.00 [8.00, 8.00] | 8.00 "
		"[8.00, 8.00] | 8.00 [8.00, 8.00] | 0.250 [0.250, 0.250] | 1.00 [1.00, 1.00] |");
	assert_contains(
		text,
		"| inflate | new | 6 | 0.035 [0.035, 0.035] | 36.6 [36.6, 36.6] | p50 | 2.000 "
		"[2.000, 2.000] |");
	assert_contains(text,
			"![beside, a victim over time](plots/beside-guest-fault_ns-time.png)");
	free(text);
}

static void nobody_ran_beside_it(void **state)
{
	struct table plain;
	char *text;

	(void)state;
	load_table(&plain, "plain");
	text = report_text(&plain);
	assert_contains(text, "## State of memory");
	assert_lacks(text, "## Quality of service");
	assert_contains(text, "- The impact on co-located workloads: no scenario of this run has "
			      "victims.");
	assert_lacks(text, "## Claims");
	assert_contains(text, "## CPU time of a resize");
	free(text);
	table_release(&plain);
}

static void hostile_names_stay_out(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_lacks(text, "192.0.2.1");
	assert_lacks(text, "no.place");
	assert_lacks(text, "moon");
	assert_lacks(text, "<b>");
	free(text);
}

static void costs_are_per_gib(void **state)
{
	char *text = report_text(&table);

	(void)state;
	/* 0.1 s for 2 GiB, in which QEMU has three CPUs busy. */
	assert_contains(
		text,
		"| beside | inflate | old | 6 | 0.150 [0.150, 0.150] | 0.050 [0.050, 0.050] |");
	assert_contains(text,
			"| variant | n | free in blocks of 64 KiB and above, before the inflate, "
			"% |\n|---|---:|---:|\n| old | 6 | 25.0 [25.0, 25.0] |\n");
	assert_contains(text, "| old | 6 | 512 [512, 512] |");
	assert_lacks(text, "times out of puff");
	free(text);
}

static char *drawn_of(enum report_plot plot, const struct victim *victim)
{
	struct report report;
	char *svg;

	make_report(&report, &table);
	svg = drawn_plot(plot, (struct plot_of){ .report = &report,
						 .scenario = &report.scenarios[0],
						 .victim = victim });
	report_release(&report);
	return svg;
}

static void plots_are_drawn(void **state)
{
	char *svg;

	(void)state;
	svg = drawn_of(PLOT_VICTIM_TIME, &faults);
	assert_contains(svg, "s since the inflate began");
	assert_contains(svg, "x_y__b_");
	free(svg);
	svg = drawn_of(PLOT_VICTIM_TIME, &bandwidth);
	assert_contains(svg, "GiB/s");
	free(svg);
	svg = drawn_of(PLOT_VICTIM_PERCENTILES, &faults);
	assert_contains(svg, "plateau");
	free(svg);
	svg = drawn_of(PLOT_VICTIM_TRADE_OFF, &faults);
	assert_contains(svg, "late beyond rest, ms an inflate");
	assert_contains(svg, "inflate, ms");
	free(svg);
	free(drawn_of(PLOT_VICTIM_TRADE_OFF, &bandwidth));
}

static void nothing_is_drawn_of_nothing(void **state)
{
	const struct victim absent = { "guest", "syscall_ns", false };
	struct report report;
	struct plot_of of;
	enum report_plot plot;

	(void)state;
	make_report(&report, &table);
	of = (struct plot_of){ .report = &report,
			       .scenario = &report.scenarios[0],
			       .victim = &absent };
	for (plot = PLOT_VICTIM_TIME; plot <= PLOT_VICTIM_TRADE_OFF; plot++)
		assert_null(plot_data(plot, of));
	of.victim = &bandwidth;
	assert_null(plot_data(PLOT_VICTIM_PERCENTILES, of));
	report_release(&report);
}

/* @more: another option, or NULL. */
static struct outcome run_report_with(const char *claims, const char *more)
{
	char dir[256], ini[256], output[256];

	snprintf(dir, sizeof(dir), "%s/t", test_dir);
	snprintf(output, sizeof(output), "%s/out", test_dir);
	snprintf(ini, sizeof(ini), "%s", write_file(test_dir, "it.ini", claims));
	write_file(test_dir, "out/here", "");
	return run_program("balloonstat",
			   (const char *const[]){ "report", dir, "-o", output, "--qos", ini,
						  "--no-plots", "--no-html", more, NULL });
}

static struct outcome run_report(const char *claims)
{
	return run_report_with(claims, NULL);
}

static void claims_are_shown(void **state)
{
	struct outcome outcome = run_report(
		"[holds]\nclaim = guest.fault_ns.p99 during inflate <= 4.5 x idle\n"
		"variant = old new\ndescription = a | b\n"
		"[broken]\nclaim = guest.fault_ns.p99 during inflate <= 3 x idle\n"
		"variant = old\n"
		"[lowest]\nclaim = host.bandwidth_bytes_per_s.p1 during inflate >= 0.1 x "
		"idle\nvariant = old\n");
	char path[256], *text;

	(void)state;
	/* A report is no gate. */
	assert_int_equal(outcome.status, EXIT_FINE);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/out/REPORT.md", test_dir);
	text = read_file(path);
	assert_contains(text, "## Claims");
	assert_contains(text,
			"- holds: guest.fault_ns.p99 during inflate &lt;= 4.5 x idle — a \\| b");
	assert_contains(text,
			"| holds | beside | new | 6 | | 2 [2, 2] x | &lt;= 4.5 x idle | pass |");
	assert_contains(text,
			"| broken | beside | old | 6 | | 4 [4, 4] x | &lt;= 3 x idle | fail: the "
			"whole interval is beyond the limit |");
	/* 30 windows carry no lowest hundredth. */
	assert_contains(
		text, "| lowest | beside | old | 0 | | - | >= 0.1 x idle | inconclusive: too few");
	assert_contains(text, "4 judged: 2 pass, 1 fail, 1 inconclusive, 0 invalid.");
	free(text);
}

static void claims_that_fit_nothing_are_refused(void **state)
{
	struct outcome outcome = run_report("[it]\nclaim = inflate.duration_ns <= 1 x nobody\n");

	(void)state;
	assert_int_equal(outcome.status, EXIT_USAGE);
	assert_contains(outcome.output, "no variant 'nobody'");
	outcome_release(&outcome);
	outcome = run_report("[it]\nclaim = what?\n");
	assert_int_equal(outcome.status, EXIT_USAGE);
	assert_contains(outcome.output, "it.ini:2");
	outcome_release(&outcome);
}

static void claims_of_other_suites_are_a_line(void **state)
{
	struct outcome outcome = run_report_with(
		"[it]\nclaim = inflate.duration_ns <= 1 x nobody\nscenario = beside\n"
		"[there]\nclaim = inflate.duration_ns <= 1 s\nscenario = x<y\n",
		"--only-measured");
	char path[256], *text;

	(void)state;
	assert_int_equal(outcome.status, EXIT_FINE);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/out/REPORT.md", test_dir);
	text = read_file(path);
	assert_contains(text, "- 2 claims, which are not judged: they need scenarios: x&lt;y; "
			      "variants: nobody.\n");
	assert_lacks(text, "judged: 0");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(victims_are_those_that_the_schema_allows),
		cmocka_unit_test(ratios_are_within_the_boot),
		cmocka_unit_test(a_percentile_needs_values_beyond_it),
		cmocka_unit_test(time_is_disturbed_beyond_what_it_was_before),
		cmocka_unit_test(seconds_are_of_one_resize),
		cmocka_unit_test(the_report_says_what_victims_felt),
		cmocka_unit_test(the_report_says_for_how_long),
		cmocka_unit_test(nobody_ran_beside_it),
		cmocka_unit_test(hostile_names_stay_out),
		cmocka_unit_test(costs_are_per_gib),
		cmocka_unit_test(plots_are_drawn),
		cmocka_unit_test(nothing_is_drawn_of_nothing),
		cmocka_unit_test(claims_are_shown),
		cmocka_unit_test(claims_that_fit_nothing_are_refused),
		cmocka_unit_test(claims_of_other_suites_are_a_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the report says and draws of victims, against a tree whose numbers are
 * round.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/plots/gnuplot.h"
#include "analysis/report/plot_qos.h"
#include "analysis/report/report_write.h"
#include "analysis/data/victims.h"
#include "lib/exit_status.h"
#include "lib/histogram.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define GIB (1LL << 30)
#define MS 1000000LL
#define STRETCH (10 * MS)
/* Where its clock stands when a victim begins, and how long it is left undisturbed. */
#define BEGIN (50000 * MS)
#define CALM (2000 * MS)
/* The inflate begins in the middle of a stretch, and so does the deflate. */
#define MOVE (95 * MS)
#define BOOTS 4

#define HOSTILE "x|y <b>"

/*
 * What reads back as it was put in: the end of a bucket for the least of all
 * values, the beginning of one for the largest.
 */
#define LEAST 1023
#define LARGE 4096

/* @common values of LEAST, @rare of @worst. */
static json_t *make_histogram(int common, int rare, uint64_t worst)
{
	struct histogram *h = calloc(1, sizeof(*h));
	json_t *json;
	int i;

	for (i = 0; i < common; i++)
		histogram_add(h, LEAST);
	for (i = 0; i < rare; i++)
		histogram_add(h, worst);
	json = histogram_to_json(h);
	free(h);
	return json;
}

static json_t *make_even(int count, uint64_t value)
{
	return make_histogram(0, count, value);
}

static json_t *make_marks(int cycles)
{
	json_t *marks = json_pack("[[I, s]]", BEGIN, "before");
	json_int_t at = BEGIN + CALM + STRETCH / 2;
	int i;

	for (i = 0; i < cycles; i++) {
		json_array_append_new(marks, json_pack("[I, s]", at, "inflate"));
		json_array_append_new(marks, json_pack("[I, s]", at + MOVE, "plateau"));
		at += MOVE + CALM + STRETCH / 2;
		json_array_append_new(marks, json_pack("[I, s]", at, "deflate"));
		json_array_append_new(marks, json_pack("[I, s]", at + MOVE, "after"));
		at += MOVE + CALM + STRETCH / 2;
	}
	return marks;
}

/*
 * Each stretch has @calm, but for a tenth of those before, which are @worse; the
 * four that begin with that in which a move begins have @disturbed.
 */
static json_t *make_series(int cycles, json_int_t calm, json_int_t worse, json_int_t disturbed)
{
	const int period = 210, total = period * 2 * cycles + 200;
	json_t *series = json_array();
	int i;

	for (i = 0; i < total; i++) {
		json_int_t value = i < 20 ? worse : calm;

		if (i >= 200 && (i - 200) % period < 4)
			value = disturbed;
		json_array_append_new(series, json_pack("[I, I]", BEGIN + i * STRETCH, value));
	}
	return series;
}

static json_t *make_figure(json_t *before, json_t *inflate, json_t *deflate, json_t *series)
{
	return json_pack("{s:o, s:o, s:O, s:o, s:O, s:I, s:o, s:I, s:o}", "before", before,
			 "inflate", inflate, "plateau", before, "deflate", deflate, "after", before,
			 "period_ns", (json_int_t)100000, "marks", make_marks(1), "series_ns",
			 (json_int_t)STRETCH, "series", series);
}

/* Each boot is twice as slow as the one before it, and its inflate @times its calm. */
static json_t *make_faults(int boot, int times, bool is_short)
{
	uint64_t worst = (uint64_t)LARGE << (boot - 1);

	return make_figure(make_histogram(980, 20, worst),
			   is_short ? make_histogram(80, 20, worst * times)
				    : make_histogram(980, 20, worst * times),
			   is_short ? make_even(15, LARGE) : make_histogram(980, 20, worst),
			   make_series(1, 1000, 5000, 9000));
}

static json_t *make_bandwidth(int parts)
{
	return make_figure(make_even(200, 8 * GIB), make_even(30, 8 * GIB / parts),
			   make_even(30, 8 * GIB),
			   make_series(1, 8 * GIB, 8 * GIB, 8 * GIB / parts));
}

static json_t *make_move(int ms)
{
	json_int_t ns = ms * MS;

	return json_pack("{s:I, s:I, s:f, s:i, s:I, s:i, s:[[i, i], [I, I]], s:{s:I, s:I}}",
			 "bytes", (json_int_t)(2 * GIB), "duration_ns", ns, "gib_per_s",
			 2000.0 / ms, "resolution_ns", 1000, "wall_ns", ns, "steps", 1, "progress",
			 0, 0, ns, (json_int_t)(2 * GIB), "cpu", "qemu_ns", 3 * ns, "guest_ns", ns);
}

static json_t *make_boot(const char *variant, int boot, int ms)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:[{s:o, s:o, s:{s:{s:f}}, "
			 "s:{s:{s:I}}}]}",
			 "schema_version", 1, "scenario", "beside", "variant", variant, "cut",
			 "list", "accel", "tcg", "boot", boot, "status", "ok", "cycles", "inflate",
			 make_move(ms), "deflate", make_move(ms), "fragmentation", "before",
			 "share_order4", 0.25, "host_memory", "plateau", "anon_huge_bytes",
			 (json_int_t)(GIB / 2));
}

static void write_boot(const char *tree, const char *directory, json_t *boot)
{
	char name[128], *text = json_dumps(boot, 0);

	snprintf(name, sizeof(name), "%s/beside/%s/boot-%02d/result.json", tree, directory,
		 (int)json_integer_value(json_object_get(boot, "boot")));
	write_file(test_dir, name, text);
	free(text);
	json_decref(boot);
}

static void add_boot(const char *variant, const char *directory, int boot, int times, bool is_short)
{
	json_t *b = make_boot(variant, boot, is_short ? 10 : 400 / times);

	json_object_set_new(b, "victims",
			    json_pack("{s:{s:o, s:{}, s:{}}, s:{s:o}, s:{s:{}}}", "guest",
				      "fault_ns", make_faults(boot, times, is_short),
				      "x](http://192.0.2.1)_ns", "no.place_ns", "host",
				      "bandwidth_bytes_per_s", make_bandwidth(times), "moon",
				      "light_ns"));
	write_boot("t", directory, b);
}

static struct tree tree;

static void load(struct tree *t, const char *name)
{
	char err[512], path[256];

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	if (tree_load(t, path, err, sizeof(err)))
		fail_msg("%s", err);
}

static int set_up(void **state)
{
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		add_boot("old", "old", i, 4, false);
		add_boot("new", "new", i, 2, false);
		add_boot(HOSTILE, "hostile", i, 8, true);
		write_boot("plain", "old", make_boot("old", i, 100));
	}
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 1, \"scenarios\": [{\"name\": \"beside\"}], \"variants\": "
		   "[{\"name\": \"old\"}, {\"name\": \"new\"}, {\"name\": \"" HOSTILE "\"}]}");
	load(&tree, "t");
	return 0;
}

static int tear_down(void **state)
{
	tree_release(&tree);
	return test_dir_tear_down(state);
}

static void make_report(struct report *report, const struct tree *t)
{
	const struct report_input input = { .tree = t, .smallest_effect = SMALLEST_EFFECT };

	assert_int_equal(report_make(report, &input), 0);
}

static char *report_text(const struct tree *t)
{
	struct report report;
	char *text = NULL;
	size_t size;
	FILE *f;

	make_report(&report, t);
	report.plots = "plots";
	f = open_memstream(&text, &size);
	report_write(&report, f);
	fclose(f);
	report_release(&report);
	return text;
}

static void expect(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' is not in:\n%s", words, text);
}

static void figures_are_those_that_the_schema_allows(void **state)
{
	struct victim_figure *figures;

	(void)state;
	assert_int_equal(victim_figures(&tree, "beside", &figures), 2);
	assert_string_equal(figures[0].name, "fault_ns");
	assert_string_equal(figures[0].side, "guest");
	assert_false(figures[0].is_rate);
	assert_string_equal(figures[1].name, "bandwidth_bytes_per_s");
	assert_string_equal(figures[1].side, "host");
	assert_true(figures[1].is_rate);
	free(figures);
	assert_int_equal(victim_figures(&tree, "elsewhere", &figures), 0);
	free(figures);
}

static const struct victim_figure faults = { "guest", "fault_ns", false };
static const struct victim_figure bandwidth = { "host", "bandwidth_bytes_per_s", true };

static struct victim_sample sample(const char *variant, const struct victim_figure *figure,
				   const char *phase)
{
	return (struct victim_sample){ &tree, "beside", variant, figure, phase };
}

static void ratios_are_within_the_boot(void **state)
{
	struct victim_sample s = sample("old", &faults, "inflate");
	struct estimate e = victim_over_before(&s, .99);

	(void)state;
	/* Boots differ by a factor of eight, each from its own calm by four. */
	assert_int_equal(e.n, BOOTS);
	assert_true(e.median == 4 && e.interval.low == 4 && e.interval.high == 4);
	e = victim_quantile(&s, .99);
	assert_true(e.median == 4 * LARGE * 3);
	assert_true(e.interval.low == 4 * LARGE && e.interval.high == 4 * LARGE * 8);
	assert_true(victim_worst(&s) == 4 * LARGE * 8);
	assert_true(victim_events(&s).median == 1000);
}

static void a_percentile_needs_values_beyond_it(void **state)
{
	struct victim_sample s = sample("old", &faults, "inflate");

	(void)state;
	assert_int_equal(victim_quantile(&s, .99).n, BOOTS);
	assert_int_equal(victim_quantile(&s, .999).n, 0);
	s = sample(HOSTILE, &faults, "inflate");
	assert_int_equal(victim_quantile(&s, .9).n, BOOTS);
	assert_int_equal(victim_quantile(&s, .99).n, 0);
	assert_int_equal(victim_over_before(&s, .99).n, 0);
	/* Of a rate it is the lowest that are rare. */
	s = sample("old", &bandwidth, "before");
	assert_int_equal(victim_quantile(&s, .05).n, BOOTS);
	assert_int_equal(victim_quantile(&s, .01).n, 0);
	s = sample("nobody", &faults, "inflate");
	assert_int_equal(victim_quantile(&s, .5).n, 0);
	assert_true(isnan(victim_worst(&s)));
}

static void time_is_disturbed_beyond_what_it_was_before(void **state)
{
	struct victim_sample s = sample("old", &faults, "inflate");
	struct victim_disturbed d = victim_disturbed(&s);
	double limit;

	(void)state;
	/* 180 of the 201 stretches that are before in part are calm. */
	assert_true(victim_limit(json_array_get(tree.boots, 0), &faults, &limit));
	assert_true(limit == 5000);
	assert_int_equal(d.seconds.n, BOOTS);
	/* Half of the first of four, and three, of nine and a half. */
	assert_true(fabs(d.seconds.median - 0.035) < 1e-9);
	assert_true(fabs(d.percent.median - 100 * 3.5 / 9.5) < 1e-9);
	s.phase = "plateau";
	assert_true(victim_disturbed(&s).seconds.median < 0.006);
	s = sample("old", &bandwidth, "inflate");
	assert_true(victim_limit(json_array_get(tree.boots, 0), &bandwidth, &limit));
	assert_true(fabs(limit / GIB - 7.2) < 1e-9);
	assert_true(fabs(victim_disturbed(&s).seconds.median - 0.035) < 1e-9);
}

/* One boot of a tree of its own, with @cycles and @stretches of a series. */
static json_t *lone_figure(int cycles, size_t stretches)
{
	json_t *series = make_series(cycles, 1000, 5000, 9000), *figure;

	while (json_array_size(series) > stretches)
		json_array_remove(series, json_array_size(series) - 1);
	figure = make_figure(make_even(1000, LARGE), make_even(1000, LARGE), make_even(1000, LARGE),
			     series);
	json_object_set_new(figure, "marks", make_marks(cycles));
	return json_pack("{s:{s:{s:o}}}", "victims", "guest", "fault_ns", figure);
}

static void seconds_are_of_one_move(void **state)
{
	json_t *boot = make_boot("old", 1, 100), *victims = lone_figure(3, 1 << 20);
	struct tree t = { .boots = json_pack("[o]", boot) };
	struct victim_sample s = { &t, "beside", "old", &faults, "inflate" };

	(void)state;
	json_object_update(boot, victims);
	assert_true(fabs(victim_disturbed(&s).seconds.median - 0.035) < 1e-9);
	json_decref(victims);
	/* With less than a hundred stretches before, a tenth of them is too few. */
	victims = lone_figure(1, 99);
	json_object_update(boot, victims);
	assert_int_equal(victim_disturbed(&s).seconds.n, 0);
	json_decref(victims);
	json_decref(t.boots);
}

static void the_report_says_what_victims_felt(void **state)
{
	char *text = report_text(&tree);

	(void)state;
	expect(text, "## Quality of service");
	expect(text, "Under TCG the guest's latencies are those of an emulated path");
	expect(text, "### beside: fault_ns in the guest\n\nWhat is measured is the first touch");
	expect(text, "| old | 4 | 12.3 [4.1, 32.8] | 49.2 [16.4, 131.1] | 12.3 [4.1, 32.8] | "
		     "12.3 [4.1, 32.8] | 12.3 [4.1, 32.8] | 4.00 [4.00, 4.00] | 1.00 [1.00, 1.00] "
		     "|\n");
	expect(text, "| new | 4 | 12.3 [4.1, 32.8] | 24.6 [8.2, 65.5] |");
	/* What does not carry p99 is told by what it does carry, or not at all. */
	expect(text, "| x\\|y &lt;b> | 4 | 12.3 [4.1, 32.8] | 98.3 [32.8, 262.1] (p90) |");
	expect(text, "| x\\|y &lt;b> | inflate | 4 | 100 | 1.02 [1.02, 1.02] | 98.3 [32.8, 262.1] "
		     "| - | - | 262 |");
	expect(text, "| x\\|y &lt;b> | deflate | 4 | 15 | - | - | - | - | 4.10 |");
	expect(text, "| old | inflate | 4 | 1000 | 1.02 [1.02, 1.02] | 1.02 [1.02, 1.02] | 49.2 "
		     "[16.4, 131.1] | - | 131 |");
	free(text);
}

static void the_report_says_for_how_long(void **state)
{
	char *text = report_text(&tree);

	(void)state;
	expect(text, "| inflate | old | 4 | 0.035 [0.035, 0.035] | 36.8 [36.8, 36.8] | p99 | 1 | | "
		     "base |");
	expect(text, "| inflate | new | 4 | 0.035 [0.035, 0.035] | 36.8 [36.8, 36.8] | p99 | 0.500 "
		     "[");
	/* Against the base the percentile that both carry. */
	expect(text,
	       "| inflate | x\\|y &lt;b> | 4 | 0.035 [0.035, 0.035] | 36.8 [36.8, 36.8] | p90 "
	       "|");
	expect(text,
	       "| deflate | x\\|y &lt;b> | 4 | 0.035 [0.035, 0.035] | 36.8 [36.8, 36.8] | - | "
	       "| | |");
	expect(text, "### beside: bandwidth_bytes_per_s on the host");
	expect(text,
	       "| old | 4 | 8.00 [8.00, 8.00] | 2.00 [2.00, 2.00] | 8.00 [8.00, 8.00] | 8.00 "
	       "[8.00, 8.00] | 8.00 [8.00, 8.00] | 0.250 [0.250, 0.250] | 1.00 [1.00, 1.00] |");
	expect(text, "| inflate | new | 4 | 0.035 [0.035, 0.035] | 36.8 [36.8, 36.8] | p50 | 2.000 "
		     "[2.000, 2.000] |");
	expect(text, "![beside, a victim over time](plots/beside-guest-fault_ns-time.png)");
	free(text);
}

static void nobody_ran_beside_it(void **state)
{
	struct tree plain;
	char *text;

	(void)state;
	load(&plain, "plain");
	text = report_text(&plain);
	/* The state of memory is all that there is of it. */
	expect(text, "## Quality of service\n\n### State of memory");
	assert_null(strstr(text, "victims"));
	assert_null(strstr(text, "## Claims"));
	expect(text, "## CPU time of a move");
	free(text);
	tree_release(&plain);
}

static void hostile_names_stay_out(void **state)
{
	char *text = report_text(&tree);

	(void)state;
	assert_null(strstr(text, "192.0.2.1"));
	assert_null(strstr(text, "no.place"));
	assert_null(strstr(text, "moon"));
	assert_null(strstr(text, "<b>"));
	free(text);
}

static void costs_are_per_gib(void **state)
{
	char *text = report_text(&tree);

	(void)state;
	/* 0.1 s for 2 GiB, in which QEMU has three CPUs busy. */
	expect(text, "| beside | inflate | old | 4 | 0.150 [0.150, 0.150] | 0.050 [0.050, 0.050] "
		     "|");
	expect(text, "| free memory in blocks of 64 KiB and above, before the inflate, % | 25.0 "
		     "[25.0, 25.0] | 25.0 [25.0, 25.0] |");
	expect(text, "| the same with the balloon inflated, MiB | 512 [512, 512] |");
	assert_null(strstr(text, "out of puff |"));
	free(text);
}

static char *drawn_as(enum qos_plot plot, const struct victim_figure *figure)
{
	char name[128], kind[96], path[512], err[512];
	struct report report;
	int status;

	make_report(&report, &tree);
	snprintf(path, sizeof(path), "%s/%s", test_dir,
		 plot_name("beside", qos_plot_kind(plot, figure, kind, sizeof(kind)), name,
			   sizeof(name)));
	assert_true(qos_plot_known(plot, &report, &report.scenarios[0], figure));
	status = qos_plot_draw(plot, &report, &report.scenarios[0], figure, path, err, sizeof(err));
	report_release(&report);
	if (status == -ENOENT)
		skip();
	if (status)
		fail_msg("%s", err);
	strcat(path, ".png");
	assert_int_equal(access(path, R_OK), 0);
	strcpy(strrchr(path, '.'), ".svg");
	return read_file(path);
}

static void plots_are_drawn(void **state)
{
	char *text;

	(void)state;
	text = drawn_as(QOS_PLOT_TIME, &faults);
	expect(text, "s since the inflate began");
	expect(text, "x_y__b_");
	free(text);
	text = drawn_as(QOS_PLOT_TIME, &bandwidth);
	expect(text, "GiB/s");
	free(text);
	text = drawn_as(QOS_PLOT_PERCENTILES, &faults);
	expect(text, "plateau");
	free(text);
	/* The best percentile that all of them carry. */
	text = drawn_as(QOS_PLOT_TRADE_OFF, &faults);
	expect(text, "p90, inflate / before");
	free(text);
	free(drawn_as(QOS_PLOT_TRADE_OFF, &bandwidth));
}

static void nothing_is_drawn_of_nothing(void **state)
{
	const struct victim_figure none = { "guest", "syscall_ns", false };
	struct report report;
	char err[512];
	int plot;

	(void)state;
	make_report(&report, &tree);
	for (plot = 0; plot < QOS_PLOTS; plot++) {
		assert_false(qos_plot_known(plot, &report, &report.scenarios[0], &none));
		assert_int_equal(qos_plot_draw(plot, &report, &report.scenarios[0], &none,
					       "/nowhere/it", err, sizeof(err)),
				 0);
	}
	assert_false(
		qos_plot_known(QOS_PLOT_PERCENTILES, &report, &report.scenarios[0], &bandwidth));
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
	expect(text, "## Claims");
	expect(text, "*holds*: guest.fault_ns.p99 during inflate &lt;= 4.5 x idle — a \\| b");
	expect(text, "| holds | beside | new | 4 | | 2 \\[2, 2\\] x | &lt;= 4.5 x idle | pass |");
	expect(text, "| broken | beside | old | 4 | | 4 \\[4, 4\\] x | &lt;= 3 x idle | fail | the "
		     "whole interval is beyond the limit |");
	/* 30 windows carry no lowest hundredth. */
	expect(text, "| lowest | beside | old | 0 | | - | >= 0.1 x idle | inconclusive | too few");
	expect(text, "4 judged: 2 pass, 1 fail, 1 inconclusive, 0 invalid.");
	free(text);
}

static void claims_that_fit_nothing_are_refused(void **state)
{
	struct outcome outcome = run_report("[it]\nclaim = inflate.duration_ns <= 1 x nobody\n");

	(void)state;
	assert_int_equal(outcome.status, EXIT_USAGE);
	expect(outcome.output, "no variant 'nobody'");
	outcome_release(&outcome);
	outcome = run_report("[it]\nclaim = what?\n");
	assert_int_equal(outcome.status, EXIT_USAGE);
	expect(outcome.output, "it.ini:2");
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
	expect(text, "## Claims\n\nNot measured in this run, and not judged: 2 claims, which need "
		     "scenarios: x&lt;y; variants: nobody.\n");
	assert_null(strstr(text, "judged: 0"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_those_that_the_schema_allows),
		cmocka_unit_test(ratios_are_within_the_boot),
		cmocka_unit_test(a_percentile_needs_values_beyond_it),
		cmocka_unit_test(time_is_disturbed_beyond_what_it_was_before),
		cmocka_unit_test(seconds_are_of_one_move),
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plots of the report: a table of what they show, and the data of each. */
#include "analysis/report/report.h"
#include "lib/stats.h"

static const char *scenario_of(const struct plot_of *of)
{
	return of->scenario ? of->scenario->name : of->scenario_name;
}

static void add_variant(struct plot *plot, const struct plot_of *of, const char *variant)
{
	plot_variant(plot, variant, table_place(of->report->table, variant));
}

static void print_estimate(struct plot *plot, struct estimate e, double scale)
{
	plot_estimate(plot, e.median * scale, e.interval.low * scale, e.interval.high * scale);
}

static struct estimate estimate_in(const struct plot_of *of, const char *variant,
				   const struct measure *m)
{
	return estimate(of->report->table, scenario_of(of), variant, m);
}

/* Ratios of inflates: a row a variant, a panel a scenario. */
static bool make_forest(struct plot *plot, const struct plot_of *of)
{
	const struct report *r = of->report;
	const struct report_scenario *s;
	bool any = false;
	size_t v;

	for (v = 1; v < r->variant_count; v++)
		add_variant(plot, of, r->variants[v]);
	report_for_each_scenario (r, s) {
		plot_word(plot, s->name);
		for (v = 1; v < r->variant_count; v++) {
			int at = name_index(s->variants, r->variants[v]);
			const struct comparison *c = at < 0 ? NULL : &s->resizes[INFLATE][at];

			if (!c || !isfinite(c->ratio) || c->ratio <= 0)
				continue;
			fprintf(plot->data, "%zu", v);
			/* What the timer does not tell from 0 has no bar on a log axis. */
			plot_estimate(plot, c->ratio,
				      c->ratio_interval.low > 0 ? c->ratio_interval.low : NAN,
				      c->ratio_interval.high);
			fprintf(plot->data, " %d\n", c->verdict == VERDICT_INCONCLUSIVE);
			any = true;
		}
		plot_block_end(plot);
	}
	snprintf(plot->title, sizeof(plot->title),
		 "Duration of an inflate, ratio to %s (%s; medians over boots, 95 %% intervals; "
		 "hollow: inconclusive)",
		 r->variant_count ? r->variants[0] : "", table_accel(r->table));
	return any;
}

/* A point a boot, in the order of the boots, so that none hides another and a drift over the run
 * can be seen; then the medians. */
static bool make_duration(struct plot *plot, const struct plot_of *of)
{
	const struct report_scenario *s = of->scenario;
	const struct comparison *c;
	size_t v, d, i;

	for (d = 0; d < DIRECTIONS; d++) {
		for (v = 0; v < s->variant_count; v++) {
			c = &s->resizes[d][v];
			for (i = 0; i < c->n; i++)
				fprintf(plot->data, "%.4f %.9g\n",
					v + 1 + (c->n > 1 ? 0.5 * i / (c->n - 1) - 0.25 : 0),
					c->values[i]);
			plot_block_end(plot);
		}
		for (v = 0; v < s->variant_count; v++) {
			c = &s->resizes[d][v];
			fprintf(plot->data, "%zu", v + 1);
			if (c->n)
				plot_estimate(plot, c->median, c->median_interval.low,
					      c->median_interval.high);
			fputs(c->n ? " " : " NaN NaN NaN ", plot->data);
			plot_label(plot, c->variant, c->n, s->variant_count);
			fputs("\n", plot->data);
		}
		/* Not plot_block_end(): its row would have a label. */
		fputs("\n\n", plot->data);
	}
	for (v = 0; v < s->variant_count; v++)
		add_variant(plot, of, s->variants[v]);
	snprintf(plot->unit, sizeof(plot->unit), "%s (axis not from 0)", of->report->unit);
	return table_count(of->report->table, s->name, NULL, BOOT_OK);
}

/* The ok boot whose value is nearest the variant's median, or NULL. */
static const struct table_boot *typical_boot(const struct plot_of *of, const char *variant)
{
	int v = name_index(of->scenario->variants, variant);
	const struct comparison *c = &of->scenario->resizes[INFLATE][v];
	size_t i, best = 0;

	for (i = 1; i < c->n; i++)
		if (fabs(c->values[i] - c->median) < fabs(c->values[best] - c->median))
			best = i;
	return c->n ? &of->report->table->boots[c->boots[best]] : NULL;
}

/* More curves are illegible, and each means to read a file again. */
#define CURVES_MAX 16

static void print_curve(struct plot *plot, const struct table_boot *boot)
{
	struct boot_result result;
	const int64_t(*points)[2];
	char err[512];
	size_t i;

	if (!table_reread(boot, &result, err, sizeof(err)) && result.cycles.count) {
		const struct resize_result *inflate =
			cycle_resize(result_cycle(&result, 0), INFLATE);

		points = inflate->progress.items;
		for (i = 0; i < inflate->progress.count; i++)
			fprintf(plot->data, "%.6f %.6f\n", points[i][0] / 1e6,
				points[i][1] / GIB_BYTES);
		fputs("\n", plot->data);
	}
	record_release(&boot_record, &result);
}

/* The boot nearest the median, then all others. */
static bool print_progress(struct plot *plot, const struct plot_of *of, const char *variant)
{
	const struct table *t = of->report->table;
	const struct table_boot *typical = typical_boot(of, variant);
	bool all = table_count(t, of->scenario->name, variant, BOOT_OK) <= CURVES_MAX;
	size_t i;

	if (!typical)
		return false;
	print_curve(plot, typical);
	plot_block_end(plot);
	table_for_each (t, i, of->scenario->name, variant, BOOT_OK)
		if (all && &t->boots[i] != typical)
			print_curve(plot, &t->boots[i]);
	plot_block_end(plot);
	return true;
}

/* A row per variant: its name, its n, and the time of each phase. */
static size_t print_phases(struct plot *plot, const struct plot_of *of, enum direction direction)
{
	struct measure notify = measure_of("%s.phases.notify_ns", direction_names[direction]);
	const struct report_scenario *s = of->scenario;
	const struct field *phase;
	size_t v, n, rows = 0;

	/* Those without a name have no entry in the key. */
	fputs("variant", plot->data);
	for (phase = phases_record.fields; phase->name; phase++)
		fprintf(plot->data, " \"%s\"",
			phase_is_shown(of->report, s, direction, phase) ? phase->phase : "");
	fputs("\n", plot->data);
	for (v = 0; v < s->variant_count; v++) {
		n = estimate_in(of, s->variants[v], &notify).n;
		if (!n)
			continue;
		rows++;
		plot_label(plot, s->variants[v], n, s->variant_count);
		for (phase = phases_record.fields; phase->name; phase++) {
			struct estimate e = phase_estimate(of->report, s->name, s->variants[v],
							   direction, phase, "per_page");

			fprintf(plot->data, " %.6g", e.n ? e.median / 1000 : 0);
		}
		fputs("\n", plot->data);
	}
	fputs("\n\n", plot->data);
	return rows;
}

static bool make_phases(struct plot *plot, const struct plot_of *of)
{
	plot->count = print_phases(plot, of, INFLATE);
	print_phases(plot, of, DEFLATE);
	return plot->count;
}

/* Points of a curve to each power of ten. */
#define POINTS 20

/*
 * A percentile curve over the boots, as far as each has events left: x = 1 / (1 - q), so that
 * each power of ten is a nine.
 */
static void print_percentiles(struct plot *plot, const struct plot_of *of, const char *variant,
			      struct measure m)
{
	struct estimate e;
	double x;
	int i;

	for (i = 0;; i++) {
		x = pow(10, (double)i / POINTS);
		m.statistic = i ? STATISTIC_QUANTILE : STATISTIC_MIN;
		m.quantile = 1 - 1 / x;
		e = estimate_in(of, variant, &m);
		if (!e.n)
			break;
		fprintf(plot->data, "%.9g %.9g\n", x, fmax(e.median, 1));
	}
	plot_block_end(plot);
}

/* A panel for each operation on a page, or phase of a victim's latency; in it a curve a variant. */
static bool make_percentiles(struct plot *plot, const struct plot_of *of)
{
	static const char *const ops[] = { "enqueue", "dequeue", "finalize", "migrate" };
	const struct victim *victim = of->victim;
	const struct table *t = of->report->table;
	char *const *variants = victim ? of->scenario->variants : t->variants;
	struct measure panels[sizeof(ops) / sizeof(ops[0])];
	size_t p, v, n = 0;

	if (victim && victim->is_rate)
		return false;
	for (p = 0; p < sizeof(ops) / sizeof(ops[0]); p++)
		panels[p] = victim ? measure_of("%s.%s.p50 during %s", victim->side, victim->name,
						victim_phase_names[p])
				   : measure_of("ops.%s.mean", ops[p]);
	for (v = 0; variants[v]; v++) {
		if (!estimate_in(of, variants[v], &panels[0]).n)
			continue;
		n = n ? n : table_count(t, scenario_of(of), variants[v], BOOT_OK);
		add_variant(plot, of, variants[v]);
	}
	for (p = 0; n && p < sizeof(ops) / sizeof(ops[0]); p++) {
		if (!victim && !estimate_in(of, NULL, &panels[p]).n)
			continue;
		plot_word(plot, victim ? victim_phase_names[p] : ops[p]);
		for (v = 0; variants[v]; v++)
			if (estimate_in(of, variants[v], &panels[0]).n)
				print_percentiles(plot, of, variants[v], panels[p]);
	}
	if (!victim)
		snprintf(plot->title, sizeof(plot->title), "medians over n = %zu boots", n);
	return n;
}

#define LENGTHS "trace.host.calls.dontneed.length_bytes"

/* The latency of the calls, and the share of the calls per length, at the lowest length of the
 * bucket. */
static bool print_madvise(struct plot *plot, const struct plot_of *of, const char *variant)
{
	const struct table *t = of->report->table;
	struct measure latency = measure_of("host.dontneed.mean");
	struct histogram sum = { .count = 0 }, h;
	size_t i;

	if (!estimate_in(of, variant, &latency).n)
		return false;
	print_percentiles(plot, of, variant, latency);
	table_for_each (t, i, scenario_of(of), variant, BOOT_OK)
		if (table_histogram(table_column(t, LENGTHS), &t->boots[i], &h))
			histogram_merge(&sum, &h);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (sum.buckets[i])
			fprintf(plot->data, "%.9g %.9g\n", histogram_low(i) / 1024.0,
				100.0 * sum.buckets[i] / sum.count);
	plot_block_end(plot);
	if (!*plot->title)
		snprintf(plot->title, sizeof(plot->title),
			 "medians over n = %zu boots; lengths of all",
			 table_count(t, scenario_of(of), variant, BOOT_OK));
	return true;
}

/* Of 4 KiB, 8 KiB, ... to 4 MiB, the largest block there is; what is longer is in the last. */
#define BINS 11
#define ORDERS_MAX 32
#define PAGE_SHIFT 12

/* A boot's memory in each bin, in any unit. */
typedef void shares_fn(const struct table *t, const struct table_boot *boot, double *shared);

/* Of the memory that is free before the first inflate. */
static void shares_of_blocks(const struct table *t, const struct table_boot *boot, double *shared)
{
	char name[64];
	double pages;
	size_t order;

	for (order = 0; order < ORDERS_MAX; order++) {
		snprintf(name, sizeof(name), "fragmentation.before.free_pages.%zu", order);
		pages = table_number(table_column(t, name), boot, 0);
		if (isfinite(pages))
			shared[order < BINS ? order : BINS - 1] += pages;
	}
}

/* Of the memory that QEMU gave back. */
static void shares_of_calls(const struct table *t, const struct table_boot *boot, double *shared)
{
	struct histogram h;
	size_t i, bin;

	if (!table_histogram(table_column(t, LENGTHS), boot, &h))
		return;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		for (bin = 0; bin < BINS - 1 && histogram_low(i) >> (PAGE_SHIFT + bin + 1); bin++)
			;
		shared[bin] += histogram_low(i) * (double)h.buckets[i];
	}
}

/* Medians over boots; nothing, and false, where no boot has any. */
static bool print_shares(struct plot *plot, const struct plot_of *of, const char *variant,
			 shares_fn *shares)
{
	const struct table *t = of->report->table;
	size_t room = table_count(t, of->scenario->name, variant, BOOT_OK), i, bin, n = 0;
	double *values[BINS];

	for (bin = 0; bin < BINS; bin++)
		values[bin] = stats_array(room);
	table_for_each (t, i, of->scenario->name, variant, BOOT_OK) {
		double shared[BINS] = { 0 }, all = 0;

		shares(t, &t->boots[i], shared);
		for (bin = 0; bin < BINS; bin++)
			all += shared[bin];
		for (bin = 0; bin < BINS; bin++)
			values[bin][n] = 100 / all * shared[bin];
		n += all > 0;
	}
	for (bin = 0; bin < BINS; bin++) {
		struct estimate e = estimate_of(values[bin], n);

		if (!e.n)
			continue;
		fprintf(plot->data, "%zu", bin);
		print_estimate(plot, e, 1);
		fputs("\n", plot->data);
	}
	return n;
}

/* The calls are those of the variant, or of the same traced at a higher level, VARIANT+pages. */
static bool print_runs(struct plot *plot, const struct plot_of *of, const char *variant)
{
	char *const *arm = of->report->table->variants;
	size_t n = strlen(variant);

	if (!print_shares(plot, of, variant, shares_of_blocks))
		return false;
	plot_block_end(plot);
	for (; *arm; arm++)
		if (!strncmp(*arm, variant, n) && (!(*arm)[n] || (*arm)[n] == '+') &&
		    print_shares(plot, of, *arm, shares_of_calls)) {
			snprintf(plot->unit, sizeof(plot->unit), "calls");
			break;
		}
	plot_block_end(plot);
	return true;
}

static bool print_memory(struct plot *plot, const struct plot_of *of, const char *variant)
{
	static const char *const moments[] = { "before", "plateau", "deflated", "refaulted" };
	bool any = false;
	size_t i;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct measure huge = measure_of("host_memory.%s.anon_huge_bytes", moments[i]);
		struct measure rss = measure_of("host_memory.%s.rss_bytes", moments[i]);
		struct estimate of_huge = estimate_in(of, variant, &huge);
		struct estimate of_rss = estimate_in(of, variant, &rss);

		if (!of_huge.n || !of_rss.n)
			continue;
		any = true;
		fprintf(plot->data, "%zu", i + 1);
		print_estimate(plot, of_huge, 1 / GIB_BYTES);
		print_estimate(plot, of_rss, 1 / GIB_BYTES);
		fputs("\n", plot->data);
	}
	if (any)
		plot_block_end(plot);
	return any;
}

#define PANELS_MAX 6
/* What is shown of the time before an inflate and after a deflate. */
#define MARGIN_NS 1e9

/* A resize in the marks of a victim: from its own mark to the next. False where there is none. */
static bool find_resize(const struct victim_result *victim, enum result_victim_phase phase,
			double after, double *span)
{
	const struct victim_mark *mark = victim->marks.items, *end = mark + victim->marks.count;

	while (mark < end && (mark->at_ns < after || mark->phase != (int)phase))
		mark++;
	if (mark == end)
		return false;
	span[0] = mark->at_ns;
	span[1] = mark + 1 < end ? mark[1].at_ns : span[0];
	return true;
}

/* Seconds since the inflate began, and a value; 0 has no place on a logarithmic axis. */
static void print_point(struct plot *plot, const struct victim *victim, double since_ns,
			double value)
{
	fprintf(plot->data, "%.6f %.9g\n", since_ns / 1e9,
		victim->is_rate ? value / GIB_BYTES : fmax(value, 1));
}

/* The first cycle: its resizes, in columns of their own; the limit; the stretches. */
static bool print_panel(struct plot *plot, const struct victim *victim,
			const struct victim_result *of)
{
	const int64_t(*series)[2] = of->series.items;
	double resizes[DIRECTIONS][2], start, from, to, limit;
	size_t i;

	if (!of->series.count || !find_resize(of, PHASE_INFLATE, 0, resizes[INFLATE]))
		return false;
	start = resizes[INFLATE][0];
	/* Without a deflate its width is zero. */
	if (!find_resize(of, PHASE_DEFLATE, start, resizes[DEFLATE]))
		resizes[DEFLATE][0] = resizes[DEFLATE][1] = resizes[INFLATE][1];
	for (i = 0; i < DIRECTIONS; i++)
		fprintf(plot->data, "NaN NaN %.6f %.6f\n", (resizes[i][0] - start) / 1e9,
			(resizes[i][1] - start) / 1e9);
	plot_block_end(plot);
	from = start - MARGIN_NS;
	to = resizes[DEFLATE][1] + MARGIN_NS;
	if (victim_limit(of, &limit)) {
		print_point(plot, victim, from - start, limit);
		print_point(plot, victim, to - start, limit);
	}
	plot_block_end(plot);
	for (i = 0; i < of->series.count; i++)
		if (series[i][0] >= from && series[i][0] <= to)
			print_point(plot, victim, series[i][0] - start, series[i][1]);
	plot_block_end(plot);
	return true;
}

/* The victim of a variant's boot nearest the median, a panel each. */
static bool print_time(struct plot *plot, const struct plot_of *of, const char *variant)
{
	const struct table_boot *boot = typical_boot(of, variant);
	const struct victim_result *found = NULL;
	struct boot_result result;
	char err[512];
	bool drawn;

	if (!boot || plot->count == PANELS_MAX)
		return false;
	if (!table_reread(boot, &result, err, sizeof(err)))
		found = victim_find(&result, of->victim);
	drawn = found && print_panel(plot, of->victim, found);
	if (drawn)
		snprintf(plot->title, sizeof(plot->title),
			 "worst of each %.0f ms; the boot nearest the median; %d variants at most",
			 found->series_ns / 1e6, PANELS_MAX);
	record_release(&boot_record, &result);
	if (of->victim->is_rate)
		snprintf(plot->unit, sizeof(plot->unit), "%s",
			 table_in_instructions(of->report->table, victim_clock(of->victim))
				 ? "GiB/G instr."
				 : "GiB/s");
	return drawn;
}

static bool print_trade_off(struct plot *plot, const struct plot_of *of, const char *variant)
{
	const enum result_accel accel = of->report->table->accel;
	const bool is_low = of->victim->is_rate;
	const struct measure duration = measure_of("inflate.duration_ns");
	const struct measure excess =
		measure_of("%s.%s.excess_ns during inflate", of->victim->side, of->victim->name);
	struct estimate x = estimate_in(of, variant, &duration);
	struct estimate y = estimate_in(of, variant, &excess);

	if (!x.n || !y.n || x.interval.low <= 0)
		return false;
	print_estimate(plot, x, 1e-6);
	print_estimate(plot, y, 1e-6);
	fputs("\n\n\n", plot->data);
	snprintf(plot->unit, sizeof(plot->unit), "inflate, %s|%s beyond rest, %s an inflate",
		 measure_shown(&duration, accel).name, is_low ? "low" : "late",
		 measure_shown(&excess, accel).name);
	return true;
}

/* Pairs of the replay of a boot, @list: where they are in struct replay_result; seconds and GiB. */
static void print_pairs(struct plot *plot, const struct table_boot *boot, size_t list)
{
	struct boot_result result;
	const struct record_list *pairs;
	const int64_t(*points)[2];
	char err[512];
	size_t i;

	if (!table_reread(boot, &result, err, sizeof(err)) && result.cycles.count) {
		pairs = (void *)((char *)&result_cycle(&result, 0)->replay + list);
		points = pairs->items;
		for (i = 0; i < pairs->count; i++)
			fprintf(plot->data, "%.4f %.6f\n", points[i][0] / 1e9,
				points[i][1] / GIB_BYTES);
		fputs("\n", plot->data);
	}
	record_release(&boot_record, &result);
}

/* A result of another program may have numbers only. */
static bool has_curves(const struct table_boot *boot)
{
	struct boot_result result;
	char err[512];
	bool has = !table_reread(boot, &result, err, sizeof(err)) && result.cycles.count &&
		   result_cycle(&result, 0)->replay.footprint.count;

	record_release(&boot_record, &result);
	return has;
}

/* The demand and the footprint of the boot nearest the median, then the footprint of all others. */
static bool print_replay(struct plot *plot, const struct plot_of *of, const char *variant)
{
	const struct table *t = of->report->table;
	const struct table_boot *typical = typical_boot(of, variant);
	bool all = table_count(t, of->scenario->name, variant, BOOT_OK) <= CURVES_MAX;
	size_t i;

	if (!typical || !has_curves(typical))
		return false;
	print_pairs(plot, typical, offsetof(struct replay_result, demand));
	plot_block_end(plot);
	print_pairs(plot, typical, offsetof(struct replay_result, footprint));
	plot_block_end(plot);
	table_for_each (t, i, of->scenario->name, variant, BOOT_OK)
		if (all && &t->boots[i] != typical)
			print_pairs(plot, &t->boots[i], offsetof(struct replay_result, footprint));
	plot_block_end(plot);
	return true;
}

static void print_ratio(struct plot *plot, const struct comparison *c)
{
	if (!strcmp(c->variant, c->base))
		plot_estimate(plot, 1, NAN, NAN);
	else
		plot_estimate(plot, c->ratio, c->ratio_interval.low, c->ratio_interval.high);
}

/* Ratios to the base of the footprint and of the time at work. */
static bool print_pareto(struct plot *plot, const struct plot_of *of, const char *variant)
{
	const struct report_scenario *s = of->scenario;
	const int v = name_index(s->variants, variant);
	const struct comparison *x = &s->resizes[FOOTPRINT][v], *y = &s->resizes[WORK][v];

	if (!is_base(x) && (!isfinite(x->ratio) || !isfinite(y->ratio)))
		return false;
	if (!x->n || !y->n)
		return false;
	print_ratio(plot, x);
	print_ratio(plot, y);
	/* One line: plot_block_end() would lengthen it. */
	fputs("\n\n\n", plot->data);
	snprintf(plot->unit, sizeof(plot->unit), "footprint, ratio to %.20s|time at work, ratio",
		 x->base);
	return true;
}

#define MEDIANS "medians over boots, bars: 95 % intervals"

/* Either @make, for all of a plot, or @print, for the data of one variant; false if there is
 * nothing to draw. Both may set the title, which is then the detail, and the unit. */
static const struct {
	const char *kind;    /* in its file's name */
	const char *script;  /* in analysis/ */
	const char *caption; /* in the report */
	const char *title;   /* above the plot, "SCENARIO: TITLE (TCG; DETAIL)"; NULL: @make's */
	const char *detail;
	const char *units[2]; /* of nanoseconds, of instructions */
	bool (*make)(struct plot *plot, const struct plot_of *of);
	bool (*print)(struct plot *plot, const struct plot_of *of, const char *variant);
} plots[REPORT_PLOTS] = {
#define PLOT(id, kind, script, caption, title, detail, unit, icount, ...)                          \
	[id] = { kind, "report/" script, caption, title, detail, { unit, icount }, __VA_ARGS__ }
	PLOT(PLOT_FOREST, "forest", "forest.gp",
	     "Duration of an inflate by variant and scenario, ratio to the base", NULL, NULL, "",
	     "", .make = make_forest),
	PLOT(PLOT_DURATION, "duration", "duration.gp", "duration of a resize by variant",
	     "duration of a resize, by variant", "point: a boot, bar: median, box: 95 % interval",
	     "", "", .make = make_duration),
	PLOT(PLOT_PROGRESS, "progress", "progress.gp", "progress of an inflate over time",
	     "progress of the first inflate", "strong: the boot nearest the median",
	     "ms since the start of the inflate", "M instructions since the start of the inflate",
	     .print = print_progress),
	PLOT(PLOT_PHASES, "phases", "phases.gp", "phases of a resize by variant",
	     "time of a resize by phase", "medians over boots", "µs per page",
	     "thousand instructions per page", .make = make_phases),
	PLOT(PLOT_LATENCY, "latency", "percentiles.gp", "percentiles of the operations by variant",
	     "latency of operations on a page", NULL, "ns", "instructions",
	     .make = make_percentiles),
	PLOT(PLOT_MADVISE, "madvise", "madvise.gp",
	     "latency and length of madvise calls by variant", "madvise(DONTNEED) of QEMU", NULL,
	     "ns", "instructions", .print = print_madvise),
	PLOT(PLOT_RUNS, "runs", "runs.gp",
	     "runs of free memory, and lengths of the calls made of them",
	     "free memory, and the ranges reported to the host", MEDIANS, "", "",
	     .print = print_runs),
	PLOT(PLOT_HOST_MEMORY, "host-memory", "host-memory.gp",
	     "huge pages and RSS of QEMU, before, inflated, deflated, touched again",
	     "QEMU's memory on the host", MEDIANS, "GiB", "GiB", .print = print_memory),
	PLOT(PLOT_VICTIM_TIME, "time", "victim.gp", "a victim over time", "over time", NULL, "ns",
	     "instructions", .print = print_time),
	PLOT(PLOT_VICTIM_PERCENTILES, "percentiles", "percentiles.gp",
	     "percentiles of a victim by phase", "by phase", "medians over boots", "ns, one scale",
	     "instructions, one scale", .make = make_percentiles),
	PLOT(PLOT_VICTIM_TRADE_OFF, "tradeoff", "victim-tradeoff.gp",
	     "the impact on a victim over the duration of the inflate",
	     "over the duration of the inflate\n", MEDIANS, "", "", .print = print_trade_off),
	PLOT(PLOT_REPLAY, "replay", "replay.gp", "demand and footprint of a workload over time",
	     "demand and footprint over time", "strong: the boot nearest the median",
	     "s since the workload began", "s since the workload began", .print = print_replay),
	PLOT(PLOT_PARETO, "pareto", "pareto.gp", "time at work over footprint by variant",
	     "time at work over footprint", MEDIANS, "", "", .print = print_pareto),
#undef PLOT
};

bool report_plot_make(struct plot *plot, enum report_plot kind, const struct plot_of *of)
{
	const struct table *t = of->report->table;
	const struct victim *victim = of->victim;
	char *const *variants = of->scenario ? of->scenario->variants : t->variants;
	const enum field_clock clock = kind == PLOT_MADVISE ? CLOCK_HOST
				       : victim		    ? victim_clock(victim)
							    : CLOCK_GUEST;
	const char *unit = plots[kind].units[table_in_instructions(t, clock)];
	const char *blank = victim ? " " : "";
	char detail[sizeof(plot->title)];
	bool any = false;

	plot_open(plot, plots[kind].script);
	if (plots[kind].make)
		any = plots[kind].make(plot, of);
	for (; plots[kind].print && *variants; variants++)
		if (plots[kind].print(plot, of, *variants)) {
			add_variant(plot, of, *variants);
			any = true;
		}
	snprintf(detail, sizeof(detail), "%s",
		 *plot->title || !plots[kind].detail ? plot->title : plots[kind].detail);
	if (plots[kind].title)
		snprintf(plot->title, sizeof(plot->title), "%s: %s%s%s%s%s (%s; %s)",
			 scenario_of(of), victim ? victim->name : "", blank,
			 victim ? victim_where(victim) : "", blank, plots[kind].title,
			 table_accel(t), detail);
	if (!*plot->unit)
		snprintf(plot->unit, sizeof(plot->unit), "%s", unit);
	return any;
}

void report_plot(struct writer *w, struct report *r, enum report_plot kind, struct plot_of of)
{
	const char *scenario = scenario_of(&of);
	char long_kind[96], name[192], path[PATH_MAX];
	struct plot plot;

	if (!report_plot_make(&plot, kind, &of))
		goto out;
	snprintf(long_kind, sizeof(long_kind), "%s%s%s%s%s", of.victim ? of.victim->side : "",
		 of.victim ? "-" : "", of.victim ? of.victim->name : "", of.victim ? "-" : "",
		 plots[kind].kind);
	plot_file_name(scenario, long_kind, name, sizeof(name));
	if (r->plots && !r->plot_status) {
		snprintf(path, sizeof(path), "%s/%s", r->plots, name);
		r->plot_status = plot_draw(&plot, path, r->plot_error, sizeof(r->plot_error));
	}
	if (!r->plot_status)
		write_picture(w, name, "%s%s%s", scenario ? scenario : "", scenario ? ", " : "",
			      plots[kind].caption);
out:
	plot_close(&plot);
}

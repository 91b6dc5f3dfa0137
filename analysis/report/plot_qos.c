/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/plot_qos.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/latencies.h"
#include "analysis/plots/plot.h"
#include "analysis/plots/sheet.h"
#include "lib/result.h"

#define GIB (1ULL << 30)
#define PANELS_MAX 6
/* What is shown of the time before an inflate and after a deflate. */
#define MARGIN_NS 1e9

/* One plot while it is made. */
struct drawing {
	const struct report *report;
	const struct report_scenario *scenario;
	const struct victim_figure *figure;
	struct sheet sheet;
	char unit_text[64];
};

const char *qos_plot_kind(enum qos_plot plot, const struct victim_figure *figure, char *kind,
			  size_t size)
{
	static const char *const kinds[] = {
		[QOS_PLOT_TIME] = "time",
		[QOS_PLOT_PERCENTILES] = "percentiles",
		[QOS_PLOT_TRADE_OFF] = "tradeoff",
	};

	snprintf(kind, size, "%s-%s-%s", figure->side, figure->name, kinds[plot]);
	return kind;
}

const char *qos_plot_title(enum qos_plot plot)
{
	static const char *const titles[] = {
		[QOS_PLOT_TIME] = "a victim over time",
		[QOS_PLOT_PERCENTILES] = "percentiles of a victim by phase",
		[QOS_PLOT_TRADE_OFF] = "what a victim feels over the rate of the inflate",
	};

	return titles[plot];
}

static void add_variant(struct drawing *d, const char *variant)
{
	sheet_add_word(&d->sheet, variant);
	plot_colour(&d->sheet.plot, tree_place(d->report->tree, variant));
	d->sheet.count++;
}

static struct victim_sample sample_of(const struct drawing *d, size_t variant, const char *phase)
{
	return (struct victim_sample){ d->report->tree, d->scenario->name,
				       d->scenario->variants[variant], d->figure, phase };
}

/* A time of the boot; false where there was no such phase. */
static bool find_mark(const json_t *boot, const struct victim_figure *figure, const char *wanted,
		      double after, double *ns)
{
	const char *phase;
	size_t m;

	for (m = 0; victim_mark(boot, figure, m, ns, &phase); m++)
		if (*ns >= after && !strcmp(phase, wanted))
			return true;
	return false;
}

/* When the phase ends that a mark begins. */
static double end_of(const json_t *boot, const struct victim_figure *figure, double begin)
{
	const char *phase;
	double ns;
	size_t m;

	for (m = 0; victim_mark(boot, figure, m, &ns, &phase); m++)
		if (ns > begin)
			return ns;
	return begin;
}

/* The first cycle of a boot: its moves, and what is shown around them. */
struct span {
	double inflate[2];
	double deflate[2];
};

static bool span_of(const json_t *boot, const struct victim_figure *figure, struct span *span)
{
	if (!find_mark(boot, figure, "inflate", 0, &span->inflate[0]))
		return false;
	span->inflate[1] = end_of(boot, figure, span->inflate[0]);
	/* Without a way back it is as wide as nothing. */
	if (!find_mark(boot, figure, "deflate", span->inflate[0], &span->deflate[0])) {
		span->deflate[0] = span->deflate[1] = span->inflate[1];
		return true;
	}
	span->deflate[1] = end_of(boot, figure, span->deflate[0]);
	return true;
}

/* What a panel shows, or NULL. */
static const json_t *panel_of(const struct drawing *d, size_t variant, struct span *span)
{
	const json_t *boot = plot_typical_boot(d->report->tree, &d->scenario->inflate[variant]);
	double ns, value;

	if (!boot || !victim_stretch(boot, d->figure, 0, &ns, &value) ||
	    !span_of(boot, d->figure, span))
		return NULL;
	return boot;
}

/* Seconds since the inflate began, and a value; 0 has no place on a logarithmic axis. */
static void print_point(const struct drawing *d, double since_ns, double value)
{
	fprintf(d->sheet.plot.data, "%.6f %.9g\n", since_ns / 1e9,
		d->figure->is_rate ? value / GIB : fmax(value, 1));
}

/* A move: in columns of its own, for it is no value. */
static void print_move(const struct drawing *d, const double *move, double start)
{
	fprintf(d->sheet.plot.data, "NaN NaN %.6f %.6f\n", (move[0] - start) / 1e9,
		(move[1] - start) / 1e9);
}

static void print_panel(const struct drawing *d, const json_t *boot, const struct span *span)
{
	double from = span->inflate[0] - MARGIN_NS, to = span->deflate[1] + MARGIN_NS;
	double start = span->inflate[0], limit, ns, value;
	size_t i;

	print_move(d, span->inflate, start);
	print_move(d, span->deflate, start);
	fputs("\n\n", d->sheet.plot.data);
	if (victim_limit(boot, d->figure, &limit)) {
		print_point(d, from - start, limit);
		print_point(d, to - start, limit);
	} else {
		fputs("NaN NaN\n", d->sheet.plot.data);
	}
	fputs("\n\n", d->sheet.plot.data);
	for (i = 0; victim_stretch(boot, d->figure, i, &ns, &value); i++)
		if (ns >= from && ns <= to)
			print_point(d, ns - start, value);
	fputs("\n\n", d->sheet.plot.data);
}

static const char *make_time(void *drawing)
{
	struct drawing *d = drawing;
	const json_t *boot, *any = NULL;
	char shown[48] = "";
	struct span span;
	size_t v, panels = 0;

	for (v = 0; v < d->scenario->variant_count; v++) {
		boot = panel_of(d, v, &span);
		if (!boot || panels++ >= PANELS_MAX)
			continue;
		add_variant(d, d->scenario->variants[v]);
		print_panel(d, boot, &span);
		any = boot;
	}
	if (panels > PANELS_MAX)
		snprintf(shown, sizeof(shown), "; the first %d of %zu variants", PANELS_MAX,
			 panels);
	snprintf(d->sheet.title, sizeof(d->sheet.title),
		 "%s: %s %s, worst of each %.0f ms (%s; the boot nearest the median%s)",
		 d->scenario->name, d->figure->name, victim_where(d->figure),
		 any ? victim_stretch_ns(any, d->figure) / 1e6 : 0, tree_accel(d->report->tree),
		 shown);
	d->sheet.unit = d->figure->is_rate ? "GiB/s" : "ns";
	return "victim.gp";
}

/* Points of a curve to each power of ten. */
#define POINTS 20

/* As far as each boot has events left; x = 1 / (1 - q), so that each power of ten is a nine. */
static void print_percentiles(const struct drawing *d, const struct latencies *l)
{
	int i;

	for (i = 0;; i++) {
		double x = pow(10, (double)i / POINTS);
		struct estimate e = latencies_quantile(l, 1 - 1 / x);

		if (!e.n)
			break;
		fprintf(d->sheet.plot.data, "%.9g %.9g\n", x, fmax(e.median, 1));
	}
	fputs(i ? "\n\n" : "NaN NaN\n\n\n", d->sheet.plot.data);
}

static void print_phase(const struct drawing *d, const char *phase)
{
	char path[128];
	size_t v;

	victim_path(d->figure, phase, path, sizeof(path));
	for (v = 0; v < d->scenario->variant_count; v++) {
		struct latencies l = latencies_of(d->report->tree, d->scenario->name,
						  d->scenario->variants[v], path);

		print_percentiles(d, &l);
		latencies_release(&l);
	}
}

static const char *make_percentiles(void *drawing)
{
	struct drawing *d = drawing;
	static const char *const phases[] = { "before", "inflate", "plateau", "deflate" };
	size_t i, v;

	for (v = 0; v < d->scenario->variant_count; v++)
		add_variant(d, d->scenario->variants[v]);
	for (i = 0; i < 4; i++) {
		sheet_add_word(&d->sheet, phases[i]);
		print_phase(d, phases[i]);
	}
	snprintf(d->sheet.title, sizeof(d->sheet.title),
		 "%s: %s %s by phase (%s; medians over boots)", d->scenario->name, d->figure->name,
		 victim_where(d->figure), tree_accel(d->report->tree));
	d->sheet.unit = "ns";
	return "victim-percentiles.gp";
}

static bool all_carry(const struct drawing *d, const struct victim_level *level)
{
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++) {
		struct victim_sample s = sample_of(d, v, "inflate");

		if (d->scenario->inflate[v].n && !victim_over_before(&s, level->share).n)
			return false;
	}
	return true;
}

/* The first headline that every variant with boots carries; the last where there is none. */
static const struct victim_level *common_level(const struct drawing *d)
{
	const struct victim_level *level = victim_headlines(d->figure);

	while (!all_carry(d, level) && level[1].name)
		level++;
	return level;
}

/* An interval that there is none of is a point. */
static void print_estimate(FILE *f, const struct estimate *e)
{
	bool known = isfinite(e->interval.low);

	fprintf(f, "%.9g %.9g %.9g ", e->median, known ? e->interval.low : e->median,
		known ? e->interval.high : e->median);
}

static struct estimate rate_of(const struct drawing *d, size_t variant)
{
	struct metric metric;
	double *values;
	size_t n;

	metric_parse(&metric, "inflate.gib_per_s", tree_accel(d->report->tree));
	n = metric_values(&metric, d->report->tree, d->scenario->name,
			  d->scenario->variants[variant], &values);
	return estimate_of(values, n);
}

/* A variant as a point; false where it has none. */
static bool point_of(const struct drawing *d, size_t variant, struct estimate *rate,
		     struct estimate *worse)
{
	struct victim_sample s = sample_of(d, variant, "inflate");

	*rate = rate_of(d, variant);
	*worse = victim_over_before(&s, common_level(d)->share);
	return rate->n && worse->n && rate->median > 0 && worse->median > 0;
}

static const char *make_trade_off(void *drawing)
{
	struct drawing *d = drawing;
	struct estimate rate, worse;
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++) {
		if (!point_of(d, v, &rate, &worse))
			continue;
		add_variant(d, d->scenario->variants[v]);
		print_estimate(d->sheet.plot.data, &rate);
		print_estimate(d->sheet.plot.data, &worse);
		fputs("\n\n\n", d->sheet.plot.data);
	}
	snprintf(d->sheet.title, sizeof(d->sheet.title),
		 "%s: %s %s over the rate of the inflate\n(%s; medians over boots, 95 %% "
		 "intervals)",
		 d->scenario->name, d->figure->name, victim_where(d->figure),
		 tree_accel(d->report->tree));
	snprintf(d->unit_text, sizeof(d->unit_text), "%s, inflate / before", common_level(d)->name);
	d->sheet.unit = d->unit_text;
	return "victim-tradeoff.gp";
}

static bool has_panel(const struct drawing *d)
{
	struct span span;
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++)
		if (panel_of(d, v, &span))
			return true;
	return false;
}

static bool has_curve(const struct drawing *d)
{
	size_t v;

	for (v = 0; !d->figure->is_rate && v < d->scenario->variant_count; v++) {
		struct victim_sample s = sample_of(d, v, "before");

		if (victim_quantile(&s, .5).n)
			return true;
	}
	return false;
}

static bool has_point(const struct drawing *d)
{
	struct estimate rate, worse;
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++)
		if (point_of(d, v, &rate, &worse))
			return true;
	return false;
}

static bool is_known(enum qos_plot plot, const struct drawing *d)
{
	switch (plot) {
	case QOS_PLOT_TIME:
		return has_panel(d);
	case QOS_PLOT_PERCENTILES:
		return has_curve(d);
	default:
		return has_point(d);
	}
}

bool qos_plot_known(enum qos_plot plot, const struct report *report,
		    const struct report_scenario *scenario, const struct victim_figure *figure)
{
	const struct drawing d = { .report = report, .scenario = scenario, .figure = figure };

	return is_known(plot, &d);
}

int qos_plot_draw(enum qos_plot plot, const struct report *report,
		  const struct report_scenario *scenario, const struct victim_figure *figure,
		  const char *output, char *err, size_t err_size)
{
	static const char *(*const makers[])(void *drawing) = {
		[QOS_PLOT_TIME] = make_time,
		[QOS_PLOT_PERCENTILES] = make_percentiles,
		[QOS_PLOT_TRADE_OFF] = make_trade_off,
	};
	struct drawing d = { .report = report, .scenario = scenario, .figure = figure };

	if (!is_known(plot, &d))
		return 0;
	return sheet_draw(&d.sheet, makers[plot], &d, output, err, err_size);
}

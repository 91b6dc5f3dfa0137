/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/plot_history.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/history/changepoint.h"
#include "analysis/plots/gnuplot.h"
#include "lib/log.h"

/* Of the height of a panel, for the n below the points and the ratios above them. */
#define ROOM_BELOW 0.22
#define ROOM_ABOVE 0.22

/* The first of the series of a plot, and how many there are. */
struct panels {
	const struct history *h;
	const struct history_series *series;
	size_t count;
	size_t trees;
};

/* Variants, then trees; gnuplot takes them apart at the blanks. */
static void print_names(FILE *f, const struct panels *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		plot_word(f, p->series[i].variant);
		fputs(" ", f);
	}
	for (i = 0; i < p->trees; i++) {
		plot_word(f, p->h->sessions->list[i].label);
		fputs(" ", f);
	}
}

static void widen(double *low, double *high, double value)
{
	if (!isfinite(value))
		return;
	*low = fmin(*low, value);
	*high = fmax(*high, value);
}

/* The panel's y axis, with room for what is written into it. */
static void print_range(FILE *f, const struct panels *p, const struct history_series *s)
{
	double low = INFINITY, high = -INFINITY, span;
	size_t i;

	for (i = 0; i < p->trees; i++) {
		widen(&low, &high, s->points[i].value);
		widen(&low, &high, s->points[i].interval.low);
		widen(&low, &high, s->points[i].interval.high);
	}
	if (low > high)
		low = high = 0;
	/* A series that does not move still has a scale: a percent of it. */
	span = fmax(high - low, fmax(0.01 * fabs(high), 1e-9));
	span /= 1 - ROOM_BELOW - ROOM_ABOVE;
	fprintf(f, "%.9g %.9g\n\n\n", low - ROOM_BELOW * span, high + ROOM_ABOVE * span);
}

static double or_value(double value, double instead)
{
	return isfinite(value) ? value : instead;
}

/* Points that are searched for changes, then those that are shown only. */
static void print_points(FILE *f, const struct panels *p, const struct history_series *s,
			 bool searched)
{
	size_t i, some = 0;

	for (i = 0; i < p->trees; i++) {
		const struct history_point *point = &s->points[i];

		if (!point->gap != searched || !isfinite(point->value))
			continue;
		fprintf(f, "%zu %.9g %.9g %.9g\n", i + 1, point->value,
			or_value(point->interval.low, point->value),
			or_value(point->interval.high, point->value));
		some++;
	}
	fputs(some ? "\n\n" : "NaN NaN NaN NaN\n\n\n", f);
}

/* "6" where both sides have as many, else "6/5"; nothing says more than 0. */
static void print_counts(FILE *f, const struct panels *p, const struct history_series *s)
{
	size_t i;

	for (i = 0; i < p->trees; i++) {
		const struct history_point *point = &s->points[i];

		fprintf(f, "%zu \"%zu", i + 1, point->n);
		if (p->h->against && point->base_n != point->n)
			fprintf(f, "/%zu", point->base_n);
		fputs("\"\n", f);
	}
	fputs("\n\n", f);
}

/* A line from the first tree of each level to its last; too few trees have no level. */
static void print_levels(FILE *f, const struct panels *p, const struct history_series *s)
{
	size_t k, from = 0, to;

	if (s->used < CHANGEPOINT_VALUES_MIN) {
		fputs("NaN NaN NaN\n\n\n", f);
		return;
	}
	for (k = 0; k <= s->change_count; k++) {
		double level = history_level(s, p->trees, from);

		to = k < s->change_count ? s->changes[k].before : p->trees - 1;
		fprintf(f, "%.2f %.9g %.2f\n", from + 0.6, level, to - from + 0.8);
		from = k < s->change_count ? s->changes[k].after : 0;
	}
	fputs("\n\n", f);
}

static void print_changes(FILE *f, const struct history_series *s)
{
	size_t k;

	for (k = 0; k < s->change_count; k++)
		fprintf(f, "%.1f \"× %.3f\"\n",
			(s->changes[k].before + s->changes[k].after) / 2.0 + 1,
			s->changes[k].ratio);
	fputs(s->change_count ? "\n\n" : "NaN \"\"\n\n\n", f);
}

static size_t place_of(const struct sessions *s, const char *variant)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (name_index(s->list[i].tree.variants, variant) >= 0)
			return tree_place(&s->list[i].tree, variant);
	return 0;
}

static void print_panel(struct plot *plot, const struct panels *p, const struct history_series *s)
{
	plot_colour(plot, place_of(p->h->sessions, s->variant));
	print_range(plot->data, p, s);
	print_points(plot->data, p, s, true);
	print_points(plot->data, p, s, false);
	print_counts(plot->data, p, s);
	print_levels(plot->data, p, s);
	print_changes(plot->data, s);
}

static void print_title(char *title, size_t size, const struct panels *p)
{
	snprintf(title, size,
		 "%s: %s by tree (%s)\npoint: %s, bar: its 95 %% interval, number: boots%s, line: "
		 "level, × and broken line: change point",
		 p->series->scenario, p->series->metric->name,
		 tree_accel(&p->h->sessions->list[0].tree),
		 p->h->against ? "ratio of medians" : "median",
		 p->h->against ? " (/ of the base)" : "");
}

static void print_unit(FILE *f, const struct panels *p)
{
	if (!p->h->against) {
		fprintf(f, "median, %s", *p->series->metric->unit ? p->series->metric->unit : "1");
	} else {
		fputs("ratio to ", f);
		plot_word(f, p->h->against);
	}
	fputs(" (axes not from 0)", f);
}

static int draw_panels(const struct panels *p, const char *output, char *err, size_t err_size)
{
	char title[512], unit[128] = "", *names = NULL;
	struct plot plot = { .data = NULL };
	size_t size, v;
	FILE *text;
	int status;

	status = plot_begin(&plot);
	if (status)
		goto out;
	text = open_memstream(&names, &size);
	if (!text) {
		status = -ENOMEM;
		goto out;
	}
	print_names(text, p);
	fclose(text);
	for (v = 0; v < p->count; v++)
		print_panel(&plot, p, &p->series[v]);
	text = fmemopen(unit, sizeof(unit), "w");
	if (!text) {
		status = -ENOMEM;
		goto out;
	}
	print_unit(text, p);
	fclose(text);
	print_title(title, sizeof(title), p);
	status =
		plot_draw(&plot, "history.gp", output, title, unit, p->count, names, err, err_size);
out:
	free(names);
	plot_end(&plot);
	return status;
}

int plot_history(const struct history *h, const char *dir, char *err, size_t err_size)
{
	struct panels p = { .h = h, .trees = h->sessions->count };
	char name[192], kind[96], path[PATH_MAX];
	int status = 0;
	size_t i;

	for (i = 0; !status && i < h->count; i += p.count) {
		p.series = &h->series[i];
		for (p.count = 1; i + p.count < h->count; p.count++)
			if (p.series[p.count].scenario != p.series->scenario ||
			    p.series[p.count].metric != p.series->metric)
				break;
		snprintf(kind, sizeof(kind), "%s-history", p.series->metric->name);
		snprintf(path, sizeof(path), "%s/%s", dir,
			 plot_name(p.series->scenario, kind, name, sizeof(name)));
		status = draw_panels(&p, path, err, err_size);
		if (!status)
			log_info("%s.svg and .png are drawn", path);
	}
	return status;
}

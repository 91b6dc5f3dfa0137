/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/history/history.h"
#include "analysis/plots/plot.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/exit_status.h"
#include "lib/log.h"

/* Of the height of a panel, for the n below the points, and for the ratios above them. */
#define ROOM 0.22

/* The panel's y axis, with room for what is written into it; what is written above it. */
static void print_range(struct plot *plot, const struct history_series *s)
{
	double low = NAN, high = NAN, span;
	const struct history_point *p;
	size_t i;

	/* fmin() and fmax() skip NANs. */
	for (i = 0; i < s->points.count; i++) {
		p = history_point(s, i);
		if (!isfinite(p->value))
			continue;
		low = fmin(fmin(low, p->value), p->interval.low);
		high = fmax(fmax(high, p->value), p->interval.high);
	}
	if (isnan(low))
		low = high = 0;
	/* A series that does not move still has a scale: a percent of it. */
	span = fmax(high - low, fmax(0.01 * fabs(high), 1e-9)) / (1 - ROOM - ROOM);
	fprintf(plot->data, "%.9g %.9g \"", low - ROOM * span, high + ROOM * span);
	if (!isnan(s->correlation.mean))
		fprintf(plot->data, "correlation of neighbours %.2f [%.1f, %.1f]",
			s->correlation.mean, s->correlation.interval.low,
			s->correlation.interval.high);
	fputs("\"\n", plot->data);
	plot_block_end(plot);
}

/* Points that are searched for changes, or those that are shown only. */
static void print_points(struct plot *plot, const struct history_series *s, bool searched)
{
	size_t i;

	for (i = 0; i < s->points.count; i++) {
		const struct history_point *p = history_point(s, i);

		if (!p->gap != searched || !isfinite(p->value))
			continue;
		fprintf(plot->data, "%zu", p->tree);
		plot_estimate(plot, p->value, p->interval.low, p->interval.high);
		fputs("\n", plot->data);
	}
	plot_block_end(plot);
}

/* "6" if both sides have as many boots, else "6/5". */
static void print_counts(struct plot *plot, const struct history_series *s)
{
	size_t i;

	for (i = 0; i < s->points.count; i++) {
		const struct history_point *p = history_point(s, i);

		fprintf(plot->data, "%zu \"%zu", p->tree, p->n);
		if (p->base_n != RECORD_ABSENT && p->base_n != (int64_t)p->n)
			fprintf(plot->data, "/%lld", (long long)p->base_n);
		fputs("\"\n", plot->data);
	}
	plot_block_end(plot);
}

/* A line from the first tree of each level to its last; too few trees have no level. */
static void print_levels(struct plot *plot, const struct history_series *s)
{
	size_t k, from, to, count = s->changes.count;

	for (k = 0; k <= count && s->used >= CHANGEPOINT_VALUES_MIN; k++) {
		from = k ? history_change(s, k - 1)->after : 1;
		to = k < count ? history_change(s, k)->before : s->points.count;
		fprintf(plot->data, "%.2f %.9g %.2f\n", from - 0.4,
			k	? history_change(s, k - 1)->level_after
			: count ? history_change(s, 0)->level_before
				: s->level,
			to - from + 0.8);
	}
	plot_block_end(plot);
}

static void print_changes(struct plot *plot, const struct history_series *s)
{
	size_t k;

	for (k = 0; k < s->changes.count; k++) {
		const struct history_change *c = history_change(s, k);

		fprintf(plot->data, "%.1f \"× %.3f%s%s\"\n", (c->before + c->after) / 2.0, c->ratio,
			c->state == LOOK_CALLED ? "" : " ",
			c->state == LOOK_CALLED ? "" : look_state_names[c->state]);
	}
	plot_block_end(plot);
}

static void print_panel(struct plot *plot, const struct history *h, const struct history_series *s)
{
	const struct session *list = h->sessions->list;
	size_t i = 0, count = h->sessions->count;

	while (i < count && name_index(list[i].table.variants, s->variant) < 0)
		i++;
	plot_variant(plot, s->variant, i < count ? table_place(&list[i].table, s->variant) : 0);
	print_range(plot, s);
	print_points(plot, s, true);
	print_points(plot, s, false);
	print_counts(plot, s);
	print_levels(plot, s);
	print_changes(plot, s);
}

static void print_title(struct plot *plot, const struct history *h, const struct history_series *s)
{
	snprintf(plot->title, sizeof(plot->title),
		 "%.64s: %.64s by tree (%s)\npoint: %s, bar: its 95 %% interval, number: boots%s, "
		 "line: level, × and broken line: change point",
		 s->scenario, s->metric, h->accel, h->against ? "ratio" : "median",
		 h->against ? " (/ of the base)" : "");
	if (h->against)
		snprintf(plot->unit, sizeof(plot->unit), "ratio to %.48s (axes not from 0)",
			 h->against);
	else
		snprintf(plot->unit, sizeof(plot->unit), "median, %s (axes not from 0)",
			 *s->unit ? s->unit : "1");
}

/* The plot of the scenario and metric that begin at series @from; returns where the next do. */
static size_t draw(const struct history *h, size_t from, const char *dir, int *status)
{
	const struct history_series *first = history_series(h, from), *s = first;
	char name[192], kind[96], err[512], *path;
	struct plot plot;
	size_t i;

	plot_open(&plot, "history/history.gp");
	print_title(&plot, h, s);
	for (i = from; i < h->series.count; i++) {
		s = history_series(h, i);
		if (s->scenario != first->scenario || s->measure != first->measure)
			break;
		print_panel(&plot, h, s);
	}
	from = i;
	for (i = 0; i < h->sessions->count; i++)
		plot_word(&plot, h->sessions->list[i].label);
	snprintf(kind, sizeof(kind), "%s-history", first->metric);
	path = xasprintf("%s/%s", dir, plot_file_name(first->scenario, kind, name, sizeof(name)));
	*status = plot_draw(&plot, path, err, sizeof(err));
	if (*status)
		log_error("%s", err);
	else
		log_info("%s.svg and .png are drawn", path);
	free(path);
	plot_close(&plot);
	return from;
}

int plot_history(const struct history *h, const char *dir)
{
	int status = make_directories(dir);
	size_t from = 0;

	if (status) {
		log_error("cannot create %s: %s", dir, strerror(-status));
		return EXIT_ENVIRONMENT;
	}
	while (!status && from < h->series.count)
		from = draw(h, from, dir, &status);
	if (status)
		return status == -ENOENT ? EXIT_UNSUPPORTED : EXIT_ENVIRONMENT;
	return 0;
}

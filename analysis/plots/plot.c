/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plots/plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plots/gnuplot.h"
#include "lib/result.h"

#define GIB (1ULL << 30)

/*
 * Points side by side in the order of their boots, so that none hides another
 * and a drift over the run can be seen.
 */
static void print_points(FILE *f, const struct comparison *c, int x)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		fprintf(f, "%.4f %.9g\n", x + (c->n > 1 ? 0.5 * i / (c->n - 1) - 0.25 : 0),
			c->values[i]);
	if (!c->n)
		fputs("NaN NaN\n", f);
	fputs("\n\n", f);
}

static void print_medians(FILE *f, const struct comparison *c, int variants)
{
	int v;

	for (v = 0; v < variants; v++) {
		if (c[v].n)
			fprintf(f, "%d %.9g %.9g %.9g ", v + 1, c[v].median,
				c[v].median_interval.low, c[v].median_interval.high);
		else
			fprintf(f, "%d NaN NaN NaN ", v + 1);
		plot_label(f, c[v].variant, c[v].n, variants);
		fputs("\n", f);
	}
	fputs("\n\n", f);
}

int plot_duration(const struct tree *tree, const struct comparison *inflate,
		  const struct comparison *deflate, int variants, const char *output, char *err,
		  size_t err_size)
{
	const struct comparison *moves[] = { inflate, deflate };
	int move, v, status;
	char title[256], unit[64];
	struct plot plot = { .data = NULL };

	status = plot_begin(&plot);
	if (status)
		goto out;
	for (v = 0; v < variants; v++)
		plot_colour(&plot, tree_place(tree, inflate[v].variant));
	for (move = 0; move < 2; move++) {
		for (v = 0; v < variants; v++)
			print_points(plot.data, &moves[move][v], v + 1);
		print_medians(plot.data, moves[move], variants);
	}
	snprintf(title, sizeof(title),
		 "%s: duration of a move, by variant (%s; point: a boot, bar: median, box: 95 %% "
		 "interval)",
		 inflate->scenario, tree_accel(tree));
	snprintf(unit, sizeof(unit), "%s (axis not from 0)", inflate->metric->unit);
	status = plot_draw(&plot, "duration.gp", output, title, unit, variants, "", err, err_size);
out:
	plot_end(&plot);
	return status;
}

static const json_t *first_progress(const json_t *boot)
{
	const json_t *cycle = json_array_get(json_object_get(boot, "cycles"), 0);

	return json_object_get(json_object_get(cycle, "inflate"), "progress");
}

static void print_curve(FILE *f, const json_t *boot)
{
	const json_t *point;
	size_t i;

	json_array_foreach (first_progress(boot), i, point)
		fprintf(f, "%.6f %.6f\n", json_number_value(json_array_get(point, 0)) / 1e6,
			json_number_value(json_array_get(point, 1)) / GIB);
	fputs("\n", f);
}

const json_t *plot_typical_boot(const struct tree *tree, const struct comparison *c)
{
	const json_t *boot, *best = NULL;
	double value, distance = INFINITY;
	size_t i;

	json_array_foreach (tree->boots, i, boot) {
		if (strcmp(json_text(boot, "scenario"), c->scenario) ||
		    strcmp(json_text(boot, "variant"), c->variant) ||
		    strcmp(json_text(boot, "status"), RESULT_OK) ||
		    !metric_of_boot(c->metric, boot, &value) || fabs(value - c->median) >= distance)
			continue;
		distance = fabs(value - c->median);
		best = boot;
	}
	return best;
}

static void print_curves(FILE *f, const struct tree *tree, const struct comparison *c)
{
	const json_t *typical = plot_typical_boot(tree, c), *boot;
	size_t i;

	if (typical)
		print_curve(f, typical);
	else
		fputs("NaN NaN\n\n", f);
	fputs("\nNaN NaN\n\n", f);
	json_array_foreach (tree->boots, i, boot)
		if (boot != typical && !strcmp(json_text(boot, "scenario"), c->scenario) &&
		    !strcmp(json_text(boot, "variant"), c->variant) &&
		    !strcmp(json_text(boot, "status"), RESULT_OK))
			print_curve(f, boot);
	fputs("\n", f);
}

int plot_progress(const struct tree *tree, const struct comparison *inflate, int variants,
		  const char *output, char *err, size_t err_size)
{
	int v, status;
	const char *unit = tree_is_icount(tree)
				   ? "M guest instructions since the start of the inflate"
				   : "ms since the start of the inflate";
	char title[256], *names = NULL;
	struct plot plot = { .data = NULL };
	size_t size;
	FILE *list;

	status = plot_begin(&plot);
	if (status)
		goto out;
	list = open_memstream(&names, &size);
	if (!list) {
		status = -ENOMEM;
		goto out;
	}
	for (v = 0; v < variants; v++) {
		print_curves(plot.data, tree, &inflate[v]);
		fputs(v ? " " : "", list);
		plot_word(list, inflate[v].variant);
		plot_colour(&plot, tree_place(tree, inflate[v].variant));
	}
	fclose(list);
	snprintf(title, sizeof(title),
		 "%s: progress of the first inflate (%s; strong: the boot nearest the median)",
		 inflate->scenario, tree_accel(tree));
	status = plot_draw(&plot, "progress.gp", output, title, unit, variants, names, err,
			   err_size);
out:
	free(names);
	plot_end(&plot);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/report_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/unit.h"

void load_table(struct table *table, const char *name)
{
	char err[1024];
	size_t i;

	if (table_load(table, in_test_dir(name), err, sizeof(err)))
		fail_msg("%s", err);
	for (i = 0; i < table->broken_count; i++)
		print_message("%s\n", table->broken[i]);
}

void expect_no_table(const char *name, int status, const char *says)
{
	struct table table;
	char err[1024];

	assert_int_equal(table_load(&table, in_test_dir(name), err, sizeof(err)), status);
	assert_contains(err, says);
}

void make_report(struct report *report, const struct table *table)
{
	*report = (struct report){ .table = table, .smallest_effect = SMALLEST_EFFECT };
	report_make(report);
}

const struct report_scenario *scenario_named(const struct report *report, const char *name)
{
	size_t i;

	for (i = 0; i < report->scenario_count; i++)
		if (!strcmp(report->scenarios[i].name, name))
			return &report->scenarios[i];
	fail_msg("no scenario %s", name);
	return NULL;
}

char *report_text(const struct table *table)
{
	const struct write_options options = { .pictures = "plots" };
	struct writer *w = write_open();
	struct report report;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	make_report(&report, table);
	write_to(w, WRITE_MARKDOWN, f, &options, NULL, 0);
	report_write(&report, w);
	write_close(w);
	fclose(f);
	report_release(&report);
	return text;
}

char *plot_data(enum report_plot plot, struct plot_of of)
{
	struct plot p;
	char *data = NULL;

	if (report_plot_make(&p, plot, &of)) {
		fflush(p.data);
		data = strdup(p.data_text);
	}
	plot_close(&p);
	return data;
}

/* Lines, points and areas of an SVG in a colour: axes, grids and texts are grey or black. */
static size_t count_coloured(const char *svg)
{
	bool coloured = false;
	int r, g, b;
	size_t n = 0;

	for (; *svg; svg++) {
		if (sscanf(svg, "rgb( %d, %d, %d)", &r, &g, &b) == 3)
			coloured = r != g || g != b;
		n += coloured && (!strncmp(svg, " L", 2) || !strncmp(svg, "<use", 4) ||
				  !strncmp(svg, "points", 6));
	}
	return n;
}

/* The SVG of a plot that is full of data, or NULL without gnuplot. */
static char *draw(struct plot *plot, const char *name)
{
	char path[512], err[512], *png;
	int status;

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	status = plot_draw(plot, path, err, sizeof(err));
	if (status == -ENOENT)
		return NULL;
	if (status)
		fail_msg("%d: %s", status, err);
	strcat(path, ".png");
	png = read_file(path);
	assert_memory_equal(png, "\x89PNG", 4);
	free(png);
	strcpy(strrchr(path, '.'), ".svg");
	return read_file(path);
}

char *drawn_plot(enum report_plot kind, struct plot_of of)
{
	struct plot plot, empty;
	char *svg, *axes;

	assert_true(report_plot_make(&plot, kind, &of));
	svg = draw(&plot, "drawn");
	plot_close(&plot);
	/* In the checkout, from analysis/. */
	plot_open(&empty, "../tests/helpers/empty.gp");
	plot_variant(&empty, "nobody", 0);
	axes = draw(&empty, "empty");
	plot_close(&empty);
	if (!svg || !axes) {
		skip();
		return NULL;
	}
	if (count_coloured(svg) <= count_coloured(axes))
		fail_msg("%zu coloured elements, an empty plot has %zu", count_coloured(svg),
			 count_coloured(axes));
	free(axes);
	return svg;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_REPORT_TEXT_H
#define TESTS_HELPERS_REPORT_TEXT_H

#include "analysis/report/report.h"

/* A report of trees below test_dir, for tests of what it says and draws. */

/* The tree test_dir/NAME; to be given to table_release(). */
void load_table(struct table *table, const char *name);

/* Check that table_load() refuses the tree test_dir/NAME. */
void expect_no_table(const char *name, int status, const char *says);

/* A report of a table, and its scenario of that name. */
void make_report(struct report *report, const struct table *table);
const struct report_scenario *scenario_named(const struct report *report, const char *name);

/* REPORT.md of a table, with links to plots/ that are not drawn; to be freed. */
char *report_text(const struct table *table);

/*
 * The data of a plot, as gnuplot gets it; NULL where there is nothing to draw.
 * To be freed.
 */
char *plot_data(enum report_plot plot, struct plot_of of);

/*
 * The SVG of a plot, to be freed, after the PNG was seen to be one. It must have more
 * drawn on it than axes: what the same script draws of no data. Skips the test where
 * there is no gnuplot.
 */
char *drawn_plot(enum report_plot plot, struct plot_of of);

#endif

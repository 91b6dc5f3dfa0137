/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include <stdio.h>

#include "analysis/compare.h"
#include "analysis/tree.h"

/* A scenario's two headline comparisons, one entry per variant that ran in it. */
struct report_scenario {
	const char *name;
	char **variants; /* ended by NULL; the names are the tree's */
	size_t variant_count;
	struct comparison *inflate;
	struct comparison *deflate;
};

struct report {
	const struct tree *tree;
	const struct tree *instructions; /* of a run under icount beside it, or NULL */
	char **variants;		 /* those that are compared; the names are the tree's */
	struct report_scenario *scenarios;
	size_t scenario_count;
	size_t variant_count;
	struct metric inflate;
	struct metric deflate;
	const char *plots; /* link to the directory of the plots, or NULL where there are none */
};

/**
 * report_make() - compare everything
 * @tree: must outlive the report
 * @instructions: so must this one, which may be NULL
 *
 * Variants that are traced otherwise than the run, and scenarios that the base
 * was not run in, are left to the part about tracing.
 *
 * Return: 0 or -errno.
 */
int report_make(struct report *report, const struct tree *tree, const struct tree *instructions);
void report_release(struct report *report);

/* A link to a plot of a scenario, where there are plots. */
void report_plot(FILE *f, const struct report *r, const char *scenario, const char *kind,
		 const char *title);

#endif

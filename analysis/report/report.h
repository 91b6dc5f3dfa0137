/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include <stdio.h>

#include "analysis/compare/compare.h"
#include "analysis/gate/gate.h"
#include "analysis/data/tree.h"

/* A scenario's two headline comparisons, one entry per variant that ran in it. */
struct report_scenario {
	const char *name;
	char **variants; /* ended by NULL; the names are the tree's */
	size_t variant_count;
	struct comparison *inflate;
	struct comparison *deflate;
};

/* What a report is made of; the trees must outlive it. */
struct report_input {
	const struct tree *tree;
	const struct tree *instructions; /* of a run under icount beside it, or NULL */
	const struct tree *aa;		 /* of a run with twins beside it, or NULL */
	double smallest_effect;		 /* of interest, as SMALLEST_EFFECT */
};

struct report {
	const struct tree *tree;
	const struct tree *instructions;
	const struct tree *aa;
	double smallest_effect;
	char **variants; /* those that are compared; the names are the tree's */
	struct report_scenario *scenarios;
	size_t scenario_count;
	size_t variant_count;
	size_t compared; /* comparisons with samples on both sides */
	struct metric inflate;
	struct metric deflate;
	const struct gate *gate; /* claims held against the tree, or NULL; the caller's */
	const char *plots; /* link to the directory of the plots, or NULL where there are none */
};

/**
 * report_make() - compare everything
 *
 * Variants that are traced otherwise than the run, scenarios that the base was
 * not run in, and twins are left to the parts that are about them.
 *
 * Return: 0 or -errno.
 */
int report_make(struct report *report, const struct report_input *input);
void report_release(struct report *report);

/* GiB a second (or a milliard instructions) of a variant that has a boot: what it moved, by its
 * median. */
double report_rate(const struct report *r, const struct comparison *c, const char *move);

/* A link to a plot of a scenario, where there are plots. */
void report_plot(FILE *f, const struct report *r, const char *scenario, const char *kind,
		 const char *title);

#endif

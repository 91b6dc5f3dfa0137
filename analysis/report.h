/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include <stdio.h>

#include "analysis/compare.h"
#include "analysis/tree.h"

/* A scenario's two headline comparisons, one entry per variant of the tree. */
struct report_scenario {
	const char *name;
	struct comparison *inflate;
	struct comparison *deflate;
};

struct report {
	const struct tree *tree;
	struct report_scenario *scenarios;
	size_t scenario_count;
	size_t variant_count;
	struct metric inflate;
	struct metric deflate;
	const char *plots; /* link to the directory of the plots, or NULL where there are none */
};

/* Compare everything; 0 or -errno. The tree must outlive the report. */
int report_make(struct report *report, const struct tree *tree);
void report_release(struct report *report);

/*
 * Write the report as Markdown. It says nothing that the tree does not hold,
 * so the same tree gives the same bytes.
 */
void report_write(const struct report *report, FILE *f);

#endif

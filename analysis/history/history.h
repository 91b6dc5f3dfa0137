/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HISTORY_H
#define ANALYSIS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/compare/compare.h"
#include "analysis/data/metric.h"
#include "analysis/history/open_trees.h"

/*
 * A metric over several result trees, and where it changed. A point of the series
 * is a tree: its ratio of medians to another variant of the same tree, so that
 * what the session did to both is not in it; or, where that is asked for, its
 * median. Change points are searched in the logarithms, as changepoint.h tells.
 */

/* With fewer boots a side a median follows a single odd one: no point for the search. */
#define HISTORY_BOOTS_MIN 3

struct history_point {
	size_t n;
	size_t base_n; /* 0 where medians are shown */
	double median; /* NANs where there are no boots */
	double base_median;
	double value;		  /* the ratio, or the median; NAN in a gap */
	struct interval interval; /* NANs where a side has n < 2 */
	const char *gap;	  /* why change points are not searched in it, or NULL */
};

struct history_change {
	size_t before; /* last tree of the old level */
	size_t after;  /* first tree of the new one; trees between them are gaps */
	size_t trees_before;
	size_t trees_after; /* trees of the two levels */
	double level_before;
	double level_after; /* geometric means over their trees */
	double ratio;	    /* level_after / level_before */
	struct interval interval;
	double p;
	double p_holm;
	enum verdict verdict; /* improve or regress */
};

struct history_series {
	const char *scenario;
	const char *variant;
	const struct metric *metric;
	struct history_point *points; /* one per tree */
	size_t used;		      /* points that have no gap */
	struct history_change *changes;
	size_t change_count;
	double p; /* of no change point at all; NANs where too few trees tell */
	double p_holm;
	/* Without a change point, the least ratio above 1 that would have shown as one; or NAN. */
	double detectable_middle;
	double detectable_last;
	const char *reason; /* why there is no change point, or NULL where there is one */
};

struct history {
	const struct sessions *sessions;
	const char *against; /* NULL where medians are shown */
	double smallest_effect;
	struct history_series *series; /* by scenario, metric and variant */
	size_t count;
	size_t tested; /* of them, with trees enough: the family of Holm's correction */
};

/* NULL-terminated lists of what to look at. */
struct history_choice {
	char *const *scenarios;
	char *const *variants;
	const struct metric *metrics;
	size_t metric_count;
	const char *against; /* NULL for medians */
	double smallest_effect;
};

/*
 * Make the series that any tree has points of. @choice, the trees and metrics must
 * live as long; released with history_release().
 */
void history_make(struct history *h, const struct sessions *s, const struct history_choice *choice);
void history_release(struct history *h);

/*
 * Level that a tree is on, by the change points of its series: the geometric mean
 * of the points of that level. NAN where there are none.
 */
double history_level(const struct history_series *series, size_t trees, size_t tree);

/* Short key of the kernel that a variant ran on in a tree, or NULL. Valid as long as the tree. */
const char *history_kernel(const struct tree *tree, const char *variant);

/* What else is not the same on both sides of a change: true, false, or -1 where a tree is silent.
 */
struct history_origin {
	int kernel;
	int base_kernel;
	int qemu;
	int host;
};

struct history_origin history_origin(const struct history *h, const struct history_series *series,
				     const struct history_change *change);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_CHANGEPOINT_H
#define ANALYSIS_CHANGEPOINT_H

#include <stdint.h>

#include "analysis/history/correlation.h"
#include "lib/interval.h"

/*
 * Change points in a short series: where does the level shift for good? A value is the logarithm of
 * what one session (one result tree) measured, so a shift is the logarithm of a ratio.
 *
 * The unit is the session: boots of different sessions are not exchangeable. A permutation test
 * over n sessions has a p of at least 2 / n for a shift at the last one, and would never detect the
 * latest regression. Hence a Monte Carlo test: the null distribution comes from random normal
 * series in the place of the observed residuals. For independent sessions this is a rotation test
 * (Langsrud, Rotation tests, Statistics and Computing 15, 2005), exact for normal values, which
 * logarithms of medians nearly are. Here the random series are correlated as the sessions may be:
 * each rho gets as many draws as its weight in correlation.h. A p is for one look at a series;
 * looks.h has what becomes of many. tests/unit/test_changepoint.c measures the error rates
 * with independent sessions, test_looks.c with correlated ones.
 *
 * The search is hierarchical, as in E-divisive (Matteson & James, JASA 109, 2014): the best next
 * shift within any level found so far is tested against the best that chance finds in levels cut
 * the same way, until one is not significant. A next shift is an arc, as in circular binary
 * segmentation (Olshen, Venkatraman, Lucito & Wigler, Biostatistics 5, 2004): from some value to
 * the end of the level, or to where it shifts back. The two kinds share alpha (weighted
 * Bonferroni), and each end of an arc that shifts back must hold in a t test of its own. A single
 * odd value is a level at the ends of the series only.
 */

/* With fewer values there is nothing to measure the spread by. */
#define CHANGEPOINT_VALUES_MIN 3

struct changepoint {
	size_t at;		  /* index of the first value of the new level */
	double p;		  /* of the step that found it, not below those before */
	double shift;		  /* mean of the level from here, less that before */
	struct interval interval; /* 95 % of the shift, by Student's t with the values that
				   * correlation leaves; NANs where there is none */
};

/* How the null distribution is drawn. */
struct changepoint_null {
	const struct correlation *correlation; /* of the sessions */
	uint64_t seed;
	size_t draws;
};

/* Enough for a p of a few in 10000; simulations take fewer. */
#define CHANGEPOINT_DRAWS 9999

/* p of the hypothesis that the level never shifts; 1 with too few values, or equal ones. */
double changepoint_p(const double *values, size_t n, const struct changepoint_null *null);

/*
 * All change points, in order, into @found, with room for @n; returns how many. @alpha is the level
 * of the test of each step, corrected by the caller for the number of series; a ratio nearer to 1
 * than @smallest is no change.
 */
size_t changepoint_find(const double *values, size_t n, double alpha, double smallest,
			const struct changepoint_null *null, struct changepoint *found);

/*
 * The least shift of the @last (below @n) values of a series without a change point that would have
 * been significant at @alpha, given the spread of these values; infinite where none would.
 */
double changepoint_detectable(const double *values, size_t n, size_t last, double alpha,
			      const struct changepoint_null *null);

#endif

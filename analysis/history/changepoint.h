/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_CHANGEPOINT_H
#define ANALYSIS_CHANGEPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bootstrap.h"

/*
 * Change points in a short series: where does the level shift for good?
 *
 * A value of the series is the logarithm of what one session (one result tree)
 * measured, so a shift is the logarithm of a ratio.
 *
 * The unit is the session, not the boot. Boots of one session share whatever
 * that session did to all of them, so boots of different sessions are not
 * exchangeable, and shuffling them takes a session's mood for a change. Sessions
 * are exchangeable where nothing changed; but shuffling n of them yields at
 * best p = 2 / n for a shift at the last one, so that a permutation test could
 * never see the latest regression, and nothing at all in fewer than eight. What
 * is used instead is the test's rotation: the null distribution comes from
 * random normal series, rotated into the place of the observed residuals
 * (Langsrud, Rotation tests, Statistics and Computing 15, 2005). It is exact
 * where values are normal, which logarithms of medians nearly are, whatever
 * their mean and variance; it measures how much sessions differ by how much
 * they differ within a level, and so needs no assumption about it.
 * tests/cli/test_history.c shows how often it is wrong, also with skewed
 * boots and with sessions that are not normal.
 *
 * The search is hierarchical, as E-divisive's (Matteson & James, A Nonparametric
 * Approach for Multiple Change Point Analysis, JASA 109, 2014): the best next
 * shift within any level found so far is tested against the best that chance
 * finds in levels cut the same way, until one is not significant. A next shift
 * is an arc, as in circular binary segmentation (Olshen, Venkatraman, Lucito &
 * Wigler, Biostatistics 5, 2004): from some value to the end of the level, or
 * to where it shifts back; plain binary segmentation misses a regression that
 * was mended. The two sorts share alpha, most of it going to the first (weighted
 * Bonferroni), and each end of an arc that shifts back must hold in a t test of
 * its own. A single odd value is a level at the ends of the series only, where
 * it may be the first of more to come: one odd session there passes for one.
 */

/* With fewer values there is nothing to measure the spread by. */
#define CHANGEPOINT_VALUES_MIN 3

struct changepoint {
	size_t at;		  /* index of the first value of the new level */
	double p;		  /* of the step that found it, not below those before */
	double shift;		  /* mean of the level from here, less that before */
	struct interval interval; /* 95 % of the shift, by Student's t; NANs where there is none */
};

/**
 * changepoint_p() - how often chance alone has a shift as clear as the clearest
 *
 * Return: p of the hypothesis that the level never shifts; 1 where there are
 * fewer than CHANGEPOINT_VALUES_MIN values or all are the same.
 */
double changepoint_p(const double *values, size_t n, uint64_t seed);

/**
 * changepoint_find() - all change points, in order
 * @alpha: level of the test of each step; corrected by the caller for the
 *	number of series that are looked at together
 * @smallest: a ratio nearer to 1 than this is no change, however sure
 * @found: room for @n
 *
 * Return: how many.
 */
size_t changepoint_find(const double *values, size_t n, double alpha, double smallest,
			uint64_t seed, struct changepoint *found);

/**
 * changepoint_detectable() - what a series without a change point could have shown
 * @last: how many values at the end would be of the new level, below @n
 *
 * Return: the least shift that would have been significant at @alpha, given the
 * spread of these values; infinite where none would.
 */
double changepoint_detectable(const double *values, size_t n, size_t last, double alpha,
			      uint64_t seed);

#endif

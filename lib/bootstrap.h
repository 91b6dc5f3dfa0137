/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_BOOTSTRAP_H
#define LIB_BOOTSTRAP_H

#include <stddef.h>

/*
 * 95 % intervals of medians, and of what two medians make, over few values.
 *
 * The bootstrap asks what the median of n values would be, were they drawn
 * again, n with replacement out of those that were observed. For a median that
 * needs no drawing: which order statistics a resample has is binomial, so the
 * distribution is computed in full (Maritz and Jarrett, A Note on Estimating
 * the Variance of the Sample Median, 1978). The intervals are exact where
 * others carry the noise of their resamples, and need no seed.
 *
 * Ends are taken from it by the BCa method: corrected for bias, ties split, and
 * for skew, by the jackknife (Efron, Better Bootstrap Confidence Intervals,
 * 1987; for two samples Davison and Hinkley, Bootstrap Methods and their
 * Application, 1997, ch. 5.3). How often such an interval holds the truth with
 * 5, 10 and 20 values is what tests/unit/test_coverage.c measures.
 */
struct interval {
	double low;
	double high;
};

/* Of the median of @n > 0 values. Two and three of them give an interval, but no trust. */
struct interval bootstrap_median(const double *values, size_t n);

/* Of median(a) / median(b); all values of @b must be above 0. */
struct interval bootstrap_ratio(const double *a, size_t a_count, const double *b, size_t b_count);

/* Of median(a) - median(b). */
struct interval bootstrap_difference(const double *a, size_t a_count, const double *b,
				     size_t b_count);

#endif

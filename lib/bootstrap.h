/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_BOOTSTRAP_H
#define LIB_BOOTSTRAP_H

#include <stddef.h>

/*
 * 95 % intervals of medians, and of what two medians make, over few values. The bootstrap's
 * distribution of a median is binomial and computed in full, without resamples or a seed (Maritz
 * and Jarrett, A Note on Estimating the Variance of the Sample Median, 1978). Ends are taken from
 * it by the BCa method: corrected for bias, ties split, and for skew, by the jackknife (Efron,
 * Better Bootstrap Confidence Intervals, 1987; for two samples Davison and Hinkley, Bootstrap
 * Methods and their Application, 1997, ch. 5.3).
 */
struct interval {
	double low, high;
};

/* Of the median of @n > 0 values. An interval of two or three values is not reliable. */
struct interval bootstrap_median(const double *values, size_t n);

/* Of median(a) / median(b); all values of @b must be above 0. */
struct interval bootstrap_ratio(const double *a, size_t a_count, const double *b, size_t b_count);

/* Of median(a) - median(b). */
struct interval bootstrap_difference(const double *a, size_t a_count, const double *b,
				     size_t b_count);

#endif

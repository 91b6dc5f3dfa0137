/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_INTERVAL_H
#define LIB_INTERVAL_H

#include <stddef.h>

/*
 * Intervals over few values, free of assumptions about their distribution. They are meant to hold
 * what they estimate with 95 %; @confidence is what so few values really give.
 */
#define CONFIDENCE 0.95

struct interval {
	double low, high;
	double confidence; /* 0..1; below CONFIDENCE where there are too few values */
};

#define NO_INTERVAL ((struct interval){ NAN, NAN, NAN })

/*
 * Of the median of @n > 0 values. From n = 6 on its ends are interpolated between order statistics
 * (Hettmansperger and Sheather, Confidence Intervals Based on Interpolated Order Statistics, 1986),
 * unless the two are far apart, as those of two groups are: then the outer one is the end. Below
 * that it is the range, which holds the median with 1 - 2^(1-n): 87.5 % for n = 4.
 */
struct interval interval_of_median(const double *values, size_t n);

/*
 * The same with both ends at order statistics, so that each side misses with 2.5 % at most whatever
 * the distribution is: for decisions. Below n = 6 no such interval exists: @confidence says so.
 */
struct interval interval_of_median_certain(const double *values, size_t n);

/* By how much one sample lies above another, and its interval. */
struct shift {
	double value;
	struct interval interval;
};

/*
 * The median of all differences of a value of @a and one of @b, with the interval that inverts the
 * rank test of stats_rank_p(): a shift is inside if the test does not reject it at 5 % (Hodges and
 * Lehmann, Estimates of Location Based on Rank Tests, 1963; Hollander, Wolfe and Chicken,
 * Nonparametric Statistical Methods, 2014, ch. 4). The interval of samples that differ by a shift
 * alone holds it with exactly @confidence, whatever their distribution is. With fewer than 4 values
 * a side it is the range of the differences, with less. Both counts are above 0.
 */
struct shift shift_of(const double *a, size_t a_count, const double *b, size_t b_count);

/* The same of the logarithms: the median of all ratios. All values must be above 0. */
struct shift ratio_of(const double *a, size_t a_count, const double *b, size_t b_count);

/* The mean of @n > 0 values, with Student's interval; NO_INTERVAL of one. */
struct shift mean_of(const double *values, size_t n);

#endif

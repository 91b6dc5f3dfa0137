/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_STATS_H
#define LIB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Statistics over boots: small samples, skewed, with outliers. Hence medians,
 * resampling and permutations rather than means and normal theory. Everything
 * random is seeded: the same samples give the same figures.
 */

struct interval {
	double low;
	double high;
};

/* Median of @n > 0 values, which are left as they are. */
double stats_median(const double *values, size_t n);

/* Whether every value is above 0, as a ratio or a logarithm needs it. */
bool stats_all_positive(const double *values, size_t n);

/**
 * stats_median_interval() - 95 % bootstrap interval of a median
 *
 * Percentile method, 10000 resamples (Efron & Tibshirani, An Introduction to
 * the Bootstrap, 1993, ch. 13).
 */
struct interval stats_median_interval(const double *values, size_t n, uint64_t seed);

/**
 * stats_ratio_interval() - 95 % bootstrap interval of median(a) / median(b)
 *
 * Both samples are resampled, independently of each other, and those of @b
 * must be positive; else as stats_median_interval(). Its coverage with few
 * boots is what tests/unit/test_stats.c measures.
 */
struct interval stats_ratio_interval(const double *a, size_t a_count, const double *b,
				     size_t b_count, uint64_t seed);

/**
 * stats_permutation_p() - how often chance alone separates two samples so far
 *
 * Two-sided permutation test of the difference of mean logarithms, or of means
 * where a value has no logarithm: all partitions where there are at most 200000
 * of them, else as many random ones.
 *
 * Return: p, from 1 / partitions to 1.
 */
double stats_permutation_p(const double *a, size_t a_count, const double *b, size_t b_count,
			   uint64_t seed);

/* The smallest p that these sample sizes allow: 2 / C(a + b, a) when a = b, else 1 / C(a + b, a).
 */
double stats_smallest_p(size_t a_count, size_t b_count);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_STATS_H
#define LIB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Statistics over boots: small samples, skewed, with outliers. Hence medians
 * and permutations rather than means and normal theory; intervals are in
 * bootstrap.h. What is drawn at random is seeded: the same samples give the same
 * figures.
 */

/* Room for @n numbers, zeroed, to be freed; ends the process where there is no memory. */
double *stats_array(size_t n);

/* Median of @n > 0 values, which are left as they are. */
double stats_median(const double *values, size_t n);

/* Whether every value is above 0, as a ratio or a logarithm needs it. */
bool stats_all_positive(const double *values, size_t n);

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

/* The same with at most so many partitions: for simulations, of which there are many. */
double stats_permutation_p_within(size_t partitions, const double *a, size_t a_count,
				  const double *b, size_t b_count, uint64_t seed);

/* The smallest p that these sample sizes allow: 2 / C(a + b, a) when a = b, else 1 / C(a + b, a).
 */
double stats_smallest_p(size_t a_count, size_t b_count);

/*
 * Correct the p of tests that are looked at together for their number (Holm, A
 * Simple Sequentially Rejective Multiple Test Procedure, 1979), in place.
 */
void stats_holm(double *p, size_t n);

/**
 * stats_boots_needed() - boots a side from which something can be found at all
 *
 * The least n whose smallest p, corrected for as many comparisons, is below @alpha.
 */
size_t stats_boots_needed(double alpha, size_t comparisons);

/**
 * stats_outliers() - flag values that lie far from the others
 * @flags: of each value, set
 *
 * By modified z-scores above 3.5: 0.6745 (x - median) / MAD, or, where more than
 * half of the values are equal, (x - median) / (1.2533 mean deviation) (Iglewicz
 * and Hoaglin, How to Detect and Handle Outliers, 1993). They are for showing:
 * no figure leaves them out.
 *
 * Return: how many there are; 0 of fewer than 4 values.
 */
size_t stats_outliers(const double *values, size_t n, bool *flags);

/**
 * stats_quantile_ranks() - between which ranks a quantile lies, with 95 %
 * @count: of independent values, > 0
 * @low, @high: 1-based ranks in rising order
 *
 * How many of them lie below the true quantile is binomial; each tail has at
 * most 2.5 % (David and Nagaraja, Order Statistics, 2003, ch. 7.1).
 *
 * Return: false where so few values have no such rank on one of the sides.
 */
bool stats_quantile_ranks(uint64_t count, double q, uint64_t *low, uint64_t *high);

#endif

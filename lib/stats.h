/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_STATS_H
#define LIB_STATS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Statistics over boots: small samples, skewed, with outliers. Hence medians and permutations;
 * intervals are in bootstrap.h. Random draws are seeded: the same samples give the same figures.
 */

/* Room for @n numbers, zeroed, to be freed; ends the process where there is no memory. */
double *stats_array(size_t n);

/* A seeded generator, to be freed. */
gsl_rng *stats_rng(uint64_t seed);

/* Median of @n > 0 values, which are left as they are. */
double stats_median(const double *values, size_t n);

/* Whether every value is above 0, as a ratio or a logarithm needs it. */
bool stats_all_positive(const double *values, size_t n);

/*
 * Two-sided permutation test of the difference of mean logarithms, or of means where a value has
 * no logarithm. Over all partitions if they are at most 200000; with 30 values a side and more by
 * the normal distribution (Hoeffding, A Combinatorial Central Limit Theorem, 1951); else over 5000
 * random partitions or more.
 */
double stats_permutation_p(const double *a, size_t a_count, const double *b, size_t b_count,
			   uint64_t seed);

/* The same with at most so many partitions: for simulations, of which there are many. */
double stats_permutation_p_within(size_t partitions, const double *a, size_t a_count,
				  const double *b, size_t b_count, uint64_t seed);

/* The smallest p for these sample sizes: 2 / C(a + b, a) when a = b, else 1 / C(a + b, a). */
double stats_smallest_p(size_t a_count, size_t b_count);

/* Correct p in place for the number of tests (Holm, A Simple Sequentially Rejective ..., 1979). */
void stats_holm(double *p, size_t n);

/* Boots a side: the least n whose smallest p, corrected for the comparisons, is below @alpha. */
size_t stats_boots_needed(double alpha, size_t comparisons);

/*
 * Set the flag of each value with a modified z-score above 3.5: 0.6745 (x - median) / MAD, or,
 * where more than half of the values are equal, (x - median) / (1.2533 mean deviation) (Iglewicz
 * and Hoaglin, How to Detect and Handle Outliers, 1993). Returns how many; 0 of fewer than 4
 * values.
 */
size_t stats_outliers(const double *values, size_t n, bool *flags);

/*
 * The 1-based ranks between which a quantile of @count > 0 independent values lies with 95 %: a
 * binomial with tails of at most 2.5 % (David and Nagaraja, Order Statistics, 2003, ch. 7.1).
 * Returns false where a side has no such rank.
 */
bool stats_quantile_ranks(uint64_t count, double q, uint64_t *low, uint64_t *high);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_STATS_H
#define LIB_STATS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Statistics over boots: small samples, skewed, with outliers. Hence medians and ranks; intervals
 * are in interval.h. Nothing is drawn: the same samples give the same figures.
 */

/* The chance to find an effect for which stats_detectable() and stats_boots_for() give it. */
#define POWER 0.8

/* Room for @n numbers, zeroed, to be freed; ends the process where there is no memory. */
double *stats_array(size_t n);

/* A seeded generator, to be freed. */
gsl_rng *stats_rng(uint64_t seed);

/* Median of @n > 0 values, which are left as they are. */
double stats_median(const double *values, size_t n);

/* Whether every value is above 0, as a ratio or a logarithm needs it. */
bool stats_all_positive(const double *values, size_t n);

/*
 * The two-sided rank test of two samples (Wilcoxon, Individual Comparisons by Ranking Methods,
 * 1945): p of the sum of ranks, ties sharing theirs, over all partitions of the values. With more
 * than 100 values by the normal distribution.
 */
double stats_rank_p(const double *a, size_t a_count, const double *b, size_t b_count);

/*
 * Where an interval that inverts the test ends: the rank, from 1, of its lower end among the
 * a_count * b_count differences. @outside: how likely what is estimated lies below that, at most
 * @tail, unless so few values cannot do better.
 */
size_t stats_rank_limit(size_t a_count, size_t b_count, double tail, double *outside);

/* The smallest p for these sample sizes: 2 / C(a + b, a). */
double stats_smallest_p(size_t a_count, size_t b_count);

/* Correct p in place for the number of tests (Holm, A Simple Sequentially Rejective ..., 1979). */
void stats_holm(double *p, size_t n);

/* Boots a side: the least n whose smallest p, corrected for the comparisons, is below @alpha. */
size_t stats_boots_needed(double alpha, size_t comparisons);

/*
 * The shift that the rank test would find at level @alpha with the chance POWER, where values
 * scatter by the standard deviation @sd: that of Student's test, for which the efficiency of ranks
 * is 3 / pi (Lehmann, Nonparametrics, 1975, ch. 2.4). INFINITY where no p is below alpha.
 */
double stats_detectable(double sd, size_t a_count, size_t b_count, double alpha);

/* Boots a side that it takes to find @effect so; 100000 stands for more. */
size_t stats_boots_for(double sd, double effect, double alpha);

/*
 * Student's test of the mean of @n > 0 values being 0: p, two-sided; 1 of one value. The mean that
 * it would find at level @alpha with the chance POWER, where values scatter by @sd; and the number
 * of values, from @least on, that it takes to find @effect so.
 */
double stats_mean_p(const double *values, size_t n);
double stats_mean_detectable(double sd, size_t n, double alpha);
size_t stats_values_for(double sd, double effect, double alpha, size_t least);

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

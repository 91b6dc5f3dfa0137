/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"

#define EXACT_MAX 100 /* with more values of both sides, a sum of ranks is normal */
#define TAIL 0.025
#define TIE 1e-12 /* figures that differ by this part are equal */
#define FAR 3.5	  /* a modified z-score beyond this is an outlier */
#define OUTLIERS_MIN 4
/* Of the rank test to Student's t where the values are normal, as a part of the standard error. */
#define RANK_EFFICIENCY 0.977
#define BOOTS_ENOUGH 100000

double *stats_array(size_t n)
{
	return xcalloc(n, sizeof(double));
}

double stats_median(const double *values, size_t n)
{
	double *copy = stats_array(n), median;

	memcpy(copy, values, n * sizeof(*copy));
	median = gsl_stats_median(copy, 1, n);
	free(copy);
	return median;
}

gsl_rng *stats_rng(uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	if (!rng)
		abort();
	gsl_rng_set(rng, seed);
	return rng;
}

bool stats_all_positive(const double *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(values[i] > 0))
			return false;
	return true;
}

/* Twice the rank of each value of both samples, so that ties have whole numbers, too. */
static unsigned int *double_ranks(const double *a, size_t a_count, const double *b, size_t b_count)
{
	size_t n = a_count + b_count, *order = xcalloc(n, sizeof(*order)), i, k, end;
	unsigned int *ranks = xcalloc(n, sizeof(*ranks));
	double *all = stats_array(n);

	memcpy(all, a, a_count * sizeof(*all));
	memcpy(all + a_count, b, b_count * sizeof(*all));
	gsl_sort_index(order, all, 1, n);
	for (i = 0; i < n; i = end) {
		double value = all[order[i]];

		for (end = i + 1; end < n && all[order[end]] - value <= TIE * fabs(value);)
			end++;
		for (k = i; k < end; k++)
			ranks[order[k]] = i + end + 1;
	}
	free(order);
	free(all);
	return ranks;
}

/* How likely each sum of @k of @n ranks is, by the sum; @sum_max: the largest. To be freed. */
static double *chances_of_sums(const unsigned int *ranks, size_t n, size_t k, size_t *sum_max)
{
	double *ways, all = gsl_sf_choose(n, k);
	size_t i, j, s, width;

	for (i = *sum_max = 0; i < n; i++)
		*sum_max += ranks[i];
	width = *sum_max + 1;
	/* ways[j][s]: to choose j of the ranks so far, with the sum s */
	ways = stats_array((k + 1) * width);
	ways[0] = 1;
	for (i = 0; i < n; i++)
		for (j = i + 1 < k ? i + 1 : k; j > 0; j--)
			for (s = ranks[i]; s < width; s++)
				ways[j * width + s] += ways[(j - 1) * width + s - ranks[i]];
	for (s = 0; s < width; s++)
		ways[s] = ways[k * width + s] / all;
	return ways;
}

static double exact_p(const unsigned int *ranks, size_t n, size_t k, double sum, double expected)
{
	double *chances, p = 0;
	size_t s, sum_max;

	chances = chances_of_sums(ranks, n, k, &sum_max);
	for (s = 0; s <= sum_max; s++)
		if (fabs(s - expected) >= fabs(sum - expected) - 0.5)
			p += chances[s];
	free(chances);
	return fmin(p, 1);
}

double stats_rank_p(const double *a, size_t a_count, const double *b, size_t b_count)
{
	unsigned int *ranks = double_ranks(a, a_count, b, b_count);
	size_t n = a_count + b_count, i;
	double sum = 0, expected = (double)a_count * (n + 1), squares = 0, p = 1, sd;

	for (i = 0; i < n; i++) {
		sum += i < a_count ? ranks[i] : 0;
		squares += (ranks[i] - (n + 1.0)) * (ranks[i] - (n + 1.0));
	}
	/* Sums of a_count ranks drawn without replacement. */
	sd = n > 1 ? sqrt(squares / n * a_count * b_count / (n - 1)) : 0;
	if (n <= EXACT_MAX)
		p = exact_p(ranks, n, a_count, sum, expected);
	else if (sd > 0)
		p = 2 * gsl_cdf_ugaussian_Q(fabs(sum - expected) / sd);
	free(ranks);
	return p;
}

size_t stats_rank_limit(size_t a_count, size_t b_count, double tail, double *outside)
{
	size_t n = a_count + b_count, i, s, sum_max, lowest = a_count * (a_count + 1) / 2;
	double below = 0, sd = sqrt((double)a_count * b_count * (n + 1) / 12), *chances;
	unsigned int *ranks;

	if (n > EXACT_MAX) {
		*outside = tail;
		return fmax(1, floor(a_count * b_count / 2.0 + sd * gsl_cdf_ugaussian_Pinv(tail)));
	}
	ranks = xcalloc(n, sizeof(*ranks));
	for (i = 0; i < n; i++)
		ranks[i] = i + 1;
	chances = chances_of_sums(ranks, n, a_count, &sum_max);
	*outside = chances[lowest];
	for (s = lowest; s <= sum_max && below + chances[s] <= tail; s++)
		*outside = below += chances[s];
	free(chances);
	free(ranks);
	return s > lowest ? s - lowest : 1;
}

double stats_smallest_p(size_t a_count, size_t b_count)
{
	return fmin(1, 2 / exp(gsl_sf_lnchoose(a_count + b_count, a_count)));
}

void stats_holm(double *p, size_t n)
{
	size_t *order = xcalloc(n, sizeof(*order)), i;
	double highest = 0;

	gsl_sort_index(order, p, 1, n);
	for (i = 0; i < n; i++) {
		highest = fmax(highest, p[order[i]] * (n - i));
		p[order[i]] = fmin(highest, 1);
	}
	free(order);
}

size_t stats_boots_needed(double alpha, size_t comparisons)
{
	size_t n = 1;

	while (stats_smallest_p(n, n) * comparisons >= alpha)
		n++;
	return n;
}

double stats_detectable(double sd, size_t a_count, size_t b_count, double alpha)
{
	double df = a_count + b_count - 2.0, error = sd * sqrt(1.0 / a_count + 1.0 / b_count);

	if (!(df >= 1) || stats_smallest_p(a_count, b_count) >= alpha)
		return INFINITY;
	return (gsl_cdf_tdist_Pinv(1 - alpha / 2, df) + gsl_cdf_tdist_Pinv(POWER, df)) * error /
	       RANK_EFFICIENCY;
}

size_t stats_boots_for(double sd, double effect, double alpha)
{
	size_t low = 1, high = BOOTS_ENOUGH, n;

	while (low < high) {
		n = low + (high - low) / 2;
		if (stats_detectable(sd, n, n, alpha) <= effect)
			high = n;
		else
			low = n + 1;
	}
	return low;
}

double stats_mean_p(const double *values, size_t n)
{
	double mean = gsl_stats_mean(values, 1, n), error;

	if (n < 2)
		return 1;
	error = gsl_stats_sd(values, 1, n) / sqrt(n);
	if (!(error > 0))
		return mean == 0 ? 1 : 0;
	return 2 * gsl_cdf_tdist_Q(fabs(mean) / error, n - 1.0);
}

double stats_mean_detectable(double sd, size_t n, double alpha)
{
	if (n < 2)
		return INFINITY;
	return (gsl_cdf_tdist_Qinv(alpha / 2, n - 1.0) + gsl_cdf_tdist_Pinv(POWER, n - 1.0)) * sd /
	       sqrt(n);
}

size_t stats_values_for(double sd, double effect, double alpha, size_t least)
{
	size_t low = least, high = BOOTS_ENOUGH, n;

	while (low < high) {
		n = low + (high - low) / 2;
		if (stats_mean_detectable(sd, n, alpha) <= effect)
			high = n;
		else
			low = n + 1;
	}
	return low;
}

size_t stats_outliers(const double *values, size_t n, bool *flags)
{
	double *deviations = stats_array(n), median, mad, unit;
	size_t i, found = 0;

	memset(flags, 0, n * sizeof(*flags));
	if (n < OUTLIERS_MIN)
		goto out;
	median = stats_median(values, n);
	for (i = 0; i < n; i++)
		deviations[i] = fabs(values[i] - median);
	mad = stats_median(deviations, n);
	unit = mad > 0 ? mad / 0.6745 : 1.2533 * gsl_stats_mean(deviations, 1, n);
	for (i = 0; i < n; i++)
		found += flags[i] = deviations[i] > FAR * unit;
out:
	free(deviations);
	return found;
}

/* The least k with P(X <= k) > TAIL, X binomial: by halving, for GSL has no inverse. */
static uint64_t binomial_tail(uint64_t count, double q)
{
	uint64_t low = 0, high = count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (gsl_cdf_binomial_P(middle, q, count) > TAIL)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool stats_quantile_ranks(uint64_t count, double q, uint64_t *low, uint64_t *high)
{
	/* The upper end is the lower one of the values counted from above. */
	*low = binomial_tail(count, q);
	*high = count + 1 - binomial_tail(count, 1 - q);
	return *low >= 1 && *high <= count;
}

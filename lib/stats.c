/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_combination.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"

#define PARTITIONS_MAX 200000 /* up to so many are all tried */
#define DRAWN_VALUES 500000   /* else random ones of so many values in total */
#define DRAWS_MIN 5000
#define LARGE 30 /* with as many values a side, the mean of a random half of them is normal */
#define TAIL 0.025
#define TIE 1e-12 /* tolerance for partitions as extreme as the observed one */
#define FAR 3.5	  /* a modified z-score beyond this is an outlier */
#define OUTLIERS_MIN 4

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

/* A pooled sample, and what the observed partition of it gave. */
struct permutation {
	double *scores, total, observed;
	size_t count, a_count;
};

/* Difference of the means when the sum of the first group is @sum. */
static double difference(const struct permutation *p, double sum)
{
	return fabs(sum / p->a_count - (p->total - sum) / (p->count - p->a_count));
}

static double exact_p(const struct permutation *p)
{
	gsl_combination *c = gsl_combination_calloc(p->count, p->a_count);
	size_t extreme = 0, partitions = 0, i;

	if (!c)
		abort();
	do {
		double sum = 0;

		for (i = 0; i < p->a_count; i++)
			sum += p->scores[gsl_combination_get(c, i)];
		extreme += difference(p, sum) >= p->observed - TIE;
		partitions++;
	} while (gsl_combination_next(c) == 0);
	gsl_combination_free(c);
	return (double)extreme / partitions;
}

static double sampled_p(const struct permutation *p, size_t partitions, uint64_t seed)
{
	size_t draws = DRAWN_VALUES / (p->count + 1);
	double *group = stats_array(p->a_count);
	gsl_rng *rng = stats_rng(seed);
	size_t extreme = 1, d, i; /* the observed one counts */

	draws = draws < DRAWS_MIN ? DRAWS_MIN : draws;
	draws = partitions < draws ? partitions : draws;
	for (d = 0; d < draws; d++) {
		double sum = 0;

		gsl_ran_choose(rng, group, p->a_count, p->scores, p->count, sizeof(*group));
		for (i = 0; i < p->a_count; i++)
			sum += group[i];
		extreme += difference(p, sum) >= p->observed - TIE;
	}
	gsl_rng_free(rng);
	free(group);
	return (double)extreme / (draws + 1);
}

bool stats_all_positive(const double *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(values[i] > 0))
			return false;
	return true;
}

/* The permutation distribution has this variance whatever the values are. */
static double normal_p(const struct permutation *p)
{
	double variance = gsl_stats_variance(p->scores, 1, p->count);
	double sd = sqrt(variance * p->count / p->a_count / (p->count - p->a_count));

	return sd > 0 ? 2 * gsl_cdf_ugaussian_Q(p->observed / sd) : 1;
}

double stats_permutation_p_within(size_t partitions, const double *a, size_t a_count,
				  const double *b, size_t b_count, uint64_t seed)
{
	struct permutation p = { .count = a_count + b_count, .a_count = a_count };
	bool logs = stats_all_positive(a, a_count) && stats_all_positive(b, b_count);
	double sum = 0, result;
	size_t i;

	p.scores = stats_array(p.count);
	for (i = 0; i < p.count; i++) {
		double value = i < a_count ? a[i] : b[i - a_count];

		p.scores[i] = logs ? log(value) : value;
		p.total += p.scores[i];
		sum += i < a_count ? p.scores[i] : 0;
	}
	p.observed = difference(&p, sum);
	if (gsl_sf_lnchoose(p.count, a_count) <= log(partitions))
		result = exact_p(&p);
	else if (a_count >= LARGE && b_count >= LARGE)
		result = normal_p(&p);
	else
		result = sampled_p(&p, partitions, seed);
	free(p.scores);
	return result;
}

double stats_permutation_p(const double *a, size_t a_count, const double *b, size_t b_count,
			   uint64_t seed)
{
	return stats_permutation_p_within(PARTITIONS_MAX, a, a_count, b, b_count, seed);
}

double stats_smallest_p(size_t a_count, size_t b_count)
{
	double partitions = exp(gsl_sf_lnchoose(a_count + b_count, a_count));

	return (a_count == b_count ? 2 : 1) / partitions;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/stats.h"

#include <gsl/gsl_combination.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES 10000
#define PARTITIONS_MAX 200000.0
#define CONFIDENCE 0.95
/* Partitions as extreme as the observed one are told by a tolerance, not by bits. */
#define TIE 1e-12

static void *must_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		abort();
	return memory;
}

double stats_median(const double *values, size_t n)
{
	double *copy = must_alloc(n, sizeof(*copy)), median;

	memcpy(copy, values, n * sizeof(*copy));
	median = gsl_stats_median(copy, 1, n);
	free(copy);
	return median;
}

/* Median of a resample of @values; @room holds it. */
static double resampled_median(gsl_rng *rng, const double *values, size_t n, double *room)
{
	gsl_ran_sample(rng, room, n, (void *)values, n, sizeof(*values));
	return gsl_stats_median(room, 1, n);
}

static struct interval percentiles(double *estimates, size_t n)
{
	const double tail = (1 - CONFIDENCE) / 2;

	gsl_sort(estimates, 1, n);
	return (struct interval){
		.low = gsl_stats_quantile_from_sorted_data(estimates, 1, n, tail),
		.high = gsl_stats_quantile_from_sorted_data(estimates, 1, n, 1 - tail),
	};
}

static gsl_rng *new_rng(uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	if (!rng)
		abort();
	gsl_rng_set(rng, seed);
	return rng;
}

struct interval stats_median_interval(const double *values, size_t n, uint64_t seed)
{
	double *estimates = must_alloc(RESAMPLES, sizeof(*estimates));
	double *room = must_alloc(n, sizeof(*room));
	gsl_rng *rng = new_rng(seed);
	struct interval interval;
	size_t i;

	for (i = 0; i < RESAMPLES; i++)
		estimates[i] = resampled_median(rng, values, n, room);
	interval = percentiles(estimates, RESAMPLES);
	gsl_rng_free(rng);
	free(room);
	free(estimates);
	return interval;
}

struct interval stats_ratio_interval(const double *a, size_t a_count, const double *b,
				     size_t b_count, uint64_t seed)
{
	double *estimates = must_alloc(RESAMPLES, sizeof(*estimates));
	double *room = must_alloc(a_count > b_count ? a_count : b_count, sizeof(*room));
	gsl_rng *rng = new_rng(seed);
	struct interval interval;
	size_t i;

	for (i = 0; i < RESAMPLES; i++) {
		double top = resampled_median(rng, a, a_count, room);

		estimates[i] = top / resampled_median(rng, b, b_count, room);
	}
	interval = percentiles(estimates, RESAMPLES);
	gsl_rng_free(rng);
	free(room);
	free(estimates);
	return interval;
}

/* A pooled sample, and what the observed partition of it gave. */
struct permutation {
	double *scores;
	size_t count;
	size_t a_count;
	double total;
	double observed;
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

static double sampled_p(const struct permutation *p, uint64_t seed)
{
	double *group = must_alloc(p->a_count, sizeof(*group));
	gsl_rng *rng = new_rng(seed);
	size_t extreme = 1, draws = PARTITIONS_MAX, d, i; /* the observed one counts */

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

double stats_permutation_p(const double *a, size_t a_count, const double *b, size_t b_count,
			   uint64_t seed)
{
	struct permutation p = { .count = a_count + b_count, .a_count = a_count };
	bool logs = stats_all_positive(a, a_count) && stats_all_positive(b, b_count);
	double sum = 0, result;
	size_t i;

	p.scores = must_alloc(p.count, sizeof(*p.scores));
	for (i = 0; i < p.count; i++) {
		double value = i < a_count ? a[i] : b[i - a_count];

		p.scores[i] = logs ? log(value) : value;
		p.total += p.scores[i];
		sum += i < a_count ? p.scores[i] : 0;
	}
	p.observed = difference(&p, sum);
	if (gsl_sf_lnchoose(p.count, a_count) <= log(PARTITIONS_MAX))
		result = exact_p(&p);
	else
		result = sampled_p(&p, seed);
	free(p.scores);
	return result;
}

double stats_smallest_p(size_t a_count, size_t b_count)
{
	double partitions = exp(gsl_sf_lnchoose(a_count + b_count, a_count));

	return (a_count == b_count ? 2 : 1) / partitions;
}

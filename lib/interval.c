/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/interval.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stats.h"

#define TAIL ((1 - CONFIDENCE) / 2)
/* A gap of more than this part of the range is one between groups of values. */
#define GAP 0.5
/* Halvings until a double is known to its last bit. */
#define HALVINGS 70

static double *sorted_copy(const double *values, size_t n)
{
	double *sorted = stats_array(n);

	memcpy(sorted, values, n * sizeof(*sorted));
	gsl_sort(sorted, 1, n);
	return sorted;
}

/* That the median lies between the @rank-th value from below and from above. */
static double chance_between(size_t rank, size_t n)
{
	return 1 - 2 * gsl_cdf_binomial_P(rank - 1, 0.5, n);
}

/* The highest rank of an end that is sure enough; 1 where none is. */
static size_t certain_rank(size_t n)
{
	size_t rank = 1;

	while (2 * rank < n && chance_between(rank + 1, n) >= CONFIDENCE)
		rank++;
	return rank;
}

/* How far an end lies on the way from the @rank-th value to the next. */
static double part_of_step(size_t rank, size_t n)
{
	double outer = chance_between(rank, n), inner = chance_between(rank + 1, n);
	double part = (outer - CONFIDENCE) / (outer - inner);

	return (n - rank) * part / (rank + (n - 2.0 * rank) * part);
}

static double end_between(double outer, double inner, double part, double range)
{
	return fabs(inner - outer) > GAP * range ? outer : outer + part * (inner - outer);
}

struct interval interval_of_median_certain(const double *values, size_t n)
{
	double *sorted = sorted_copy(values, n);
	size_t rank = certain_rank(n);
	struct interval i = { sorted[rank - 1], sorted[n - rank], chance_between(rank, n) };

	free(sorted);
	return i;
}

struct interval interval_of_median(const double *values, size_t n)
{
	struct interval i = interval_of_median_certain(values, n);
	double *sorted, range, part;
	size_t rank = certain_rank(n);

	if (i.confidence < CONFIDENCE)
		return i;
	sorted = sorted_copy(values, n);
	range = sorted[n - 1] - sorted[0];
	part = part_of_step(rank, n);
	i.low = end_between(i.low, sorted[rank], part, range);
	i.high = end_between(i.high, sorted[n - rank - 1], part, range);
	i.confidence = CONFIDENCE;
	free(sorted);
	return i;
}

/* Two samples, each in rising order. */
struct samples {
	const double *a, *b;
	size_t a_count, b_count;
};

/* The number of differences of at most @limit. */
static size_t differences_within(const struct samples *s, double limit)
{
	size_t i = 0, j, count = 0;

	for (j = 0; j < s->b_count; j++) {
		while (i < s->a_count && s->a[i] <= s->b[j] + limit)
			i++;
		count += i;
	}
	return count;
}

/* The @rank-th difference from below: there are too many to sort. */
static double difference_at(const struct samples *s, size_t rank)
{
	double low = s->a[0] - s->b[s->b_count - 1], high = s->a[s->a_count - 1] - s->b[0];
	int i;

	if (differences_within(s, low) >= rank)
		return low;
	for (i = 0; i < HALVINGS; i++) {
		double middle = low + (high - low) / 2;

		if (differences_within(s, middle) >= rank)
			high = middle;
		else
			low = middle;
	}
	return high;
}

struct shift shift_of(const double *a, size_t a_count, const double *b, size_t b_count)
{
	double *a_sorted = sorted_copy(a, a_count), *b_sorted = sorted_copy(b, b_count), outside;
	struct samples s = { a_sorted, b_sorted, a_count, b_count };
	size_t all = a_count * b_count, rank = stats_rank_limit(a_count, b_count, TAIL, &outside);
	struct shift shift = {
		.value = (difference_at(&s, (all + 1) / 2) + difference_at(&s, all / 2 + 1)) / 2,
		.interval = { difference_at(&s, rank), difference_at(&s, all + 1 - rank),
			      1 - 2 * outside },
	};

	free(a_sorted);
	free(b_sorted);
	return shift;
}

static double *logarithms(const double *values, size_t n)
{
	double *logs = stats_array(n);
	size_t i;

	for (i = 0; i < n; i++)
		logs[i] = log(values[i]);
	return logs;
}

struct shift ratio_of(const double *a, size_t a_count, const double *b, size_t b_count)
{
	double *a_logs = logarithms(a, a_count), *b_logs = logarithms(b, b_count);
	struct shift s = shift_of(a_logs, a_count, b_logs, b_count);

	free(a_logs);
	free(b_logs);
	return (struct shift){
		exp(s.value), { exp(s.interval.low), exp(s.interval.high), s.interval.confidence }
	};
}

struct shift mean_of(const double *values, size_t n)
{
	struct shift s = { gsl_stats_mean(values, 1, n), NO_INTERVAL };
	double reach;

	if (n < 2)
		return s;
	reach = gsl_cdf_tdist_Qinv(TAIL, n - 1.0) * gsl_stats_sd(values, 1, n) / sqrt(n);
	s.interval = (struct interval){ s.value - reach, s.value + reach, CONFIDENCE };
	return s;
}

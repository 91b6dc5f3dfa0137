/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/bootstrap.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/stats.h"

#define CONFIDENCE 0.95
/* Medians less likely than this do not change an end noticeably. */
#define NEGLIGIBLE 1e-18
/* Figures that differ only by rounding are equal. */
#define TIE 1e-12
/* Halvings until an end is known to the last bit of a double. */
#define HALVINGS 70

/* What the median of a resample can be, in rising order, and how likely each is. */
struct medians {
	struct atom {
		double value, p;
	} * atoms;
	size_t count;
};

/* How two medians make one figure. */
enum figure { DIFFERENCE, RATIO };

struct pair {
	enum figure figure;
	const struct medians *a, *b;
};

static void add_atom(struct medians *m, double value, double p)
{
	if (p <= NEGLIGIBLE)
		return;
	/* Room doubles: whenever the count is a power of two. */
	if (!(m->count & (m->count - 1)))
		m->atoms = xreallocarray(m->atoms, 2 * m->count + 1, sizeof(*m->atoms));
	m->atoms[m->count++] = (struct atom){ value, p };
}

/* Chance that the @rank-th smallest of n draws is one of the @k lowest of n values. */
static double chance_within(size_t k, size_t n, size_t rank)
{
	return k == n ? 1 : gsl_cdf_binomial_Q(rank - 1, (double)k / n, n);
}

/* Chance that the @rank-th smallest is the i-th value. */
static double chance_of(size_t i, size_t n, size_t rank)
{
	return chance_within(i, n, rank) - chance_within(i - 1, n, rank);
}

static void odd_medians(struct medians *m, const double *sorted, size_t n)
{
	size_t i;

	for (i = 1; i <= n; i++)
		add_atom(m, sorted[i - 1], chance_of(i, n, n / 2 + 1));
}

/* For all k, log of the chance that @half draws are in the k lowest of n, one at the k-th. */
static double *log_chances_of_end(size_t n, size_t half)
{
	double *chances = stats_array(n + 1);
	size_t k;

	for (k = 1; k <= n; k++)
		chances[k] = half * log((double)k / n) + log1p(-pow((double)(k - 1) / k, half));
	return chances;
}

/*
 * With n = 2m draws the median is the middle of two: m of them at or below the i-th value, one
 * being it, and m at or above the j-th, one being that. Far apart they have a negligible chance.
 */
static void even_medians(struct medians *m, const double *sorted, size_t n)
{
	size_t half = n / 2, i, j;
	double *end = log_chances_of_end(n, half), ways = gsl_sf_lnchoose(n, half);

	for (i = 1; i <= n; i++) {
		double both = chance_of(i, n, half), p = 1;

		for (j = i + 1; j <= n && p > NEGLIGIBLE; j++) {
			p = exp(ways + end[i] + end[n - j + 1]);
			add_atom(m, (sorted[i - 1] + sorted[j - 1]) / 2, p);
			both -= p;
		}
		add_atom(m, sorted[i - 1], both);
	}
	free(end);
}

static int by_value(const void *left, const void *right)
{
	const struct atom *a = left, *b = right;

	return (a->value > b->value) - (a->value < b->value);
}

static double *sorted_copy(const double *values, size_t n)
{
	double *sorted = stats_array(n);

	memcpy(sorted, values, n * sizeof(*sorted));
	gsl_sort(sorted, 1, n);
	return sorted;
}

static struct medians medians_of(const double *values, size_t n)
{
	struct medians m = { .atoms = NULL };
	double *sorted = sorted_copy(values, n);

	if (n % 2)
		odd_medians(&m, sorted, n);
	else
		even_medians(&m, sorted, n);
	assert(m.count);
	qsort(m.atoms, m.count, sizeof(*m.atoms), by_value);
	free(sorted);
	return m;
}

static double figure_of(enum figure figure, double a, double b)
{
	return figure == RATIO ? a / b : a - b;
}

/* Chance of a figure of at most @limit: of an a of at most limit + b, or limit * b. */
static double chance_up_to(const struct pair *pair, double limit)
{
	double a_chance = 0, chance = 0;
	size_t i = 0, j;

	/* The bound rises with b, unless a negative ratio turns it round. */
	for (j = 0; j < pair->b->count; j++) {
		bool falls = pair->figure == RATIO && limit < 0;
		const struct atom *b = &pair->b->atoms[falls ? pair->b->count - 1 - j : j];
		double bound = pair->figure == RATIO ? limit * b->value : limit + b->value;

		for (; i < pair->a->count && pair->a->atoms[i].value <= bound; i++)
			a_chance += pair->a->atoms[i].p;
		chance += a_chance * b->p;
	}
	return chance;
}

/* The lowest and highest figure that resamples can make. */
static struct interval range_of(const struct pair *pair)
{
	const struct atom *a = pair->a->atoms, *a_end = a + pair->a->count - 1;
	double b = pair->b->atoms[0].value, b_end = pair->b->atoms[pair->b->count - 1].value;

	return (struct interval){
		.low = fmin(figure_of(pair->figure, a->value, b),
			    figure_of(pair->figure, a->value, b_end)),
		.high = fmax(figure_of(pair->figure, a_end->value, b),
			     figure_of(pair->figure, a_end->value, b_end)),
	};
}

/* The lowest figure that has at least @chance below or at it. */
static double quantile(const struct pair *pair, struct interval range, double chance)
{
	int i;

	if (chance_up_to(pair, range.low) >= chance)
		return range.low;
	for (i = 0; i < HALVINGS; i++) {
		double middle = range.low + (range.high - range.low) / 2;

		if (chance_up_to(pair, middle) >= chance)
			range.high = middle;
		else
			range.low = middle;
	}
	return range.high;
}

static double median_without(const double *sorted, size_t n, size_t out)
{
	size_t low = (n - 2) / 2, high = (n - 1) / 2;

	return (sorted[low + (low >= out)] + sorted[high + (high >= out)]) / 2;
}

/*
 * Sums of the squares and cubes of each value's weight in the median: the mean of the medians
 * without one value, minus that without it. @scale is the figure's derivative by this median.
 */
static void add_influence(const double *values, size_t n, double scale, double *squares,
			  double *cubes)
{
	double *sorted = sorted_copy(values, n), mean = 0, weight;
	size_t i;

	for (i = 0; n > 1 && i < n; i++)
		mean += median_without(sorted, n, i) / n;
	for (i = 0; n > 1 && i < n; i++) {
		weight = scale * (n - 1) * (mean - median_without(sorted, n, i)) / n;
		*squares += weight * weight;
		*cubes += weight * weight * weight;
	}
	free(sorted);
}

static double acceleration(enum figure figure, const double *a, size_t a_count, const double *b,
			   size_t b_count)
{
	double squares = 0, cubes = 0, a_scale = 1, b_scale = -1;

	if (figure == RATIO) {
		/* d(x / y) / dx = 1 / y, d(x / y) / dy = -x / y^2 */
		double y = stats_median(b, b_count);

		a_scale = 1 / y;
		b_scale = -stats_median(a, a_count) / (y * y);
	}
	add_influence(a, a_count, a_scale, &squares, &cubes);
	add_influence(b, b_count, b_scale, &squares, &cubes);
	return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

/* Where the BCa method takes an end, as a chance of the bootstrap's distribution. */
static double corrected(double bias, double skew, double chance)
{
	double z = bias + gsl_cdf_ugaussian_Pinv(chance);

	return gsl_cdf_ugaussian_P(bias + z / (1 - skew * z));
}

static struct interval bca(enum figure figure, const double *a, size_t a_count, const double *b,
			   size_t b_count)
{
	struct medians a_medians = medians_of(a, a_count), b_medians = medians_of(b, b_count);
	struct pair pair = { figure, &a_medians, &b_medians };
	double observed = figure_of(figure, stats_median(a, a_count), stats_median(b, b_count));
	struct interval range = range_of(&pair), result = range;
	double tie = TIE * fmax(fabs(range.low), fabs(range.high)), bias, skew;
	const double tail = (1 - CONFIDENCE) / 2;

	if (range.high - range.low <= tie)
		goto out;
	bias = gsl_cdf_ugaussian_Pinv(
		(chance_up_to(&pair, observed - tie) + chance_up_to(&pair, observed + tie)) / 2);
	skew = acceleration(figure, a, a_count, b, b_count);
	result.low = quantile(&pair, range, corrected(bias, skew, tail));
	result.high = quantile(&pair, range, corrected(bias, skew, 1 - tail));
out:
	free(a_medians.atoms);
	free(b_medians.atoms);
	return result;
}

struct interval bootstrap_median(const double *values, size_t n)
{
	static const double zero = 0;

	return bca(DIFFERENCE, values, n, &zero, 1);
}

struct interval bootstrap_ratio(const double *a, size_t a_count, const double *b, size_t b_count)
{
	return bca(RATIO, a, a_count, b, b_count);
}

struct interval bootstrap_difference(const double *a, size_t a_count, const double *b,
				     size_t b_count)
{
	return bca(DIFFERENCE, a, a_count, b, b_count);
}

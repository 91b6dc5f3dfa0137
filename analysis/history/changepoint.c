/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/changepoint.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/stats.h"

#define DRAWS 9999
/* Logarithms nearer to each other than this differ by rounding. */
#define ROUNDING 1e-9
#define TIE 1e-12

/* A series cut into levels: level k is [start[k], start[k + 1]). */
struct levels {
	const double *values;
	size_t n, count;
	size_t *start; /* count + 1 of them, room for n + 1 */
};

/* A further shift: [from, to) of a level against the rest of that level. */
struct arc {
	size_t from, to;
	double share; /* of the sum of squares within levels, that the shift explains */
};

/* To the end of the level; to where the series shifts back within it. */
enum { SPLIT, BACK, ARCS };

/* Part of alpha. There are many more ways to shift back, but a plain shift is more common. */
static const double weights[ARCS] = { [SPLIT] = 0.8, [BACK] = 0.2 };

static struct levels one_level(const double *values, size_t n)
{
	struct levels levels = { values, n, 1, xcalloc(n + 2, sizeof(size_t)) };

	levels.start[1] = n;
	return levels;
}

/* Plain sums: GSL's running means divide at each value, and simulations are made of these. */
static double level_mean(const struct levels *l, size_t k)
{
	double sum = 0;
	size_t i;

	for (i = l->start[k]; i < l->start[k + 1]; i++)
		sum += l->values[i];
	return sum / (l->start[k + 1] - l->start[k]);
}

/* Sum of squares within levels. */
static double residual(const struct levels *l)
{
	double sum = 0;
	size_t k, i;

	for (k = 0; k < l->count; k++) {
		double mean = level_mean(l, k);

		for (i = l->start[k]; i < l->start[k + 1]; i++)
			sum += (l->values[i] - mean) * (l->values[i] - mean);
	}
	return sum;
}

/* Whether [from, to) may be a level: no single value but at the ends of the series. */
static bool may_be_level(size_t from, size_t to, size_t n)
{
	return to - from != 1 || !from || to == n;
}

/*
 * The best arcs within one level, by the sum of squares that they explain. An
 * arc up to the level's end is the same cut as the one up to its start.
 */
static void search_level(const struct levels *l, size_t k, double *sums, struct arc *best)
{
	size_t start = l->start[k], end = l->start[k + 1], m = end - start, i, from, to;
	double mean = level_mean(l, k);

	sums[0] = 0;
	for (i = 0; i < m; i++)
		sums[i + 1] = sums[i] + l->values[start + i] - mean;
	for (from = start; from < end; from++) {
		struct arc *arc = &best[from == start ? SPLIT : BACK];

		for (to = from + 1; to < end; to++) {
			double sum = sums[to - start] - sums[from - start];
			double gain = sum * sum * m / ((to - from) * (m - (to - from)));

			if (gain > arc->share && may_be_level(from, to, l->n) &&
			    (from == start || may_be_level(start, from, l->n)) &&
			    may_be_level(to, end, l->n))
				*arc = (struct arc){ from, to, gain };
		}
	}
}

/* The clearest arc of each kind; @sums: room for n + 1. */
static void best_arcs(const struct levels *l, double *sums, struct arc *best)
{
	double within = residual(l);
	size_t k;

	memset(best, 0, ARCS * sizeof(*best));
	if (within <= l->n * ROUNDING * ROUNDING)
		return;
	for (k = 0; k < l->count; k++)
		search_level(l, k, sums, best);
	for (k = 0; k < ARCS; k++)
		best[k].share /= within;
}

/* The null distribution in levels cut like these: DRAWS shares of each kind, to be freed. */
static void draw(const struct levels *l, uint64_t seed, double *shares[ARCS])
{
	double *values = stats_array(l->n), *sums = stats_array(l->n + 1);
	struct levels drawn = { values, l->n, l->count, l->start };
	gsl_rng *rng = stats_rng(seed);
	struct arc arcs[ARCS];
	size_t d, i;

	for (i = 0; i < ARCS; i++)
		shares[i] = stats_array(DRAWS);
	for (d = 0; d < DRAWS; d++) {
		for (i = 0; i < l->n; i++)
			values[i] = gsl_ran_gaussian_ziggurat(rng, 1);
		best_arcs(&drawn, sums, arcs);
		for (i = 0; i < ARCS; i++)
			shares[i][d] = arcs[i].share;
	}
	gsl_rng_free(rng);
	free(sums);
	free(values);
}

/* The arc to take next, and its p. */
static double next_arc(const struct levels *l, uint64_t seed, struct arc *next)
{
	double *sums = stats_array(l->n + 1), *shares[ARCS], p, least = INFINITY;
	struct arc arcs[ARCS];
	size_t k, d, extreme;

	best_arcs(l, sums, arcs);
	free(sums);
	if (l->n < CHANGEPOINT_VALUES_MIN)
		return 1;
	draw(l, seed, shares);
	for (k = 0; k < ARCS; k++) {
		extreme = 1; /* the observed one counts */
		for (d = 0; d < DRAWS; d++)
			extreme += arcs[k].share <= 0 || shares[k][d] >= arcs[k].share - TIE;
		p = (double)extreme / (DRAWS + 1) / weights[k];
		if (p < least) {
			least = p;
			*next = arcs[k];
		}
		free(shares[k]);
	}
	return fmin(1, least);
}

double changepoint_p(const double *values, size_t n, uint64_t seed)
{
	struct levels levels = one_level(values, n);
	struct arc arc;
	double p = next_arc(&levels, seed, &arc);

	free(levels.start);
	return p;
}

/* Begin a level at @at, unless one does. Returns which. */
static size_t cut(struct levels *l, size_t at)
{
	size_t k = 0;

	while (l->start[k] < at)
		k++;
	if (l->start[k] == at)
		return k;
	memmove(l->start + k + 1, l->start + k, (l->count + 1 - k) * sizeof(*l->start));
	l->start[k] = at;
	l->count++;
	return k;
}

static void join(struct levels *l, size_t k)
{
	memmove(l->start + k, l->start + k + 1, (l->count - k) * sizeof(*l->start));
	l->count--;
}

static double shift_at(const struct levels *l, size_t k)
{
	return level_mean(l, k) - level_mean(l, k - 1);
}

/* Standard error of the shift between levels k - 1 and k, by the spread within all levels. */
static double error_at(const struct levels *l, size_t k)
{
	double before = l->start[k] - l->start[k - 1], after = l->start[k + 1] - l->start[k];

	return sqrt(residual(l) / (l->n - l->count) * (1 / before + 1 / after));
}

/* Two-sided p of Student's t for the boundary of level k. */
static double boundary_p(const struct levels *l, size_t k)
{
	double error = error_at(l, k), shift = fabs(shift_at(l, k)), freedom = l->n - l->count;

	if (freedom < 1)
		return 1;
	if (error <= ROUNDING)
		return shift > ROUNDING ? 0 : 1;
	return 2 * gsl_cdf_tdist_Q(shift / error, freedom);
}

/* One end of an arc that shifts back may be due to chance: that cut is undone. */
static void take_arc(struct levels *l, const struct arc *arc, double alpha)
{
	size_t before = l->count, from = cut(l, arc->from), to = cut(l, arc->to);
	double p_from, p_to;

	if (l->count - before < 2)
		return;
	p_from = boundary_p(l, from);
	p_to = boundary_p(l, to);
	if (p_to >= alpha && p_to >= p_from)
		join(l, to);
	else if (p_from >= alpha)
		join(l, from);
}

/* Join levels whose shift is negligible, the smallest first: each join changes the others. */
static void drop_small(struct levels *l, double smallest)
{
	double least, effect;
	size_t k, drop;

	do {
		for (k = 1, drop = 0, least = smallest; k < l->count; k++) {
			effect = fabs(expm1(shift_at(l, k)));
			if (effect < least) {
				least = effect;
				drop = k;
			}
		}
		if (drop)
			join(l, drop);
	} while (drop);
}

/* Cut until no arc is significant; @p gets for each value the p of the step that cut there. */
static void search(struct levels *l, double alpha, uint64_t seed, double *p)
{
	struct arc arc = { 0 };
	double highest = 0;
	size_t before, k;

	do {
		before = l->count;
		highest = fmax(highest, next_arc(l, seed, &arc));
		if (highest >= alpha)
			break;
		take_arc(l, &arc, alpha);
		for (k = 1; k < l->count; k++)
			if (p[l->start[k]] == 0)
				p[l->start[k]] = highest;
	} while (l->count > before);
}

size_t changepoint_find(const double *values, size_t n, double alpha, double smallest,
			uint64_t seed, struct changepoint *found)
{
	struct levels levels = one_level(values, n);
	double *p = stats_array(n + 1), shift, reach, freedom;
	size_t k, count;

	search(&levels, alpha, seed, p);
	drop_small(&levels, smallest);
	count = levels.count - 1;
	freedom = n - levels.count;
	for (k = 1; k <= count; k++) {
		shift = shift_at(&levels, k);
		reach = freedom < 1 ? NAN
				    : error_at(&levels, k) * gsl_cdf_tdist_Pinv(0.975, freedom);
		found[k - 1] = (struct changepoint){
			levels.start[k], p[levels.start[k]], shift, { shift - reach, shift + reach }
		};
	}
	free(p);
	free(levels.start);
	return count;
}

double changepoint_detectable(const double *values, size_t n, size_t last, double alpha,
			      uint64_t seed)
{
	struct levels levels = one_level(values, n);
	double *shares[ARCS], share = 1, spread = residual(&levels);

	if (n >= CHANGEPOINT_VALUES_MIN) {
		draw(&levels, seed, shares);
		gsl_sort(shares[SPLIT], 1, DRAWS);
		share = gsl_stats_quantile_from_sorted_data(shares[SPLIT], 1, DRAWS,
							    1 - weights[SPLIT] * alpha);
		free(shares[SPLIT]);
		free(shares[BACK]);
	}
	free(levels.start);
	/* shift^2 last (n - last) / n is what it explains, of that and the spread around it. */
	return share < 1 ? sqrt(share / (1 - share) * spread * n / (last * (n - last))) : INFINITY;
}

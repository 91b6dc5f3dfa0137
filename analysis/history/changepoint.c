/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/changepoint.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stats.h"

#define DRAWS 9999
/* Logarithms nearer to each other than this differ by rounding. */
#define ROUNDING 1e-9
#define TIE 1e-12

/* A series cut into levels: level k is [start[k], start[k + 1]). */
struct levels {
	size_t n;
	size_t count;
	size_t *start; /* count + 1 of them, room for n + 1 */
};

/* A further shift: [from, to) of a level against the rest of that level. */
struct arc {
	size_t from;
	size_t to;
	double share; /* of the sum of squares within levels, that the shift explains */
};

/* The clearest ones: there and no more back, within a level, and there and back again. */
struct arcs {
	struct arc split;
	struct arc back;
};

/*
 * What part of alpha each of them gets. There are many more ways to go there
 * and back, and all that they get makes a plain shift harder to see, which is
 * what there mostly is to be seen.
 */
#define SPLIT_WEIGHT 0.8
#define BACK_WEIGHT (1 - SPLIT_WEIGHT)

static gsl_rng *new_rng(uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	if (!rng)
		abort();
	gsl_rng_set(rng, seed);
	return rng;
}

static struct levels one_level(size_t n)
{
	struct levels levels = { .n = n, .count = 1, .start = calloc(n + 2, sizeof(size_t)) };

	if (!levels.start)
		abort();
	levels.start[1] = n;
	return levels;
}

/* Plain sums: GSL's running means divide at each value, and simulations are made of these. */
static double level_mean(const double *values, const struct levels *l, size_t k)
{
	double sum = 0;
	size_t i;

	for (i = l->start[k]; i < l->start[k + 1]; i++)
		sum += values[i];
	return sum / (l->start[k + 1] - l->start[k]);
}

/* Sum of squares within levels. */
static double residual(const double *values, const struct levels *l)
{
	double sum = 0;
	size_t k, i;

	for (k = 0; k < l->count; k++) {
		double mean = level_mean(values, l, k);

		for (i = l->start[k]; i < l->start[k + 1]; i++)
			sum += (values[i] - mean) * (values[i] - mean);
	}
	return sum;
}

/* Whether [from, to) may be a level: no single value but at the ends of the series. */
static bool may_be_level(size_t from, size_t to, size_t n)
{
	return to - from != 1 || !from || to == n;
}

static bool may_be_arc(size_t from, size_t to, size_t start, size_t end, size_t n)
{
	return may_be_level(from, to, n) && (from == start || may_be_level(start, from, n)) &&
	       (to == end || may_be_level(to, end, n));
}

/*
 * The best arcs within one level, by the sum of squares that they explain. An
 * arc up to the level's end is the same cut as the one up to its start.
 */
static void search_level(const double *values, const struct levels *l, size_t k, double *sums,
			 struct arcs *best)
{
	size_t start = l->start[k], end = l->start[k + 1], m = end - start, i, from, to;
	double mean = level_mean(values, l, k);

	sums[0] = 0;
	for (i = 0; i < m; i++)
		sums[i + 1] = sums[i] + values[start + i] - mean;
	for (from = start; from < end; from++) {
		struct arc *arc = from == start ? &best->split : &best->back;

		for (to = from + 1; to < end; to++) {
			double sum = sums[to - start] - sums[from - start];
			double gain = sum * sum * m / ((to - from) * (m - (to - from)));

			if (gain > arc->share && may_be_arc(from, to, start, end, l->n))
				*arc = (struct arc){ from, to, gain };
		}
	}
}

static struct arcs best_arcs(const double *values, const struct levels *l, double *sums)
{
	double within = residual(values, l);
	struct arcs best = { .split.share = 0 };
	size_t k;

	if (within <= l->n * ROUNDING * ROUNDING)
		return best;
	for (k = 0; k < l->count; k++)
		search_level(values, l, k, sums, &best);
	best.split.share /= within;
	best.back.share /= within;
	return best;
}

/* What chance finds in levels cut like these: DRAWS shares of each sort. */
struct chance {
	double *split;
	double *back;
};

static struct chance draw(const struct levels *l, uint64_t seed)
{
	struct chance c = { stats_array(DRAWS), stats_array(DRAWS) };
	double *values = stats_array(l->n);
	double *sums = stats_array(l->n + 1);
	gsl_rng *rng = new_rng(seed);
	struct arcs arcs;
	size_t d, i;

	for (d = 0; d < DRAWS; d++) {
		for (i = 0; i < l->n; i++)
			values[i] = gsl_ran_gaussian_ziggurat(rng, 1);
		arcs = best_arcs(values, l, sums);
		c.split[d] = arcs.split.share;
		c.back[d] = arcs.back.share;
	}
	gsl_rng_free(rng);
	free(sums);
	free(values);
	return c;
}

static void chance_release(struct chance *c)
{
	free(c->split);
	free(c->back);
}

static double p_of(const double *shares, double observed)
{
	size_t extreme = 1, d; /* the observed one counts */

	if (observed <= 0)
		return 1;
	for (d = 0; d < DRAWS; d++)
		extreme += shares[d] >= observed - TIE;
	return (double)extreme / (DRAWS + 1);
}

/* The arc to take next, and its p. */
static double next_arc(const double *values, const struct levels *l, uint64_t seed,
		       struct arc *next)
{
	double *sums, p_split, p_back;
	struct chance chance;
	struct arcs arcs;

	if (l->n < CHANGEPOINT_VALUES_MIN)
		return 1;
	sums = stats_array(l->n + 1);
	arcs = best_arcs(values, l, sums);
	chance = draw(l, seed);
	p_split = p_of(chance.split, arcs.split.share) / SPLIT_WEIGHT;
	p_back = p_of(chance.back, arcs.back.share) / BACK_WEIGHT;
	chance_release(&chance);
	free(sums);
	*next = p_split <= p_back ? arcs.split : arcs.back;
	return fmin(1, fmin(p_split, p_back));
}

double changepoint_p(const double *values, size_t n, uint64_t seed)
{
	struct levels levels = one_level(n);
	struct arc arc;
	double p = next_arc(values, &levels, seed, &arc);

	free(levels.start);
	return p;
}

/* The level that @at is in. */
static size_t level_at(const struct levels *l, size_t at)
{
	size_t k = l->count - 1;

	while (l->start[k] > at)
		k--;
	return k;
}

static bool starts_level(const struct levels *l, size_t at)
{
	return l->start[level_at(l, at)] == at;
}

/* Begin a level at @at, where none does. */
static void cut(struct levels *l, size_t at)
{
	size_t k = level_at(l, at) + 1;

	memmove(l->start + k + 1, l->start + k, (l->count + 1 - k) * sizeof(*l->start));
	l->start[k] = at;
	l->count++;
}

static void join(struct levels *l, size_t k)
{
	memmove(l->start + k, l->start + k + 1, (l->count - k) * sizeof(*l->start));
	l->count--;
}

static double shift_at(const double *values, const struct levels *l, size_t k)
{
	return level_mean(values, l, k) - level_mean(values, l, k - 1);
}

static double degrees_of_freedom(const struct levels *l)
{
	return (double)l->n - l->count;
}

/* Standard error of the shift between levels k - 1 and k, by the spread within all levels. */
static double error_at(const double *values, const struct levels *l, size_t k)
{
	double before = l->start[k] - l->start[k - 1], after = l->start[k + 1] - l->start[k];

	return sqrt(residual(values, l) / degrees_of_freedom(l) * (1 / before + 1 / after));
}

/* Two-sided p of Student's t for the boundary of level k. */
static double boundary_p(const double *values, const struct levels *l, size_t k)
{
	double error = error_at(values, l, k), shift = fabs(shift_at(values, l, k));

	if (degrees_of_freedom(l) < 1)
		return 1;
	if (error <= ROUNDING)
		return shift > ROUNDING ? 0 : 1;
	return 2 * gsl_cdf_tdist_Q(shift / error, degrees_of_freedom(l));
}

/* Of the two ends of an arc that shifts back, one may be chance's doing. */
static void take_arc(const double *values, struct levels *l, const struct arc *arc, double alpha)
{
	size_t from, to;
	double p_from, p_to;

	cut(l, arc->to);
	if (starts_level(l, arc->from))
		return;
	cut(l, arc->from);
	from = level_at(l, arc->from);
	to = level_at(l, arc->to);
	p_from = boundary_p(values, l, from);
	p_to = boundary_p(values, l, to);
	if (p_to >= alpha && p_to >= p_from)
		join(l, to);
	else if (p_from >= alpha)
		join(l, from);
}

/* A shift too small to matter is none; the smallest goes first, for its levels become one. */
static void drop_small(const double *values, struct levels *l, double smallest)
{
	for (;;) {
		double least = smallest;
		size_t k, drop = 0;

		for (k = 1; k < l->count; k++) {
			double effect = fabs(expm1(shift_at(values, l, k)));

			if (effect < least) {
				least = effect;
				drop = k;
			}
		}
		if (!drop)
			return;
		join(l, drop);
	}
}

static struct changepoint describe(const double *values, const struct levels *l, size_t k)
{
	double freedom = degrees_of_freedom(l), error = error_at(values, l, k), reach;
	struct changepoint c = { .at = l->start[k],
				 .shift = shift_at(values, l, k),
				 .interval = { NAN, NAN } };

	if (freedom >= 1) {
		reach = error * gsl_cdf_tdist_Pinv(0.975, freedom);
		c.interval = (struct interval){ c.shift - reach, c.shift + reach };
	}
	return c;
}

/* Cuts until chance is not excluded; @p has for each value the p of the step that cut there. */
static void search(const double *values, struct levels *l, double alpha, uint64_t seed, double *p)
{
	double highest = 0;
	struct arc arc = { 0 };
	size_t before, k;

	do {
		before = l->count;
		highest = fmax(highest, next_arc(values, l, seed, &arc));
		if (highest >= alpha)
			break;
		take_arc(values, l, &arc, alpha);
		for (k = 1; k < l->count; k++)
			if (p[l->start[k]] == 0)
				p[l->start[k]] = highest;
	} while (l->count > before);
}

size_t changepoint_find(const double *values, size_t n, double alpha, double smallest,
			uint64_t seed, struct changepoint *found)
{
	struct levels levels = one_level(n);
	double *p = stats_array(n + 1);
	size_t k, count;

	search(values, &levels, alpha, seed, p);
	drop_small(values, &levels, smallest);
	count = levels.count - 1;
	for (k = 1; k <= count; k++) {
		found[k - 1] = describe(values, &levels, k);
		found[k - 1].p = p[levels.start[k]];
	}
	free(p);
	free(levels.start);
	return count;
}

double changepoint_detectable(const double *values, size_t n, size_t last, double alpha,
			      uint64_t seed)
{
	struct levels levels = one_level(n);
	double share, shift = INFINITY;
	struct chance chance;

	if (n < CHANGEPOINT_VALUES_MIN)
		goto out;
	chance = draw(&levels, seed);
	gsl_sort(chance.split, 1, DRAWS);
	share = gsl_stats_quantile_from_sorted_data(chance.split, 1, DRAWS,
						    1 - SPLIT_WEIGHT * alpha);
	chance_release(&chance);
	/* shift^2 last (n - last) / n is what it explains, of that and the spread around it. */
	if (share < 1)
		shift = sqrt(share / (1 - share) * residual(values, &levels) * n /
			     (last * (n - last)));
out:
	free(levels.start);
	return shift;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/changepoint.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/history/levels.h"
#include "lib/stats.h"

#define TIE 1e-12

/* Part of alpha. There are many more ways to shift back, but a plain shift is more common. */
static const double weights[ARCS] = { [SPLIT] = 0.8, [BACK] = 0.2 };

/* The null distribution in levels cut like these: shares of each kind, to be freed. */
static void draw(const struct levels *l, const struct changepoint_null *null, double *shares[ARCS])
{
	double *values = stats_array(l->n), *sums = stats_array(l->n + 1);
	struct levels drawn = { values, l->n, l->count, l->start };
	gsl_rng *rng = stats_rng(null->seed);
	struct arc arcs[ARCS];
	size_t d, i;

	for (i = 0; i < ARCS; i++)
		shares[i] = stats_array(null->draws);
	for (d = 0; d < null->draws; d++) {
		correlation_draw(rng, correlation_of_draw(null->correlation, d, null->draws),
				 values, l->n);
		levels_best_arcs(&drawn, sums, arcs);
		for (i = 0; i < ARCS; i++)
			shares[i][d] = arcs[i].share;
	}
	gsl_rng_free(rng);
	free(sums);
	free(values);
}

/* The arc to take next, and its p. */
static double next_arc(const struct levels *l, const struct changepoint_null *null,
		       struct arc *next)
{
	double *sums = stats_array(l->n + 1), *shares[ARCS], p, least = INFINITY;
	struct arc arcs[ARCS];
	size_t k, d, extreme;

	levels_best_arcs(l, sums, arcs);
	free(sums);
	if (l->n < CHANGEPOINT_VALUES_MIN)
		return 1;
	draw(l, null, shares);
	for (k = 0; k < ARCS; k++) {
		extreme = 1; /* the observed one counts */
		for (d = 0; d < null->draws; d++)
			extreme += arcs[k].share <= 0 || shares[k][d] >= arcs[k].share - TIE;
		p = (double)extreme / (null->draws + 1) / weights[k];
		if (p < least) {
			least = p;
			*next = arcs[k];
		}
		free(shares[k]);
	}
	return fmin(1, least);
}

double changepoint_p(const double *values, size_t n, const struct changepoint_null *null)
{
	struct levels levels = levels_one(values, n);
	struct arc arc;
	double p = next_arc(&levels, null, &arc);

	free(levels.start);
	return p;
}

static double shift_at(const struct levels *l, size_t k)
{
	return level_mean(l, k) - level_mean(l, k - 1);
}

/* Values that are as good as independent ones for the spread within levels, less the levels. */
static double freedom(const struct levels *l, const struct correlation *c)
{
	double left = l->n;
	size_t k;

	for (k = 0; k < l->count; k++)
		left -= correlation_inflation(c->mean, l->start[k + 1] - l->start[k]);
	return left;
}

/* Standard error of the shift between levels k - 1 and k, by the spread within all levels. */
static double error_at(const struct levels *l, size_t k, const struct correlation *c)
{
	size_t before = l->start[k] - l->start[k - 1], after = l->start[k + 1] - l->start[k];

	return sqrt(levels_residual(l) / freedom(l, c) *
		    (correlation_inflation(c->mean, before) / before +
		     correlation_inflation(c->mean, after) / after));
}

/* Two-sided p of Student's t for the boundary of level k. */
static double boundary_p(const struct levels *l, size_t k, const struct correlation *c)
{
	double error, shift = fabs(shift_at(l, k)), left = freedom(l, c);

	if (left < 1)
		return 1;
	error = error_at(l, k, c);
	if (error <= ROUNDING)
		return shift > ROUNDING ? 0 : 1;
	return 2 * gsl_cdf_tdist_Q(shift / error, left);
}

/* One end of an arc that shifts back may be due to chance: that cut is undone. */
static void take_arc(struct levels *l, const struct arc *arc, double alpha,
		     const struct correlation *c)
{
	size_t before = l->count, from = levels_cut(l, arc->from), to = levels_cut(l, arc->to);
	double p_from, p_to;

	if (l->count - before < 2)
		return;
	p_from = boundary_p(l, from, c);
	p_to = boundary_p(l, to, c);
	if (p_to >= alpha && p_to >= p_from)
		levels_join(l, to);
	else if (p_from >= alpha)
		levels_join(l, from);
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
			levels_join(l, drop);
	} while (drop);
}

/* Cut until no arc is significant; @p gets for each value the p of the step that cut there. */
static void search(struct levels *l, double alpha, const struct changepoint_null *null, double *p)
{
	struct arc arc = { 0 };
	double highest = 0;
	size_t before, k;

	do {
		before = l->count;
		highest = fmax(highest, next_arc(l, null, &arc));
		if (highest >= alpha)
			break;
		take_arc(l, &arc, alpha, null->correlation);
		for (k = 1; k < l->count; k++)
			if (p[l->start[k]] == 0)
				p[l->start[k]] = highest;
	} while (l->count > before);
}

size_t changepoint_find(const double *values, size_t n, double alpha, double smallest,
			const struct changepoint_null *null, struct changepoint *found)
{
	struct levels levels = levels_one(values, n);
	double *p = stats_array(n + 1), shift, reach, left;
	size_t k, count;

	search(&levels, alpha, null, p);
	drop_small(&levels, smallest);
	count = levels.count - 1;
	left = freedom(&levels, null->correlation);
	for (k = 1; k <= count; k++) {
		shift = shift_at(&levels, k);
		reach = left < 1 ? NAN
				 : error_at(&levels, k, null->correlation) *
					   gsl_cdf_tdist_Pinv(0.975, left);
		found[k - 1] = (struct changepoint){ levels.start[k],
						     p[levels.start[k]],
						     shift,
						     { shift - reach, shift + reach, CONFIDENCE } };
	}
	free(p);
	free(levels.start);
	return count;
}

double changepoint_detectable(const double *values, size_t n, size_t last, double alpha,
			      const struct changepoint_null *null)
{
	struct levels levels = levels_one(values, n);
	double *shares[ARCS], share = 1, spread = levels_residual(&levels);

	if (n >= CHANGEPOINT_VALUES_MIN) {
		draw(&levels, null, shares);
		gsl_sort(shares[SPLIT], 1, null->draws);
		share = gsl_stats_quantile_from_sorted_data(shares[SPLIT], 1, null->draws,
							    1 - weights[SPLIT] * alpha);
		free(shares[SPLIT]);
		free(shares[BACK]);
	}
	free(levels.start);
	/* shift^2 last (n - last) / n is what it explains, of that and the spread around it. */
	return share < 1 ? sqrt(share / (1 - share) * spread * n / (last * (n - last))) : INFINITY;
}

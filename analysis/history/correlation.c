/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/correlation.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analysis/history/levels.h"
#include "lib/stats.h"

/* What a shift must lower the criterion by, in log n: its size, and its place. */
#define PRICE 3

const struct correlation correlation_none = { .weights = { 1 } };

double correlation_at(size_t step)
{
	return (double)step / CORRELATION_STEPS;
}

double correlation_of_draw(const struct correlation *c, size_t draw, size_t draws)
{
	double part = (draw + 0.5) / draws, sum = c->weights[0];
	size_t step = 0;

	while (sum < part && step + 1 < CORRELATION_STEPS)
		sum += c->weights[++step];
	return correlation_at(step);
}

void correlation_draw(gsl_rng *rng, double rho, double *values, size_t n)
{
	double innovation = sqrt(1 - rho * rho);
	size_t i;

	for (i = 0; i < n; i++) {
		values[i] = gsl_ran_gaussian_ziggurat(rng, 1);
		if (i)
			values[i] = rho * values[i - 1] + innovation * values[i];
	}
}

double correlation_inflation(double rho, size_t n)
{
	double sum = 1, power = rho;
	size_t lag;

	for (lag = 1; lag < n; lag++) {
		sum += 2 * (1 - (double)lag / n) * power;
		power *= rho;
	}
	return sum;
}

/* A fit by generalised least squares. */
struct fit {
	double rss;
	double log_det; /* of the levels' normal matrix */
};

/*
 * Add the equation of value @i, less @rho times the one before: its levels to the
 * normal matrix @a, its value to the right-hand side @b. Returns that value squared.
 */
static double add_equation(const struct levels *l, double rho, size_t i, size_t k, gsl_matrix *a,
			   gsl_vector *b)
{
	double y = l->values[i] - level_mean(l, k), own = 1;
	bool begins = i && i == l->start[k];

	if (!i) {
		own = sqrt(1 - rho * rho);
		y *= own;
	} else {
		y -= rho * (l->values[i - 1] - level_mean(l, k - begins));
		own = begins ? 1 : 1 - rho;
	}
	*gsl_matrix_ptr(a, k, k) += own * own;
	*gsl_vector_ptr(b, k) += own * y;
	if (begins) {
		*gsl_matrix_ptr(a, k - 1, k - 1) += rho * rho;
		*gsl_matrix_ptr(a, k - 1, k) -= rho;
		*gsl_matrix_ptr(a, k, k - 1) -= rho;
		*gsl_vector_ptr(b, k - 1) -= rho * y;
	}
	return y * y;
}

static struct fit fit_levels(const struct levels *l, double rho)
{
	gsl_matrix *a = gsl_matrix_calloc(l->count, l->count);
	gsl_vector *b = gsl_vector_calloc(l->count), *x = gsl_vector_alloc(l->count);
	struct fit fit = { 0 };
	size_t i, k = 0;

	for (i = 0; i < l->n; i++) {
		k += i == l->start[k + 1];
		fit.rss += add_equation(l, rho, i, k, a, b);
	}
	gsl_linalg_cholesky_decomp1(a);
	gsl_linalg_cholesky_solve(a, b, x);
	for (k = 0; k < l->count; k++) {
		fit.rss -= gsl_vector_get(b, k) * gsl_vector_get(x, k);
		fit.log_det += 2 * log(gsl_matrix_get(a, k, k));
	}
	gsl_matrix_free(a);
	gsl_vector_free(b);
	gsl_vector_free(x);
	return fit;
}

/* Zhang and Siegmund's criterion with the best rho. */
static double criterion(const struct levels *l)
{
	double least = INFINITY, rho;
	size_t step;

	for (step = 0; step < CORRELATION_STEPS; step++) {
		rho = correlation_at(step);
		least = fmin(least, l->n * log(fit_levels(l, rho).rss) - log(1 - rho * rho));
	}
	return least + PRICE * log(l->n) * l->count;
}

static bool has_spread(const struct levels *l)
{
	return levels_residual(l) > l->n * ROUNDING * ROUNDING;
}

/* Cut at @arc if it lowers the criterion. */
static bool try_arc(struct levels *l, const struct arc *arc, double *before)
{
	size_t count = l->count, from = arc->from, to = arc->to;
	bool cut_from, cut_to;
	double after;

	if (arc->share <= 0)
		return false;
	levels_cut(l, from);
	cut_from = l->count > count;
	levels_cut(l, to);
	cut_to = l->count > count + cut_from;
	after = l->count <= l->n / 2 && has_spread(l) ? criterion(l) : INFINITY;
	if (after < *before) {
		*before = after;
		return true;
	}
	if (cut_to)
		levels_join(l, levels_cut(l, to));
	if (cut_from)
		levels_join(l, levels_cut(l, from));
	return false;
}

static void fit_shifts(struct levels *l)
{
	double *sums = stats_array(l->n + 1), before;
	struct arc arcs[ARCS];
	bool cut = true;

	levels_best_arcs(l, sums, arcs);
	if (arcs[SPLIT].share > 0)
		levels_cut(l, arcs[SPLIT].to);
	before = has_spread(l) ? criterion(l) : -INFINITY;
	while (cut) {
		levels_best_arcs(l, sums, arcs);
		cut = try_arc(l, &arcs[SPLIT], &before) || try_arc(l, &arcs[BACK], &before);
	}
	free(sums);
}

/* The mean, and the 2.5 % and 97.5 % quantiles. */
static void summarize(struct correlation *c)
{
	double sum = 0;
	size_t step;

	c->interval = (struct interval){ 0, correlation_at(CORRELATION_STEPS - 1), CONFIDENCE };
	for (step = 0; step < CORRELATION_STEPS; step++) {
		c->mean += c->weights[step] * correlation_at(step);
		if (sum <= 0.025)
			c->interval.low = correlation_at(step);
		if (sum < 0.975)
			c->interval.high = correlation_at(step);
		sum += c->weights[step];
	}
}

struct correlation correlation_estimate(const double *values, size_t n)
{
	struct levels levels = levels_one(values, n);
	struct correlation c = { 0 };
	double rho, most, sum = 0;
	struct fit fit;
	bool spread;
	size_t step;

	if (n > 2)
		fit_shifts(&levels);
	/* Without a spread to tell by, the weights are equal. */
	spread = n > 2 && has_spread(&levels);
	most = spread ? -INFINITY : 0;
	for (step = 0; spread && step < CORRELATION_STEPS; step++) {
		rho = correlation_at(step);
		fit = fit_levels(&levels, rho);
		c.weights[step] =
			(log(1 - rho * rho) - fit.log_det - (n - levels.count) * log(fit.rss)) / 2;
		most = fmax(most, c.weights[step]);
	}
	for (step = 0; step < CORRELATION_STEPS; step++) {
		c.weights[step] = exp(c.weights[step] - most);
		sum += c.weights[step];
	}
	for (step = 0; step < CORRELATION_STEPS; step++)
		c.weights[step] /= sum;
	summarize(&c);
	free(levels.start);
	return c;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/blocks.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/stats.h"

/* A block of which fewer others have a unit has no effect that could be told. */
#define IN_BLOCK_MIN 3
/* The variance of a trimmed mean of normal values to that of their mean, for 5 of them: Tukey, A
 * Survey of Sampling from Contaminated Distributions, 1960, has the method. */
#define OF_TRIMMED 1.15

/* Those values that are there, every @step-th of @count, in rising order, to be freed. */
static double *sorted_there(const double *values, size_t count, size_t step, size_t *there)
{
	double *sorted = stats_array(count);
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (!isnan(values[i * step]))
			sorted[n++] = values[i * step];
	gsl_sort(sorted, 1, n);
	*there = n;
	return sorted;
}

static double median_there(const double *values, size_t count)
{
	size_t n;
	double *sorted = sorted_there(values, count, 1, &n), median;

	median = n ? gsl_stats_median_from_sorted_data(sorted, 1, n) : NAN;
	free(sorted);
	return median;
}

/* The mean without the highest and the lowest: a straggler has no say. NAN of too few. */
static double trimmed_mean(const double *values, size_t count, size_t step)
{
	size_t n;
	double *sorted = sorted_there(values, count, step, &n), mean = NAN;

	if (n >= IN_BLOCK_MIN)
		mean = gsl_stats_mean(sorted + 1, 1, n - 2);
	free(sorted);
	return mean;
}

/*
 * How much of the effects is real: the part of their variance that the scatter within blocks does
 * not explain, less what estimating it costs. @left: deviations from the medians of variants.
 */
static double real_part(const double *left, size_t variants, size_t blocks, const double *effects,
			size_t known)
{
	double within = 0, between = 0, expected, mean = 0;
	size_t v, b, n = 0;

	for (b = 0; b < blocks; b++)
		mean += isnan(effects[b]) ? 0 : effects[b] / known;
	for (b = 0; b < blocks; b++) {
		if (isnan(effects[b]))
			continue;
		between += (effects[b] - mean) * (effects[b] - mean) / (known - 1);
		for (v = 0; v < variants; v++) {
			double rest = left[v * blocks + b] - effects[b];

			within += isnan(rest) ? 0 : rest * rest;
			n += !isnan(rest);
		}
	}
	within /= n - known - variants + 1;
	expected = OF_TRIMMED * within / variants * (known - 3.0) / (known - 1.0);
	return between > expected ? 1 - expected / between : 0;
}

void block_effects(double *logs, size_t variants, size_t blocks, double *effects)
{
	size_t v, b, known = 0;
	double median, real = 0;

	for (v = 0; v < variants; v++) {
		median = median_there(&logs[v * blocks], blocks);
		for (b = 0; b < blocks; b++)
			logs[v * blocks + b] -= median;
	}
	for (b = 0; b < blocks; b++) {
		effects[b] = trimmed_mean(&logs[b], variants, blocks);
		known += !isnan(effects[b]);
	}
	if (variants >= OTHERS_MIN && known > 3)
		real = real_part(logs, variants, blocks, effects, known);
	for (b = 0; b < blocks; b++)
		effects[b] = isnan(effects[b]) ? 0 : real * effects[b];
}

/* The row of a variant; false where it has too few values, or none that has a logarithm. */
static bool fill_row(double *row, size_t blocks, const struct series *s)
{
	size_t i;

	if (s->n < BOOTS_MIN || s->too_few || !stats_all_positive(s->values, s->n))
		return false;
	for (i = 0; i < blocks; i++)
		row[i] = NAN;
	for (i = 0; i < s->n; i++)
		if (s->blocks[i] < blocks)
			row[s->blocks[i]] = log(s->values[i]);
	return true;
}

double *block_effects_beside(const struct table *t, const struct comparison *c, size_t blocks)
{
	const struct measure measure = compare_measure(c);
	double *effects = stats_array(blocks), *logs;
	size_t v, n = 0;

	/* Too few others: their values need not be read. */
	if (names_count(t->variants) < OTHERS_MIN + 2)
		return effects;
	logs = stats_array(names_count(t->variants) * blocks);
	for (v = 0; t->variants[v]; v++) {
		struct series s;

		if (!strcmp(t->variants[v], c->variant) || !strcmp(t->variants[v], c->base) ||
		    !table_compares(t, t->variants[v], c->base))
			continue;
		s = series(t, c->scenario, t->variants[v], &measure);
		n += fill_row(&logs[n * blocks], blocks, &s);
		series_release(&s);
	}
	if (n)
		block_effects(logs, n, blocks, effects);
	free(logs);
	return effects;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/levels.h"

#include <stdbool.h>
#include <string.h>

#include "lib/alloc.h"

struct levels levels_one(const double *values, size_t n)
{
	struct levels levels = { values, n, 1, xcalloc(n + 2, sizeof(size_t)) };

	levels.start[1] = n;
	return levels;
}

/* Plain sums: GSL's running means divide at each value, and simulations are made of these. */
double level_mean(const struct levels *l, size_t k)
{
	double sum = 0;
	size_t i;

	for (i = l->start[k]; i < l->start[k + 1]; i++)
		sum += l->values[i];
	return sum / (l->start[k + 1] - l->start[k]);
}

double levels_residual(const struct levels *l)
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

void levels_best_arcs(const struct levels *l, double *sums, struct arc *best)
{
	double within = levels_residual(l);
	size_t k;

	memset(best, 0, ARCS * sizeof(*best));
	if (within <= l->n * ROUNDING * ROUNDING)
		return;
	for (k = 0; k < l->count; k++)
		search_level(l, k, sums, best);
	for (k = 0; k < ARCS; k++)
		best[k].share /= within;
}

size_t levels_cut(struct levels *l, size_t at)
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

void levels_join(struct levels *l, size_t k)
{
	memmove(l->start + k, l->start + k + 1, (l->count - k) * sizeof(*l->start));
	l->count--;
}

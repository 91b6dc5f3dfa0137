/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_LEVELS_H
#define ANALYSIS_LEVELS_H

#include <stddef.h>

/* A series cut into levels: level k is [start[k], start[k + 1]). */
struct levels {
	const double *values;
	size_t n, count;
	size_t *start; /* count + 1 of them, room for n + 2; to be freed */
};

/* A further shift: [from, to) of a level against the rest of that level. */
struct arc {
	size_t from, to;
	double share; /* of the sum of squares within levels, that the shift explains */
};

/* To the end of the level; to where the series shifts back within it. */
enum { SPLIT, BACK, ARCS };

/* Logarithms nearer to each other than this differ by rounding. */
#define ROUNDING 1e-9

struct levels levels_one(const double *values, size_t n);

double level_mean(const struct levels *l, size_t k);

/* Sum of squares within levels. */
double levels_residual(const struct levels *l);

/*
 * The clearest arc of each kind into @best; @sums: room for n + 1. A single odd value is a
 * level at the ends of the series only.
 */
void levels_best_arcs(const struct levels *l, double *sums, struct arc *best);

/* Begin a level at @at, unless one does. Returns which. */
size_t levels_cut(struct levels *l, size_t at);

/* Join level @k to the one before. */
void levels_join(struct levels *l, size_t k);

#endif

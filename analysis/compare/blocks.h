/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_BLOCKS_H
#define ANALYSIS_BLOCKS_H

#include "analysis/compare/compare.h"

/* With fewer variants the effects of blocks are not told from noise. */
#define OTHERS_MIN 5

/*
 * By how much the units of each block lie above those of the others: a drift of the machine is the
 * same for all variants of a block. @logs has the logarithm of variant v in block b at
 * [v * blocks + b], NAN where there is none, and is changed. Effects are trimmed means over
 * variants, so that a straggler does not make one, and shrunken by the part that the scatter within
 * blocks explains (Efron and Morris, Stein's Estimation Rule and Its Competitors, 1973): where
 * blocks have no effect hardly anything is left. All 0 with fewer than OTHERS_MIN variants or 4
 * blocks.
 */
void block_effects(double *logs, size_t variants, size_t blocks, double *effects);

/* The same by the numbers of blocks, to be freed, of the variants other than the two of @c: these
 * stay exchangeable. */
double *block_effects_beside(const struct table *table, const struct comparison *c, size_t blocks);

#endif

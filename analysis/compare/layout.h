/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_LAYOUT_H
#define ANALYSIS_LAYOUT_H

#include "analysis/data/measure.h"

/*
 * How much the builds of a kernel differ that have the same code and another layout, over all
 * variants and scenarios of a run: standard deviations of logarithms, so 0.02 is about 2 %.
 */
struct layout_scatter {
	size_t builds;		  /* less one of each variant in each scenario; 0: not measured */
	double between;		  /* of the means of builds */
	struct interval interval; /* of @between, as if they were normal */
	double boots;		  /* of boots of one build; NAN with one boot of each */
	double layout;		  /* of builds without what their boots explain; NAN as @boots */
};

struct layout_scatter layout_scatter(const struct table *table, const struct measure *measure);

/*
 * How far kernels of one build each lie apart by their layout alone, as a ratio less 1: 95 % of
 * pairs of builds that scatter by @sd lie within.
 */
double layout_floor(double sd);

/*
 * The floor that holds for a run: of what was measured with the accelerator (docs/methodology.md).
 * INFINITY where nothing was; 0 under icount, where a page takes the instructions that it takes.
 */
double layout_floor_of(const struct table *table);

#endif

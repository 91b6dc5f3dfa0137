/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_H
#define ANALYSIS_PLOT_H

#include <stddef.h>

#include "analysis/compare/compare.h"
#include "analysis/data/tree.h"

/*
 * The plots of durations, drawn by the scripts in analysis/plots.
 */

/**
 * plot_duration() - duration per variant, every boot a point
 * @inflate, @deflate: @variants comparisons
 * @output, return: as of plot_draw()
 */
int plot_duration(const struct tree *tree, const struct comparison *inflate,
		  const struct comparison *deflate, int variants, const char *output, char *err,
		  size_t err_size);

/* The first inflate of each boot over time, the boot nearest the median in front. */
int plot_progress(const struct tree *tree, const struct comparison *inflate, int variants,
		  const char *output, char *err, size_t err_size);

/* The ok boot whose value is nearest the variant's median, or NULL. */
const json_t *plot_typical_boot(const struct tree *tree, const struct comparison *c);

#endif

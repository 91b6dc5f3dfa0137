/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_H
#define ANALYSIS_PLOT_H

#include <stddef.h>

#include "analysis/compare.h"
#include "analysis/tree.h"

/*
 * Plots, as SVG and PNG, drawn by gnuplot from the scripts in analysis/plots.
 * Text of a result tree reaches gnuplot only as data and as arguments, never
 * as part of a command or of a shell's.
 */

/**
 * plot_name() - file name of a plot, without ending
 * @kind: "duration" or "progress"
 *
 * Whatever the scenario is called, it stays in its directory and needs no
 * escape in a link. Returns @name.
 */
const char *plot_name(const char *scenario, const char *kind, char *name, size_t size);

/**
 * plot_duration() - duration per variant, every boot a point
 * @inflate, @deflate: one comparison per variant of the tree, in its order
 * @output: path without ending
 *
 * Return: 0; -ENOENT where there is no gnuplot; -EIO where it fails, with a
 * message in @err; another -errno.
 */
int plot_duration(const struct tree *tree, const struct comparison *inflate,
		  const struct comparison *deflate, const char *output, char *err, size_t err_size);

/* The first inflate of each boot over time, the boot nearest the median in front. */
int plot_progress(const struct tree *tree, const struct comparison *inflate, const char *output,
		  char *err, size_t err_size);

#endif

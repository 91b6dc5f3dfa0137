/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_TRACE_H
#define ANALYSIS_PLOT_TRACE_H

#include <stddef.h>

#include "analysis/data/tree.h"

/*
 * The plots of what was traced. Where a scenario has nothing to be drawn, no
 * file is made and 0 returned. @output and the rest: as of plot_draw().
 */

/* Phases of inflate and deflate, stacked, per variant of a NULL-terminated list. */
int plot_phases(const struct tree *tree, const char *scenario, char *const *variants,
		const char *output, char *err, size_t err_size);

/* Percentile curves of the operations on pages, per variant that has them. */
int plot_latencies(const struct tree *tree, const char *scenario, const char *output, char *err,
		   size_t err_size);

/* Latency and length of the host's madvise calls, per variant that has them. */
int plot_calls(const struct tree *tree, const char *scenario, const char *output, char *err,
	       size_t err_size);

#endif

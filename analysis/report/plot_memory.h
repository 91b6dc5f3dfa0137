/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_MEMORY_H
#define ANALYSIS_PLOT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/report/report.h"

/* The plots of the state of memory in a scenario. */
enum memory_plot {
	MEMORY_PLOT_RUNS, /* free memory by length of block, and what the host is told of it */
	MEMORY_PLOT_HOST, /* huge pages and RSS of QEMU from before the inflate to the refault */
	MEMORY_PLOTS,
};

/* What it is called in the name of its file, for plot_name(). */
const char *memory_plot_kind(enum memory_plot plot);

/* What it shows, in a few words. */
const char *memory_plot_title(enum memory_plot plot);

/* Whether there is anything to be drawn. */
bool memory_plot_known(enum memory_plot plot, const struct report *report,
		       const struct report_scenario *scenario);

/* Draw it where it is known. @output, return: as of plot_draw(). */
int memory_plot_draw(enum memory_plot plot, const struct report *report,
		     const struct report_scenario *scenario, const char *output, char *err,
		     size_t err_size);

#endif

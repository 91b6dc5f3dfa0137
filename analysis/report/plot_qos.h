/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_QOS_H
#define ANALYSIS_PLOT_QOS_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/report/report.h"
#include "analysis/data/victims.h"

/* The plots of a victim's figure in a scenario. */
enum qos_plot {
	QOS_PLOT_TIME, /* worst value of each stretch of a boot over time, a panel per variant */
	QOS_PLOT_PERCENTILES, /* percentile curves of each phase; of latencies */
	QOS_PLOT_TRADE_OFF,   /* how much worse than before, over the rate of the inflate */
	QOS_PLOTS,
};

/* What it is called in the name of its file, for plot_name(). Returns @kind. */
const char *qos_plot_kind(enum qos_plot plot, const struct victim_figure *figure, char *kind,
			  size_t size);

/* What it shows, in a few words. */
const char *qos_plot_title(enum qos_plot plot);

/* Whether there is anything to be drawn. */
bool qos_plot_known(enum qos_plot plot, const struct report *report,
		    const struct report_scenario *scenario, const struct victim_figure *figure);

/* Draw it where it is known. @output, return: as of plot_draw(). */
int qos_plot_draw(enum qos_plot plot, const struct report *report,
		  const struct report_scenario *scenario, const struct victim_figure *figure,
		  const char *output, char *err, size_t err_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_HISTORY_H
#define ANALYSIS_PLOT_HISTORY_H

#include <stddef.h>

#include "analysis/history/history.h"

/**
 * plot_history() - a plot of each scenario and metric, a panel per variant
 * @dir: where SCENARIO-METRIC-history.svg and .png go
 *
 * Return: as of plot_draw().
 */
int plot_history(const struct history *h, const char *dir, char *err, size_t err_size);

#endif

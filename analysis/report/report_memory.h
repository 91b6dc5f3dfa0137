/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_MEMORY_H
#define ANALYSIS_REPORT_MEMORY_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/report/report.h"

/* Whether any scenario has a state of memory to tell of. */
bool report_memory_known(const struct report *report);

/*
 * How fragmented memory was, what compaction and reclaim did meanwhile, and what the host's
 * memory was made of: a table for each scenario that has any of it, and its plots.
 */
void report_memory(FILE *f, const struct report *report);

#endif

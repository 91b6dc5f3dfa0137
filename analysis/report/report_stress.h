/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_STRESS_H
#define ANALYSIS_REPORT_STRESS_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/report/report.h"

/* The part about the tree's stress/summary.json; nothing where there is none. */
void report_stress(FILE *f, const struct report *report);

/* The same of a summary in memory, as tests/stress writes it beside its own. */
void stress_summary_print(FILE *f, const json_t *summary);

#endif

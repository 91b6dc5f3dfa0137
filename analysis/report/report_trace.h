/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_TRACE_H
#define ANALYSIS_REPORT_TRACE_H

#include "analysis/report/report.h"

/* The parts of the report that come from tracing; nothing where nothing was traced. */

/* Where the time of a move went, in a scenario that is compared. */
void report_phases(FILE *f, const struct report *report, const struct report_scenario *scenario);

/*
 * The rest: latencies per operation, the host's work, what was not observed,
 * whether all counts agreed, what tracing cost, profiles.
 */
void report_tracing(FILE *f, const struct report *report);

#endif

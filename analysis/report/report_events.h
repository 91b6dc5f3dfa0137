/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_EVENTS_H
#define ANALYSIS_REPORT_EVENTS_H

#include "analysis/report/report.h"

/* The tables of single events, of a scenario; nothing where it has no histograms. */

/* The guest's operations: on a page, and of a batch. */
void report_latencies(FILE *f, const struct report *report, const char *scenario);

/* The host's calls. */
void report_calls(FILE *f, const struct report *report, const char *scenario);

#endif

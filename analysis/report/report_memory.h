/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_MEMORY_H
#define ANALYSIS_REPORT_MEMORY_H

#include <stdio.h>

#include "analysis/report/report.h"

/*
 * What memory was like in scenarios that do something to it, or look: how
 * fragmented, what compaction and pressure did, huge pages of the host. Nothing
 * where no boot has any of it.
 */
void report_memory(FILE *f, const struct report *report);

#endif

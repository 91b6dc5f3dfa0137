/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_CPU_H
#define ANALYSIS_REPORT_CPU_H

#include <stdio.h>

#include "analysis/report/report.h"

/* CPU time that moves took, per GiB: "cpu" of a move. Nothing where no boot has it. */
void report_cpu(FILE *f, const struct report *report);

#endif

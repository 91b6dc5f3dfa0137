/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_WRITE_H
#define ANALYSIS_REPORT_WRITE_H

#include "analysis/report/report.h"

/*
 * Write the report as Markdown. It says nothing that the tree does not hold,
 * so the same tree gives the same bytes.
 */
void report_write(const struct report *report, FILE *f);

#endif

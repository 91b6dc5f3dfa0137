/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_QOS_H
#define ANALYSIS_REPORT_QOS_H

#include <stdio.h>

#include "analysis/report/report.h"

/*
 * The part about what ran beside the balloon, and about the state of memory; nothing where no
 * boot has any of it.
 */
void report_qos(FILE *f, const struct report *report);

#endif

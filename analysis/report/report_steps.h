/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_STEPS_H
#define ANALYSIS_REPORT_STEPS_H

#include "analysis/report/report.h"

/*
 * What each step gives: variants against those that variants.ini says they are a
 * step from, where both ran. Nothing where there is no such pair.
 */
void report_steps(FILE *f, const struct report *report);

#endif

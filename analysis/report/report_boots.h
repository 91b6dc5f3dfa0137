/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_BOOTS_H
#define ANALYSIS_REPORT_BOOTS_H

#include <stdio.h>

#include "analysis/report/report.h"

/* Which boots are not used and why, and which are, though they lie far from the others. */
void report_boots(FILE *f, const struct report *r);

#endif

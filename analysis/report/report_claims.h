/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_CLAIMS_H
#define ANALYSIS_REPORT_CLAIMS_H

#include <stdio.h>

#include "analysis/report/report.h"

/* The part about the claims that the run was held against; nothing where there are none. */
void report_claims(FILE *f, const struct report *report);

#endif

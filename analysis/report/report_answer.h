/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_ANSWER_H
#define ANALYSIS_REPORT_ANSWER_H

#include <stdio.h>

#include "analysis/report/report.h"

/* What comes first: the answer in a paragraph, made of the verdicts, and the headline tables. */
void report_answer(FILE *f, const struct report *r);

#endif

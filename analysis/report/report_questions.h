/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_QUESTIONS_H
#define ANALYSIS_REPORT_QUESTIONS_H

#include <stdio.h>

#include "analysis/report/report.h"

/*
 * What is asked of a balloon series, each question with the figures of this tree that answer it,
 * or with what a run would need to. Nothing where the tree answers none of them.
 */
void report_questions(FILE *f, const struct report *r);

#endif

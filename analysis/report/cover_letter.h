/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_COVER_LETTER_H
#define ANALYSIS_COVER_LETTER_H

#include "analysis/report/report.h"

/*
 * Write what a result tree shows as text for the cover letter of a patch series:
 * ASCII, no line longer than 72 columns or with blanks at its end, nothing at
 * a line's begin that mail or git takes for something else ("From ", "---").
 */
void cover_letter_write(const struct report *report, FILE *f);

#endif

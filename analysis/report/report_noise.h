/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_NOISE_H
#define ANALYSIS_REPORT_NOISE_H

#include <stdio.h>

#include "analysis/report/report.h"

/*
 * The noise floor: what `run --aa` found between a variant and its twin, which
 * is the same kernel and device under another name; or that nobody asked.
 */
void report_noise(FILE *f, const struct report *r);

#endif

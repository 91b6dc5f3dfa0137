/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_ESTIMATE_H
#define ANALYSIS_ESTIMATE_H

#include <stddef.h>
#include <stdio.h>

#include "lib/bootstrap.h"

/* A figure as it is reported: the median over n boots, and its 95 % interval. */
struct estimate {
	size_t n;
	double median;		  /* NAN where n is 0 */
	struct interval interval; /* NANs where n < 2 */
};

/* Takes the values over, and frees them. */
struct estimate estimate_of(double *values, size_t n);

/* "1.23 [1.20, 1.25]", each number by @format; "-" where n is 0. */
void estimate_write(FILE *f, const struct estimate *e, const char *format);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/estimate.h"

#include <math.h>
#include <stdlib.h>

#include "lib/stats.h"

struct estimate estimate_of(double *values, size_t n)
{
	struct estimate e = { .n = n, .median = NAN, .interval = { NAN, NAN } };

	if (n)
		e.median = stats_median(values, n);
	if (n > 1)
		e.interval = bootstrap_median(values, n);
	free(values);
	return e;
}

void estimate_write(FILE *f, const struct estimate *e, const char *format)
{
	if (!e->n) {
		fputs("-", f);
		return;
	}
	fprintf(f, format, e->median);
	if (!isfinite(e->interval.low))
		return;
	fputs(" [", f);
	fprintf(f, format, e->interval.low);
	fputs(", ", f);
	fprintf(f, format, e->interval.high);
	fputs("]", f);
}

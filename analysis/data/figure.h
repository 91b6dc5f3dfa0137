/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_FIGURE_H
#define ANALYSIS_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/tree.h"

/*
 * A figure of a boot: a metric (analysis/data/metric.h), or one metric over another of the
 * same boot, as round trips for each page.
 */
struct figure {
	const char *metric; /* as stored */
	const char *per;    /* divides it, or NULL */
	double scale;	    /* times this is as shown */
};

/* A boot's; false where it has none, or divides by nothing. */
bool figure_of_boot(const struct figure *figure, const json_t *boot, double *value);

/* Those of all ok boots of a scenario and variant; @values to be freed. Returns how many. */
size_t figure_values(const struct figure *figure, const struct tree *tree, const char *scenario,
		     const char *variant, double **values);

#endif

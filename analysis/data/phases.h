/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PHASES_H
#define ANALYSIS_PHASES_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/estimate.h"
#include "analysis/data/tree.h"

/* Where the time of a move went: the "phases" of result.json. */
struct phase {
	const char *key;  /* in result.json */
	const char *name; /* in a table */
};

/* The phases of "inflate" or "deflate" in their order; ended by one without a key. */
const struct phase *phases_of(const char *move);

enum phase_scale {
	PHASE_NS_PER_PAGE, /* instructions per page under icount */
	PHASE_PERCENT,	   /* of the move's duration */
};

/*
 * A phase over the ok boots of a scenario and variant: a boot's value is the
 * median of its cycles. n is 0 where it was not observed.
 */
struct estimate phase_estimate(const struct tree *tree, const char *scenario, const char *variant,
			       const char *move, const char *key, enum phase_scale scale);

/* Whether any ok boot of the scenario and variant has phases. */
bool phases_known(const struct tree *tree, const char *scenario, const char *variant);

#endif

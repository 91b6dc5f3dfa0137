/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_FLOOR_H
#define ANALYSIS_FLOOR_H

#include "analysis/compare/compare.h"

/*
 * The floor of a scenario: a variant without a balloon, whose inflate is the host discarding the
 * same memory by the fewest calls (method = floor in plan.json). It is compared with no base; the
 * others are compared with it, without a verdict: they cannot reach it.
 */

/* The variant that is the floor of a scenario and has an ok boot, or NULL. */
const char *floor_of(const struct table *table, const char *scenario);

/*
 * The inflate of a variant as a multiple of the floor's, in ratio and ratio_interval; to be
 * released. @measure must be inflate.duration_ns.
 */
void floor_compare(struct comparison *c, const struct table *table, const struct measure *measure,
		   const char *scenario, const char *variant);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_LOOKS_H
#define ANALYSIS_LOOKS_H

#include <stdbool.h>

#include "analysis/history/changepoint.h"

/*
 * A series is looked at again with each further session, and each look may find a change by chance:
 * alpha is the rate per look. Hence a change that is found is suspected at first. It is called once
 * sessions that had no part in finding it confirm it.
 *
 * The first finding is repeated: with how few sessions would the same change (its place +- 1, its
 * direction) have been found? The sessions from there on are the further ones. They confirm it if
 * their mean lies further off the old level than the last session before them lets expect: an
 * autoregression returns to its level, a change does not. The test is one-sided, a t test whose p
 * is the mean over the rho of the correlation, by their weights. The old level begins at the change
 * called before, so that a return from a level that nothing confirmed is no change either.
 *
 * tests/unit/test_looks.c measures the rates.
 */
#define LOOKS_ALPHA 0.05

enum look_state {
	LOOK_SUSPECTED,	  /* in the newest level: a repeat of the newest session decides */
	LOOK_CALLED,	  /* further sessions confirm it */
	LOOK_UNCONFIRMED, /* an end of a level that was over before any session confirmed it */
};

extern const char *const look_state_names[];

struct look {
	struct changepoint change;
	size_t further;	  /* sessions of its level after the first finding */
	double p_further; /* of these; 1 without any */
	enum look_state state;
};

/*
 * All change points as changepoint_find() gives them, with their states, into @looks, with room for
 * @n; returns how many.
 */
size_t looks_find(const double *values, size_t n, double alpha, double smallest,
		  const struct changepoint_null *null, struct look *looks);

#endif

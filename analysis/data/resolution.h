/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_RESOLUTION_H
#define ANALYSIS_RESOLUTION_H

#include <stdbool.h>

#include "lib/interval.h"

struct measure;
struct table;

/*
 * What the timer of a resize leaves open. resolution_ns is the width of the interval that contains
 * the true duration: by the driver's events two readings of the clock; by the agent's polls the
 * window in which the resize began plus that in which it ended. By polls the measured duration is
 * from the end of the first to the middle of the second (bench/guest/resize_timer.c), so with a
 * resolution of q durations the true one is from 1 - q / 2 to 1 + q times the measured one,
 * whatever the share of each window. These are bounds, not a distribution: they widen an interval
 * over boots at both ends.
 */
struct resolution {
	double share;	     /* q: no digit is finer; 0: the timer does not matter */
	double below, above; /* the true value is within these times the measured one */
};

/* With a greater share a figure is marked, and is no part of a verdict; there is no rate. */
#define RESOLVED_SHARE 0.03
#define UNRESOLVED "unresolved"

static inline bool is_resolved(double share)
{
	return share <= RESOLVED_SHARE;
}

/* Timers of the ok resizes of a variant (NULL: of none) that a measure is or has a duration of:
 * bits 1 << TIMER_POLLS, 1 << TIMER_EVENTS. */
unsigned int timers_of(const struct table *table, const struct measure *measure,
		       const char *scenario, const char *variant);

/*
 * Durations by events and by polls differ by what is outside of the events. The measure that all
 * cycles of a variant and a base (NULL: none) have: @measure, or if not all have the same timer
 * that by polls. Returns whether it is by polls.
 */
bool measure_in_common(struct measure *common, const struct table *table,
		       const struct measure *measure, const char *scenario, const char *variant,
		       const char *base);

/* The measure with the duration by polls, which all resizes have; its text ends in " by polls". */
struct measure measure_by_polls(const struct measure *measure);

/* Of a duration of a resize, of its rate, and of what is divided by the duration: the median over
 * boots. All else is exact. */
struct resolution resolution_of(const struct table *table, const char *scenario,
				const char *variant, const struct measure *measure);

/* Of the ratio of two values. */
struct resolution resolution_of_ratio(const struct resolution *of, const struct resolution *to);

/* Of an interval of values above 0, which may be NANs. */
void resolution_widen(struct interval *interval, const struct resolution *by);

#endif

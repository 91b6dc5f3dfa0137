/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_GUEST_TIME_H
#define ANALYSIS_GUEST_TIME_H

#include <jansson.h>
#include <stddef.h>

/*
 * From the guest's clock to the host's, by the "clock" of result.json: the two
 * were compared before and after each move, each time within half a round trip.
 *
 * From one comparison to the next the offset is taken to change evenly. What is
 * known is its two ends: uncertain is therefore, besides the larger of the two
 * measurements' uncertainties, all of the change between them, for it may have been
 * a jump (a guest that changes its clock source makes one). Only a drift and a jump
 * in between that undo each other could be more than that.
 */
struct guest_time {
	const char *why_not; /* NULL: the clocks are known */
	struct clock_point *points;
	size_t count;
};

struct clock_point {
	long long guest_ns;
	long long offset_ns; /* of the guest's clock against the host's */
	long long uncertainty_ns;
};

/* What a result says of the clocks; why_not where it does not. To be released. */
struct guest_time guest_time_of(const json_t *boot);
void guest_time_release(struct guest_time *time);

/* A time of the guest by the host's clock; later times never come out earlier. */
long long guest_time_to_host(const struct guest_time *time, long long guest_ns);

/* How far that may be wrong for a time of the guest; and the worst of all the boot. */
long long guest_time_uncertainty(const struct guest_time *time, long long guest_ns);
long long guest_time_worst(const struct guest_time *time);

#endif

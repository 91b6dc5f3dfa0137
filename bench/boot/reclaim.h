/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_RECLAIM_H
#define BENCH_BOOT_RECLAIM_H

#include "lib/histogram.h"
#include "lib/record.h"

/* A workload's memory that is freed at once counts from this size on. */
#define RECLAIM_LEAST_BYTES (16LL << 20)

/* How long the host waited for memory that a workload had freed. */
struct reclaims {
	struct histogram ns; /* of those that it got */
	int64_t missed;	     /* that it had not got when the workload grew again, or ended */
};

/*
 * Find in two curves, lists of pairs (ns, bytes), each time that the demand falls by
 * RECLAIM_LEAST_BYTES or more, and from there until the demand grows again the time at which the
 * footprint has fallen by 90 % of that. The footprint holds from a point to the next. What is freed
 * less than a second before the end of the footprint does not count: nobody looks whether it comes
 * back.
 */
void reclaims_find(struct reclaims *reclaims, const struct record_list *demand,
		   const struct record_list *footprint);

#endif

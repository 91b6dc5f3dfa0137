/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TOTALS_H
#define BPF_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/records.h"
#include "lib/record.h"

/* Totals of batches: those of one resize, or of one interval. Starts zeroed. */

/* Stages of a guest's batch, each with a histogram over the batches. */
enum stage { STAGE_ALLOC, STAGE_MOVE, STAGE_TELL, STAGE_RELEASE, STAGE_COUNT };

struct guest_totals {
	uint64_t batches; /* empty ones too */
	uint64_t kicks;	  /* of the host: one per batch that is not empty */
	uint64_t pages, entries;
	uint64_t stage_ns[STAGE_COUNT]; /* STAGE_ALLOC without the sleep */
	uint64_t alloc_retry_ns;
	uint64_t gap_ns; /* between the end of a batch and the begin of the next */
	uint64_t begin_ns, end_ns;
	bool merged; /* STAGE_ALLOC holds STAGE_MOVE */
	struct histogram stages[STAGE_COUNT];
};

/* Its table: all but the histograms. */
extern const struct record guest_totals_record;

void guest_totals_add(struct guest_totals *totals, const struct guest_batch *batch);

/* Append the totals of a later resize; the time between the two belongs to neither. */
void guest_totals_append(struct guest_totals *totals, const struct guest_totals *later);

struct host_totals {
	uint64_t batches, entries, ns;
	uint64_t calls; /* that advised the kernel */
	uint64_t bytes; /* that it was advised about */
	uint64_t timed; /* calls whose time is in timed_ns */
	uint64_t timed_ns;
};

void host_totals_add(struct host_totals *totals, const struct host_batch *batch);

/*
 * Of ns, what was spent in calls that advised the kernel: an estimate, the mean of the calls
 * that QEMU timed, for all of them. Never more than ns; NAN where none was timed. @clock_ns
 * is what reading the clock adds to each time taken.
 */
double host_totals_advice_ns(const struct host_totals *totals, double clock_ns);

/* What two readings of CLOCK_MONOTONIC in a row differ by on this machine, in ns: the median. */
double clock_cost_ns(void);

#endif

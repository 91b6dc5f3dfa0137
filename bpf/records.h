/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_RECORDS_H
#define BPF_RECORDS_H

#include "lib/histogram_layout.h"

/*
 * What the BPF programs and user space agree on. No system header is included: in
 * BPF the types come from vmlinux.h. Times are the kernel's CLOCK_MONOTONIC
 * in ns.
 */

/* Operations on a page, which level "pages" has a histogram of each. */
enum page_op {
	OP_ENQUEUE,
	OP_DEQUEUE,
	OP_FINALIZE,
	OP_ISOLATE,
	OP_PUTBACK,
	OP_MIGRATE, /* those that succeeded */
	OP_COUNT
};

/* Things that are only counted, at every level that sees them. */
enum counter {
	COUNTER_LOST_RECORDS,	/* the ring buffer was full */
	COUNTER_LOST_PAIRS,	/* a begin whose end could not be matched, or no room to keep it */
	COUNTER_OUT_OF_PUFF,	/* the guest had no page to give */
	COUNTER_MIGRATE_AGAIN,	/* migrations that returned -EAGAIN */
	COUNTER_MIGRATE_FAILED, /* or another error */
	COUNTER_COUNT
};

/*
 * What a balloon that takes blocks (patch 11 of the series) does with them; at
 * every level, since there are few.
 */
#define ORDERS_MAX 16

enum tally {
	TALLY_BLOCK_PAGES_INFLATED, /* in blocks, which have no page operations */
	TALLY_BLOCK_PAGES_DEFLATED,
	TALLY_BLOCKS_SPLIT,
	TALLY_ALLOC_ORDER, /* and ORDERS_MAX - 1 more: allocations by order, from 1 up */
	TALLY_COUNT = TALLY_ALLOC_ORDER + ORDERS_MAX
};

/*
 * A batch of pages in the guest. The stages follow each other: inflating,
 * alloc (puff is the part of it that was slept), move (enqueue), tell;
 * deflating, move (dequeue), tell, release.
 */
struct guest_batch {
	unsigned long long begin_ns;
	unsigned long long alloc_ns;
	unsigned long long alloc_retry_ns;
	unsigned long long move_ns;
	unsigned long long tell_ns;
	unsigned long long release_ns;
	unsigned int pages;
	unsigned int entries; /* that the host was told */
	unsigned int inflate;
	unsigned int merged; /* alloc_ns holds move_ns too, and the release is all that is left */
};

/* Kinds of what a process told the kernel about its memory. */
enum advice {
	ADVICE_DONTNEED,
	ADVICE_WILLNEED,
	ADVICE_FREE,
	ADVICE_REMOVE,
	ADVICE_HUGEPAGE,
	ADVICE_NOHUGEPAGE,
	ADVICE_POPULATE,
	ADVICE_OTHER,
	ADVICE_PUNCH_HOLE, /* fallocate */
	ADVICE_FALLOCATE,  /* fallocate of another mode */
	ADVICE_COUNT
};

/* How many processes can be told apart at once. */
#define TARGETS_MAX 16

struct advice_stats {
	unsigned long long bytes; /* of the calls that succeeded */
	unsigned long long errors;
	struct histogram latency_ns;
	struct histogram length_bytes;
};

/* A batch in QEMU, as its trace event tells it. */
struct host_batch {
	unsigned long long end_ns;
	unsigned long long ns;	  /* from the end of the pop to before the push */
	unsigned long long bytes; /* that the kernel was advised about */
	unsigned long long timed_ns;
	unsigned int calls; /* that advised the kernel */
	unsigned int timed; /* those of them whose time is in timed_ns */
	unsigned int entries;
	unsigned int queue; /* 0 inflate, 1 deflate */
	unsigned int tgid;
	unsigned int unused; /* no hole: the kernel would refuse to read it */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_RECORDS_H
#define BPF_RECORDS_H

#include "lib/histogram_layout.h"

/*
 * Shared by the BPF programs and user space. No system header is included: in BPF
 * the types come from vmlinux.h. Times are the kernel's CLOCK_MONOTONIC in ns.
 */

/*
 * Operations (migrate: those that succeeded; oom: calls of the OOM notifier). Level "phases" has
 * histograms of those before OP_OF_PAGES, level "pages" of each. From OP_SAMPLED on they run once
 * per page, and a sample is timed.
 */
enum page_op {
	OP_MIGRATE,
	OP_OOM,
	OP_ISOLATE,
	OP_PUTBACK,
	OP_ENQUEUE,
	OP_DEQUEUE,
	OP_FINALIZE,
	OP_COUNT,
	OP_OF_PAGES = OP_ISOLATE,
	OP_SAMPLED = OP_ENQUEUE
};

/*
 * An operation is sampled if the next multiple of this, modulo 2^32, is at most UINT32_MAX / N:
 * one in N, evenly spread, and unlike each N-th not at the same places of every batch. It is
 * 2^32 by the square of the golden ratio, as in <linux/hash.h>.
 */
#define SAMPLE_STEP 0x61C88647u

/* Of one operation on one CPU, where BPF samples. */
struct page_sample {
	unsigned int number, max; /* max: UINT32_MAX / N, by user space */
};

/*
 * False of a time that was not measured: 0, as the kernel says where an event was enabled
 * during the operation, or the difference of two readings of which the second is the earlier.
 */
static inline int is_duration(unsigned long long ns)
{
	return ns && !(ns >> 63);
}

/* Counted only. */
enum trace_counter {
	COUNTER_LOST_RECORDS,	/* the ring buffer was full */
	COUNTER_LOST_PAIRS,	/* a begin without its end, or no memory for it */
	COUNTER_OUT_OF_PUFF,	/* an allocation failed in the guest */
	COUNTER_MIGRATE_AGAIN,	/* migrations that returned -EAGAIN */
	COUNTER_MIGRATE_FAILED, /* or another error */
	COUNTER_COUNT
};

#define ORDERS_MAX 16

/* Counted at every level. Blocks are those of patch 11 of the series. */
enum tally {
	TALLY_PAGES_INFLATED, /* told to the host, those of blocks included */
	TALLY_PAGES_DEFLATED,
	TALLY_BLOCK_PAGES_INFLATED, /* blocks have no page operations */
	TALLY_BLOCK_PAGES_DEFLATED,
	TALLY_BLOCKS_SPLIT,
	TALLY_ALLOC_ORDER, /* and ORDERS_MAX - 1 more: allocations by order, from 1 up */
	TALLY_LOST_INFLATES = TALLY_ALLOC_ORDER + ORDERS_MAX, /* batches without their record */
	TALLY_LOST_DEFLATES,
	TALLY_LOST_OP, /* and OP_COUNT - 1 more: operations that were not timed, by mistake */
	TALLY_COUNT = TALLY_LOST_OP + OP_COUNT
};

/*
 * A batch of pages in the guest. Stages of an inflate, in this order: alloc (of
 * which alloc_retry was slept), move (enqueue), tell; of a deflate: move
 * (dequeue), tell, release.
 */
struct guest_batch {
	unsigned long long begin_ns, alloc_ns, alloc_retry_ns, move_ns, tell_ns, release_ns;
	unsigned int pages;
	unsigned int entries; /* sent to the host */
	unsigned int inflate;
	unsigned int merged; /* alloc_ns includes move_ns, release_ns the rest of the work */
};

/*
 * Kinds of memory advice: name, key in results, number of MADV_NAME. BTF has no macros, and the
 * C library may be older than the kernel. POPULATE is MADV_POPULATE_READ, and _WRITE, too.
 */
#define ADVICES(A)                                                                                 \
	A(NORMAL, normal, 0)                                                                       \
	A(RANDOM, random, 1)                                                                       \
	A(SEQUENTIAL, sequential, 2)                                                               \
	A(WILLNEED, willneed, 3)                                                                   \
	A(DONTNEED, dontneed, 4)                                                                   \
	A(FREE, free, 8)                                                                           \
	A(REMOVE, remove, 9)                                                                       \
	A(DONTFORK, dontfork, 10)                                                                  \
	A(DOFORK, dofork, 11)                                                                      \
	A(MERGEABLE, mergeable, 12)                                                                \
	A(UNMERGEABLE, unmergeable, 13)                                                            \
	A(HUGEPAGE, hugepage, 14)                                                                  \
	A(NOHUGEPAGE, nohugepage, 15)                                                              \
	A(DONTDUMP, dontdump, 16)                                                                  \
	A(DODUMP, dodump, 17)                                                                      \
	A(WIPEONFORK, wipeonfork, 18)                                                              \
	A(KEEPONFORK, keeponfork, 19)                                                              \
	A(COLD, cold, 20)                                                                          \
	A(PAGEOUT, pageout, 21)                                                                    \
	A(POPULATE, populate, 22)                                                                  \
	A(DONTNEED_LOCKED, dontneed_locked, 24)                                                    \
	A(COLLAPSE, collapse, 25)                                                                  \
	A(HWPOISON, hwpoison, 100)                                                                 \
	A(SOFT_OFFLINE, soft_offline, 101)                                                         \
	A(GUARD_INSTALL, guard_install, 102)                                                       \
	A(GUARD_REMOVE, guard_remove, 103)

#define ADVICE_ENUM(NAME, name, number) ADVICE_##NAME,
enum advice {
	ADVICES(ADVICE_ENUM) ADVICE_OTHER,
	ADVICE_PUNCH_HOLE, /* fallocate */
	ADVICE_FALLOCATE,  /* fallocate of another mode */
	ADVICE_COUNT
};
#undef ADVICE_ENUM

static inline unsigned int advice_of(unsigned long long behaviour)
{
#define ADVICE_CASE(NAME, name, number)                                                            \
	case number:                                                                               \
		return ADVICE_##NAME;
	switch (behaviour) {
		ADVICES(ADVICE_CASE)
	case 23: /* MADV_POPULATE_WRITE */
		return ADVICE_POPULATE;
	default:
		return ADVICE_OTHER;
	}
#undef ADVICE_CASE
}

/* Processes traced at the same time. */
#define TARGETS_MAX 16

struct advice_stats {
	unsigned long long bytes, errors; /* bytes of the calls that succeeded */
	struct histogram latency_ns, length_bytes;
};

/* A batch in QEMU, from its trace event. */
struct host_batch {
	unsigned long long end_ns;
	unsigned long long ns;	  /* from the end of the pop to before the push */
	unsigned long long bytes; /* advised */
	unsigned long long timed_ns;
	unsigned int calls, timed; /* of madvise() and the like; of those, in timed_ns */
	unsigned int entries;
	unsigned int queue; /* 0 inflate, 1 deflate */
	unsigned int tgid;
	unsigned int unused; /* the kernel refuses a record with padding */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_RECORDS_H
#define BPF_RECORDS_H

#include "lib/histogram_layout.h"

/*
 * Shared by the BPF programs and user space. No system header is included: in BPF
 * the types come from vmlinux.h. Times are the kernel's CLOCK_MONOTONIC in ns.
 */

/*
 * Operations (migrate: those that succeeded; oom: calls of the OOM notifier; report: of a batch of
 * free pages, until the host has answered). Level "phases" has
 * histograms of those before OP_OF_PAGES, level "pages" of each. From OP_SAMPLED on they run once
 * per page, and a sample is timed.
 */
enum page_op {
	OP_MIGRATE,
	OP_OOM,
	OP_REPORT,
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
	COUNTER_MISSED,		/* of the lost pairs, what the kernel skipped: by user space */
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
	TALLY_OOM_PAGES,      /* deflated by the OOM notifier */
	TALLY_REPORTED_BYTES, /* free pages that were reported */
	TALLY_REPORTED_ORDER, /* and ORDERS_MAX - 1 more: reported blocks by order, from 0 up */
	/* And OP_COUNT - 1 more: operations that were not timed, by mistake. */
	TALLY_LOST_OP = TALLY_REPORTED_ORDER + ORDERS_MAX,
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

/* Errors that are counted by name: of a call that fails. */
#define CALL_ERRORS(E)                                                                             \
	E(EPERM, 1)                                                                                \
	E(ESRCH, 3)                                                                                \
	E(EINTR, 4)                                                                                \
	E(EIO, 5)                                                                                  \
	E(EBADF, 9)                                                                                \
	E(EAGAIN, 11)                                                                              \
	E(ENOMEM, 12)                                                                              \
	E(EACCES, 13)                                                                              \
	E(EFAULT, 14)                                                                              \
	E(EBUSY, 16)                                                                               \
	E(EINVAL, 22)                                                                              \
	E(ENOSPC, 28)                                                                              \
	E(ENOSYS, 38)                                                                              \
	E(EOPNOTSUPP, 95)

#define CALL_ERROR_ENUM(NAME, number) CALL_##NAME,
enum call_error { CALL_ERRORS(CALL_ERROR_ENUM) CALL_OTHER_ERROR, CALL_ERROR_COUNT };
#undef CALL_ERROR_ENUM

static inline unsigned int call_error_of(long long error)
{
#define CALL_ERROR_CASE(NAME, number)                                                              \
	case number:                                                                               \
		return CALL_##NAME;
	switch (error) {
		CALL_ERRORS(CALL_ERROR_CASE)
	default:
		return CALL_OTHER_ERROR;
	}
#undef CALL_ERROR_CASE
}

/*
 * Processes traced at the same time. Their statistics are allocated by the page, as they come: a
 * process has a slot, which is slot % PROCESSES_PER_PAGE of page slot / PROCESSES_PER_PAGE.
 */
#define PROCESSES_PER_PAGE 8
#define STATS_PAGES 512
#define TARGETS_MAX (STATS_PAGES * PROCESSES_PER_PAGE)

/*
 * The histograms of a process share memory. A group is the buckets of a power of two; most
 * histograms have values in a few of them. A group takes the next free chunk once it has a value.
 */
#define CHUNKS 96
#define CHUNK_GROUPS (HISTOGRAM_BUCKETS / HISTOGRAM_SUB)
enum call_histogram { CALL_LATENCY, CALL_LENGTH, CALL_HISTOGRAMS };
#define ALL_GROUPS (ADVICE_COUNT * CALL_HISTOGRAMS * CHUNK_GROUPS)

/* The buckets of a histogram are in chunks. */
struct call_values {
	unsigned long long count, sum, max;
	unsigned long long inverted_min; /* ~min, so that 0 is what it starts from */
	unsigned long long unplaced;	 /* values that no chunk was left for */
};

struct call_stats {
	unsigned long long calls, bytes, errors; /* bytes of the calls that succeeded */
	unsigned long long ranges;		 /* of process_madvise() */
	unsigned long long lost; /* begun, and not in calls: no memory, or the end was missed */
	struct call_values values[CALL_HISTOGRAMS];
	unsigned int by_error[CALL_ERROR_COUNT];
	unsigned int unused;
};

struct process_stats {
	struct call_stats advices[ADVICE_COUNT];
	unsigned int chunks_used; /* and those that were wanted beyond */
	unsigned int unused;
	/*
	 * The group of each chunk. Two CPUs may take a chunk for the same group at the same time:
	 * then it has two, of which chunk_of keeps one.
	 */
	unsigned short group_of[CHUNKS];
	unsigned char chunk_of[ALL_GROUPS + 8 - ALL_GROUPS % 8]; /* 0: none; else it is 1 less */
	unsigned long long chunks[CHUNKS][HISTOGRAM_SUB];
};

/*
 * A program was executed that may be a virtual machine monitor, and is traced from then on; or is
 * not, because no slot was ready.
 */
#define NO_SLOT 0xffffffffu
struct host_start {
	unsigned int pid; /* in the tracer's PID namespace */
	unsigned int slot;
	char name[16];
};

/* Slots that are ready for programs before user space has seen them: at most, and at least. */
#define SPARE_SLOTS 24
#define SPARE_SLOTS_LOW 16

/* What the names of monitors begin with: user space looks at all of the name. */
#define MONITOR_STARTS                                                                             \
	{                                                                                          \
		"qemu", "kvm", "clou", "cros", "fire", "krun", "muvm", "lkvm"                      \
	}

/* PID namespaces are nested at most 32 deep; the initial one has level 0. */
#define PID_NAMESPACES_MAX 33

/* The tracer's own PID namespace: the inode number of /proc/self/ns/pid. */
struct host_settings {
	unsigned int pid_namespace;
	unsigned int unused;
};

/* A batch in QEMU, from its trace event. */
struct host_batch {
	unsigned long long end_ns;
	unsigned long long ns;	  /* from the end of the pop to before the push */
	unsigned long long bytes; /* advised */
	unsigned long long timed_ns;
	unsigned int calls, timed; /* of madvise() and the like; of those, in timed_ns */
	unsigned int entries;
	unsigned int queue;  /* 0 inflate, 1 deflate */
	unsigned int slot;   /* of the process */
	unsigned int unused; /* the kernel refuses a record with padding */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_MEMORY_OUTCOME_H
#define BPF_MEMORY_OUTCOME_H

#include "bpf/host_tracer.h"
#include "bpf/process_memory.h"

/* What came of the advice to free memory: bytes; RECORD_ABSENT where that is not known. */
struct memory_outcome {
	int64_t advised_bytes;	 /* by calls that succeeded */
	int64_t freed_bytes;	 /* what the footprint fell by since it was the largest */
	int64_t not_freed_bytes; /* advised, and neither freed nor known to be */
	const char *reason;	 /* why not, where that is known; else NULL */
};

/*
 * MADV_DONTNEED and _DONTNEED_LOCKED, or MADV_REMOVE and PUNCH_HOLE, whichever is more: memory with
 * a file behind it is discarded by one of each. Memory that was freed and is in use again counts as
 * not freed, and so does memory that was not there when it was advised. @most: when there was the
 * most of it.
 */
void memory_outcome(struct memory_outcome *outcome, const struct process_memory *most,
		    const struct process_memory *after, const struct host_stats *stats, bool vfio);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/memory_outcome.h"

static int64_t by_mapping(const struct host_stats *stats)
{
	return stats->advice[ADVICE_DONTNEED].bytes + stats->advice[ADVICE_DONTNEED_LOCKED].bytes;
}

static int64_t by_file(const struct host_stats *stats)
{
	return stats->advice[ADVICE_REMOVE].bytes + stats->advice[ADVICE_PUNCH_HOLE].bytes;
}

static uint64_t errors(const struct host_stats *stats, enum call_error error)
{
	return stats->advice[ADVICE_DONTNEED].by_error[error] +
	       stats->advice[ADVICE_REMOVE].by_error[error] +
	       stats->advice[ADVICE_PUNCH_HOLE].by_error[error];
}

/* Both are known, or there is nothing to know. */
static bool comparable(int64_t a, int64_t b)
{
	if (a == RECORD_ABSENT || b == RECORD_ABSENT)
		return a <= 0 && b <= 0;
	return true;
}

static const char *why_not(const struct process_memory *most, const struct host_stats *stats,
			   bool vfio)
{
	if (vfio && !by_mapping(stats) && !by_file(stats))
		return "a device is assigned by vfio, which pins all memory: QEMU inhibits "
		       "discards";
	if (errors(stats, CALL_EINVAL) && most->locked_bytes > 0)
		return "memory is locked: MADV_DONTNEED of it fails with EINVAL";
	if (by_mapping(stats) && !by_file(stats) && most->shared_bytes > 0)
		return "memory is shared: MADV_DONTNEED unmaps it only, PUNCH_HOLE or MADV_REMOVE "
		       "frees it";
	if (by_mapping(stats) && !by_file(stats) && most->hugetlb_bytes > 0)
		return "memory is hugetlb: MADV_DONTNEED of a file's unmaps it only";
	return NULL;
}

void memory_outcome(struct memory_outcome *outcome, const struct process_memory *most,
		    const struct process_memory *after, const struct host_stats *stats, bool vfio)
{
	int64_t freed = process_memory_footprint(most) - process_memory_footprint(after);

	*outcome = (struct memory_outcome){
		.advised_bytes =
			by_file(stats) > by_mapping(stats) ? by_file(stats) : by_mapping(stats),
		.freed_bytes = RECORD_ABSENT,
		.not_freed_bytes = RECORD_ABSENT,
	};
	if (most->rss_bytes != RECORD_ABSENT &&
	    comparable(most->shared_bytes, after->shared_bytes) &&
	    comparable(most->anonymous_bytes, after->anonymous_bytes)) {
		outcome->freed_bytes = freed > 0 ? freed : 0;
		outcome->not_freed_bytes = outcome->advised_bytes > outcome->freed_bytes
						   ? outcome->advised_bytes - outcome->freed_bytes
						   : 0;
	}
	if (outcome->not_freed_bytes || !outcome->advised_bytes)
		outcome->reason = why_not(most, stats, vfio);
}

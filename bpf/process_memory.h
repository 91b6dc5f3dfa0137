/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_PROCESS_MEMORY_H
#define BPF_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/record.h"

/*
 * What memory a process takes from its host, in bytes; RECORD_ABSENT where that cannot be read.
 * Shared memory is that of the files that are mapped, not what of it is mapped at the moment:
 * MADV_DONTNEED unmaps it and frees nothing. Files that several processes map count for each.
 */
struct process_memory {
	int64_t rss_bytes, anonymous_bytes;
	int64_t shared_bytes, hugetlb_bytes; /* of files of tmpfs and memfds, and of hugetlbfs */
	int64_t swap_bytes;
	int64_t anon_huge_bytes; /* of the anonymous memory, in transparent huge pages */
	int64_t locked_bytes;
};
extern const struct record process_memory_record;

/* Of /proc/PID/status: all but the files and the huge pages. False if the process has ended. */
bool process_memory_status(pid_t pid, struct process_memory *memory);

/*
 * The same with the files, for which the mappings are walked; @huge: and with the huge pages, for
 * which the page tables are, for milliseconds a GiB.
 */
bool process_memory_read(pid_t pid, bool huge, struct process_memory *memory);

/* What the host would have back if the process ended: the sum of what is not counted twice. */
int64_t process_memory_footprint(const struct process_memory *memory);

/* A device is assigned by vfio: its monitor keeps all memory pinned, and discards nothing. */
bool process_has_vfio(pid_t pid);

#endif

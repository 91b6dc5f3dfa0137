/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_FRAGMENTATION_H
#define BENCH_BOOT_FRAGMENTATION_H

#include "bench/boot/cycle_step.h"

/*
 * State "fragmented": nearly all free memory of the guest is written, and given
 * back but for a page between any two runs of 1 to `longest_run` pages, lengths
 * drawn by the boot's seed. Those pages are pinned, so that compaction cannot
 * undo it, until the cycle ends.
 *
 * Into the cycle goes "fragmentation": {"longest_run", "pinned_bytes",
 * "duration_ns", "before": {"free_pages": [by order], "by_type": {...},
 * "share_order4"}, "plateau": {...}}.
 */

/* Of free memory, at most so much may lie in blocks of order 4 (64 KiB) and above. */
#define FRAGMENTED_SHARE_MAX 0.1

/*
 * Fragment, and see that it is done: a boot where more than that lies in blocks
 * is invalid. 0, or -errno with the VM's reason set.
 */
int fragmentation_prepare(struct cycle *cycle);

/* Note what free memory looks like now, as "before" or "plateau". */
int fragmentation_note(struct cycle *cycle, const char *when);

#endif

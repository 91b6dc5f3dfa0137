/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_COMPACTION_H
#define BENCH_BOOT_COMPACTION_H

#include "bench/boot/cycle_step.h"

/*
 * Compaction with an inflated balloon. Compaction moves pages from low addresses
 * to free ones at high addresses. So before the inflate the guest holds the
 * highest of its free memory, one slice for each round: the balloon gets what
 * lies below. In each round a slice is freed and all memory is compacted, which
 * moves pages of the balloon into it.
 *
 * Into the cycle goes "compaction": {"rounds", "duration_ns", "migrated_pages",
 * "migrate_again", "migrate_failed", "round_trips", "host", "each":
 * [{"freed_bytes", "duration_ns", "balloon_migrate", "pgmigrate_success",
 * "pgmigrate_fail"}]}. Latencies of pages are in "ops" of result.json: migrate,
 * and at level pages isolate and putback.
 */

/* Hold what the rounds will free. 0, or -errno with the VM's reason set. */
int compaction_prepare(struct cycle *cycle);

/* All rounds. 0, or -errno with the VM's reason set. */
int compaction_run(struct cycle *cycle);

#endif

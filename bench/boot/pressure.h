/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_PRESSURE_H
#define BENCH_BOOT_PRESSURE_H

#include "bench/boot/cycle_step.h"

/*
 * An inflate that takes more than is free: first what reclaim drops, then the
 * driver is out of puff, until a process gives its memory up. Then a process
 * grows, and a balloon with deflate-on-oom gives some back.
 *
 * Into the cycle goes "pressure": {"hold_bytes", "cache_bytes", "out_of_puff",
 * "reclaim": {...}, "growth": {"bytes", "duration_ns", "oom_deflated_pages"}}.
 * Where and for how long the move stood still is its "stall".
 */

/* Fill memory: what a process holds, and what can be dropped. */
int pressure_prepare(struct cycle *cycle);

/* What the guest had counted when the inflate began. Starts zeroed. */
struct pressure_before {
	json_t *vmstat;
	json_t *counters;
};

/*
 * The inflate is about to begin, and has ended: what it took to get there.
 * pressure_end() takes back what pressure_begin() noted, and is called in any
 * case; @err is what came in between.
 */
int pressure_begin(struct cycle *cycle, struct pressure_before *before);
int pressure_end(struct cycle *cycle, struct pressure_before *before, int err);

/* With the balloon inflated a process takes memory. */
int pressure_grow(struct cycle *cycle);

#endif

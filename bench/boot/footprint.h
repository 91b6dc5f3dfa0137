/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_FOOTPRINT_H
#define BENCH_BOOT_FOOTPRINT_H

#include <stdbool.h>

#include "bench/vm/vm.h"
#include "lib/result.h"

/*
 * The memory of a VM's QEMU over time: what is resident, and what is swapped out. A sample holds
 * until the next one.
 */
struct footprint {
	uint64_t begin_ns, last_ns;
	uint64_t last_bytes, peak_bytes;
	uint64_t swapped_bytes; /* at most */
	double byte_ns;		/* the sum so far */
	struct {
		uint64_t due_ns, bytes; /* of the next sample; sum of all */
		unsigned int count;
	} huge;
};

/* Byte nanoseconds of a GiB minute. */
#define GIB_MINUTE ((double)(1ULL << 30) * 60 * NSEC_PER_SEC)

/* The footprint from now on, at which QEMU has @bytes. */
void footprint_begin(struct footprint *footprint, uint64_t bytes, uint64_t now);

/* QEMU has @bytes. */
void footprint_add(struct footprint *footprint, uint64_t bytes, uint64_t now);

/* What QEMU has; 0 if it has ended. */
uint64_t footprint_read(struct footprint *footprint, const struct vm *vm, uint64_t now);

/* Resident memory and huge pages, by /proc/PID/smaps_rollup; false if that cannot be read. */
bool footprint_of_qemu(const struct vm *vm, struct qemu_memory *memory);

/* Put it into the result. */
void footprint_end(const struct footprint *footprint, struct replay_result *result);

#endif

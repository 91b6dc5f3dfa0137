/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_MOVER_H
#define BENCH_MOVER_H

#include <stdint.h>

#include "bench/scenario.h"

/*
 * What takes memory away from the guest and gives it back: the balloon, or one of
 * those that it is compared with.
 */
enum mover {
	MOVER_BALLOON,
	MOVER_VIRTIO_MEM, /* the bytes that are moved are a device's, unplugged and plugged */
	MOVER_REPORTING,  /* the guest frees memory, and the balloon device reports it free */
};

/* "balloon", "virtio-mem", "free-page-reporting": as in variants.ini and result.json. */
const char *mover_name(enum mover mover);

/* 0, or -EINVAL where none has the name. */
int mover_parse(const char *name, enum mover *mover);

/* virtio-mem's blocks are as large as a huge page of the host: sizes are whole ones. */
#define MOVER_BLOCK_BYTES (2ULL << 20)

/**
 * mover_refuses() - why this cannot be done in a scenario, with an accelerator
 *
 * Return: NULL where it can; else a clause, as in "SCENARIO with MOVER: clause".
 */
const char *mover_refuses(enum mover mover, const struct scenario *scenario, enum accel accel);

#endif

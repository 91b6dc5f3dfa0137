/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_METHOD_H
#define BENCH_CONFIG_METHOD_H

#include <stdint.h>

#include "bench/config/scenario.h"

/*
 * What takes memory away from the guest and gives it back: the balloon, or one of
 * those that it is compared with.
 */
enum method {
	METHOD_BALLOON,
	METHOD_VIRTIO_MEM, /* the bytes that are moved are a device's, unplugged and plugged */
	METHOD_REPORTING,  /* the guest frees memory, and the balloon device reports it free */
};

/* "balloon", "virtio-mem", "free-page-reporting": as in variants.ini and result.json. */
const char *method_name(enum method method);

/* 0, or -EINVAL where none has the name. */
int method_parse(const char *name, enum method *method);

/* virtio-mem's blocks are as large as a huge page of the host: sizes are whole ones. */
#define METHOD_BLOCK_BYTES (2ULL << 20)

/**
 * method_refuses() - why this cannot be done in a scenario, with an accelerator
 *
 * Return: NULL where it can; else a clause, as in "SCENARIO with MOVER: clause".
 */
const char *method_refuses(enum method method, const struct scenario *scenario, enum accel accel);

#endif

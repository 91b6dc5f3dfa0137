/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_COVERAGE_RUNTIME_H
#define TESTS_DEVICE_FUZZ_COVERAGE_RUNTIME_H

#include <stdint.h>

/*
 * What the sanitized QEMU (vm-images/build-qemu --sanitize) counts, in a file
 * that both it and the fuzzer map. A counter wraps; 0 is "not reached" or a
 * multiple of 256 times, which is rare enough to be of no matter.
 */
#define COVERAGE_DEVICE (256U << 10)
#define COVERAGE_OTHERS (64U << 10)

struct coverage {
	uint8_t device[COVERAGE_DEVICE]; /* virtio-balloon.c, by the byte of its text */
	uint8_t others[COVERAGE_OTHERS]; /* the virtio core, by a hash of the address */
};

/* The environment variable that names the file. */
#define COVERAGE_FILE "BALLOON_COVERAGE"

#endif

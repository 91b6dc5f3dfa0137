/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_MUTATE_H
#define TESTS_DEVICE_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/device/fuzz/input.h"

/* xorshift64*, so that a seed gives the same inputs everywhere; not 0. */
struct random {
	uint64_t state;
};

uint32_t random_below(struct random *random, uint32_t limit);

/* Mutate one of @kept, or splice two; without any, generate an input. */
void mutate(struct random *random, const struct input *kept, size_t count, struct input *input);

/* The @n-th of BASICS: inflate and deflate of a format and a pattern on a machine. */
#define BASICS 48
void mutate_basic(unsigned int n, struct input *input);

#endif

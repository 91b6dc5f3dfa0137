/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_MUTATE_H
#define TESTS_DEVICE_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/device/fuzz/input.h"

/* xorshift64*: the same inputs for the same seed, which is not 0. */
struct random {
	uint64_t state;
};

uint32_t random_below(struct random *random, uint32_t limit);

/* A new input: of one of @kept and of another, or of nothing where there is none. */
void mutate(struct random *random, const struct input *kept, size_t count, struct input *input);

/*
 * What a plain guest sends, in each format and pattern on each machine, and
 * what it takes back: the @n-th of BASICS.
 */
#define BASICS 48
void mutate_basic(unsigned int n, struct input *input);

#endif

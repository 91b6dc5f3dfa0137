/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_CAMPAIGN_H
#define TESTS_DEVICE_FUZZ_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/device/fuzz/guest.h"
#include "tests/device/fuzz/input.h"

/*
 * Runs inputs one after the other. A QEMU is used until an input fails; the device is
 * reset between inputs, and coverage is collected.
 */
#define MACHINES 2
/* A QEMU is replaced after so many inputs, so that a failure depends on no more. */
#define SINCE_START_MAX 4000

struct machine {
	struct target target;
	struct guest guest;
	unsigned int inputs; /* since the start */
};

struct campaign {
	const char *qemu;
	bool hints; /* machines with free-page-hint */
	struct machine *machines[MACHINES];
	uint8_t seen[sizeof(struct coverage)]; /* classes of counts, a bit each */
	struct input *kept;		       /* inputs that reached new code */
	size_t kept_count;
	uint64_t executed;
	char trouble[512]; /* of the last input, "" if it passed */
};

void campaign_end(struct campaign *campaign);

/*
 * Run an input. Return: 0, with a failure in @trouble; -errno if QEMU cannot be started. A
 * QEMU that failed is not used again.
 */
int campaign_run(struct campaign *campaign, const struct input *input);

/* The same in a new QEMU. */
int campaign_run_alone(struct campaign *campaign, const struct input *input);

/* Whether the last input reached new code, which is then noted. */
bool campaign_is_new(struct campaign *campaign, const struct input *input);

/* Keep an input for mutation. Returns false if there is no memory. */
bool campaign_keep(struct campaign *campaign, const struct input *input);

/* Remove the records that a failing input fails without. -errno as campaign_run(). */
int campaign_minimise(struct campaign *campaign, struct input *input);

/* Number of places of virtio-balloon.c that were reached, and of all (0: unknown). */
void campaign_coverage(const struct campaign *campaign, unsigned int *reached,
		       unsigned int *places);

#endif

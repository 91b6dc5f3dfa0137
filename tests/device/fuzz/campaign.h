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
 * Inputs run one after the other against QEMUs that live as long as they do
 * well: the device is reset in between, and what each input reaches is kept.
 */
#define MACHINES 2
/* A failure that depends on what was before is looked for among so many. */
#define SINCE_START_MAX 4000

struct machine {
	struct target target;
	struct guest guest;
	unsigned int inputs; /* since it was started */
};

struct campaign {
	const char *qemu;
	bool hints; /* machines with free-page-hint */
	struct machine *machines[MACHINES];
	uint8_t seen[sizeof(struct coverage)]; /* classes of counts, a bit each */
	struct input *kept;		       /* inputs that reached something new */
	size_t kept_count;
	uint64_t executed;
	char trouble[512]; /* of the last input, "" where there was none */
};

void campaign_end(struct campaign *campaign);

/*
 * Run an input. Return: 0, with the trouble it made in @trouble; -errno where
 * QEMU cannot be started. A QEMU in trouble is not used again.
 */
int campaign_run(struct campaign *campaign, const struct input *input);

/* The same in a QEMU of its own. */
int campaign_run_alone(struct campaign *campaign, const struct input *input);

/* Has the last input reached what none before has? It is then remembered. */
bool campaign_is_new(struct campaign *campaign, const struct input *input);

/* Keep an input to make others of. False where there is no memory. */
bool campaign_keep(struct campaign *campaign, const struct input *input);

/* Leave out of a failing input what it also fails without. -errno as campaign_run(). */
int campaign_minimise(struct campaign *campaign, struct input *input);

/* How many places of virtio-balloon.c have been reached, and how many there are (0: unknown). */
void campaign_coverage(const struct campaign *campaign, unsigned int *reached,
		       unsigned int *places);

#endif

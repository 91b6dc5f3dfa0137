/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_MODEL_H
#define TESTS_DEVICE_FUZZ_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/fuzz/target.h"

/*
 * Computes which pages a guest has named for discarding: a second implementation of the
 * formats (virtio 1.2, 2.7 and 5.5; qemu-patches/README.md). It asks QEMU for the
 * addresses of the rings and how far they are used, and reads their content before the
 * device does.
 */
#define PAGE_BYTES 4096ULL
#define RAM_PAGES (RAM_BYTES / PAGE_BYTES)
/* Between them are the ROMs; without VGA there is RAM in place of its memory. */
#define LOW_RAM_END 0xc0000ULL
#define HIGH_RAM_BEGIN 0x100000ULL

enum queue {
	QUEUE_INFLATE,
	QUEUE_DEFLATE,
	QUEUE_STATS,
	QUEUE_REPORTING,
	QUEUE_HINTS, /* if it exists, its index is before that of QUEUE_REPORTING */
	QUEUE_COUNT
};

/* The index of a queue. */
uint16_t queue_index(const struct target *t, enum queue queue);

#define FEATURE_POISON (1ULL << 4)
#define FEATURE_CHUNKS (1ULL << 22)
#define FEATURE_SG (1ULL << 23)

struct model {
	uint64_t features;	 /* negotiated */
	uint64_t poison_address; /* of the configuration */
	bool named[RAM_PAGES];	 /* may be discarded */
	bool written[RAM_PAGES]; /* may be written: a used ring is or was here */
	/*
	 * Rings or buffers are outside RAM, or the device reads them later: the model
	 * does not know what it reads. Memory is not checked until the next input.
	 */
	bool loose;
};

/* Reset the model for the next input. */
void model_clear(struct model *model);

/* Take what the device will take if it reads @queue now. */
void model_observe(struct model *model, struct target *t, enum queue queue);

/* Note the used ring of @queue, which the device writes. */
void model_note_used_ring(struct model *model, struct target *t, enum queue queue);

bool is_ram_page(uint64_t page);

#endif

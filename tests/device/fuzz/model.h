/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_MODEL_H
#define TESTS_DEVICE_FUZZ_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/fuzz/target.h"

/*
 * Which pages a guest has named for the device to discard: a second reading of
 * the formats (virtio 1.2, 2.7 and 5.5; qemu-patches/README.md), from the
 * guest's side. Where the rings are and what was taken off them is QEMU's word,
 * what they hold is read here, before the device does.
 */
#define PAGE_BYTES 4096ULL
#define RAM_PAGES (RAM_BYTES / PAGE_BYTES)
/* Between these are the ROMs; a machine without VGA has RAM where its memory would be. */
#define LOW_RAM_END 0xc0000ULL
#define HIGH_RAM_BEGIN 0x100000ULL

enum queue {
	QUEUE_INFLATE,
	QUEUE_DEFLATE,
	QUEUE_STATS,
	QUEUE_REPORTING,
	QUEUE_HINTS, /* before that of reports, where there is one */
	QUEUE_COUNT
};

/* Its number for the device. */
uint16_t queue_index(const struct target *t, enum queue queue);

#define FEATURE_POISON (1ULL << 4)
#define FEATURE_CHUNKS (1ULL << 22)
#define FEATURE_SG (1ULL << 23)

struct model {
	uint64_t features;	 /* negotiated */
	uint64_t poison_address; /* of the configuration */
	bool named[RAM_PAGES];	 /* may be discarded */
	bool written[RAM_PAGES]; /* a used ring is or was here: the device writes */
	/*
	 * The rings, or what they point to, are in what is not RAM, or the device
	 * goes on by itself: what it reads is not what we would. Nothing is then
	 * said about memory until the next input.
	 */
	bool loose;
};

/* Forget what an input has done. */
void model_clear(struct model *model);

/* What the device takes when it looks at @queue now. */
void model_look(struct model *model, struct target *t, enum queue queue);

/* Note where the device writes for @queue. */
void model_note_used_ring(struct model *model, struct target *t, enum queue queue);

bool is_ram_page(uint64_t page);

#endif

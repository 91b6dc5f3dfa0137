/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_BALLOON_DRIVER_H
#define TESTS_DEVICE_BALLOON_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/qtest.h"

/*
 * The least that drives a virtio-balloon-pci (virtio 1.2, 4.1 and 5.5): the
 * inflate and the deflate queue, and any chain of descriptors on them.
 */
enum queue { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_COUNT };

#define QUEUE_LENGTH 128

/* Where the driver keeps its rings and buffers in guest memory. */
#define DRIVER_BEGIN (1U << 20)
#define DRIVER_END (4U << 20)

struct driver {
	struct machine *m; /* may be set to another one that this one has moved to */
	uint64_t common;   /* addresses of the device's registers */
	uint64_t notify[QUEUE_COUNT];
	uint16_t submitted[QUEUE_COUNT];
};

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags; /* as in the ring; that there is a next is added */
	uint16_t next;	/* another than the one that follows; with DESCRIPTOR_JUMP */
};

#define DESCRIPTOR_WRITE 2     /* the device writes */
#define DESCRIPTOR_JUMP 0x8000 /* ours: take @next */

#define FEATURE_CHUNKS (1ULL << 22)
#define FEATURE_SG (1ULL << 23)

/* Reset the device and bring it up again with @features and what a modern driver needs. */
void driver_start(struct driver *driver, struct machine *m, uint64_t features);

/* Put a chain into the queue, from descriptor @head on, without telling the device. */
void driver_add(struct driver *driver, enum queue queue, int head, const struct descriptor *chain,
		int count);

/*
 * Tell the device, and wait until it has given back all that was submitted, or
 * has given up. Return: whether it works.
 */
bool driver_kick(struct driver *driver, enum queue queue);

/* driver_add() and driver_kick() of one buffer whose content is at DRIVER_BUFFER. */
bool driver_send(struct driver *driver, enum queue queue, const void *content, uint32_t bytes);

/* Room for content, and where it is in guest memory. */
#define DRIVER_BUFFER (2U << 20)
#define DRIVER_BUFFER_BYTES (2U << 20)

#endif

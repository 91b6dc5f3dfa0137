/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_BALLOON_DRIVER_H
#define TESTS_DEVICE_BALLOON_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/qtest.h"

/*
 * A minimal driver of virtio-balloon-pci (virtio 1.2, 4.1 and 5.5): the inflate and the
 * deflate queue, with arbitrary chains of descriptors.
 */
enum queue { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_COUNT };

#define QUEUE_LENGTH 128

/* Where the driver keeps its rings and buffers in guest memory. */
#define DRIVER_BEGIN (1U << 20)
#define DRIVER_END (4U << 20)

struct driver {
	struct machine *m; /* the caller may set it to the target of a migration */
	uint64_t common;   /* addresses of the device's registers */
	uint64_t notify[QUEUE_COUNT];
	uint16_t submitted[QUEUE_COUNT];
};

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags; /* as in the ring; NEXT is added */
	uint16_t next;	/* with DESCRIPTOR_JUMP: instead of the following one */
};

#define DESCRIPTOR_WRITE 2     /* the device writes */
#define DESCRIPTOR_JUMP 0x8000 /* ours: use @next */

#define FEATURE_CHUNKS (1ULL << 22)
#define FEATURE_SG (1ULL << 23)

/* Reset the device and start it with @features and VIRTIO_F_VERSION_1. */
void driver_start(struct driver *driver, struct machine *m, uint64_t features);

/* Add a chain to the queue, from descriptor @head on, without a kick. */
void driver_add(struct driver *driver, enum queue queue, int head, const struct descriptor *chain,
		int count);

/* Kick the device. */
void driver_notify(struct driver *driver, enum queue queue);

/* Number of buffers that the device has used so far, modulo 2^16. */
uint16_t driver_used(const struct driver *driver, enum queue queue);

/* Wait until the device has used all buffers or has stopped. Return: whether it works. */
bool driver_wait(struct driver *driver, enum queue queue);

/* Kick and wait. */
bool driver_kick(struct driver *driver, enum queue queue);

/* driver_add() and driver_kick() of one buffer; the content is copied to DRIVER_BUFFER. */
bool driver_send(struct driver *driver, enum queue queue, const void *content, uint32_t bytes);

/* The buffer in guest memory. */
#define DRIVER_BUFFER (2U << 20)
#define DRIVER_BUFFER_BYTES (2U << 20)

#endif

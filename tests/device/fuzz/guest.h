/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_GUEST_H
#define TESTS_DEVICE_FUZZ_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/fuzz/input.h"
#include "tests/device/fuzz/model.h"
#include "tests/device/fuzz/target.h"

/*
 * The guest of an input: the addresses of its rings and buffers, and the state of the
 * device as the guest has set it. The rest of its memory is filled with a pattern.
 */
struct guest {
	struct target *t;
	struct model model;
	/* Addresses of the device's registers. */
	uint64_t common, notify, isr, config;
	uint32_t notify_multiplier;
	uint64_t offered;  /* features */
	uint64_t accepted; /* features written, negotiated or not */
	uint32_t feature_select;
	uint8_t status;
	uint8_t config_bytes[16]; /* as the driver has written them */
	uint16_t available[QUEUE_COUNT];
	bool trusted;	     /* between inputs: the model is not needed */
	bool host_used;	     /* the input had a record for the host */
	unsigned int inputs; /* so far */
};

/* Find the device, and fill the memory. @guest is zeroed. */
void guest_init(struct guest *guest, struct target *t);

/* Execute an input; a failure is in target.trouble. */
void guest_run(struct guest *guest, const struct input *input);

/* Check that only named pages were discarded, and only used rings written. */
void guest_check_memory(struct guest *guest);

/* Restore the state before an input, and check that the device works. */
void guest_settle(struct guest *guest);

/* The memory of the driver; the rest is free for balloons. */
#define DRIVER_BEGIN HIGH_RAM_BEGIN
#define DRIVER_END 0x200000ULL
#define DESC_AT(queue) (DRIVER_BEGIN + (queue)*0x4000ULL)
#define AVAIL_AT(queue) (0x120000ULL + (queue)*0x1000ULL)
#define USED_AT(queue) (0x130000ULL + (queue)*0x4000ULL)
#define INDIRECT_AT 0x150000ULL
#define BUFFER_BYTES 0x10000ULL
#define BUFFERS 8
#define BUFFER_AT(slot) (0x180000ULL + (slot) % BUFFERS * BUFFER_BYTES)

/* Register accesses that update the model, and wait until the device has handled them. */
void guest_write_common(struct guest *guest, uint32_t offset, char size, uint64_t value);
void guest_write_config(struct guest *guest, uint32_t offset, char size, uint32_t value);
void guest_kick(struct guest *guest, enum queue queue);
void guest_observe(struct guest *guest, enum queue queue);
void guest_setup_pci(struct guest *guest);
void guest_setup_queue(struct guest *guest, enum queue queue, uint16_t size, uint64_t desc,
		       uint64_t avail, uint64_t used);
/* Reset, negotiate, set up queues, start; @without: GUEST_NO_* */
void guest_start(struct guest *guest, uint64_t features, uint8_t without);

#define GUEST_NO_RESET 1
#define GUEST_NO_ACKNOWLEDGE 2
#define GUEST_NO_FEATURES_OK 4
#define GUEST_NO_QUEUES 8
#define GUEST_NO_DRIVER_OK 16
#define GUEST_KEEP_RINGS 32

/* Execute one record. */
void guest_do(struct guest *guest, const struct record *record);

/* Actions of the host. */
void guest_host(struct guest *guest, const struct record *record);
void guest_host_settle(struct guest *guest);

#endif

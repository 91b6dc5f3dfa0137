/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_GUEST_H
#define TESTS_DEVICE_FUZZ_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/fuzz/input.h"
#include "tests/device/fuzz/model.h"
#include "tests/device/fuzz/target.h"

/*
 * The guest that an input describes: where it keeps its rings and buffers, and
 * what it has told the device. Its memory is a pattern otherwise.
 */
struct guest {
	struct target *t;
	struct model model;
	/* Addresses of the device's registers. */
	uint64_t common, notify, isr, config;
	uint32_t notify_multiplier;
	uint64_t offered;  /* features */
	uint64_t accepted; /* features written, in force or not */
	uint32_t feature_select;
	uint8_t status;
	uint8_t config_bytes[16]; /* of which what the driver writes is known */
	uint16_t available[QUEUE_COUNT];
	bool trusted;	     /* what goes on is no input: nothing is to be looked after */
	bool host_used;	     /* an input has had the host do something */
	unsigned int inputs; /* so far */
};

/* Find the device, and fill the memory. @guest is zero. */
void guest_init(struct guest *guest, struct target *t);

/* Carry out an input; trouble is left in the target. */
void guest_run(struct guest *guest, const struct input *input);

/* Has anything been discarded that was not named, or written where nothing was to be? */
void guest_check_memory(struct guest *guest);

/* Everything as before an input; the device must come back and do its work. */
void guest_settle(struct guest *guest);

/* Where the driver keeps what the device reads; the rest is free for balloons. */
#define DRIVER_BEGIN HIGH_RAM_BEGIN
#define DRIVER_END 0x200000ULL
#define DESC_AT(queue) (DRIVER_BEGIN + (queue)*0x4000ULL)
#define AVAIL_AT(queue) (0x120000ULL + (queue)*0x1000ULL)
#define USED_AT(queue) (0x130000ULL + (queue)*0x4000ULL)
#define INDIRECT_AT 0x150000ULL
#define BUFFER_BYTES 0x10000ULL
#define BUFFERS 8
#define BUFFER_AT(slot) (0x180000ULL + (slot) % BUFFERS * BUFFER_BYTES)

/* Register accesses that keep the model up to date; what has been put off is then done. */
void guest_write_common(struct guest *guest, uint32_t offset, char size, uint64_t value);
void guest_write_config(struct guest *guest, uint32_t offset, char size, uint32_t value);
void guest_kick(struct guest *guest, enum queue queue);
void guest_look(struct guest *guest, enum queue queue);
void guest_setup_pci(struct guest *guest);
void guest_setup_queue(struct guest *guest, enum queue queue, uint16_t size, uint64_t desc,
		       uint64_t avail, uint64_t used);
/* Reset, features, queues, go; @without: GUEST_NO_* */
void guest_start(struct guest *guest, uint64_t features, uint8_t without);

#define GUEST_NO_RESET 1
#define GUEST_NO_ACKNOWLEDGE 2
#define GUEST_NO_FEATURES_OK 4
#define GUEST_NO_QUEUES 8
#define GUEST_NO_DRIVER_OK 16
#define GUEST_KEEP_RINGS 32

/* Carry out one record. */
void guest_do(struct guest *guest, const struct record *record);

/* The commands of the host. */
void guest_host(struct guest *guest, const struct record *record);
void guest_host_settle(struct guest *guest);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The device that memory is moved with: its configuration space, mapped from its
 * PCI BAR. Of a balloon the two words by which host and driver agree on it (virtio
 * 1.2, 5.5.4), of virtio-mem requested_size and plugged_size (5.15.4).
 *
 * Reading them costs one trap, allocates nothing and takes no lock of the
 * driver, and what they say is brought up to date after every batch or block: so a
 * move can be timed from user space, with any kernel, without tracing it.
 */
struct device {
	const volatile uint32_t *config;
	bool plugs;	      /* virtio-mem */
	uint64_t whole_bytes; /* of virtio-mem, where nothing is away */
	uint64_t total_pages; /* of the guest, likewise */
};

/**
 * device_open() - find and map the balloon, or else virtio-mem
 *
 * Waits until the guest has taken all that virtio-mem offers it at the boot.
 *
 * Return: 0 or -errno; -ENODEV: there is neither, -ETIMEDOUT: memory is not there
 * after a minute.
 */
int device_open(struct device *device);

/* Pages (4 KiB) that the host asks the guest to be without. */
uint32_t device_target(const struct device *device);

/**
 * device_away() - pages that the guest is without
 * @returning: it is to get some back: of virtio-mem's they count once the guest's
 *	kernel can use them, which is after the device has given them
 */
uint32_t device_away(const struct device *device, bool returning);

#endif

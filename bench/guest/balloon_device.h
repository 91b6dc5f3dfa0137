/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUEST_BALLOON_DEVICE_H
#define GUEST_BALLOON_DEVICE_H

#include <stdint.h>

/*
 * The balloon device's configuration space, mapped from its PCI BAR: the two
 * words by which host and driver agree on the balloon (virtio 1.2, 5.5.4).
 * Reading them costs one trap, allocates nothing and takes no lock of the
 * driver, and the driver writes "actual" after every batch: so a move can be
 * timed from user space, with any kernel, without tracing it.
 */
struct balloon_device {
	const volatile uint32_t *config;
};

/* Find and map the first balloon; 0 or -errno (-ENODEV: there is none). */
int balloon_device_open(struct balloon_device *device);

/* Pages (4 KiB) that the host asks for, and that the driver has given. */
uint32_t balloon_device_num_pages(const struct balloon_device *device);
uint32_t balloon_device_actual(const struct balloon_device *device);

#endif

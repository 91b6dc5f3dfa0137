/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target and size of the balloon of cmm, the driver for IBM's pseries, which simulates its
 * hypervisor: with cmm.simulate=1 the target is a file, and pages are loaned to no one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/guest/guest.h"

#define FILES "/sys/devices/system/cmm/cmm0/"
#define WISH FILES "simulate_loan_target_kb"
#define TARGET_FILE FILES "loaned_target_kb"
#define SIZE_FILE FILES "loaned_kb"
#define KIB_PER_PAGE (PAGE_BYTES / 1024)

int cmm_open(void)
{
	return access(WISH, W_OK) < 0 ? (errno == ENOENT ? -ENODEV : -errno) : 0;
}

uint32_t cmm_read(enum device_pages what)
{
	char text[32];

	if (procfs_read(what == TARGET ? TARGET_FILE : SIZE_FILE, text, sizeof(text)) < 0)
		return 0;
	return strtoull(text, NULL, 10) / KIB_PER_PAGE;
}

int cmm_set_target(uint32_t pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, pages * (uint64_t)KIB_PER_PAGE);
	return procfs_write(WISH, text);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_PAGES_H
#define TESTS_DEVICE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/device/balloon_driver.h"
#include "tests/device/qtest.h"

/*
 * The machine of a test, its driver, and the pages that it gives to the balloon. All of
 * its memory has a pattern, so that whatever is discarded is seen.
 */
extern struct machine machine;
extern struct driver driver;

#define PAGE 4096U
#define RAM_PAGES (RAM_BYTES / PAGE)
/* First page for balloons, above the driver's memory and the low memory of a PC. */
#define FIRST 0x2000U
/* Page numbers without RAM that the guest may write. */
#define PAGE_OPTION_ROM 0xc0U
#define PAGE_ISA_BIOS 0xf0U
#define PAGE_BIOS 0xfffc0U
#define PAGE_REGISTERS (0xe0000000U / PAGE)
#define PAGE_NOTHING 0x40000U

struct range {
	uint64_t first;
	uint64_t pages;
};

typedef bool send_fn(enum queue queue, const struct range *ranges, int count);

/* Start the machine and its driver, with all memory filled; and end it, a teardown. */
void pages_start(const struct machine_options *options, uint64_t features);
int pages_end(void **state);

/* Restore the pattern of all pages but the driver's. */
void pages_fill(void);

/* Exactly these ranges read as 0. The pattern is restored. */
void expect_discarded(const struct range *ranges, int count);

/* Send the ranges in one buffer, as driver_send() does. */
send_fn send_pfns, send_chunks, send_sg;

/* Entry of the format of page-chunks. */
uint64_t chunk(struct range range);

/* The most ranges of send_chunks(), and PFNs of send_pfns(). */
#define CHUNKS_MAX 2049
#define PFNS_MAX 65537

/* Valid entries work on both queues. */
void check_works(send_fn *send);

/* PFNs that are not RAM, between good ones, on both queues. */
void check_bad_pfns(void);

#endif

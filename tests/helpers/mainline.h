/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_MAINLINE_H
#define TESTS_HELPERS_MAINLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/helpers/vm.h"

/*
 * Guests with kernels of kernel-patches/mainline, which are not those of `make all`.
 * scripts/build-mainline builds them into a directory of the build, or says there why it cannot.
 */
struct cut_device {
	const char *cut, *device; /* properties of the balloon, or NULL */
};

#define REPORTS_EARLY "page_reporting.page_reporting_delay_ms=100 "
/* The fifth block of eight, of a guest of 1 GiB. */
#define MEMORY_BLOCK "/sys/devices/system/memory/memory4/state"

/* Fixtures of a group: use the kernels in @directory of the build. */
int mainline_set_up(void **state, const char *directory);
int mainline_tear_down(void **state);

/* Skip the test, with the reason, if there are no kernels. */
void mainline_need_kernels(void);

void mainline_start(const struct cut_device *of, const char *device, const char *append,
		    uint64_t memory_bytes);

bool console_has(const char *text);

/* NR_BALLOON_PAGES, with what each CPU keeps to itself. */
int64_t balloon_pages(void);

/* NR_BALLOON_PAGES, and pages inflated less those deflated, are @in_balloon. */
void expect_balance(int64_t in_balloon);

#endif

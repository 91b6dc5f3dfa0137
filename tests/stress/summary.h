/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_SUMMARY_H
#define STRESS_SUMMARY_H

#include <jansson.h>

#include "bench/config/images.h"
#include "tests/stress/boot.h"

/*
 * summary.json: what a run executed and found; numbers are of executed operations, not of
 * planned ones. analysis/report/section_setup.c reads it.
 */
#define STRESS_SUMMARY_VERSION 1

/* The summary of one kernel; a new reference. @findings is stolen. */
json_t *summary_cut(const struct image_cut *cut, const char *device,
		    const struct stress_counts *counts, uint64_t duration_ns, json_t *findings);

/* Write DIR/summary.json and DIR/summary.md. Returns 0 or -errno. */
int summary_write(const json_t *summary, const char *directory);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_BOOT_H
#define STRESS_BOOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/vm/vm.h"
#include "tests/stress/schedule.h"

/* What was done, of each kind; what was refused or failed by itself is in it, too. */
struct stress_counts {
	uint64_t done[STRESS_OPS];
	uint64_t failed[STRESS_OPS];
	uint64_t killed; /* processes, by the OOM killer */
	uint64_t faults; /* allocations that failed because they were told to */
	uint64_t rounds;
	uint64_t audits;
	uint64_t leak_scans;
	uint64_t boots;
	uint64_t inflated_pages; /* by vmstat, up to the last audit of each boot; the next two, too
				  */
	uint64_t deflated_pages;
	uint64_t migrated_pages;
};

/* A guest under stress, and what it is held against. */
struct stress_boot {
	struct vm vm;
	const char *cut;
	uint64_t seed;
	unsigned int number;
	const char *directory; /* of its logs */
	FILE *log;	       /* a line of JSON for each order and audit */
	uint64_t started_ns;   /* what the log's times count from */
	struct stress_counts *counts;
	json_t *finding; /* what ended it, or NULL */

	char qemu_version[32];
	unsigned int round; /* the one that goes on, or the last */
	char pci_address[16];
	long console_offset;
	int64_t total_bytes;	/* MemTotal before the first round */
	int64_t free_bytes;	/* what was free then */
	int64_t kept_pages;	/* that page_owner says were for a balloon then: 0 */
	int64_t inflated_pages; /* by vmstat, at the last audit; the next two, too */
	int64_t deflated_pages;
	int64_t migrated_pages;
};

/* When a boot is to end before it has had all its rounds. */
struct stress_limits {
	uint64_t end_ns; /* no round begins after it; 0: no such time */
	uint64_t orders; /* no round begins when so many were carried out; 0: no such number */
};

/**
 * stress_boot_run() - start the guest, run its rounds, end it
 * @boot: cut, seed, number, directory, log, started_ns and counts are set; .finding is
 *	the caller's to release
 * @config: of its QEMU
 *
 * Return: 0, also where something was found; -EINTR; another -errno where QEMU
 * could not be started, or the guest is not up to it, with the reason in
 * boot->vm.reason, which is empty where there was no QEMU to give one.
 */
int stress_boot_run(struct stress_boot *boot, const struct qemu_config *config,
		    const struct stress_limits *limits);

/* What was carried out of all kinds. */
uint64_t stress_orders(const struct stress_counts *counts);

/**
 * stress_round_run() - carry out a round
 *
 * Return: 0; -EINTR; another -errno where the guest does not answer, and then
 * boot->vm.reason says why.
 */
int stress_round_run(struct stress_boot *boot, const struct stress_round *round);

/* Note a line in the log; the reference is stolen. */
void stress_log(struct stress_boot *boot, json_t *line);

/* Keep the first thing that is found; the reference is stolen. */
void stress_found(struct stress_boot *boot, json_t *finding);

/* The same, of something that the kernel did not say itself. */
void stress_found_text(struct stress_boot *boot, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Look whether the kernel has complained. */
void stress_look_at_console(struct stress_boot *boot);

#endif

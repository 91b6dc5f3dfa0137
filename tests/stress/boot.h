/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STRESS_BOOT_H
#define STRESS_BOOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/vm/vm.h"
#include "tests/stress/schedule.h"

/* Numbers of operations; refused and failed ones are in @done, too. */
struct stress_counts {
	uint64_t done[STRESS_OPS];
	uint64_t failed[STRESS_OPS];
	uint64_t killed; /* processes, by the OOM killer */
	uint64_t faults; /* injected allocation failures */
	uint64_t rounds;
	uint64_t audits;
	uint64_t leak_scans;
	uint64_t boots;
	uint64_t page_owner_boots; /* with page_owner */
	uint64_t init_boots;	   /* with init_on_alloc=1 */
	uint64_t inflated_pages; /* by vmstat, up to the last audit of each boot; the next two, too
				  */
	uint64_t deflated_pages;
	uint64_t migrated_pages;
};

/* A guest under stress, and its state before the first round. */
struct stress_boot {
	struct vm vm;
	const struct image_cut *cut;
	uint64_t seed;
	unsigned int number;
	struct stress_machine machine;
	const char *directory; /* of its logs */
	FILE *log;	       /* a line of JSON for each order and audit */
	uint64_t started_ns;   /* origin of the times in the log */
	struct stress_counts *counts;
	json_t *finding; /* what ended it, or NULL */

	char qemu_version[32];
	unsigned int round; /* the current or the last one */
	char pci_address[16];
	long console_offset;
	int64_t total_bytes;	/* MemTotal before the first round */
	int64_t free_bytes;	/* MemFree then */
	int64_t kept_pages;	/* balloon pages by page_owner then: 0; 0 without it */
	int64_t inflated_pages; /* by vmstat at the last audit, like the next two */
	int64_t deflated_pages;
	int64_t migrated_pages;
};

/* Limits that end a boot before its last round. */
struct stress_limits {
	uint64_t end_ns; /* no round begins after it; 0: no limit */
	uint64_t orders; /* no round begins after so many; 0: no limit */
};

/**
 * stress_boot_run() - start the guest, run its rounds, power it off
 * @boot: cut, seed, number, machine, directory, log, started_ns and counts are set; .finding
 *	is the caller's to release
 * @config: of its QEMU
 *
 * Return: 0, also if something was found; -EINTR; another -errno if QEMU cannot be started
 * or the guest's kernel lacks a feature, with the reason in boot->vm.reason, which is
 * empty if there is no QEMU.
 */
int stress_boot_run(struct stress_boot *boot, const struct qemu_config *config,
		    const struct stress_limits *limits);

/* Number of operations of all kinds. */
uint64_t stress_orders(const struct stress_counts *counts);

/**
 * stress_round_run() - execute a round
 *
 * Return: 0; -EINTR; another -errno if the guest does not answer, with the reason in
 * boot->vm.reason.
 */
int stress_round_run(struct stress_boot *boot, const struct stress_round *round);

/* Write a line of the log; the reference is stolen. */
void stress_log(struct stress_boot *boot, json_t *line);

/* Log a finding, and keep the first one; the reference is stolen. */
void stress_found(struct stress_boot *boot, json_t *finding);

/* The same for a finding that is not a message of the kernel. */
void stress_found_text(struct stress_boot *boot, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Scan the console for findings. */
void stress_check_console(struct stress_boot *boot);

#endif

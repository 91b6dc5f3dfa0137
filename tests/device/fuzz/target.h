/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_TARGET_H
#define TESTS_DEVICE_FUZZ_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/vm/qmp.h"
#include "tests/device/fuzz/coverage_runtime.h"

/*
 * A QEMU that is fuzzed: no CPU runs, its guest's memory is a file that we map,
 * its registers are reached by qtest. Commands are gathered and go out together,
 * for most of the time is spent on the way.
 *
 * The first thing that goes wrong stays in @trouble, and whatever is asked for
 * after that does nothing and returns 0.
 */
#define RAM_BYTES (16ULL << 20)

struct target {
	pid_t pid;
	bool hints;
	int qtest; /* socket */
	struct qmp *qmp;
	int ram_fd;
	uint8_t *ram;
	struct coverage *coverage;
	int log_fd;	   /* what QEMU says */
	char trouble[512]; /* "" where there is none */
	char out[4096];	   /* commands on their way */
	size_t out_bytes;
	unsigned int unanswered;
	bool unsettled; /* commands since the last target_sync() */
	char in[4096];	/* answers that have come */
	size_t in_bytes;
};

/*
 * @merge: the machine's x-merge-pfns (and no advice for what is deflated)
 * @hints: free-page-hint; QEMU 10.0 locks itself up where a guest has the rings
 *	   of that queue in what is not RAM: tests/device/corpus/README.md
 * Return: 0 or -errno
 */
int target_start(struct target *t, const char *qemu, bool merge, bool hints);
void target_end(struct target *t);

/* @size: 'b', 'w', 'l' or 'q' */
void target_write(struct target *t, char size, uint64_t address, uint64_t value);
void target_out(struct target *t, char size, uint16_t port, uint32_t value);
uint64_t target_read(struct target *t, char size, uint64_t address);
uint64_t target_in(struct target *t, char size, uint16_t port);
void target_clock(struct target *t, uint64_t ns);

/* Until all that was asked for is answered, and what it has put off is begun. */
void target_sync(struct target *t);

/* Commands by QMP, after a target_sync(). @arguments is stolen; refusal is no trouble. */
json_t *target_qmp(struct target *t, const char *command, json_t *arguments);

/* Wait for an event that a command has as its consequence. */
void target_qmp_event(struct target *t, const char *event);

/* The line of the log that says why QEMU has died, into @trouble. */
void target_explain(struct target *t);

void target_fail(struct target *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

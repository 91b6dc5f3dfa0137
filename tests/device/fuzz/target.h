/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_FUZZ_TARGET_H
#define TESTS_DEVICE_FUZZ_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/vm/qmp.h"
#include "tests/device/fuzz/coverage_runtime.h"

/*
 * A QEMU under test: no CPU runs, the guest's memory is a mapped file, registers are
 * accessed by qtest. Commands are sent in batches, because round trips take most of the
 * time.
 *
 * The first failure is kept in @trouble. After it, functions do nothing and return 0.
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
	int log_fd;	   /* output of QEMU */
	char trouble[512]; /* the first failure, or "" */
	char out[4096];	   /* commands to be sent */
	size_t out_bytes;
	unsigned int unanswered;
	bool unsettled; /* commands since the last target_sync() */
	char in[4096];	/* answers that were received */
	size_t in_bytes;
};

/*
 * @merge: x-merge-pfns=on, x-deflate-willneed=off
 * @hints: free-page-hint; QEMU 10.0 deadlocks if a guest puts the rings of that queue
 *	   outside RAM: tests/device/corpus/README.md
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

/* Wait for all answers, and for the bottom halves that the commands have scheduled. */
void target_sync(struct target *t);

/* Execute a QMP command, after target_sync(). @arguments is stolen; an error is no failure. */
json_t *target_qmp(struct target *t, const char *command, json_t *arguments);

/* Wait for a QMP event. */
void target_qmp_event(struct target *t, const char *event);

/* Replace @trouble by the line of the log that says why QEMU has died. */
void target_explain(struct target *t);

void target_fail(struct target *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

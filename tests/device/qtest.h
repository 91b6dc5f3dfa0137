/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_QTEST_H
#define TESTS_DEVICE_QTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/vm/qmp.h"
#include "tests/helpers/deny.h"

/*
 * A QEMU whose CPUs do not run. The test acts as the guest: QEMU's qtest protocol
 * (docs/devel/testing/qtest.rst of QEMU) accesses ports and registers, and the guest's
 * memory is a file. If an operation fails, so does the test.
 */
struct machine {
	pid_t pid;
	int qtest; /* socket */
	struct qmp *qmp;
	uint8_t *ram;	    /* of the guest, RAM_BYTES from address 0 */
	uint64_t remote;    /* address of private RAM in QEMU, or 0: @ram is shared */
	char log_path[512]; /* the output of QEMU, in test_dir */
};

#define RAM_BYTES (320U << 20)

struct machine_options {
	const char *properties;	     /* of the balloon device, "a=on,b=off", or "" */
	const char *incoming;	     /* file of a migrated machine, or NULL; QEMU may exit */
	const char *traced;	     /* trace events for its output, a pattern, or NULL */
	bool hide_guest_errors;	     /* no -d guest_errors */
	bool private_ram;	     /* without a file: see machine_pull() */
	const struct denied *denied; /* or NULL */
};

void machine_start_with(struct machine *m, const struct machine_options *options);

/* The same with these two options only. */
void machine_start(struct machine *m, const char *properties, const char *incoming);
void machine_end(struct machine *m);

/*
 * Private RAM has a copy in machine.ram: update the copy from what QEMU has, or what QEMU
 * has from the copy. For shared RAM they do nothing.
 */
void machine_pull(const struct machine *m, uint64_t address, uint64_t bytes);
void machine_push(const struct machine *m, uint64_t address, uint64_t bytes);

uint64_t machine_in(struct machine *m, char size, uint16_t port);
void machine_out(struct machine *m, char size, uint16_t port, uint32_t value);
/* @size: 'b', 'w', 'l' or 'q', as in the protocol */
uint64_t machine_read(struct machine *m, char size, uint64_t address);
void machine_write(struct machine *m, char size, uint64_t address, uint64_t value);

/* Migrate the machine to a file, for @incoming. */
void machine_migrate(struct machine *m, const char *path);

/* Wait for the incoming migration. Returns false if QEMU has exited instead. */
bool machine_arrived(struct machine *m);

/* How often the output of QEMU contains @text. */
int machine_said(const struct machine *m, const char *text);

/* The largest number that follows @text in its output, and how often one does. */
uint64_t machine_most(const struct machine *m, const char *text, int *count);

/* Stop or continue the machine, "stop" or "cont". */
void machine_control(struct machine *m, const char *command);

#endif

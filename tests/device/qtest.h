/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_QTEST_H
#define TESTS_DEVICE_QTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/vm/qmp.h"

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
	char log_path[512]; /* the output of QEMU, in test_dir */
};

#define RAM_BYTES (320U << 20)

/*
 * @properties: of the balloon device, "a=on,b=off", or ""
 * @incoming: file of a migrated machine, or NULL; QEMU may refuse it and exit
 */
void machine_start(struct machine *m, const char *properties, const char *incoming);
void machine_end(struct machine *m);

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

#endif

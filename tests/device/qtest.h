/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_DEVICE_QTEST_H
#define TESTS_DEVICE_QTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/vm/qmp.h"

/*
 * A QEMU without a CPU that runs: the test is the guest, by way of QEMU's qtest
 * protocol (docs/devel/testing/qtest.rst of QEMU) for ports and registers, and by a
 * file that is the guest's memory. Failures end the test.
 */
struct machine {
	pid_t pid;
	int qtest; /* socket */
	struct qmp *qmp;
	uint8_t *ram;	    /* of the guest, RAM_BYTES from address 0 */
	char log_path[512]; /* what QEMU says; in test_dir */
};

#define RAM_BYTES (320U << 20)

/*
 * @properties: of the balloon device, "a=on,b=off", or ""
 * @incoming: file of a machine that moves here, or NULL; QEMU may refuse it and end
 */
void machine_start(struct machine *m, const char *properties, const char *incoming);
void machine_end(struct machine *m);

uint64_t machine_in(struct machine *m, char size, uint16_t port);
void machine_out(struct machine *m, char size, uint16_t port, uint32_t value);
/* @size: 'b', 'w', 'l' or 'q', as in the protocol */
uint64_t machine_read(struct machine *m, char size, uint64_t address);
void machine_write(struct machine *m, char size, uint64_t address, uint64_t value);

/* Write the machine to a file, to be another's @incoming. */
void machine_migrate(struct machine *m, const char *path);

/* Wait for the machine that moves here: whether it has arrived, or QEMU ended. */
bool machine_arrived(struct machine *m);

/* How often @text is in what QEMU has said. */
int machine_said(const struct machine *m, const char *text);

#endif

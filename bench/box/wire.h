/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOX_WIRE_H
#define BENCH_BOX_WIRE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Messages between balloonbench and the one that works for it in a box, over a virtio-serial port:
 * a type, the size of the content as four bytes, little-endian, and the content.
 *
 * Functions return 0 or
 *   -ETIMEDOUT   the deadline passed
 *   -EINTR       the user asked to stop (see interrupt.h)
 *   -ECONNRESET  the peer is gone
 *   -EMSGSIZE    a message is larger than WIRE_MAX
 * Do not use the port after one of these.
 */
enum wire_type {
	WIRE_READY = 'r',  /* to the outside, once: JSON of struct box_hello */
	WIRE_BOOT = 'b',   /* to the inside: JSON of what to boot */
	WIRE_STEP = 's',   /* the rest is to the outside: text of the progress, */
	WIRE_FILE = 'f',   /* the name of a file of the boot's directory, */
	WIRE_DATA = 'd',   /* a part of its content, */
	WIRE_RESULT = 'o', /* result.json: the end of a boot, or instead */
	WIRE_ERROR = 'e',  /* the -errno of boot_run(), as text */
	WIRE_END = 'x',	   /* the program ends, with that exit status */
};

#define WIRE_MAX (32U << 20)

struct wire_message {
	enum wire_type type;
	char *data; /* with a final 0, which @size does not count */
	size_t size;
};

int wire_send(int fd, enum wire_type type, const void *data, size_t size, uint64_t deadline);

/* Release @message in every case. */
int wire_receive(int fd, struct wire_message *message, uint64_t deadline);
void wire_release(struct wire_message *message);

#endif

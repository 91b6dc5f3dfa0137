/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/box/wire.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/alloc.h"

#define HEAD_SIZE 5

static int write_all(int fd, const char *data, size_t size, uint64_t deadline)
{
	int err = 0;
	ssize_t n;

	while (!err && size) {
		err = interruptible_poll(fd, POLLOUT, deadline);
		n = err ? 0 : write(fd, data, size);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			err = errno == EPIPE ? -ECONNRESET : -errno;
		data += n > 0 ? n : 0;
		size -= n > 0 ? n : 0;
	}
	return err;
}

int wire_send(int fd, enum wire_type type, const void *data, size_t size, uint64_t deadline)
{
	uint32_t length = htole32(size);
	char head[HEAD_SIZE] = { type };
	int err;

	if (size > WIRE_MAX)
		return -EMSGSIZE;
	memcpy(head + 1, &length, sizeof(length));
	err = write_all(fd, head, sizeof(head), deadline);
	return err ? err : write_all(fd, data, size, deadline);
}

static int read_all(int fd, char *data, size_t size, uint64_t deadline)
{
	int err = 0;
	ssize_t n;

	while (!err && size) {
		err = interruptible_poll(fd, POLLIN, deadline);
		n = err ? 0 : read(fd, data, size);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			err = -errno;
		/* A port whose other end is closed reads as nothing. */
		if (!err && !n)
			err = -ECONNRESET;
		data += n > 0 ? n : 0;
		size -= n > 0 ? n : 0;
	}
	return err;
}

int wire_receive(int fd, struct wire_message *message, uint64_t deadline)
{
	char head[HEAD_SIZE];
	uint32_t length;
	int err = read_all(fd, head, sizeof(head), deadline);

	*message = (struct wire_message){ .data = NULL };
	if (err)
		return err;
	memcpy(&length, head + 1, sizeof(length));
	message->type = (unsigned char)head[0];
	message->size = le32toh(length);
	if (message->size > WIRE_MAX)
		return -EMSGSIZE;
	message->data = xcalloc(message->size + 1, 1);
	return read_all(fd, message->data, message->size, deadline);
}

void wire_release(struct wire_message *message)
{
	free(message->data);
	message->data = NULL;
}

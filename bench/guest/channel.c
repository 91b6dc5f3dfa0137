/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/alloc.h"
#include "lib/clock.h"

#define OPEN_MS 2000
/* Until a write is tried again. */
#define RETRY_NS (10 * NSEC_PER_MSEC)

static FILE *from_host;
static int to_host = -1;

int channel_take(int fd)
{
	if (from_host)
		fclose(from_host);
	if (to_host >= 0)
		close(to_host);
	from_host = fdopen(dup(fd), "re");
	to_host = fd;
	return from_host ? 0 : -errno;
}

int channel_open_port(const char *name)
{
	uint64_t deadline = deadline_in_ms(OPEN_MS);
	char dir[PATH_MAX], path[PATH_MAX];
	int fd;

	/* A control message announces the port after the probe of the driver. */
	while (procfs_find("/sys/class/virtio-ports/*/name", name, dir)) {
		if (clock_ns() > deadline)
			return -ENODEV;
		sleep_ns(NSEC_PER_MSEC);
	}
	snprintf(path, sizeof(path), "/dev%s", strrchr(dir, '/'));
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int channel_open(void)
{
	int fd;

	/*
	 * By default jansson seeds its hashes from /dev/urandom, which takes a second
	 * right after boot. The host is trusted.
	 */
	json_object_seed(1);
	fd = channel_open_port(GUEST_PORT_NAME);
	return fd < 0 ? fd : channel_take(fd);
}

/*
 * The driver of the port allocates memory for each write, which can fail: a message that is lost
 * is an agent that hangs. stdio would drop what it could not write.
 */
static void write_message(const char *text, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(to_host, text, size);
		if (n < 0 && errno == ENOMEM)
			sleep_ns(RETRY_NS);
		else if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		size -= n > 0 ? n : 0;
	}
}

static void send_message(const struct guest_envelope *envelope, const struct record *record,
			 const void *value)
{
	json_t *msg = record_encode(&guest_envelope_record, envelope), *members;
	size_t size;
	char *text;
	FILE *line;

	if (record) {
		members = record_encode(record, value);
		json_object_update(msg, members);
		json_decref(members);
	}
	line = xmemstream(&text, &size);
	json_dumpf(msg, line, JSON_COMPACT);
	putc('\n', line);
	fclose(line);
	write_message(text, size);
	free(text);
	json_decref(msg);
}

void channel_answer(int64_t id, const char *error, const struct record *record, const void *value)
{
	send_message(&(struct guest_envelope){ .id = id, .ok = !error, .error = (char *)error },
		     record, value);
}

void channel_event(const char *event, const char *error, const struct record *record,
		   const void *value)
{
	const struct guest_envelope envelope = { .id = RECORD_ABSENT,
						 .event = (char *)event,
						 .error = (char *)error };

	send_message(&envelope, record, value);
}

int channel_receive(struct guest_request *request, char *err, size_t err_size)
{
	char *line = NULL;
	json_t *msg = NULL;
	size_t size = 0;
	int status;

	record_init(&guest_request_record, request);
	if (getline(&line, &size, from_host) > 0)
		msg = json_loads(line, 0, NULL);
	free(line);
	status = json_is_object(msg) ? record_decode(&guest_request_record, msg, request,
						     "the request", err, err_size)
				     : -EPIPE;
	json_decref(msg);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <jansson.h>
#include <stdint.h>

/*
 * The host's half of the guest channel: requests to balloonguest over its
 * virtio-serial port, one JSON object a line. The protocol stands in
 * bench/guest/README.md. Errors are those of jsonl.h, and
 *   -EPROTO  the agent refused, or answered what the protocol does not know.
 */
struct guest;

int guest_open(struct guest **guest, int fd, const char *log_path);
void guest_close(struct guest *guest);

/**
 * guest_hello() - wait for the agent
 * @hello: its first message, owned by the caller; may be NULL
 *
 * -EPROTO where the agent speaks another protocol version.
 */
int guest_hello(struct guest *guest, json_t **hello, uint64_t deadline);

/**
 * guest_request() - one request and its answer
 * @request: an object with "cmd"; the reference is stolen, the id is set here
 * @answer: owned by the caller; may be NULL
 */
int guest_request(struct guest *guest, json_t *request, json_t **answer, uint64_t deadline);

/* Wait for {"event": @name, ...}; other events before it are an error (-EPROTO). */
int guest_wait_event(struct guest *guest, const char *name, json_t **event, uint64_t deadline);

const char *guest_error(const struct guest *guest);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_AGENT_H
#define BENCH_VM_AGENT_H

#include <jansson.h>
#include <stdint.h>

/*
 * The host's half of the guest channel: requests to balloonguest over its
 * virtio-serial port, one JSON object a line. The protocol stands in
 * bench/guest/README.md. Errors are those of jsonl.h, and
 *   -EPROTO  the agent refused, or answered what the protocol does not know.
 */
struct agent;

int agent_open(struct agent **agent, int fd, const char *log_path);
void agent_close(struct agent *agent);

/**
 * agent_hello() - wait for the agent
 * @hello: its first message, owned by the caller; may be NULL
 *
 * -EPROTO where the agent speaks another protocol version.
 */
int agent_hello(struct agent *agent, json_t **hello, uint64_t deadline);

/**
 * agent_request() - one request and its answer
 * @request: an object with "cmd"; the reference is stolen, the id is set here
 * @answer: owned by the caller; may be NULL
 */
int agent_request(struct agent *agent, json_t *request, json_t **answer, uint64_t deadline);

/* Wait for {"event": @name, ...}; other events before it are an error (-EPROTO). */
int agent_wait_event(struct agent *agent, const char *name, json_t **event, uint64_t deadline);

const char *agent_error(const struct agent *agent);

#endif

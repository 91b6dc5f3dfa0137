/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_AGENT_H
#define BENCH_VM_AGENT_H

#include <stdint.h>

#include "bench/guest/messages.h"

/*
 * The host's end of the guest channel: requests to balloonguest over its virtio-serial
 * port, one JSON object per line; see bench/guest/README.md. Errors are those of
 * jsonl.h, and
 *   -EPROTO  the agent refused the request, or broke the protocol.
 */
struct agent;

int agent_open(struct agent **agent, int fd, const char *log_path);
void agent_close(struct agent *agent);

/* Wait for the first message; -EPROTO: another protocol version. Release @hello in every case. */
int agent_hello(struct agent *agent, struct event_hello *hello, uint64_t deadline);

/*
 * Send a request, whose id is set here, and receive the answer, of @record; NULL ignores its
 * content. Release @answer in every case.
 */
int agent_request(struct agent *agent, struct guest_request *request, const struct record *record,
		  void *answer, uint64_t deadline);

/* Wait for the event @name; -EPROTO if another one comes. */
int agent_wait_event(struct agent *agent, const char *name, const struct record *record,
		     void *event, uint64_t deadline);

/*
 * The offset of the guest's CLOCK_MONOTONIC to the host's. The guest reads its clock between two
 * readings of the host's, so the middle is wrong by half the round trip at most: F. Cristian,
 * "Probabilistic clock synchronization", Distributed Computing 3 (1989). Takes a few ms; not while
 * a resize is timed, nor under icount, where the guest's clock stands still while the host works.
 */
int agent_measure_clock(struct agent *agent, struct clock_offset *offset);

const char *agent_error(const struct agent *agent);

#endif

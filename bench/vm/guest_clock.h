/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_GUEST_CLOCK_H
#define BENCH_VM_GUEST_CLOCK_H

#include <jansson.h>

#include "bench/vm/agent.h"

/*
 * How far the guest's CLOCK_MONOTONIC is from the host's. With it, what the
 * guest's tracer and the host's saw can be put on one time line: both stamp
 * with CLOCK_MONOTONIC (bpf_ktime_get_ns()), each with that of its own kernel.
 *
 * The host reads its clock, asks the agent for its own, and reads again. The
 * guest's reading was taken between the two, so that the middle is wrong by
 * half the round trip at most, however unlike the two ways are: F. Cristian,
 * "Probabilistic clock synchronization", Distributed Computing 3 (1989); the
 * offset and half the delay of RFC 5905, section 8, with one stamp of the peer
 * for two. Of several exchanges the quickest bounds the error best.
 */

/**
 * guest_clock_measure() - compare the two clocks
 * @offset: {"at_ns": host's clock then, "offset_ns": the guest's minus the
 *	host's, "uncertainty_ns": half the round trip, "round_trips": how many
 *	exchanges it is the quickest of}; owned by the caller
 *
 * Takes a few ms. Not to be called while a move is timed, nor under icount, where
 * the guest's clock counts instructions and stands still while the host works.
 *
 * Return: 0 or an error of agent.h; agent_error() says which.
 */
int guest_clock_measure(struct agent *agent, json_t **offset);

#endif

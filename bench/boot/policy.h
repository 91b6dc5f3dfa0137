/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_POLICY_H
#define BENCH_BOOT_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/boot/parts.h"
#include "bench/vm/jsonl.h"

/*
 * What resizes a guest while it replays a workload. By the variant: nothing; a controller, which
 * leaves the scenario's headroom available in the guest; or a program of the user's, to which the
 * same numbers are written as JSON lines (docs/workloads.md). Errors as in parts.h: a program that
 * dies, lies or stalls fails the boot.
 */
struct policy {
	struct run *run;
	struct replay_result *result;
	/* The rest is the policy's own; zeroed, it is closed. */
	uint64_t target_bytes; /* to take from the guest, as last set */
	pid_t pid;	       /* of the program, 0: none */
	bool talks;	       /* the stream is open */
	struct jsonl stream;
};

/* What a decision is made by. The names are those of the protocol. */
struct policy_input {
	int64_t time_ms;	 /* since the workload began */
	int64_t memory_bytes;	 /* of the guest as it booted */
	int64_t most_bytes;	 /* that may be taken from it */
	int64_t taken_bytes;	 /* that it has given up */
	int64_t target_bytes;	 /* that it was last asked to */
	int64_t total_bytes;	 /* MemTotal of the guest */
	int64_t free_bytes;	 /* MemFree */
	int64_t available_bytes; /* MemAvailable */
	int64_t resident_bytes;	 /* of QEMU on the host */
};

/*
 * The controller's decision: how many bytes to take from the guest, so that it has @headroom
 * available; a multiple of @step, from 0 to most_bytes. It stays at the target unless that is off
 * by a step or more.
 */
uint64_t policy_control(const struct policy_input *input, uint64_t headroom, uint64_t step);

int policy_open(struct policy *policy);

/* Decide, and set the size. */
int policy_decide(struct policy *policy, uint64_t resident_bytes, uint64_t time_ns);

/* After the workload: the guest gets all back, and both sides count the same pages. */
int policy_give_back(struct policy *policy);

/* End the program. */
void policy_close(struct policy *policy);

#endif

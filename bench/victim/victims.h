/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VICTIM_VICTIMS_H
#define VICTIM_VICTIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/result.h"

/*
 * Small workloads beside a balloon, in the guest or on the host, that measure their own latency or
 * bandwidth, each a process on one CPU. Work is due at fixed times and latency counts from them: a
 * stall of a second is a thousand late pieces of a millisecond, not one (coordinated omission, as
 * Tene calls it). bandwidth counts bytes per 10 ms, and a stall is windows without bytes.
 */
#define VICTIMS_MAX 8

/* The kinds, for messages and help. */
#define VICTIM_KINDS "fault, sched, syscall, request, bandwidth"

/* The work of a kind; NULL if there is no such kind. */
const struct work *victim_work(const char *kind);

/* A victim to start, in a scenario, plan.json and the request to the agent. */
struct victim_spec {
	char *kind;
	int64_t cpu; /* -1: any */
};
extern const struct record victim_spec_record;

/* All victims of the guest, or of the host. Starts zeroed. */
struct victims {
	struct victim {
		pid_t pid;
		const struct work *work;
		struct notes *notes;
	} list[VICTIMS_MAX];
	size_t count;
};

/*
 * Start a list of struct victim_spec, in phase "before". 0, or -errno with a message and no victim
 * running: -EINVAL for an unknown kind, others also of a victim's preparation.
 */
int victims_start(struct victims *victims, const struct record_list *list, char *err,
		  size_t err_size);

/* Begin a phase for all of them: it applies to work that is due from now on. */
void victims_enter(struct victims *victims, enum result_victim_phase phase);

/* SIGSTOP all of them for at least @ns, as a test; returns an upper bound of the time. */
uint64_t victims_freeze(struct victims *victims, uint64_t ns);

/* End all and append their struct victim_result to @results. 0, or -ECHILD if one had died. */
int victims_stop(struct victims *victims, struct record_list *results);

/* End all and discard their results. */
void victims_kill(struct victims *victims);

#endif

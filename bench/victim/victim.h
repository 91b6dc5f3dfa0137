/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VICTIM_VICTIM_H
#define VICTIM_VICTIM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Victims: small pieces of work that run beside a balloon, in the guest or on
 * the host, and note how they are served. Each is a process of its own, on one
 * CPU, with all that it notes in memory shared with the one that started it.
 *
 * Work is due at fixed times, whether or not the last piece is done, and its
 * latency counts from when it was due: a stall of a second is a thousand late
 * pieces of a victim with a period of a millisecond, not one (what Tene named
 * coordinated omission). bandwidth has no pieces; it counts bytes per 10 ms, and
 * a stall is windows with none.
 */

/* A scenario's phases, in which a victim's figures are kept apart. */
enum victim_phase {
	VICTIM_BEFORE,
	VICTIM_INFLATE,
	VICTIM_PLATEAU,
	VICTIM_DEFLATE,
	VICTIM_AFTER,
	VICTIM_PHASES,
};

/* As in result.json: "before", "inflate", "plateau", "deflate", "after". */
const char *victim_phase_name(enum victim_phase phase);

/* What kinds there are, as text for messages and help. */
#define VICTIM_KINDS "fault, sched, syscall, request, bandwidth"

struct victim;

/* Whether it is one of VICTIM_KINDS. */
bool victim_is_kind(const char *kind);

/* The phase of that name, or -1. */
int victim_phase_find(const char *name);

/**
 * victim_start() - start one, in phase "before"
 * @victim: to be given to victim_stop()
 * @kind: one of VICTIM_KINDS
 * @cpu: that it runs on, of this process's; -1: any
 *
 * Return: 0, -EINVAL for an unknown kind, or another -errno, also where it could
 * not prepare its work (memory, the CPU).
 */
int victim_start(struct victim **victim, const char *kind, int cpu);

/* From now on it is this phase. Takes effect on what is due from now on. */
void victim_enter(struct victim *victim, enum victim_phase phase);

pid_t victim_pid(const struct victim *victim);

/**
 * victim_stop() - end it and take what it noted
 *
 * Return: {"fault_ns": {"before": histogram, "inflate": ..., "period_ns": n,
 * "marks": [[ns, "phase"], ...], "series_ns": n, "series": [[ns, value], ...]}}, a
 * new reference. A phase without values is absent. Times are CLOCK_MONOTONIC of
 * this machine; the series has the worst value of each stretch of series_ns.
 * NULL where the victim died before.
 */
json_t *victim_stop(struct victim *victim);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_HOST_TRACER_H
#define BPF_HOST_TRACER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/level.h"
#include "bpf/records.h"

/*
 * The host's side: madvise(), process_madvise() and fallocate() of processes
 * that are watched, and the balloon batches of a QEMU that has our trace
 * events (qemu-patches/0001) built in for USDT. A process is watched with all
 * its threads.
 *
 * At level phases the calls themselves are left alone where the batches can be
 * seen, for two tracepoints around each of a million short calls cost more than
 * they tell; the device's own sample of their time takes their place.
 */
struct host_tracer;

/**
 * host_tracer_open() - load, and attach what does not depend on a process
 * @err: why not, in a line
 *
 * Return: 0; -EPERM; -ENOTSUP where the kernel has none of the tracepoints;
 * another -errno.
 */
int host_tracer_open(struct host_tracer **tracer, const struct tracer_options *options, char *err,
		     size_t err_size);

/* Detach everything; NULL is fine. */
void host_tracer_close(struct host_tracer *tracer);

/**
 * host_tracer_add() - trace a process from now on
 *
 * Attaches to the trace events of its program, where that has them.
 *
 * Return: 0; -ESRCH where there is no such process; -ENOSPC beyond TARGETS_MAX.
 */
int host_tracer_add(struct host_tracer *tracer, pid_t pid);

/* Look no more; its statistics go. */
void host_tracer_forget(struct host_tracer *tracer, pid_t pid);

/* Whether this process' batches, and whether its calls, are observed. */
bool host_tracer_sees_batches(const struct host_tracer *tracer, pid_t pid);
bool host_tracer_sees_calls(const struct host_tracer *tracer);

/* What is observed of the processes watched so far, and what is not. */
const struct observation *host_tracer_observations(struct host_tracer *tracer, size_t *count);

typedef void (*host_batch_fn)(const struct host_batch *batch, void *context);

/* Hand over the batches that have ended since the last call; their number, or -errno. */
int host_tracer_drain(struct host_tracer *tracer, host_batch_fn batch, void *context);

/* Sums over all CPUs since the process is watched. */
struct host_stats {
	struct advice_stats advice[ADVICE_COUNT];
};

int host_tracer_stats(struct host_tracer *tracer, pid_t pid, struct host_stats *stats);

/* Of the tracer as a whole, since the start. */
int host_tracer_counters(struct host_tracer *tracer, uint64_t counters[COUNTER_COUNT]);

/* "madvise(DONTNEED)" as a key: "dontneed", "punch_hole", ... */
const char *advice_name(enum advice advice);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_HOST_TRACER_H
#define BPF_HOST_TRACER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/level.h"
#include "bpf/records.h"

/* The USDT probe of a batch, of a QEMU with our trace events. */
#define PROBE_PROVIDER "qemu"
#define PROBE_NAME "virtio_balloon_batch_end"

/*
 * The host's side: madvise(), process_madvise() and fallocate() of the traced processes (all
 * threads), and the balloon batches of a QEMU with our trace events (qemu-patches/0001) for
 * USDT. At level phases calls are not traced if batches are: two tracepoints around each of
 * a million short calls cost too much; the device's own sample of their time is used.
 */
struct host_tracer;

/*
 * Load, and attach what does not depend on a process. 0; -EPERM; -ENOTSUP if the kernel has
 * none of the tracepoints; another -errno; with the message in @err.
 */
int host_tracer_open(struct host_tracer **tracer, const struct tracer_options *options, char *err,
		     size_t err_size);

/* Detach everything; NULL is fine. */
void host_tracer_close(struct host_tracer *tracer);

/*
 * Trace a process from now on, and the trace events of its program. 0; -ESRCH if there is
 * no such process; -ENOSPC beyond TARGETS_MAX; another -errno.
 */
int host_tracer_add(struct host_tracer *tracer, pid_t pid);

/* Stop tracing a process, and drop its statistics. */
void host_tracer_forget(struct host_tracer *tracer, pid_t pid);

/* Whether this process' batches, and whether its calls, are observed. */
bool host_tracer_sees_batches(const struct host_tracer *tracer, pid_t pid);
bool host_tracer_sees_calls(const struct host_tracer *tracer);

/* What is observed of the processes traced so far, and what is not. */
const struct observation *host_tracer_observations(struct host_tracer *tracer, size_t *count);

typedef void (*host_batch_fn)(const struct host_batch *batch, void *context);

/* Hand over the batches that have ended since the last call; their number, or -errno. */
int host_tracer_drain(struct host_tracer *tracer, host_batch_fn batch, void *context);

/* Totals over all CPUs since the process was added. */
struct host_stats {
	struct advice_stats advice[ADVICE_COUNT];
};

/* 0; -ESRCH if the process is not traced; another -errno. */
int host_tracer_stats(struct host_tracer *tracer, pid_t pid, struct host_stats *stats);

/* Of all traced processes together, since the start. 0 or -errno. */
int host_tracer_counters(struct host_tracer *tracer, uint64_t counters[COUNTER_COUNT]);

/* "madvise(DONTNEED)" as a key: "dontneed", "punch_hole", ... */
extern const char *const advice_names[ADVICE_COUNT];

#endif

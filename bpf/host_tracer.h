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
 * Trace a process from now on, and the trace events of its program. Returns its slot, by which the
 * other functions know it; -ESRCH if there is no such process; -EINVAL if it is the ID of a thread
 * that is not the first; -EEXIST if it is traced already; -ENOSPC beyond TARGETS_MAX; or another
 * -errno.
 */
int host_tracer_add(struct host_tracer *tracer, pid_t pid);

/* Stop tracing a process, and drop its statistics. */
void host_tracer_forget(struct host_tracer *tracer, int slot);

/* Its pidfd, to poll for its end: owned by the tracer. -1: it has ended. */
int host_tracer_pidfd(const struct host_tracer *tracer, int slot);

/* Whether this process' batches, and whether its calls, are observed. */
bool host_tracer_sees_batches(const struct host_tracer *tracer, int slot);
bool host_tracer_sees_calls(const struct host_tracer *tracer);

/*
 * Trace programs whose names begin as those of virtual machine monitors do from their execution on.
 * @started gets each of them, later, by host_tracer_drain(); it forgets those that are none. One
 * whose slot is -1 is not traced: more were executed than the tracer was prepared for. Also makes
 * host_tracer_find_kvm() possible. 0 or -errno.
 */
typedef void (*host_started_fn)(pid_t pid, int slot, const char *name, void *context);
int host_tracer_watch(struct host_tracer *tracer, host_started_fn started, void *context);

/* The processes that have /dev/kvm open, some several times: at most @max. How many, or -errno. */
int host_tracer_find_kvm(struct host_tracer *tracer, pid_t *pids, size_t max);

/* What is observed of the processes traced so far, and what is not. */
const struct observation *host_tracer_observations(struct host_tracer *tracer, size_t *count);

typedef void (*host_batch_fn)(const struct host_batch *batch, void *context);

/* Hand over the batches that have ended since the last call; their number, or -errno. */
int host_tracer_drain(struct host_tracer *tracer, host_batch_fn batch, void *context);

/* Readable when there is something to drain before the next tick. */
int host_tracer_wake_fd(const struct host_tracer *tracer);

/* Of one kind of advice: all calls, and the latency and length of those that were timed. */
struct advice_stats {
	uint64_t calls, bytes, errors; /* bytes of the calls that succeeded */
	uint64_t ranges;	       /* of process_madvise() */
	uint64_t by_error[CALL_ERROR_COUNT];
	uint64_t lost;	   /* calls that are not counted: no memory, or their end was missed */
	uint64_t unplaced; /* timed, and in no bucket: their process has too many histograms */
	struct histogram latency_ns, length_bytes;
};

/* Since the process was added. */
struct host_stats {
	struct advice_stats advice[ADVICE_COUNT];
};

/* 0; -ESRCH if the slot is not in use; another -errno. */
int host_tracer_stats(struct host_tracer *tracer, int slot, struct host_stats *stats);

/* The same without the histograms, for all advice together. */
struct call_totals {
	uint64_t calls, bytes, errors, timed, ns;
};
int host_tracer_totals(struct host_tracer *tracer, int slot, struct call_totals *totals);

/* Bytes of kernel memory of the maps. */
uint64_t host_tracer_memory(const struct host_tracer *tracer);

/* Of all traced processes together, since the start. 0 or -errno. */
int host_tracer_counters(struct host_tracer *tracer, uint64_t counters[COUNTER_COUNT]);

/* "madvise(DONTNEED)" as a key: "dontneed", "punch_hole", ... */
extern const char *const advice_names[ADVICE_COUNT];

/* "EINVAL", ...; "other" */
extern const char *const call_error_names[CALL_ERROR_COUNT];

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_GUEST_TRACER_H
#define BPF_GUEST_TRACER_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/level.h"
#include "bpf/records.h"

/*
 * The guest's side: what the balloon driver of the running kernel does.
 */
struct guest_tracer;

/**
 * guest_tracer_open() - load and attach
 * @options: level must not be TRACE_OFF
 * @err: why not, in a line, naming what was tried
 *
 * The balloon's trace events are used where the kernel has them, else the
 * entry and return of functions by fentry and fexit, else by kprobes; or only
 * the mechanism that @options names.
 *
 * Return: 0; -EPERM; -ENOTSUP where nothing about a batch can be observed;
 * another -errno. What else cannot be observed is no error, see
 * guest_tracer_observations().
 */
int guest_tracer_open(struct guest_tracer **tracer, const struct tracer_options *options, char *err,
		      size_t err_size);

/* Detach everything; NULL is fine. */
void guest_tracer_close(struct guest_tracer *tracer);

enum mechanism guest_tracer_mechanism(const struct guest_tracer *tracer);

/* What is observed, and what is not; valid until the tracer is closed. */
const struct observation *guest_tracer_observations(const struct guest_tracer *tracer,
						    size_t *count);

typedef void (*guest_batch_fn)(const struct guest_batch *batch, void *context);

/* Hand over the batches that have ended since the last call; their number, or -errno. */
int guest_tracer_drain(struct guest_tracer *tracer, guest_batch_fn batch, void *context);

/* Sums over all CPUs since the start. */
struct guest_counts {
	struct histogram ops[OP_COUNT]; /* empty at level phases, but for OP_MIGRATE; ns */
	uint64_t counters[COUNTER_COUNT];
	uint64_t tallies[TALLY_COUNT];
};

/* 0 or -errno. */
int guest_tracer_counts(struct guest_tracer *tracer, struct guest_counts *counts);

/* "enqueue", ... */
const char *page_op_name(enum page_op op);

#endif

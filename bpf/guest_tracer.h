/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_GUEST_TRACER_H
#define BPF_GUEST_TRACER_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/level.h"
#include "bpf/records.h"

/* The guest's side: the balloon driver of the running kernel. */
struct guest_tracer;

/*
 * Load and attach: to the balloon's trace events if the kernel has them, else by fentry and
 * fexit, else by kprobes; or only as @options says, whose level must not be TRACE_OFF. The sample
 * of pages is a parameter of the trace events, which the tracer sets, and restores when it is
 * closed. @err names all that was tried. 0; -EPERM; -ENOTSUP if no batch can be observed; another
 * -errno. Anything else that is not observed is no error.
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

/* Totals over all CPUs since the start; reading them is 0 or -errno. */
struct guest_counts {
	struct histogram ops[OP_COUNT]; /* ns */
	uint32_t one_in[OP_COUNT];	/* of the operations, one in this many is timed; 0: none */
	uint64_t counters[COUNTER_COUNT];
	uint64_t tallies[TALLY_COUNT];
};

int guest_tracer_counts(struct guest_tracer *tracer, struct guest_counts *counts);

/* "enqueue", ... */
extern const char *const page_op_names[OP_COUNT];

#endif

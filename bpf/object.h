/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_OBJECT_H
#define BPF_OBJECT_H

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/records.h"

/*
 * What the tracers have in common about a BPF object: its ring buffer and
 * counters, its links, and what libbpf had to say of it.
 */
#define LINKS_MAX 32

struct tracer_object {
	struct bpf_object *object;
	struct bpf_link *links[LINKS_MAX];
	size_t link_count;
	struct ring_buffer *ring;
};

/* Keep libbpf's warnings for tracer_explain() and off stderr. */
void tracer_quiet(void);

/**
 * tracer_explain() - why something with BPF failed, in a line
 * @what: that could not be done
 * @error: the errno of it, positive or negative
 *
 * Looks for the usual reasons: no privilege, lockdown, a kernel without BPF or
 * BTF. What libbpf said last is appended where none of them is it.
 */
void tracer_explain(char *text, size_t size, const char *what, int error);

/* Resize the ring buffer before the load (0: leave it); 0 or -errno. */
int tracer_set_ring(struct bpf_object *object, unsigned int bytes);

/* Keep a link; takes what bpf_program__attach_*() returned. 0 or -errno of it. */
int tracer_keep(struct tracer_object *t, struct bpf_link *link);

/* Begin to read records; @sample as of ring_buffer__new(). 0 or -errno. */
int tracer_read_ring(struct tracer_object *t, ring_buffer_sample_fn sample, void *context);

/* Sum over all CPUs of a count in a per-CPU array; 0 or -errno. */
int tracer_sum(struct tracer_object *t, const char *map, uint32_t key, uint64_t *sum);

/**
 * tracer_counters() - sum of the counters over all CPUs
 *
 * What the kernel did not run because the same program was already running on
 * that CPU counts as lost pairs.
 */
int tracer_counters(struct tracer_object *t, uint64_t counters[COUNTER_COUNT]);

/* Detach and free all of it. */
void tracer_close(struct tracer_object *t);

/* An element of a per-CPU array, one value per possible CPU; freed by the caller. NULL: errno. */
void *tracer_per_cpu(struct tracer_object *t, const char *map, uint32_t key, size_t value_size,
		     int *cpus);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_OBJECT_H
#define BPF_OBJECT_H

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/records.h"

/* Shared by the tracers: a BPF object, its ring buffer, counters and links. */
#define LINKS_MAX 32

struct tracer_object {
	struct bpf_object *object;
	struct bpf_link *links[LINKS_MAX];
	size_t link_count;
	struct ring_buffer *ring;
};

/* Open an object by NAME__elf_bytes() of its skeleton, all programs unloaded yet; 0 or -errno. */
int tracer_open(struct tracer_object *t, const void *(*elf)(size_t *size));

/* Load, with a ring buffer of that size (0: as built); @sample as of ring_buffer__new(). */
int tracer_load(struct tracer_object *t, unsigned int ring_bytes, ring_buffer_sample_fn sample,
		void *context);

/* Own a link; takes what bpf_program__attach_*() returned. 0 or -errno of it. */
int tracer_keep(struct tracer_object *t, struct bpf_link *link);

/* Detach and free everything. */
void tracer_close(struct tracer_object *t);

/* "No such file or directory (errno 2)" into @text, of an errno of either sign: returns @text. */
const char *tracer_strerror(int error, char *text, size_t size);

/*
 * Format an error message about BPF: @what failed, with an errno of either sign. Checks the
 * usual reasons: lockdown, missing privilege, a kernel without BPF or BTF. Otherwise the
 * first warning of libbpf is appended. The errno is always part of it.
 */
void tracer_explain(char *text, size_t size, const char *what, int error);

/* Add an element of a per-CPU array up: @add, as add_u64(), for each CPU. 0 or -errno. */
int tracer_total(struct tracer_object *t, const char *map, uint32_t key, size_t value_size,
		 void (*add)(void *total, const void *value), void *total);
void add_u64(void *total, const void *value);

/*
 * All counters. Lost pairs include the runs of programs that the kernel skipped, as they were
 * running, and the hits of kprobes that it missed (from Linux 6.7 on). An end that was skipped is
 * counted here and, once its operation begins again, as a begin without an end.
 */
int tracer_counters(struct tracer_object *t, uint64_t counters[COUNTER_COUNT]);

#endif

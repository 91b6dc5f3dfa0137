/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_GUEST_BPF_H
#define BPF_GUEST_BPF_H

/*
 * Shared by the two guest objects: histograms of page operations, and the batch
 * that each thread is working on. For BPF programs only.
 */
#include "bpf/common.bpf.h"

#define EAGAIN 11

MAP(page_ops, PERCPU_ARRAY, OP_COUNT, __u32, struct histogram);
MAP(tallies, PERCPU_ARRAY, TALLY_COUNT, __u32, __u64);

/* The times are those at which the stages ended; 0: not yet. */
struct open_batch {
	__u64 begin_ns;
	__u64 alloc_retry_ns; /* the last failed allocation */
	__u64 alloc_ns, move_ns, told_ns;
	__u32 pages, entries;
	__u64 inflate; /* as wide as that: the kernel refuses a value with padding */
};

/* What a thread is doing: one thread does all of a batch. */
struct thread {
	struct open_batch batch;   /* begin_ns 0: none */
	__u64 op_begins[OP_COUNT]; /* of functions; 0: not in progress, or not timed */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* NULL if nothing of this thread was traced so far. */
static __always_inline struct thread *this_thread(void)
{
	return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);
}

/* For a begin. NULL if there is no memory, which the caller counts. */
static __always_inline struct thread *this_thread_or_new(void)
{
	return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void record_op(__u32 op, __u64 ns)
{
	struct histogram *h = bpf_map_lookup_elem(&page_ops, &op);

	if (h && is_duration(ns))
		histogram_put(h, ns);
	else
		add_to(&tallies, TALLY_LOST_OP + op, 1);
}

static __always_inline void record_migrate(int result, __u64 ns)
{
	if (!result)
		record_op(OP_MIGRATE, ns);
	else
		count_up(result == -EAGAIN ? COUNTER_MIGRATE_AGAIN : COUNTER_MIGRATE_FAILED);
}

static __always_inline void count_pages(bool inflate, __u32 pages)
{
	add_to(&tallies, inflate ? TALLY_PAGES_INFLATED : TALLY_PAGES_DEFLATED, pages);
}

static __always_inline void open_batch(bool inflate)
{
	struct open_batch batch = { .begin_ns = bpf_ktime_get_ns(), .inflate = inflate };
	struct thread *thread = this_thread_or_new();

	/* Or the end of the one before was missed. */
	if (!thread || thread->batch.begin_ns)
		count_up(COUNTER_LOST_PAIRS);
	if (thread)
		thread->batch = batch;
}

/* NULL if the batch began before the tracer. */
static __always_inline struct open_batch *this_batch(void)
{
	struct thread *thread = this_thread();

	return thread && thread->batch.begin_ns ? &thread->batch : NULL;
}

#define END_STAGE(stage_ns)                                                                        \
	do {                                                                                       \
		struct open_batch *batch = this_batch();                                           \
                                                                                                   \
		if (batch)                                                                         \
			batch->stage_ns = bpf_ktime_get_ns();                                      \
	} while (0)

static __always_inline __u64 between(__u64 from, __u64 to)
{
	return from && to > from ? to - from : 0;
}

/* Forget the batch, and record it if it reached the host. */
static __always_inline void close_batch(struct open_batch *batch, bool merged)
{
	struct guest_batch record = {
		.begin_ns = batch->begin_ns,
		.pages = batch->pages,
		.entries = batch->entries,
		.inflate = batch->inflate,
		.merged = merged,
		.tell_ns = between(batch->move_ns, batch->told_ns),
	};

	if (batch->inflate) {
		record.alloc_retry_ns = between(batch->alloc_retry_ns, batch->alloc_ns);
		record.alloc_ns = between(batch->begin_ns, batch->alloc_ns);
		record.move_ns = between(batch->alloc_ns, batch->move_ns);
	} else {
		record.move_ns = between(batch->begin_ns, batch->move_ns);
		record.release_ns = between(batch->told_ns, bpf_ktime_get_ns());
	}
	if (batch->told_ns && !emit(&record, sizeof(record)))
		add_to(&tallies, batch->inflate ? TALLY_LOST_INFLATES : TALLY_LOST_DEFLATES, 1);
	batch->begin_ns = 0;
}

static __always_inline void end_batch(bool merged)
{
	struct open_batch *batch = this_batch();

	if (batch)
		close_batch(batch, merged);
}

#endif

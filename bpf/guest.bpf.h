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

/* By thread: one thread does all of a batch. */
MAP(open_batches, HASH, 256, __u32, struct open_batch);

static __always_inline void record_op(__u32 op, __u64 ns)
{
	struct histogram *h = bpf_map_lookup_elem(&page_ops, &op);

	if (h)
		histogram_put(h, ns);
}

static __always_inline void record_migrate(int result, __u64 ns)
{
	if (!result)
		record_op(OP_MIGRATE, ns);
	else
		count_up(result == -EAGAIN ? COUNTER_MIGRATE_AGAIN : COUNTER_MIGRATE_FAILED);
}

static __always_inline void open_batch(bool inflate)
{
	struct open_batch batch = { .begin_ns = bpf_ktime_get_ns(), .inflate = inflate };
	__u32 thread = this_thread();

	if (bpf_map_update_elem(&open_batches, &thread, &batch, BPF_ANY))
		count_up(COUNTER_LOST_PAIRS);
}

/* NULL if the batch began before the tracer. */
static __always_inline struct open_batch *this_batch(void)
{
	__u32 thread = this_thread();

	return bpf_map_lookup_elem(&open_batches, &thread);
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
static __always_inline void close_batch(const struct open_batch *batch, bool merged)
{
	struct guest_batch record = {
		.begin_ns = batch->begin_ns,
		.pages = batch->pages,
		.entries = batch->entries,
		.inflate = batch->inflate,
		.merged = merged,
		.tell_ns = between(batch->move_ns, batch->told_ns),
	};
	__u32 thread = this_thread();

	if (batch->inflate) {
		record.alloc_retry_ns = between(batch->alloc_retry_ns, batch->alloc_ns);
		record.alloc_ns = between(batch->begin_ns, batch->alloc_ns);
		record.move_ns = between(batch->alloc_ns, batch->move_ns);
	} else {
		record.move_ns = between(batch->begin_ns, batch->move_ns);
		record.release_ns = between(batch->told_ns, bpf_ktime_get_ns());
	}
	if (batch->told_ns)
		emit(&record, sizeof(record));
	bpf_map_delete_elem(&open_batches, &thread);
}

static __always_inline void end_batch(bool merged)
{
	struct open_batch *batch = this_batch();

	if (batch)
		close_batch(batch, merged);
}

#endif

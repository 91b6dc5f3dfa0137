/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_GUEST_BPF_H
#define BPF_GUEST_BPF_H

/*
 * What the two guest objects share: the histograms of page operations, and the
 * batch that a task is in the middle of. For BPF programs only.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/records.h"
#include "bpf/counters.bpf.h"

#define EAGAIN 11

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OP_COUNT);
	__type(key, __u32);
	__type(value, struct histogram);
} page_ops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TALLY_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} tallies SEC(".maps");

/* The times are those at which the stages ended. */
struct open_batch {
	__u64 begin_ns;
	__u64 alloc_retry_ns;
	__u64 alloc_ns;
	__u64 move_ns;
	__u64 told_ns;
	__u32 pages;
	__u32 entries;
	__u32 inflate;
	__u32 told;
};

/* By thread: a batch is one thread's work from begin to end. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct open_batch);
} open_batches SEC(".maps");

static __always_inline __u32 this_thread(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline void record_op(__u32 op, __u64 ns)
{
	struct histogram *h = bpf_map_lookup_elem(&page_ops, &op);

	if (h)
		histogram_put(h, ns);
}

static __always_inline void tally(__u32 what, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&tallies, &what);

	if (value)
		*value += n;
}

static __always_inline void record_migrate(int result, __u64 ns)
{
	if (!result)
		record_op(OP_MIGRATE, ns);
	else if (result == -EAGAIN)
		count_up(COUNTER_MIGRATE_AGAIN);
	else
		count_up(COUNTER_MIGRATE_FAILED);
}

static __always_inline void open_batch(bool inflate)
{
	struct open_batch batch = { .begin_ns = bpf_ktime_get_ns(), .inflate = inflate };
	__u32 thread = this_thread();

	if (bpf_map_update_elem(&open_batches, &thread, &batch, BPF_ANY))
		count_up(COUNTER_LOST_PAIRS);
}

static __always_inline struct open_batch *this_batch(void)
{
	__u32 thread = this_thread();

	return bpf_map_lookup_elem(&open_batches, &thread);
}

static __always_inline __u64 between(__u64 from, __u64 to)
{
	return from && to > from ? to - from : 0;
}

static __always_inline void close_batch(void)
{
	__u32 thread = this_thread();

	bpf_map_delete_elem(&open_batches, &thread);
}

#endif

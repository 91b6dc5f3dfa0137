/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side: memory advice of the traced processes, and the batches of a
 * QEMU with our trace events. Tracepoints and uprobes only: they work where
 * kprobes and fentry do not.
 */
#include "bpf/common.bpf.h"
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";

#define FALLOC_FL_PUNCH_HOLE 2 /* <linux/falloc.h>; BTF has no macros */

/* The traced processes, and the slot of each in the statistics. */
MAP(targets, HASH, TARGETS_MAX, __u32, __u32);

/*
 * The call in progress of a thread; begin_ns is 0 if there is none. It belongs to the task: no
 * number of threads is too large, and it ends with its thread.
 */
struct call {
	__u64 begin_ns, bytes;
	__u32 advice, slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} calls SEC(".maps");

/*
 * Index: slot * ADVICE_COUNT + advice. All CPUs share it: a copy for each would take megabytes
 * a CPU, and a call takes much longer than a few atomic operations.
 */
MAP(advices, ARRAY, TARGETS_MAX *ADVICE_COUNT, __u32, struct advice_stats);

static __always_inline __u32 *this_target(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline struct call *this_call(__u64 flags)
{
	return bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL, flags);
}

static __always_inline void call_begin(__u32 advice, __u64 bytes)
{
	__u32 *slot = this_target();
	struct call *call;

	if (!slot)
		return;
	call = this_call(BPF_LOCAL_STORAGE_GET_F_CREATE);
	/* No memory for it, or the end of the last one was missed. */
	if (!call || call->begin_ns)
		count_up(COUNTER_LOST_PAIRS);
	if (!call)
		return;
	call->advice = advice;
	call->bytes = bytes;
	call->slot = *slot;
	call->begin_ns = bpf_ktime_get_ns();
}

/* Several CPUs may do this at once. An attempt fails only if another one raised the value. */
static __always_inline void raise(__u64 *highest, __u64 value)
{
	__u64 seen = *highest, was;
	int i;

	for (i = 0; i < 16 && value > seen; i++) {
		was = __sync_val_compare_and_swap(highest, seen, value);
		if (was == seen)
			return;
		seen = was;
	}
}

/* In this map min is stored inverted, so that 0 is what it starts from. */
static __always_inline void shared_histogram_put(struct histogram *h, __u64 value)
{
	__u32 bucket = histogram_bucket(value);

	raise((__u64 *)&h->min, ~value);
	raise((__u64 *)&h->max, value);
	__sync_fetch_and_add(&h->count, 1);
	__sync_fetch_and_add(&h->sum, value);
	if (bucket < HISTOGRAM_BUCKETS)
		__sync_fetch_and_add(&h->buckets[bucket], 1);
}

/* The length of process_madvise() is known at the end only: the result. */
/* clang-format off */
#define ENTER(call, advice, bytes) \
	SEC("tp/syscalls/sys_enter_" #call) \
	int enter_##call(struct trace_event_raw_sys_enter *ctx) { call_begin(advice, bytes); return 0; }
/* clang-format on */
ENTER(madvise, advice_of(ctx->args[2]), ctx->args[1])
ENTER(process_madvise, advice_of(ctx->args[3]), 0)
ENTER(fallocate, ctx->args[1] & FALLOC_FL_PUNCH_HOLE ? ADVICE_PUNCH_HOLE : ADVICE_FALLOCATE,
      ctx->args[3])

/* For all three calls; the result of madvise() and fallocate() is never above 0. */
SEC("tp")
int exit_call(struct trace_event_raw_sys_exit *ctx)
{
	struct call *call = this_call(0);
	struct advice_stats *stats;
	__u32 index;

	if (!call || !call->begin_ns)
		return 0;
	if (ctx->ret > 0)
		call->bytes = ctx->ret;
	index = call->slot * ADVICE_COUNT + call->advice;
	stats = bpf_map_lookup_elem(&advices, &index);
	if (stats) {
		shared_histogram_put(&stats->latency_ns, bpf_ktime_get_ns() - call->begin_ns);
		shared_histogram_put(&stats->length_bytes, call->bytes);
		if (ctx->ret < 0)
			__sync_fetch_and_add(&stats->errors, 1);
		else
			__sync_fetch_and_add(&stats->bytes, call->bytes);
	}
	call->begin_ns = 0;
	return 0;
}

SEC("usdt")
int BPF_USDT(batch_end, const void *device, unsigned int queue, unsigned int entries,
	     unsigned int calls, __u64 bytes, __u64 ns, unsigned int timed, __u64 timed_ns)
{
	struct host_batch record = {
		.end_ns = bpf_ktime_get_ns(),
		.ns = ns,
		.bytes = bytes,
		.timed_ns = timed_ns,
		.calls = calls,
		.timed = timed,
		.entries = entries,
		.queue = queue,
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};

	if (this_target())
		emit(&record, sizeof(record));
	return 0;
}

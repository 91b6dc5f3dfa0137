/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side: memory advice of the traced processes, and the batches of a
 * QEMU with our trace events. Tracepoints and uprobes only: they work where
 * kprobes and fentry do not.
 */
#include "bpf/common.bpf.h"
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";

/* From <asm-generic/mman-common.h> and <linux/falloc.h>: BTF has no macros. */
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_REMOVE 9
#define MADV_HUGEPAGE 14
#define MADV_NOHUGEPAGE 15
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#define FALLOC_FL_PUNCH_HOLE 2

/* The traced processes, and the slot of each in the statistics. */
MAP(targets, HASH, TARGETS_MAX, __u32, __u32);

/*
 * Calls in progress, by thread; begin_ns is 0 if there is none. An element stays
 * from call to call, which is much cheaper than to insert and delete it each
 * time. A full map evicts the least recently used one.
 */
struct call {
	__u64 begin_ns, bytes;
	__u32 advice, slot;
};

MAP(calls, LRU_HASH, 4096, __u32, struct call);

/* Index: slot * ADVICE_COUNT + advice. */
MAP(advices, PERCPU_ARRAY, TARGETS_MAX *ADVICE_COUNT, __u32, struct advice_stats);

static __always_inline __u32 *this_target(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline __u32 advice_of(__u64 behaviour)
{
	return behaviour == MADV_DONTNEED	  ? ADVICE_DONTNEED
	       : behaviour == MADV_WILLNEED	  ? ADVICE_WILLNEED
	       : behaviour == MADV_FREE		  ? ADVICE_FREE
	       : behaviour == MADV_REMOVE	  ? ADVICE_REMOVE
	       : behaviour == MADV_HUGEPAGE	  ? ADVICE_HUGEPAGE
	       : behaviour == MADV_NOHUGEPAGE	  ? ADVICE_NOHUGEPAGE
	       : behaviour == MADV_POPULATE_READ  ? ADVICE_POPULATE
	       : behaviour == MADV_POPULATE_WRITE ? ADVICE_POPULATE
						  : ADVICE_OTHER;
}

static __always_inline void call_begin(__u32 advice, __u64 bytes)
{
	__u32 thread = this_thread(), *slot = this_target();
	struct call *call, fresh = { 0 };

	if (!slot)
		return;
	call = bpf_map_lookup_elem(&calls, &thread);
	if (!call) {
		bpf_map_update_elem(&calls, &thread, &fresh, BPF_ANY);
		call = bpf_map_lookup_elem(&calls, &thread);
	}
	if (!call) {
		count_up(COUNTER_LOST_PAIRS);
		return;
	}
	call->advice = advice;
	call->bytes = bytes;
	call->slot = *slot;
	call->begin_ns = bpf_ktime_get_ns();
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
	__u32 thread = this_thread(), index;
	struct call *call = bpf_map_lookup_elem(&calls, &thread);
	struct advice_stats *stats;

	if (!call || !call->begin_ns)
		return 0;
	if (ctx->ret > 0)
		call->bytes = ctx->ret;
	index = call->slot * ADVICE_COUNT + call->advice;
	stats = bpf_map_lookup_elem(&advices, &index);
	if (stats) {
		histogram_put(&stats->latency_ns, bpf_ktime_get_ns() - call->begin_ns);
		histogram_put(&stats->length_bytes, call->bytes);
		if (ctx->ret < 0)
			stats->errors++;
		else
			stats->bytes += call->bytes;
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

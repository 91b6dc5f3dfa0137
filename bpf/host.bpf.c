/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side: what processes that are watched tell the kernel about their
 * memory, and the batches that a QEMU with our trace events works through.
 * Tracepoints and uprobes only: they work where kprobes and fentry do not.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

#include "bpf/records.h"
#include "bpf/counters.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Of <asm-generic/mman-common.h> and <linux/falloc.h>: macros, which BTF does not carry. */
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_REMOVE 9
#define MADV_HUGEPAGE 14
#define MADV_NOHUGEPAGE 15
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#define FALLOC_FL_PUNCH_HOLE 2

/* The processes that are watched, and the slot each has in the statistics. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps");

/*
 * Calls under way, by thread; begin_ns is 0 where there is none. An element is
 * kept from call to call, which is much cheaper than to make and remove one
 * each time, until the map is full and it was the least used.
 */
struct call {
	__u64 begin_ns;
	__u64 bytes;
	__u32 advice;
	__u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* By slot * ADVICE_COUNT + advice. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TARGETS_MAX *ADVICE_COUNT);
	__type(key, __u32);
	__type(value, struct advice_stats);
} advices SEC(".maps");

static __always_inline __u32 *this_target(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline __u32 advice_of(__u64 behaviour)
{
	switch (behaviour) {
	case MADV_DONTNEED:
		return ADVICE_DONTNEED;
	case MADV_WILLNEED:
		return ADVICE_WILLNEED;
	case MADV_FREE:
		return ADVICE_FREE;
	case MADV_REMOVE:
		return ADVICE_REMOVE;
	case MADV_HUGEPAGE:
		return ADVICE_HUGEPAGE;
	case MADV_NOHUGEPAGE:
		return ADVICE_NOHUGEPAGE;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE;
	}
	return ADVICE_OTHER;
}

static __always_inline void call_begin(__u32 slot, __u32 advice, __u64 bytes)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &thread), fresh = { 0 };

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
	call->slot = slot;
	call->begin_ns = bpf_ktime_get_ns();
}

static __always_inline void call_end(long result)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid(), index;
	struct call *call = bpf_map_lookup_elem(&calls, &thread);
	struct advice_stats *stats;

	if (!call || !call->begin_ns)
		return;
	index = call->slot * ADVICE_COUNT + call->advice;
	stats = bpf_map_lookup_elem(&advices, &index);
	if (stats) {
		histogram_put(&stats->latency_ns, bpf_ktime_get_ns() - call->begin_ns);
		histogram_put(&stats->length_bytes, call->bytes);
		if (result < 0)
			stats->errors++;
		else
			stats->bytes += call->bytes;
	}
	call->begin_ns = 0;
}

SEC("tp/syscalls/sys_enter_madvise")
int enter_madvise(struct trace_event_raw_sys_enter *ctx)
{
	__u32 *slot = this_target();

	if (slot)
		call_begin(*slot, advice_of(ctx->args[2]), ctx->args[1]);
	return 0;
}

SEC("tp/syscalls/sys_exit_madvise")
int exit_madvise(struct trace_event_raw_sys_exit *ctx)
{
	call_end(ctx->ret);
	return 0;
}

/* The length is what the call says it advised about, which is its result. */
SEC("tp/syscalls/sys_enter_process_madvise")
int enter_process_madvise(struct trace_event_raw_sys_enter *ctx)
{
	__u32 *slot = this_target();

	if (slot)
		call_begin(*slot, advice_of(ctx->args[3]), 0);
	return 0;
}

SEC("tp/syscalls/sys_exit_process_madvise")
int exit_process_madvise(struct trace_event_raw_sys_exit *ctx)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &thread);

	if (call && ctx->ret > 0)
		call->bytes = ctx->ret;
	call_end(ctx->ret);
	return 0;
}

SEC("tp/syscalls/sys_enter_fallocate")
int enter_fallocate(struct trace_event_raw_sys_enter *ctx)
{
	__u32 *slot = this_target();

	if (slot)
		call_begin(*slot,
			   ctx->args[1] & FALLOC_FL_PUNCH_HOLE ? ADVICE_PUNCH_HOLE
							       : ADVICE_FALLOCATE,
			   ctx->args[3]);
	return 0;
}

SEC("tp/syscalls/sys_exit_fallocate")
int exit_fallocate(struct trace_event_raw_sys_exit *ctx)
{
	call_end(ctx->ret);
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

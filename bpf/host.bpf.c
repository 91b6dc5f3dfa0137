/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side: memory advice of the traced processes, and the batches of a
 * QEMU with our trace events. Tracepoints and uprobes only: they work where
 * kprobes and fentry do not.
 */
#include "bpf/common.bpf.h"
#include <bpf/bpf_core_read.h>

/* A probe has one or two places a program; and kernels without cookies, before 5.15, are no aim. */
#define BPF_USDT_MAX_SPEC_CNT 128
#define BPF_USDT_MAX_IP_CNT 1
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";

/* BTF has no macros. */
#define FALLOC_FL_PUNCH_HOLE 2
#define S_IFMT 0170000
#define S_IFCHR 0020000
#define KVM_DEVICE (10 << 20 | 232) /* misc device 232 */

/*
 * The slot of each traced process, kept by the leader of its threads: no number of processes is too
 * large, an ID that is used again is another process, and namespaces do not matter.
 */
struct target {
	__u32 slot;
	__u32 binary; /* whose probes are this process'; 0: not known yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct target);
} targets SEC(".maps");

/*
 * The call in progress of a thread. It belongs to the task: no number of threads is too large, and
 * it ends with its thread. The end of a call is missed if it is open when the next one begins.
 */
struct call {
	__u64 begin_ns, bytes; /* begin_ns 0: not timed */
	__u32 advice, slot, ranges, open;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} calls SEC(".maps");

/* Pages of statistics, which user space adds as processes come. All CPUs share them. */
struct stats_page {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROCESSES_PER_PAGE);
	__type(key, __u32);
	__type(value, struct process_stats);
} first_page SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, STATS_PAGES);
	__type(key, __u32);
	__array(values, struct stats_page);
} pages SEC(".maps") = { .values = { &first_page } };

/* Free slots for the programs that are executed next, and what was executed. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, SPARE_SLOTS);
	__type(value, __u32);
} spare_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} starts SEC(".maps");

MAP(settings, ARRAY, 1, __u32, struct host_settings);
MAP(samples, PERCPU_ARRAY, 1, __u32, struct page_sample);

static __always_inline struct target *this_target(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return bpf_task_storage_get(&targets, task->group_leader, NULL, 0);
}

static __always_inline struct process_stats *stats_of(__u32 slot)
{
	__u32 page = slot / PROCESSES_PER_PAGE, index = slot % PROCESSES_PER_PAGE;
	void *map = bpf_map_lookup_elem(&pages, &page);

	return map ? bpf_map_lookup_elem(map, &index) : NULL;
}

static __always_inline struct call *this_call(__u64 flags)
{
	return bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL, flags);
}

static __always_inline bool is_sampled(void)
{
	__u32 key = 0;
	struct page_sample *sample = bpf_map_lookup_elem(&samples, &key);

	if (!sample)
		return false;
	sample->number += SAMPLE_STEP;
	return sample->number <= sample->max;
}

/* No memory for it, or its end was missed. */
static __always_inline void lose_call(__u32 slot, __u32 advice)
{
	struct process_stats *stats = stats_of(slot);

	count_up(COUNTER_LOST_PAIRS);
	if (stats && advice < ADVICE_COUNT)
		__sync_fetch_and_add(&stats->advices[advice].lost, 1);
}

static __always_inline void call_begin(__u32 advice, __u64 bytes, __u32 ranges)
{
	struct target *target = this_target();
	struct call *call;

	if (!target)
		return;
	call = this_call(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		lose_call(target->slot, advice);
		return;
	}
	if (call->open)
		lose_call(call->slot, call->advice);
	call->advice = advice;
	call->bytes = bytes;
	call->ranges = ranges;
	call->slot = target->slot;
	call->open = 1;
	call->begin_ns = is_sampled() ? bpf_ktime_get_ns() : 0;
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

/* The chunk of a group, below CHUNKS; or CHUNKS if there is none left. */
static __always_inline __u32 chunk_of(struct process_stats *stats, __u32 group)
{
	__u32 chunk;

	if (group >= ALL_GROUPS)
		return CHUNKS;
	chunk = stats->chunk_of[group];
	if (chunk)
		return chunk - 1;
	if (stats->chunks_used >= CHUNKS)
		return CHUNKS;
	chunk = __sync_fetch_and_add(&stats->chunks_used, 1);
	if (chunk >= CHUNKS)
		return CHUNKS;
	stats->group_of[chunk] = group;
	stats->chunk_of[group] = chunk + 1;
	return chunk;
}

static __always_inline void put(struct process_stats *stats, __u32 advice,
				enum call_histogram which, __u64 value)
{
	struct call_values *values = &stats->advices[advice].values[which];
	__u32 bucket = histogram_bucket(value), chunk;

	chunk = chunk_of(stats, (advice * CALL_HISTOGRAMS + which) * CHUNK_GROUPS +
					bucket / HISTOGRAM_SUB);
	raise((__u64 *)&values->inverted_min, ~value);
	raise((__u64 *)&values->max, value);
	__sync_fetch_and_add(&values->count, 1);
	__sync_fetch_and_add(&values->sum, value);
	if (chunk < CHUNKS)
		__sync_fetch_and_add(&stats->chunks[chunk][bucket % HISTOGRAM_SUB], 1);
	else
		__sync_fetch_and_add(&values->unplaced, 1);
}

/* The length of process_madvise() is known at the end only: the result. */
/* clang-format off */
#define ENTER(call, advice, bytes, ranges) \
	SEC("tp/syscalls/sys_enter_" #call) \
	int enter_##call(struct trace_event_raw_sys_enter *ctx) \
	{ call_begin(advice, bytes, ranges); return 0; }
/* clang-format on */
ENTER(madvise, advice_of(ctx->args[2]), ctx->args[1], 0)
ENTER(process_madvise, advice_of(ctx->args[3]), 0, ctx->args[2])
ENTER(fallocate, ctx->args[1] & FALLOC_FL_PUNCH_HOLE ? ADVICE_PUNCH_HOLE : ADVICE_FALLOCATE,
      ctx->args[3], 0)

static __always_inline void count_call(struct process_stats *stats, const struct call *call,
				       long result)
{
	__u32 advice = call->advice;
	struct call_stats *a;
	__u64 ns;

	if (advice >= ADVICE_COUNT)
		return;
	a = &stats->advices[advice];
	__sync_fetch_and_add(&a->calls, 1);
	if (call->ranges)
		__sync_fetch_and_add(&a->ranges, call->ranges);
	if (result < 0) {
		__sync_fetch_and_add(&a->errors, 1);
		__sync_fetch_and_add(&a->by_error[call_error_of(-result)], 1);
	} else {
		__sync_fetch_and_add(&a->bytes, call->bytes);
	}
	if (!call->begin_ns)
		return;
	ns = bpf_ktime_get_ns() - call->begin_ns;
	if (is_duration(ns))
		put(stats, advice, CALL_LATENCY, ns);
	put(stats, advice, CALL_LENGTH, call->bytes);
}

/* For all three calls; the result of madvise() and fallocate() is never above 0. */
SEC("tp")
int exit_call(struct trace_event_raw_sys_exit *ctx)
{
	struct call *call = this_call(0);
	struct process_stats *stats;
	struct target *target;

	if (!call || !call->open)
		return 0;
	if (ctx->ret > 0)
		call->bytes = ctx->ret;
	/* The process may be traced no longer, and its slot be another's. */
	target = this_target();
	stats = target && target->slot == call->slot ? stats_of(call->slot) : NULL;
	if (stats)
		count_call(stats, call, ctx->ret);
	call->open = 0;
	return 0;
}

/* Whether a name may be that of a monitor: user space decides. */
static __always_inline bool may_be_monitor(const char *name)
{
	__u32 start = *(const __u32 *)name;
	__u32 i;
	const char known[][4] = MONITOR_STARTS;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (start == *(const __u32 *)known[i])
			return true;
	return false;
}

/* The ID of a process in a PID namespace, or 0 if it has none there. */
static __always_inline __u32 pid_in(struct task_struct *task, __u32 pid_namespace)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level), i;
	struct upid id;

	for (i = 0; i < PID_NAMESPACES_MAX && i <= level; i++) {
		if (bpf_probe_read_kernel(&id, sizeof(id),
					  (char *)pid + bpf_core_field_offset(pid->numbers) +
						  i * sizeof(id)))
			return 0;
		if (BPF_CORE_READ(id.ns, ns.inum) == pid_namespace)
			return id.nr;
	}
	return 0;
}

/* Trace a monitor from its first call on: user space may be late. */
SEC("tp/sched/sched_process_exec")
int started(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct target target = { 0 }, *kept;
	struct host_start start = { 0 };
	struct host_settings *setting;
	__u32 key = 0;

	bpf_get_current_comm(start.name, sizeof(start.name));
	setting = bpf_map_lookup_elem(&settings, &key);
	if (!setting)
		return 0;
	start.pid = pid_in(task, setting->pid_namespace);
	kept = bpf_task_storage_get(&targets, task->group_leader, NULL, 0);
	if (kept) {
		start.slot = kept->slot;
		bpf_ringbuf_output(&starts, &start, sizeof(start), 0);
		return 0;
	}
	if (!start.pid || !may_be_monitor(start.name))
		return 0;
	/* Without a slot user space adds it, and counts it as late. */
	if (bpf_map_pop_elem(&spare_slots, &target.slot)) {
		start.slot = NO_SLOT;
		if (bpf_ringbuf_output(&starts, &start, sizeof(start), 0))
			count_up(COUNTER_LOST_RECORDS);
		return 0;
	}
	start.slot = target.slot;
	kept = bpf_task_storage_get(&targets, task->group_leader, &target,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (kept && !bpf_ringbuf_output(&starts, &start, sizeof(start), 0))
		return 0;
	bpf_task_storage_delete(&targets, task->group_leader);
	bpf_map_push_elem(&spare_slots, &target.slot, BPF_ANY);
	return 0;
}

SEC("usdt")
int BPF_USDT(batch_end, const void *device, unsigned int queue, unsigned int entries,
	     unsigned int calls, __u64 bytes, __u64 ns, unsigned int timed, __u64 timed_ns)
{
	struct target *target = this_target();
	struct host_batch record = {
		.end_ns = bpf_ktime_get_ns(),
		.ns = ns,
		.bytes = bytes,
		.timed_ns = timed_ns,
		.calls = calls,
		.timed = timed,
		.entries = entries,
		.queue = queue,
	};

	/*
	 * A file that is seen by two paths, as in two containers, has probes by each: those of the
	 * path of this process count.
	 */
	if (!target || target->binary != bpf_usdt_cookie(ctx))
		return 0;
	record.slot = target->slot;
	/* User space looks ten times a second, and earlier if half of the ring is full. */
	if (bpf_ringbuf_output(&records, &record, sizeof(record),
			       bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) >
					       bpf_ringbuf_query(&records, BPF_RB_RING_SIZE) / 2
				       ? BPF_RB_FORCE_WAKEUP
				       : BPF_RB_NO_WAKEUP))
		count_up(COUNTER_LOST_RECORDS);
	return 0;
}

/* The IDs of the processes that have /dev/kvm open, once for each descriptor. */
SEC("iter/task_file")
int kvm_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct host_settings *setting;
	struct file *file = ctx->file;
	__u32 key = 0, pid;

	if (!task || !file || file->f_inode->i_rdev != KVM_DEVICE ||
	    (file->f_inode->i_mode & S_IFMT) != S_IFCHR)
		return 0;
	setting = bpf_map_lookup_elem(&settings, &key);
	pid = setting ? pid_in(BPF_CORE_READ(task, group_leader), setting->pid_namespace) : 0;
	if (pid)
		bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
	return 0;
}

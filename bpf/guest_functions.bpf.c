/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side on a kernel without the balloon's trace events: the entry
 * and the return of functions, by fentry and fexit or else by kprobes. User
 * space loads the programs of those functions that the kernel has.
 *
 * One run of update_balloon_size_func() is one batch. What it does before it
 * calls tell_host() cannot be divided further: fill_balloon() is usually inlined.
 */
#include "bpf/guest.bpf.h"
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

/* The driver may be a module: its types are not in vmlinux.h. */
struct virtqueue___balloon {
	const char *name;
} __attribute__((preserve_access_index));

struct virtio_balloon___balloon {
	unsigned int num_pfns;
} __attribute__((preserve_access_index));

/* No global variable: libbpf finds them unsupported by a kernel without CONFIG_NET. */
MAP(samples, PERCPU_ARRAY, OP_COUNT, __u32, struct page_sample);

static __always_inline bool is_sampled(__u32 op)
{
	struct page_sample *sample;

	if (op < OP_SAMPLED)
		return true;
	sample = bpf_map_lookup_elem(&samples, &op);
	if (!sample)
		return false;
	sample->number += SAMPLE_STEP;
	return sample->number <= sample->max;
}

static __always_inline void lose_op(__u32 op)
{
	count_up(COUNTER_LOST_PAIRS);
	add_to(&tallies, TALLY_LOST_OP + op, 1);
}

static __always_inline void op_begin(__u32 op)
{
	struct thread *thread = this_thread_or_new();

	/* Or the end of the one before was missed. */
	if (!thread || thread->op_begins[op])
		lose_op(op);
	if (thread)
		thread->op_begins[op] = is_sampled(op) ? bpf_ktime_get_ns() : 0;
}

static __always_inline void op_end(__u32 op, int result)
{
	struct thread *thread = this_thread();
	__u64 ns;

	if (!thread || !thread->op_begins[op])
		return;
	ns = bpf_ktime_get_ns() - thread->op_begins[op];
	thread->op_begins[op] = 0;
	if (op == OP_MIGRATE)
		record_migrate(result, ns);
	else
		record_op(op, ns);
}

/* A migration that an allocation set off tells the host, too; that is no part of the batch. */
static __always_inline bool is_migrating(void)
{
	struct thread *thread = this_thread();

	return thread && thread->op_begins[OP_MIGRATE];
}

/* One run of update_balloon_size_func(): no migration is in progress when it begins or ends. */
static __always_inline void forget_migration(void)
{
	struct thread *thread = this_thread();

	if (!thread || !thread->op_begins[OP_MIGRATE])
		return;
	lose_op(OP_MIGRATE);
	thread->op_begins[OP_MIGRATE] = 0;
}

static __always_inline void work_begin(void)
{
	forget_migration();
	open_batch(false);
}

static __always_inline void work_end(void)
{
	forget_migration();
	end_batch(true);
}

static __always_inline void tell_begin(const void *vb, const void *vq)
{
	const struct virtio_balloon___balloon *balloon = vb;
	const struct virtqueue___balloon *queue = vq;
	struct open_batch *batch = this_batch();
	__u32 pages = 0;
	char first = 0;

	if (is_migrating())
		return;
	bpf_probe_read_kernel(&first, 1, BPF_CORE_READ(queue, name));
	if (bpf_core_field_exists(balloon->num_pfns))
		pages = BPF_CORE_READ(balloon, num_pfns);
	count_pages(first == 'i', pages);
	if (!batch)
		return;
	batch->alloc_ns = batch->move_ns = bpf_ktime_get_ns();
	batch->inflate = first == 'i';
	batch->pages = batch->entries = pages;
}

static __always_inline void tell_end(void)
{
	if (!is_migrating())
		END_STAGE(told_ns);
}

/* The entries of a report of free pages are at most so many: PAGE_REPORTING_CAPACITY. */
#define REPORT_ENTRIES 32
#define PAGE_SHIFT_4K 12

static __always_inline void count_reported(__u32 bytes)
{
	__u32 order = histogram_log2((bytes >> PAGE_SHIFT_4K) | 1);

	if (!bytes)
		return;
	add_to(&tallies, TALLY_REPORTED_BYTES, bytes);
	if (order < ORDERS_MAX)
		add_to(&tallies, TALLY_REPORTED_ORDER + order, 1);
}

static __always_inline void report_begin(const void *list, unsigned int entries)
{
	const struct scatterlist *entry;
	unsigned int i;

	op_begin(OP_REPORT);
	for (i = 0; i < REPORT_ENTRIES && i < entries; i++) {
		entry = list + i * bpf_core_type_size(struct scatterlist);
		count_reported(BPF_CORE_READ(entry, length));
	}
}

/*
 * The programs of a function are named after it. Only balloon_page_migrate() has
 * a result, which fexit gets after the arguments.
 */
/* clang-format off */
#define PROGRAM(section, head, action) \
	SEC(section) int head { action; return 0; }
#define FUNCTION(name, on_entry, on_return) \
	PROGRAM("fentry/" #name, BPF_PROG(fentry_##name, void *first, void *second), on_entry) \
	PROGRAM("fexit/" #name, BPF_PROG(fexit_##name, void *first, void *second, int mode, \
					 int result), on_return) \
	PROGRAM("kprobe/" #name, BPF_KPROBE(kprobe_##name, void *first, void *second), on_entry) \
	PROGRAM("kretprobe/" #name, BPF_KRETPROBE(kretprobe_##name, int result), on_return)
/* clang-format on */

#define PAGE_FUNCTION(function, op) FUNCTION(function, op_begin(op), op_end(op, result))

/* clang-format off */
PROGRAM("fentry/virtballoon_free_page_report",
	BPF_PROG(fentry_virtballoon_free_page_report, void *device, void *list, unsigned int entries),
	report_begin(list, entries))
PROGRAM("fexit/virtballoon_free_page_report",
	BPF_PROG(fexit_virtballoon_free_page_report, void *device, void *list, unsigned int entries,
		 int result), op_end(OP_REPORT, result))
PROGRAM("kprobe/virtballoon_free_page_report",
	BPF_KPROBE(kprobe_virtballoon_free_page_report, void *device, void *list,
		   unsigned int entries), report_begin(list, entries))
PROGRAM("kretprobe/virtballoon_free_page_report",
	BPF_KRETPROBE(kretprobe_virtballoon_free_page_report, int result),
	op_end(OP_REPORT, result))
/* clang-format on */
FUNCTION(update_balloon_size_func, work_begin(), work_end())
FUNCTION(tell_host, tell_begin(first, second), tell_end())
PAGE_FUNCTION(balloon_page_migrate, OP_MIGRATE)
PAGE_FUNCTION(virtio_balloon_oom_notify, OP_OOM)
PAGE_FUNCTION(balloon_page_enqueue, OP_ENQUEUE)
PAGE_FUNCTION(balloon_page_dequeue, OP_DEQUEUE)
PAGE_FUNCTION(balloon_page_isolate, OP_ISOLATE)
PAGE_FUNCTION(balloon_page_putback, OP_PUTBACK)

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

/* Begin of the page operations in progress, by thread and operation. */
MAP(op_begins, HASH, 4096, __u64, __u64);

static __always_inline __u64 op_key(__u32 op)
{
	return (__u64)this_thread() << 32 | op;
}

static __always_inline void op_begin(__u32 op)
{
	__u64 key = op_key(op), now = bpf_ktime_get_ns();

	if (bpf_map_update_elem(&op_begins, &key, &now, BPF_ANY))
		count_up(COUNTER_LOST_PAIRS);
}

static __always_inline void op_end(__u32 op, int result)
{
	__u64 key = op_key(op), *begin = bpf_map_lookup_elem(&op_begins, &key), ns;

	if (!begin)
		return;
	ns = bpf_ktime_get_ns() - *begin;
	bpf_map_delete_elem(&op_begins, &key);
	if (op == OP_MIGRATE)
		record_migrate(result, ns);
	else
		record_op(op, ns);
}

static __always_inline void tell_begin(const void *vb, const void *vq)
{
	const struct virtio_balloon___balloon *balloon = vb;
	const struct virtqueue___balloon *queue = vq;
	struct open_batch *batch = this_batch();
	char first = 0;

	if (!batch)
		return;
	batch->alloc_ns = batch->move_ns = bpf_ktime_get_ns();
	bpf_probe_read_kernel(&first, 1, BPF_CORE_READ(queue, name));
	batch->inflate = first == 'i';
	if (bpf_core_field_exists(balloon->num_pfns))
		batch->pages = batch->entries = BPF_CORE_READ(balloon, num_pfns);
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

FUNCTION(update_balloon_size_func, open_batch(false), end_batch(true))
FUNCTION(tell_host, tell_begin(first, second), END_STAGE(told_ns))
PAGE_FUNCTION(balloon_page_migrate, OP_MIGRATE)
PAGE_FUNCTION(balloon_page_enqueue, OP_ENQUEUE)
PAGE_FUNCTION(balloon_page_dequeue, OP_DEQUEUE)
PAGE_FUNCTION(balloon_page_isolate, OP_ISOLATE)
PAGE_FUNCTION(balloon_page_putback, OP_PUTBACK)

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side on a kernel without the balloon's trace events: the entry
 * and the return of functions, by fentry/fexit or else by kprobes. Which of
 * them the kernel has is looked up when the programs are loaded.
 *
 * One run of update_balloon_size_func() is one batch; what it does before it
 * calls tell_host() cannot be divided further, for fill_balloon() is inlined
 * more often than not.
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

/* When the operations under way began; the key is the thread and the operation. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} op_begins SEC(".maps");

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

/* The time since op_begin(), or 0 where that was not seen. */
static __always_inline __u64 op_end(__u32 op)
{
	__u64 key = op_key(op), *begin = bpf_map_lookup_elem(&op_begins, &key), ns;

	if (!begin)
		return 0;
	ns = bpf_ktime_get_ns() - *begin;
	bpf_map_delete_elem(&op_begins, &key);
	return ns;
}

static __always_inline void op_done(__u32 op)
{
	__u64 ns = op_end(op);

	if (ns)
		record_op(op, ns);
}

static __always_inline void migrate_done(int result)
{
	__u64 ns = op_end(OP_MIGRATE);

	if (ns)
		record_migrate(result, ns);
}

static __always_inline void tell_begin(const void *vb, const void *vq)
{
	const struct virtio_balloon___balloon *balloon = vb;
	const struct virtqueue___balloon *queue = vq;
	struct open_batch *batch = this_batch();
	const char *name;
	char first = 0;

	if (!batch)
		return;
	batch->move_ns = bpf_ktime_get_ns();
	name = BPF_CORE_READ(queue, name);
	bpf_probe_read_kernel(&first, 1, name);
	batch->inflate = first == 'i';
	if (bpf_core_field_exists(balloon->num_pfns))
		batch->pages = BPF_CORE_READ(balloon, num_pfns);
}

static __always_inline void tell_end(void)
{
	struct open_batch *batch = this_batch();

	if (batch)
		batch->told_ns = bpf_ktime_get_ns();
}

static __always_inline void work_end(void)
{
	struct open_batch *batch = this_batch();
	struct guest_batch record = { 0 };
	__u64 before;

	if (!batch)
		return;
	if (batch->told_ns) {
		before = between(batch->begin_ns, batch->move_ns);
		record.begin_ns = batch->begin_ns;
		record.alloc_ns = batch->inflate ? before : 0;
		record.move_ns = batch->inflate ? 0 : before;
		record.tell_ns = between(batch->move_ns, batch->told_ns);
		record.release_ns =
			batch->inflate ? 0 : between(batch->told_ns, bpf_ktime_get_ns());
		record.pages = batch->pages;
		record.entries = batch->pages;
		record.inflate = batch->inflate;
		record.merged = 1;
		emit(&record, sizeof(record));
	}
	close_batch();
}

SEC("fentry/update_balloon_size_func")
int BPF_PROG(fentry_work)
{
	open_batch(false);
	return 0;
}

SEC("fexit/update_balloon_size_func")
int BPF_PROG(fexit_work)
{
	work_end();
	return 0;
}

SEC("fentry/tell_host")
int BPF_PROG(fentry_tell, void *vb, void *vq)
{
	tell_begin(vb, vq);
	return 0;
}

SEC("fexit/tell_host")
int BPF_PROG(fexit_tell)
{
	tell_end();
	return 0;
}

SEC("kprobe/update_balloon_size_func")
int BPF_KPROBE(kprobe_work)
{
	open_batch(false);
	return 0;
}

SEC("kretprobe/update_balloon_size_func")
int BPF_KRETPROBE(kretprobe_work)
{
	work_end();
	return 0;
}

SEC("kprobe/tell_host")
int BPF_KPROBE(kprobe_tell, void *vb, void *vq)
{
	tell_begin(vb, vq);
	return 0;
}

SEC("kretprobe/tell_host")
int BPF_KRETPROBE(kretprobe_tell)
{
	tell_end();
	return 0;
}

/* The four programs of an operation on a page. */
#define PAGE_OP(name, function, op)                                                                \
	SEC("fentry/" function)                                                                    \
	int BPF_PROG(fentry_##name)                                                                \
	{                                                                                          \
		op_begin(op);                                                                      \
		return 0;                                                                          \
	}                                                                                          \
	SEC("fexit/" function)                                                                     \
	int BPF_PROG(fexit_##name)                                                                 \
	{                                                                                          \
		op_done(op);                                                                       \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kprobe/" function)                                                                    \
	int BPF_KPROBE(kprobe_##name)                                                              \
	{                                                                                          \
		op_begin(op);                                                                      \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kretprobe/" function)                                                                 \
	int BPF_KRETPROBE(kretprobe_##name)                                                        \
	{                                                                                          \
		op_done(op);                                                                       \
		return 0;                                                                          \
	}

PAGE_OP(enqueue, "balloon_page_enqueue", OP_ENQUEUE)
PAGE_OP(dequeue, "balloon_page_dequeue", OP_DEQUEUE)
PAGE_OP(isolate, "balloon_page_isolate", OP_ISOLATE)
PAGE_OP(putback, "balloon_page_putback", OP_PUTBACK)

SEC("fentry/balloon_page_migrate")
int BPF_PROG(fentry_migrate)
{
	op_begin(OP_MIGRATE);
	return 0;
}

SEC("fexit/balloon_page_migrate")
int BPF_PROG(fexit_migrate, void *newpage, void *page, int mode, int result)
{
	migrate_done(result);
	return 0;
}

SEC("kprobe/balloon_page_migrate")
int BPF_KPROBE(kprobe_migrate)
{
	op_begin(OP_MIGRATE);
	return 0;
}

SEC("kretprobe/balloon_page_migrate")
int BPF_KRETPROBE(kretprobe_migrate, int result)
{
	migrate_done(result);
	return 0;
}

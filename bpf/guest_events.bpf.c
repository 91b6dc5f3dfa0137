/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side where the kernel has the balloon's trace events (patch 1 of
 * the series). Their arguments are all that is looked at, no structure of the
 * kernel's: nothing here has to be relocated.
 */
#include "bpf/guest.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("raw_tp/balloon_batch_begin")
int BPF_PROG(batch_begin, const void *balloon, bool inflate, unsigned int wanted)
{
	open_batch(inflate);
	return 0;
}

SEC("raw_tp/balloon_out_of_puff")
int BPF_PROG(out_of_puff, const void *balloon, unsigned int pages)
{
	struct open_batch *batch = this_batch();

	count_up(COUNTER_OUT_OF_PUFF);
	if (batch)
		batch->alloc_retry_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/balloon_batch_alloc_done")
int BPF_PROG(batch_alloc_done, const void *balloon, unsigned int pages)
{
	struct open_batch *batch = this_batch();

	if (batch)
		batch->alloc_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void moved(void)
{
	struct open_batch *batch = this_batch();

	if (batch)
		batch->move_ns = bpf_ktime_get_ns();
}

SEC("raw_tp/balloon_batch_enqueue_done")
int BPF_PROG(batch_enqueue_done, const void *balloon, unsigned int pages)
{
	moved();
	return 0;
}

SEC("raw_tp/balloon_batch_dequeue_done")
int BPF_PROG(batch_dequeue_done, const void *balloon, unsigned int pages)
{
	moved();
	return 0;
}

static __always_inline void finish(const struct open_batch *batch, __u64 now)
{
	struct guest_batch record = {
		.begin_ns = batch->begin_ns,
		.pages = batch->pages,
		.entries = batch->entries,
		.inflate = batch->inflate,
		.tell_ns = between(batch->move_ns, batch->told_ns),
	};

	if (batch->inflate) {
		record.alloc_retry_ns = between(batch->alloc_retry_ns, batch->alloc_ns);
		record.alloc_ns = between(batch->begin_ns, batch->alloc_ns);
		record.move_ns = between(batch->alloc_ns, batch->move_ns);
	} else {
		record.move_ns = between(batch->begin_ns, batch->move_ns);
		record.release_ns = between(batch->told_ns, now);
	}
	emit(&record, sizeof(record));
	close_batch();
}

SEC("raw_tp/balloon_batch_told")
int BPF_PROG(batch_told, const void *balloon, bool inflate, unsigned int pages,
	     unsigned int entries)
{
	struct open_batch *batch = this_batch();

	/* No batch: it had begun before the tracer did. */
	if (!batch)
		return 0;
	batch->told_ns = bpf_ktime_get_ns();
	batch->pages = pages;
	batch->entries = entries;
	if (inflate)
		finish(batch, batch->told_ns);
	return 0;
}

SEC("raw_tp/balloon_batch_released")
int BPF_PROG(batch_released, const void *balloon, unsigned int pages)
{
	struct open_batch *batch = this_batch();

	if (batch)
		finish(batch, bpf_ktime_get_ns());
	return 0;
}

SEC("raw_tp/balloon_page_migrate")
int BPF_PROG(page_migrate, const void *page, const void *newpage, int result, __u64 ns)
{
	record_migrate(result, ns);
	return 0;
}

SEC("raw_tp/balloon_page_enqueue")
int BPF_PROG(page_enqueue, const void *page, __u64 ns)
{
	record_op(OP_ENQUEUE, ns);
	return 0;
}

SEC("raw_tp/balloon_page_dequeue")
int BPF_PROG(page_dequeue, const void *page, __u64 ns)
{
	record_op(OP_DEQUEUE, ns);
	return 0;
}

SEC("raw_tp/balloon_page_finalize")
int BPF_PROG(page_finalize, const void *page, __u64 ns)
{
	record_op(OP_FINALIZE, ns);
	return 0;
}

SEC("raw_tp/balloon_page_isolate")
int BPF_PROG(page_isolate, const void *page, __u64 ns)
{
	record_op(OP_ISOLATE, ns);
	return 0;
}

SEC("raw_tp/balloon_page_putback")
int BPF_PROG(page_putback, const void *page, __u64 ns)
{
	record_op(OP_PUTBACK, ns);
	return 0;
}

SEC("raw_tp/balloon_block_enqueue")
int BPF_PROG(block_enqueue, const void *page, unsigned int order)
{
	tally(TALLY_BLOCK_PAGES_INFLATED, 1ULL << (order % 64));
	return 0;
}

SEC("raw_tp/balloon_block_dequeue")
int BPF_PROG(block_dequeue, const void *page, unsigned int order)
{
	tally(TALLY_BLOCK_PAGES_DEFLATED, 1ULL << (order % 64));
	return 0;
}

SEC("raw_tp/balloon_block_split")
int BPF_PROG(block_split, const void *page, unsigned int order)
{
	tally(TALLY_BLOCKS_SPLIT, 1);
	return 0;
}

SEC("raw_tp/balloon_alloc_order")
int BPF_PROG(alloc_order, const void *page, unsigned int order)
{
	if (order < ORDERS_MAX)
		tally(TALLY_ALLOC_ORDER + order, 1);
	return 0;
}

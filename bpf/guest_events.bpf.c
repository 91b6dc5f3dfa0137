/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's side on a kernel with the balloon's trace events (patch 1 of the
 * series). The programs read the events' arguments only, so nothing has to be
 * relocated.
 */
#include "bpf/guest.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* clang-format off */
#define EVENT(name, action, ...) \
	SEC("raw_tp/" #name) int BPF_PROG(name, ##__VA_ARGS__) { action; return 0; }
/* clang-format on */
#define PAGE_EVENT(name, op) EVENT(name, record_op(op, ns), const void *page, __u64 ns)
#define BLOCK_EVENT(name, tally, n)                                                                \
	EVENT(name, add_to(&tallies, tally, n), const void *page, unsigned int order)

static __always_inline void batch_told(bool inflate, unsigned int pages, unsigned int entries)
{
	struct open_batch *batch = this_batch();

	count_pages(inflate, pages);
	if (!batch)
		return;
	batch->told_ns = bpf_ktime_get_ns();
	batch->pages = pages;
	batch->entries = entries;
	if (inflate)
		close_batch(batch, false);
}

static __always_inline void count_order(unsigned int order)
{
	if (order < ORDERS_MAX)
		add_to(&tallies, TALLY_ALLOC_ORDER + order, 1);
}

EVENT(balloon_batch_begin, open_batch(inflate), const void *balloon, bool inflate)
EVENT(balloon_out_of_puff, count_up(COUNTER_OUT_OF_PUFF); END_STAGE(alloc_retry_ns))
EVENT(balloon_batch_alloc_done, END_STAGE(alloc_ns))
EVENT(balloon_batch_enqueue_done, END_STAGE(move_ns))
EVENT(balloon_batch_dequeue_done, END_STAGE(move_ns))
EVENT(balloon_batch_told, batch_told(inflate, pages, entries), const void *balloon, bool inflate,
      unsigned int pages, unsigned int entries)
EVENT(balloon_batch_released, end_batch(false))
EVENT(balloon_page_migrate, record_migrate(result, ns), const void *page, const void *newpage,
      int result, __u64 ns)
EVENT(balloon_oom, record_op(OP_OOM, ns);
      add_to(&tallies, TALLY_OOM_PAGES, pages), const void *balloon, unsigned int pages, __u64 ns)
PAGE_EVENT(balloon_page_enqueue, OP_ENQUEUE)
PAGE_EVENT(balloon_page_dequeue, OP_DEQUEUE)
PAGE_EVENT(balloon_page_finalize, OP_FINALIZE)
PAGE_EVENT(balloon_page_isolate, OP_ISOLATE)
PAGE_EVENT(balloon_page_putback, OP_PUTBACK)
BLOCK_EVENT(balloon_block_enqueue, TALLY_BLOCK_PAGES_INFLATED, 1ULL << (order % 64))
BLOCK_EVENT(balloon_block_dequeue, TALLY_BLOCK_PAGES_DEFLATED, 1ULL << (order % 64))
BLOCK_EVENT(balloon_block_split, TALLY_BLOCKS_SPLIT, 1)
EVENT(balloon_alloc_order, count_order(order), const void *page, unsigned int order)

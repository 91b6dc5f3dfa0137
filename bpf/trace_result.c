/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/trace_result.h"

#include <unistd.h>

#include "lib/alloc.h"
#include "lib/histogram.h"

/* What a PFN is to the device. */
#define PFN_BYTES 4096

static struct histogram *copy(const struct histogram *from)
{
	struct histogram *h = xcalloc(1, sizeof(*h));

	*h = *from;
	return h;
}

/* @one_in: 0: not observed. @count: at least; what was lost beside the histogram is part of it. */
static void add_op(struct record_list *ops, const char *name, enum op_per per, uint32_t one_in,
		   const struct histogram *h, uint64_t lost, uint64_t count)
{
	struct op_result *op;

	if (count < h->count + lost)
		count = h->count + lost;
	if (!one_in || !count)
		return;
	op = record_append(&op_record, ops);
	record_set_text(&op->name, name);
	op->per = per;
	op->count = count;
	op->lost = lost;
	op->one_in = one_in;
	op->histogram = copy(h);
}

/* A batch in progress may have dequeued blocks that it has not told the host yet. */
static uint64_t without(uint64_t pages, uint64_t in_blocks)
{
	return pages > in_blocks ? pages - in_blocks : 0;
}

/* Of the operations that run once per page: the batches count them, whether timed or not. */
static uint64_t exact_count(const struct guest_counts *counts, enum page_op op)
{
	const uint64_t *t = counts->tallies;
	/* The driver counts pages of 4 KiB, and works on those of its kernel, which is this one. */
	const uint64_t unit = sysconf(_SC_PAGESIZE) / PFN_BYTES;
	const uint64_t inflated = t[TALLY_PAGES_INFLATED] / unit;
	const uint64_t dequeued =
		without(t[TALLY_PAGES_DEFLATED] / unit, t[TALLY_BLOCK_PAGES_DEFLATED]);

	switch (op) {
	case OP_ENQUEUE:
		return without(inflated, t[TALLY_BLOCK_PAGES_INFLATED]);
	case OP_DEQUEUE:
		return dequeued;
	case OP_FINALIZE:
		return dequeued + counts->ops[OP_MIGRATE].count + t[TALLY_LOST_OP + OP_MIGRATE];
	default:
		return 0;
	}
}

void trace_ops(struct record_list *ops, const struct guest_counts *counts,
	       const struct guest_totals *inflate, const struct guest_totals *deflate)
{
	const uint64_t *t = counts->tallies;
	const struct {
		const char *name;
		const struct histogram *h;
		uint64_t lost;
	} stages[] = {
		{ "alloc", &inflate->stages[STAGE_ALLOC], t[TALLY_LOST_INFLATES] },
		{ "tell_inflate", &inflate->stages[STAGE_TELL], t[TALLY_LOST_INFLATES] },
		{ "tell_deflate", &deflate->stages[STAGE_TELL], t[TALLY_LOST_DEFLATES] },
		{ "release", &deflate->stages[STAGE_RELEASE], t[TALLY_LOST_DEFLATES] },
	};
	size_t i;

	for (i = 0; i < OP_COUNT; i++)
		add_op(ops, page_op_names[i], i == OP_OOM || i == OP_REPORT ? OP_PER_BATCH : OP_PER_PAGE,
		       counts->one_in[i], &counts->ops[i], t[TALLY_LOST_OP + i],
		       exact_count(counts, i));
	for (i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		add_op(ops, stages[i].name, OP_PER_BATCH, 1, stages[i].h, stages[i].lost, 0);
}

void trace_blocks(struct block_counts *blocks, const uint64_t tallies[TALLY_COUNT])
{
	int order;

	blocks->inflated_pages = tallies[TALLY_BLOCK_PAGES_INFLATED];
	blocks->deflated_pages = tallies[TALLY_BLOCK_PAGES_DEFLATED];
	blocks->split = tallies[TALLY_BLOCKS_SPLIT];
	for (order = 0; order < ORDERS_MAX; order++)
		record_append_number(&blocks->allocations, tallies[TALLY_ALLOC_ORDER + order]);
}

void trace_counters(struct trace_counters *into, const uint64_t counters[COUNTER_COUNT])
{
	*into = (struct trace_counters){ .lost_records = counters[COUNTER_LOST_RECORDS],
					 .lost_pairs = counters[COUNTER_LOST_PAIRS],
					 .missed = counters[COUNTER_MISSED],
					 .out_of_puff = counters[COUNTER_OUT_OF_PUFF],
					 .migrate_again = counters[COUNTER_MIGRATE_AGAIN],
					 .migrate_failed = counters[COUNTER_MIGRATE_FAILED] };
}

void trace_observations(struct record_list *list, const struct observation *observations,
			size_t count)
{
	const struct observation *o;
	struct observed *seen;

	for (o = observations; o < observations + count; o++) {
		if (!o->what)
			continue;
		seen = record_append(&observed_record, list);
		record_set_text(&seen->what, o->what);
		record_set_text(&seen->how, o->how);
		record_set_text(&seen->why_not, o->how ? NULL : o->why_not);
	}
}

static void add_errors(struct call_result *call, const struct advice_stats *a)
{
	int i;

	for (i = 0; i < CALL_ERROR_COUNT; i++)
		if (a->by_error[i])
			record_append_counter(&call->errors_by_name, call_error_names[i],
					      a->by_error[i]);
}

void trace_calls(struct record_list *calls, const struct host_stats *stats, unsigned int one_in)
{
	struct call_result *call;
	int i;

	for (i = 0; i < ADVICE_COUNT; i++) {
		const struct advice_stats *a = &stats->advice[i];

		if (!a->calls && !a->lost)
			continue;
		call = record_append(&call_record, calls);
		record_set_text(&call->name, advice_names[i]);
		call->calls = a->calls;
		call->bytes = a->bytes;
		call->errors = a->errors;
		add_errors(call, a);
		if (a->ranges)
			call->ranges = a->ranges;
		if (a->lost + a->unplaced)
			call->lost = a->lost + a->unplaced;
		if (one_in > 1)
			call->one_in = one_in;
		call->latency_ns = copy(&a->latency_ns);
		call->length_bytes = copy(&a->length_bytes);
	}
}

struct trace_guest_batch trace_guest_batch(const struct guest_batch *b)
{
	return (struct trace_guest_batch){ b->begin_ns, b->alloc_ns, b->alloc_retry_ns,
					   b->move_ns,	b->tell_ns,  b->release_ns,
					   b->pages,	b->entries };
}

struct trace_host_batch trace_host_batch(const struct host_batch *b)
{
	return (struct trace_host_batch){ b->end_ns, b->ns,    b->queue, b->entries,
					  b->calls,  b->bytes, b->timed, b->timed_ns };
}

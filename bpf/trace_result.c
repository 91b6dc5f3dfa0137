/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/trace_result.h"

#include "lib/alloc.h"
#include "lib/histogram.h"

static struct histogram *copy(const struct histogram *from)
{
	struct histogram *h = xcalloc(1, sizeof(*h));

	*h = *from;
	return h;
}

static void add_op(struct record_list *ops, const char *name, enum op_per per,
		   const struct histogram *h, uint64_t lost)
{
	struct op_result *op;

	if (!h->count)
		return;
	op = record_append(&op_record, ops);
	record_set_text(&op->name, name);
	op->per = per;
	op->count = h->count + lost;
	op->lost = lost;
	op->histogram = copy(h);
}

void trace_ops(struct record_list *ops, const struct guest_counts *counts,
	       const struct guest_totals *inflate, const struct guest_totals *deflate)
{
	uint64_t lost = counts->counters[COUNTER_LOST_RECORDS];
	int i;

	for (i = 0; i < OP_COUNT; i++)
		add_op(ops, page_op_names[i], OP_PER_PAGE, &counts->ops[i],
		       counts->counters[COUNTER_LOST_PAIRS]);
	add_op(ops, "alloc", OP_PER_BATCH, &inflate->stages[STAGE_ALLOC], lost);
	add_op(ops, "tell_inflate", OP_PER_BATCH, &inflate->stages[STAGE_TELL], lost);
	add_op(ops, "tell_deflate", OP_PER_BATCH, &deflate->stages[STAGE_TELL], lost);
	add_op(ops, "release", OP_PER_BATCH, &deflate->stages[STAGE_RELEASE], lost);
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
	*into = (struct trace_counters){ counters[COUNTER_LOST_RECORDS],
					 counters[COUNTER_LOST_PAIRS],
					 counters[COUNTER_OUT_OF_PUFF],
					 counters[COUNTER_MIGRATE_AGAIN],
					 counters[COUNTER_MIGRATE_FAILED] };
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

void trace_calls(struct record_list *calls, const struct host_stats *stats)
{
	struct call_result *call;
	int i;

	for (i = 0; i < ADVICE_COUNT; i++) {
		const struct advice_stats *a = &stats->advice[i];

		if (!a->latency_ns.count)
			continue;
		call = record_append(&call_record, calls);
		record_set_text(&call->name, advice_names[i]);
		call->calls = a->latency_ns.count;
		call->bytes = a->bytes;
		call->errors = a->errors;
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

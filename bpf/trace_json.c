/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/trace_json.h"

#include "lib/histogram.h"

static const char *const counter_names[COUNTER_COUNT] = {
	"lost_records", "lost_pairs", "out_of_puff", "migrate_again", "migrate_failed",
};

static json_int_t member(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

json_t *guest_totals_to_json(const struct guest_totals *s)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "batches",
		(json_int_t)s->batches, "kicks", (json_int_t)s->kicks, "pages",
		(json_int_t)s->pages, "entries", (json_int_t)s->entries, "alloc_ns",
		(json_int_t)s->stage_ns[STAGE_ALLOC], "puff_ns", (json_int_t)s->alloc_retry_ns,
		"move_ns", (json_int_t)s->stage_ns[STAGE_MOVE], "tell_ns",
		(json_int_t)s->stage_ns[STAGE_TELL], "release_ns",
		(json_int_t)s->stage_ns[STAGE_RELEASE], "gap_ns", (json_int_t)s->gap_ns, "begin_ns",
		(json_int_t)s->begin_ns, "end_ns", (json_int_t)s->end_ns, "merged", s->merged);
}

void guest_totals_from_json(struct guest_totals *s, const json_t *json)
{
	*s = (struct guest_totals){
		.batches = member(json, "batches"),
		.kicks = member(json, "kicks"),
		.pages = member(json, "pages"),
		.entries = member(json, "entries"),
		.stage_ns = { [STAGE_ALLOC] = member(json, "alloc_ns"),
			      [STAGE_MOVE] = member(json, "move_ns"),
			      [STAGE_TELL] = member(json, "tell_ns"),
			      [STAGE_RELEASE] = member(json, "release_ns") },
		.alloc_retry_ns = member(json, "puff_ns"),
		.gap_ns = member(json, "gap_ns"),
		.begin_ns = member(json, "begin_ns"),
		.end_ns = member(json, "end_ns"),
		.merged = json_is_true(json_object_get(json, "merged")),
	};
}

static void add_op(json_t *ops, const char *name, const char *per, const struct histogram *h,
		   uint64_t lost)
{
	if (!h->count)
		return;
	json_object_set_new(ops, name,
			    json_pack("{s:s, s:I, s:I, s:o}", "per", per, "count",
				      (json_int_t)(h->count + lost), "lost", (json_int_t)lost,
				      "histogram", histogram_to_json(h)));
}

json_t *guest_ops_to_json(const struct guest_counts *counts, const struct guest_totals *inflate,
			  const struct guest_totals *deflate)
{
	uint64_t lost = counts->counters[COUNTER_LOST_RECORDS];
	json_t *ops = json_object();
	int i;

	for (i = 0; i < OP_COUNT; i++)
		add_op(ops, page_op_name(i), "page", &counts->ops[i],
		       counts->counters[COUNTER_LOST_PAIRS]);
	add_op(ops, "alloc", "batch", &inflate->stages[STAGE_ALLOC], lost);
	add_op(ops, "tell_inflate", "batch", &inflate->stages[STAGE_TELL], lost);
	add_op(ops, "tell_deflate", "batch", &deflate->stages[STAGE_TELL], lost);
	add_op(ops, "release", "batch", &deflate->stages[STAGE_RELEASE], lost);
	return ops;
}

json_t *guest_blocks_to_json(const uint64_t tallies[TALLY_COUNT])
{
	json_t *allocations = json_array();
	int order;

	for (order = 0; order < ORDERS_MAX; order++)
		json_array_append_new(allocations,
				      json_integer(tallies[TALLY_ALLOC_ORDER + order]));
	return json_pack("{s:I, s:I, s:I, s:o}", "inflated_pages",
			 (json_int_t)tallies[TALLY_BLOCK_PAGES_INFLATED], "deflated_pages",
			 (json_int_t)tallies[TALLY_BLOCK_PAGES_DEFLATED], "split",
			 (json_int_t)tallies[TALLY_BLOCKS_SPLIT], "allocations", allocations);
}

json_t *counters_to_json(const uint64_t counters[COUNTER_COUNT])
{
	json_t *json = json_object();
	int i;

	for (i = 0; i < COUNTER_COUNT; i++)
		json_object_set_new(json, counter_names[i], json_integer(counters[i]));
	return json;
}

json_t *observations_to_json(const struct observation *observations, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++) {
		const struct observation *o = &observations[i];

		if (o->what)
			json_array_append_new(list, json_pack("{s:s, s:s?, s:s?}", "what", o->what,
							      "how", o->how, "why_not",
							      o->how ? NULL : o->why_not));
	}
	return list;
}

json_t *host_stats_to_json(const struct host_stats *stats)
{
	json_t *json = json_object();
	int i;

	for (i = 0; i < ADVICE_COUNT; i++) {
		const struct advice_stats *a = &stats->advice[i];

		if (a->latency_ns.count)
			json_object_set_new(
				json, advice_name(i),
				json_pack("{s:I, s:I, s:I, s:o, s:o}", "calls",
					  (json_int_t)a->latency_ns.count, "bytes",
					  (json_int_t)a->bytes, "errors", (json_int_t)a->errors,
					  "latency_ns", histogram_to_json(&a->latency_ns),
					  "length_bytes", histogram_to_json(&a->length_bytes)));
	}
	return json;
}

json_t *guest_batch_columns(void)
{
	return json_pack("[s, s, s, s, s, s, s, s]", "begin_ns", "alloc_ns", "puff_ns", "move_ns",
			 "tell_ns", "release_ns", "pages", "entries");
}

json_t *guest_batch_to_row(const struct guest_batch *b)
{
	return json_pack("[I, I, I, I, I, I, i, i]", (json_int_t)b->begin_ns,
			 (json_int_t)b->alloc_ns, (json_int_t)b->alloc_retry_ns,
			 (json_int_t)b->move_ns, (json_int_t)b->tell_ns, (json_int_t)b->release_ns,
			 (int)b->pages, (int)b->entries);
}

json_t *host_batch_columns(void)
{
	return json_pack("[s, s, s, s, s, s, s, s]", "end_ns", "ns", "queue", "entries", "calls",
			 "bytes", "timed", "timed_ns");
}

json_t *host_batch_to_row(const struct host_batch *b)
{
	return json_pack("[I, I, i, i, i, I, i, I]", (json_int_t)b->end_ns, (json_int_t)b->ns,
			 (int)b->queue, (int)b->entries, (int)b->calls, (json_int_t)b->bytes,
			 (int)b->timed, (json_int_t)b->timed_ns);
}

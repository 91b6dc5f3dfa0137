/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACE_RESULT_H
#define BPF_TRACE_RESULT_H

#include "bpf/guest_tracer.h"
#include "bpf/host_tracer.h"
#include "bpf/totals.h"
#include "lib/result.h"
#include "lib/trace_records.h"

/* What the tracers saw, as the structs of a result. Lists are appended to. */

/*
 * Latencies of the operations that were observed, and of the stages of @inflate and @deflate:
 * struct op_result. What was lost counts for the operation or stage that lost it. Operations of
 * which a sample is timed are counted by the batches; all others by the times that were taken.
 */
void trace_ops(struct record_list *ops, const struct guest_counts *counts,
	       const struct guest_totals *inflate, const struct guest_totals *deflate);

void trace_blocks(struct block_counts *blocks, const uint64_t tallies[TALLY_COUNT]);

void trace_counters(struct trace_counters *into, const uint64_t counters[COUNTER_COUNT]);

/* struct observed */
void trace_observations(struct record_list *list, const struct observation *observations,
			size_t count);

/* struct call_result of each advice that was called; one call in @one_in was timed */
void trace_calls(struct record_list *calls, const struct host_stats *stats, unsigned int one_in);

struct trace_guest_batch trace_guest_batch(const struct guest_batch *batch);
struct trace_host_batch trace_host_batch(const struct host_batch *batch);

#endif

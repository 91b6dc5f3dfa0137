/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACE_JSON_H
#define BPF_TRACE_JSON_H

#include <jansson.h>

#include "bpf/guest_tracer.h"
#include "bpf/host_tracer.h"
#include "bpf/totals.h"

/* What the tracers saw as JSON; every function returns a new reference. */

/* {"batches", "kicks", "pages", "entries", "alloc_ns", ...} without the histograms. */
json_t *guest_totals_to_json(const struct guest_totals *totals);

/* Back again, histograms empty; what is missing is 0. */
void guest_totals_from_json(struct guest_totals *totals, const json_t *json);

/**
 * guest_ops_to_json() - the "ops" of result.json
 * @inflate, @deflate: of whose stages the histograms are taken
 *
 * One object per operation: {"per": "page" or "batch", "count": n, "lost": m,
 * "histogram": {...} in ns}. "count" includes what was lost as far as it is
 * known. Operations that are not observed are left out.
 */
json_t *guest_ops_to_json(const struct guest_counts *counts, const struct guest_totals *inflate,
			  const struct guest_totals *deflate);

/*
 * {"inflated_pages": n, "deflated_pages": n, "split": n, "allocations": [n, ...]}:
 * what went in blocks, and what the balloon allocated in more than single
 * pages, by order from 0 up.
 */
json_t *guest_blocks_to_json(const uint64_t tallies[TALLY_COUNT]);

/* {"lost_records": n, ...} */
json_t *counters_to_json(const uint64_t counters[COUNTER_COUNT]);

/* [{"what", "how", "why_not"}, ...]; one of the two is null. */
json_t *observations_to_json(const struct observation *observations, size_t count);

/* {"dontneed": {"calls", "bytes", "errors", "latency_ns", "length_bytes"}, ...} */
json_t *host_stats_to_json(const struct host_stats *stats);

/* A row of trace.json: what its columns are, trace_columns says. */
json_t *guest_batch_to_row(const struct guest_batch *batch);
json_t *host_batch_to_row(const struct host_batch *batch);
json_t *guest_batch_columns(void);
json_t *host_batch_columns(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of the BPF programs, as they come out of the ring buffer, added up and
 * written as JSON. Input: records of the size of struct guest_batch (first byte even) or
 * struct host_batch, one behind the other; what is left of one is a histogram.
 */
#include <math.h>
#include <string.h>

#include "bpf/totals.h"
#include "bpf/trace_json.h"
#include "lib/histogram.h"
#include "tests/fuzz/input.h"

static void add_guest(const uint8_t *data, size_t size)
{
	struct guest_totals totals = { 0 }, twice = { 0 }, back;
	struct guest_counts counts = { .counters = { 0 } };
	struct guest_batch batch;
	json_t *json;

	for (; size >= sizeof(batch); data += sizeof(batch), size -= sizeof(batch)) {
		memcpy(&batch, data, sizeof(batch));
		guest_totals_add(&totals, &batch);
		json_decref(guest_batch_to_row(&batch));
	}
	memcpy(&counts.ops[OP_ENQUEUE], data, size);
	guest_totals_append(&twice, &totals);
	guest_totals_append(&twice, &totals);
	FUZZ_HOLDS(twice.batches == 2 * totals.batches && twice.pages == 2 * totals.pages);
	json = guest_totals_to_json(&totals);
	guest_totals_from_json(&back, json);
	FUZZ_HOLDS(back.pages == totals.pages && back.gap_ns == totals.gap_ns);
	json_decref(json);
	json_decref(guest_ops_to_json(&counts, &totals, &twice));
	json_decref(guest_blocks_to_json(counts.tallies));
	json_decref(counters_to_json(counts.counters));
}

static void add_host(const uint8_t *data, size_t size)
{
	struct host_totals totals = { 0 };
	struct host_batch batch;
	double advice_ns;

	for (; size >= sizeof(batch); data += sizeof(batch), size -= sizeof(batch)) {
		memcpy(&batch, data, sizeof(batch));
		host_totals_add(&totals, &batch);
		json_decref(host_batch_to_row(&batch));
	}
	advice_ns = host_totals_advice_ns(&totals, 20);
	FUZZ_HOLDS(isnan(advice_ns) || (advice_ns >= 0 && advice_ns <= (double)totals.ns));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] % 2)
		add_host(data + 1, size - 1);
	else
		add_guest(data + 1, size - 1);
	return 0;
}

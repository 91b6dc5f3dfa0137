/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of the BPF programs, added up and written as JSON. Input: an array of struct
 * guest_batch (first byte even) or struct host_batch; a truncated record is used as a
 * histogram.
 */
#include <math.h>
#include <string.h>

#include "bpf/totals.h"
#include "bpf/trace_result.h"
#include "lib/histogram.h"
#include "tests/fuzz/input.h"

static void write_row(enum trace_kind kind, const void *row)
{
	static struct trace_writer writer;

	if (!writer.file)
		writer.file = fopen("/dev/null", "we");
	trace_write_record(&writer, kind, row);
	FUZZ_HOLDS(!ferror(writer.file));
}

static void add_guest(const uint8_t *data, size_t size)
{
	struct guest_totals totals = { 0 }, twice = { 0 }, back;
	struct guest_counts counts = { .one_in = { [OP_ENQUEUE] = 1 } };
	struct block_counts blocks = { .allocations = { NULL, 0 } };
	struct record_list ops = { NULL, 0 };
	struct trace_counters counters;
	struct trace_guest_batch row;
	struct guest_batch batch;
	char err[256];
	json_t *json;

	for (; size >= sizeof(batch); data += sizeof(batch), size -= sizeof(batch)) {
		memcpy(&batch, data, sizeof(batch));
		guest_totals_add(&totals, &batch);
		row = trace_guest_batch(&batch);
		write_row(TRACE_GUEST, &row);
	}
	memcpy(&counts.ops[OP_ENQUEUE], data, size);
	guest_totals_append(&twice, &totals);
	guest_totals_append(&twice, &totals);
	FUZZ_HOLDS(twice.batches == 2 * totals.batches && twice.pages == 2 * totals.pages);
	json = record_encode(&guest_totals_record, &totals);
	if (!record_decode(&guest_totals_record, json, &back, "totals", err, sizeof(err)))
		FUZZ_HOLDS(back.pages == totals.pages && back.gap_ns == totals.gap_ns);
	json_decref(json);
	trace_ops(&ops, &counts, &totals, &twice);
	trace_blocks(&blocks, counts.tallies);
	trace_counters(&counters, counts.counters);
	record_release_list(&op_record, &ops);
	record_release(&blocks_record, &blocks);
}

static void add_host(const uint8_t *data, size_t size)
{
	struct host_totals totals = { 0 };
	struct trace_host_batch row;
	struct host_batch batch;
	double advice_ns;

	for (; size >= sizeof(batch); data += sizeof(batch), size -= sizeof(batch)) {
		memcpy(&batch, data, sizeof(batch));
		host_totals_add(&totals, &batch);
		row = trace_host_batch(&batch);
		write_row(TRACE_HOST, &row);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.json, record by record.
 */
#include "analysis/export/trace_reader.h"
#include "tests/fuzz/input.h"

static int on_step(const struct trace_move *move, long long start_ns, long long duration_ns,
		   void *context)
{
	(void)move;
	(void)context;
	FUZZ_HOLDS(start_ns >= 0 && duration_ns >= 0);
	return 0;
}

static int on_batch(const struct trace_move *move, const struct trace_batch *batch, void *context)
{
	size_t i;

	(void)move;
	(void)context;
	for (i = 0; i < TRACE_COLUMNS; i++)
		FUZZ_HOLDS(batch->values[i] >= TRACE_ABSENT && batch->values[i] <= 1LL << 56);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct trace_sink sink = { .step = on_step, .batch = on_batch };
	char err[1024] = "";

	if (trace_read(fuzz_file(0, data, size), &sink, err, sizeof(err)))
		FUZZ_HOLDS(*err);
	return 0;
}

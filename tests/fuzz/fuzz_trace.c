/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.jsonl, line by line.
 */
#include "lib/trace_records.h"
#include "tests/fuzz/input.h"

static int take(const struct trace_record *record, void *context)
{
	const struct field *c;

	(void)context;
	FUZZ_HOLDS(record->cycle > 0 && record->number > 0);
	for (c = trace_tables[record->kind]->fields; c->name; c++) {
		double value = field_number(c, (const char *)&record->step + c->offset);

		FUZZ_HOLDS(value >= 0 && value <= (double)TRACE_VALUE_MAX);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[1024] = "";

	if (trace_read(fuzz_file(0, data, size), take, NULL, err, sizeof(err)))
		FUZZ_HOLDS(*err);
	return 0;
}

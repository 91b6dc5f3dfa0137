/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workload files: one that is read has sums that can be computed, and its rows are read again as
 * they are written.
 */
#include <math.h>
#include <stdlib.h>

#include "bench/config/workload.h"
#include "tests/fuzz/input.h"

static void write_all(FILE *f, const struct workload *w)
{
	size_t i;

	fputs(WORKLOAD_FIRST_LINE "\n", f);
	for (i = 0; i < w->count; i++)
		workload_write_row(f, &w->rows[i]);
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct workload w, again;
	char err[1024] = "", *text = NULL;
	size_t length;

	if (workload_load(&w, fuzz_file(0, data, size), err, sizeof(err))) {
		FUZZ_HOLDS(*err);
		workload_release(&w);
		return 0;
	}
	FUZZ_HOLDS(w.count > 1 && w.rows[0].at_ns == 0);
	FUZZ_HOLDS(isfinite(workload_gib_minutes(&w)));
	write_all(open_memstream(&text, &length), &w);
	FUZZ_HOLDS(!workload_load(&again, fuzz_file(1, (uint8_t *)text, length), err, sizeof(err)));
	FUZZ_HOLDS(again.count == w.count);
	FUZZ_HOLDS(workload_peak_bytes(&again) == workload_peak_bytes(&w));
	FUZZ_HOLDS(workload_cpu_ns(&again) == workload_cpu_ns(&w));
	workload_release(&again);
	workload_release(&w);
	free(text);
	return 0;
}

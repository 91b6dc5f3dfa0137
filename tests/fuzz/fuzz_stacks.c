/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of `perf script`.
 */
#include "bench/boot/parts.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_list top = { NULL, 0 };
	struct stacks stacks = { .count = 0 };
	FILE *in = fopen(fuzz_file(0, data, size), "re"), *out = fopen("/dev/null", "we");

	if (in && out) {
		stacks_read(&stacks, in);
		stacks_write_folded(&stacks, out);
		stacks_top(&stacks, 10, &top);
		FUZZ_HOLDS(top.count <= 10);
	}
	record_release_list(&perf_symbol_record, &top);
	stacks_release(&stacks);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	return 0;
}

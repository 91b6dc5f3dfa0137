/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `perf script` prints of sampled stacks.
 */
#include "bench/boot/stacks.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stacks stacks = { .count = 0 };
	FILE *in = fopen(fuzz_file(0, data, size), "re"), *out = fopen("/dev/null", "we");

	if (in && out && !stacks_read(&stacks, in)) {
		stacks_write_folded(&stacks, out);
		json_decref(stacks_top(&stacks, 10));
	}
	stacks_release(&stacks);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenario files.
 */
#include "bench/config/scenario.h"
#include "tests/fuzz/input.h"

#define MIB (1ULL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario scenario;
	char err[1024] = "";

	if (scenario_load(&scenario, fuzz_file(0, data, size), "/", err, sizeof(err))) {
		FUZZ_HOLDS(*err);
		return 0;
	}
	FUZZ_HOLDS(scenario.inflate_bytes < scenario.memory_bytes);
	scenario_scale(&scenario, 512 * MIB);
	FUZZ_HOLDS(scenario.memory_bytes <= 512 * MIB);
	scenario_release(&scenario);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suites.ini.
 */
#include "bench/config/suite.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suite suite;
	char err[1024] = "";
	size_t i;

	if (suite_load(&suite, "default", fuzz_file(0, data, size), err, sizeof(err))) {
		FUZZ_HOLDS(*err);
		return 0;
	}
	FUZZ_HOLDS(suite.scenario_count && suite.variant_count);
	suite_add_control(&suite);
	for (i = 0; i < suite.variant_count; i++)
		suite_runs(&suite, suite.scenarios[0], i, suite_most_boots(&suite));
	suite_release(&suite);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QoS files: the INI format, and the claims in it.
 */
#include "analysis/gate/gate.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claims claims = { .list = NULL };
	char err[1024] = "";
	size_t i;

	if (claims_load(&claims, fuzz_file(0, data, size), err, sizeof(err)))
		FUZZ_HOLDS(*err);
	else
		for (i = 0; i < claims.count; i++)
			FUZZ_HOLDS(claims.list[i].expression && *claims.list[i].measure.name);
	claims_release(&claims);
	return 0;
}

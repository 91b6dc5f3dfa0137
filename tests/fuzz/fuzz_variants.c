/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * variants.ini.
 */
#include "bench/config/variant.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct variants variants;
	char err[1024] = "";

	if (variants_load(&variants, fuzz_file(0, data, size), err, sizeof(err))) {
		FUZZ_HOLDS(*err);
		return 0;
	}
	FUZZ_HOLDS(variants_named(&variants, NULL, variants.list[0].name) == &variants.list[0]);
	variants_find(&variants, NULL, "list,page-x=on+phases", err, sizeof(err));
	variants_add_control(&variants, &variants.list[0], "again");
	variants_release(&variants);
	return 0;
}

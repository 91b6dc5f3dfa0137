/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers with units: a parsed value is formatted and parsed again, and is about the same.
 */
#include <stdlib.h>

#include "lib/units.h"
#include "tests/fuzz/input.h"

/* Equal within the digits that are printed. */
static int is_about(uint64_t a, uint64_t b, uint64_t tolerance)
{
	return (a > b ? a - b : b - a) <= tolerance;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), shown[64];
	uint64_t value, again;
	double fraction;
	int on;

	if (!parse_bytes(text, &value) && !parse_bytes(format_bytes(value, shown, 64), &again))
		FUZZ_HOLDS(is_about(again, value, value / 1000));
	if (!parse_duration(text, &value) && value) {
		FUZZ_HOLDS(!parse_duration(format_duration(value, shown, 64), &again));
		FUZZ_HOLDS(is_about(again, value, value / 100));
	}
	if (!parse_rate(text, &value))
		FUZZ_HOLDS(value);
	if (!parse_count(text, 1, 1000, &value))
		FUZZ_HOLDS(value >= 1 && value <= 1000);
	if (!parse_percent(text, &fraction))
		FUZZ_HOLDS(fraction > 0 && fraction <= 1);
	if (!parse_switch(text, &on))
		FUZZ_HOLDS(on == 0 || on == 1);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A parser with two bugs that must be found, to show that the other targets can fail.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	volatile int shifted;
	char *volatile copy; /* or the compiler removes it */

	if (!strncmp(text, "size", 4)) {
		copy = malloc(4);
		strcpy(copy, text); /* no room for the terminator */
		free(copy);
	}
	if (!strncmp(text, "bit ", 4)) {
		shifted = 1 << (text[4] & 63);
		(void)shifted;
	}
	free(text);
	return 0;
}

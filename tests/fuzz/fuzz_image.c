/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel file that somebody gives to balloonbench build --image.
 */
#include "bench/build/image.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_info info;
	char err[1024] = "";

	if (image_inspect(fuzz_file(0, data, size), &info, err, sizeof(err)))
		FUZZ_HOLDS(*err);
	else
		FUZZ_HOLDS(*info.release && *info.version);
	return 0;
}

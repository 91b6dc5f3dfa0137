/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images.ini.
 */
#include "bench/config/images.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct images images;
	char err[1024] = "";

	if (images_load(&images, fuzz_file(0, data, size), err, sizeof(err)))
		FUZZ_HOLDS(*err);
	else
		images_release(&images);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's end of the guest channel.
 */
#include "bench/guest/channel.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *msg;

	if (channel_take(fuzz_socket(0, data, size)))
		return 0;
	while ((msg = channel_receive())) {
		FUZZ_HOLDS(json_is_object(msg));
		channel_send(msg);
	}
	return 0;
}

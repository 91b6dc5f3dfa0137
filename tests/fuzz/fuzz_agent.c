/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's end of the guest channel.
 */
#include <errno.h>

#include "bench/guest/guest.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_request request;
	char text[512];
	int err;

	if (channel_take(fuzz_socket(0, data, size)))
		return 0;
	do {
		*text = '\0';
		err = channel_receive(&request, text, sizeof(text));
		FUZZ_HOLDS(err ? err == -EPIPE || *text : request.cmd != NULL);
		if (!err)
			channel_answer(request.id, NULL, &guest_request_record, &request);
		else if (err != -EPIPE)
			channel_answer(request.id, text, NULL, NULL);
		record_release(&guest_request_record, &request);
	} while (err != -EPIPE);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QMP client: framing, greeting, answers, events.
 */
#include "bench/vm/qmp.h"
#include "lib/clock.h"
#include "tests/fuzz/input.h"

/* Never reached: the peer has sent everything and closed. */
#define PATIENCE_MS 10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t bytes, deadline = deadline_in_ms(PATIENCE_MS);
	json_t *event = NULL, *result = NULL;
	struct qmp *qmp;
	int err;

	err = qmp_open(&qmp, fuzz_socket(0, data, size), "/dev/null", deadline);
	if (!err)
		err = qmp_balloon_actual(qmp, &bytes, deadline);
	if (!err)
		err = qmp_balloon_target(qmp, 1, deadline);
	if (!err)
		err = qmp_execute(qmp, "qom-get", NULL, &result, deadline);
	if (!err)
		err = qmp_wait_event(qmp, "SHUTDOWN", &event, deadline);
	/* Every error has a message. */
	FUZZ_HOLDS(!err || *qmp_error(qmp));
	json_decref(result);
	json_decref(event);
	qmp_close(qmp);
	return 0;
}

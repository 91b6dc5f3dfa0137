/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/guest_clock.h"

#include <errno.h>

#include "lib/clock.h"

#define ROUND_TRIPS 32
#define ANSWER_MS 10000

struct exchange {
	uint64_t before_ns;
	uint64_t guest_ns;
	uint64_t after_ns;
};

static int ask(struct agent *agent, struct exchange *e)
{
	json_t *answer = NULL;
	int err;

	e->before_ns = clock_ns();
	err = agent_request(agent, json_pack("{s:s}", "cmd", "clock"), &answer,
			    deadline_in_ms(ANSWER_MS));
	e->after_ns = clock_ns();
	e->guest_ns = json_integer_value(json_object_get(answer, "clock_ns"));
	json_decref(answer);
	return err;
}

int guest_clock_measure(struct agent *agent, json_t **offset)
{
	struct exchange best = { .after_ns = UINT64_MAX }, e;
	uint64_t trip_ns, middle_ns;
	int err = 0, i;

	for (i = 0; !err && i < ROUND_TRIPS; i++) {
		err = ask(agent, &e);
		if (!err && e.after_ns - e.before_ns < best.after_ns - best.before_ns)
			best = e;
	}
	if (err)
		return err;
	trip_ns = best.after_ns - best.before_ns;
	middle_ns = best.before_ns + trip_ns / 2;
	*offset = json_pack("{s:I, s:I, s:I, s:i}", "at_ns", (json_int_t)middle_ns, "offset_ns",
			    (json_int_t)(best.guest_ns - middle_ns), "uncertainty_ns",
			    (json_int_t)(trip_ns - trip_ns / 2), "round_trips", ROUND_TRIPS);
	return *offset ? 0 : -ENOMEM;
}

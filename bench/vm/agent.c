/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vm/jsonl.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/trace_records.h"

#define CLOCK_ROUND_TRIPS 32
#define CLOCK_ANSWER_MS 10000

struct agent {
	struct jsonl stream;
	int64_t last_id;
};

const char *agent_error(const struct agent *agent)
{
	return agent->stream.error;
}

static const char *shown(const char *text)
{
	return text ? text : "?";
}

/* Whether it is the expected message: 0 or -EPROTO. @event: its name; NULL: an answer. */
static int check_envelope(struct agent *agent, const struct guest_envelope *envelope,
			  const char *event, const char *cmd)
{
	struct jsonl *s = &agent->stream;

	if (event && strcmp(shown(envelope->event), event))
		return jsonl_fail(s, -EPROTO, "expected event '%s', got '%s': %s", event,
				  shown(envelope->event), shown(envelope->error));
	if (!event && envelope->id != agent->last_id)
		return jsonl_fail(s, -EPROTO, "the agent's message is no answer to '%s'", cmd);
	if (!event && !envelope->ok)
		return jsonl_fail(s, -EPROTO, "the agent refuses '%s': %s", cmd,
				  shown(envelope->error));
	return 0;
}

/*
 * A malicious guest may send any number. Within these, sums and differences of a few do not
 * overflow, nor do pages in bytes as an unsigned number.
 */
static bool is_bounded(const json_t *value)
{
	const json_t *member;
	const char *name;
	size_t i;

	if (json_is_integer(value))
		return json_integer_value(value) >= -TRACE_VALUE_MAX &&
		       json_integer_value(value) <= TRACE_VALUE_MAX;
	json_array_foreach (value, i, member)
		if (!is_bounded(member))
			return false;
	/* The macro of jansson takes no const object. */
	json_object_foreach ((json_t *)value, name, member)
		if (!is_bounded(member))
			return false;
	return true;
}

/* Receive an event, or the answer to @cmd, and decode what it has beside the envelope. */
static int receive(struct agent *agent, const char *event, const char *cmd,
		   const struct record *record, void *value, uint64_t deadline)
{
	char where[64], *error = agent->stream.error;
	const size_t size = sizeof(agent->stream.error);
	struct guest_envelope envelope;
	json_t *msg = NULL;
	int err = jsonl_receive(&agent->stream, &msg, deadline);

	if (err)
		return err;
	snprintf(where, sizeof(where), "the agent's '%s'", event ? event : cmd);
	record_init(&guest_envelope_record, &envelope);
	if (!is_bounded(msg))
		err = jsonl_fail(&agent->stream, -EPROTO, "%s has an impossible number: above 2^56",
				 where);
	if (err ||
	    record_decode(&guest_envelope_record, msg, &envelope, "the agent's message", error,
			  size) ||
	    check_envelope(agent, &envelope, event, cmd) ||
	    (record && (record_decode(record, msg, value, where, error, size) ||
			record_check(record, value, where, error, size))))
		err = -EPROTO;
	record_release(&guest_envelope_record, &envelope);
	json_decref(msg);
	return err;
}

int agent_open(struct agent **agent, int fd, const char *log_path)
{
	*agent = xcalloc(1, sizeof(**agent));
	return jsonl_open(&(*agent)->stream, fd, "guest channel", log_path);
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	jsonl_close(&agent->stream);
	free(agent);
}

int agent_hello(struct agent *agent, struct event_hello *hello, uint64_t deadline)
{
	int err = agent_wait_event(agent, "hello", &event_hello_record, hello, deadline);

	if (err || (hello->protocol == GUEST_PROTOCOL_VERSION && hello->kernel_build_id &&
		    hello->kernel_release && hello->kernel_version))
		return err;
	return jsonl_fail(&agent->stream, -EPROTO,
			  "the agent speaks protocol %lld, expected %d%s; make all builds it",
			  (long long)hello->protocol, GUEST_PROTOCOL_VERSION,
			  hello->protocol == GUEST_PROTOCOL_VERSION
				  ? " with the identity of the kernel"
				  : "");
}

int agent_request(struct agent *agent, struct guest_request *request, const struct record *record,
		  void *answer, uint64_t deadline)
{
	json_t *msg;
	int err;

	if (record)
		record_init(record, answer);
	request->id = ++agent->last_id;
	msg = record_encode(&guest_request_record, request);
	err = jsonl_send(&agent->stream, msg, deadline);
	json_decref(msg);
	return err ? err : receive(agent, NULL, request->cmd, record, answer, deadline);
}

int agent_wait_event(struct agent *agent, const char *name, const struct record *record,
		     void *event, uint64_t deadline)
{
	if (record)
		record_init(record, event);
	return receive(agent, name, NULL, record, event, deadline);
}

int agent_measure_clock(struct agent *agent, struct clock_offset *offset)
{
	struct guest_request request = guest_request("clock");
	uint64_t before_ns, trip_ns, best_ns = UINT64_MAX;
	int64_t guest_ns;
	int err = 0, i;

	for (i = 0; !err && i < CLOCK_ROUND_TRIPS; i++) {
		before_ns = clock_ns();
		err = agent_request(agent, &request, &answer_clock_ns, &guest_ns,
				    deadline_in_ms(CLOCK_ANSWER_MS));
		trip_ns = clock_ns() - before_ns;
		if (err || trip_ns >= best_ns)
			continue;
		best_ns = trip_ns;
		*offset = (struct clock_offset){ .at_ns = before_ns + trip_ns / 2,
						 .uncertainty_ns = trip_ns - trip_ns / 2,
						 .round_trips = CLOCK_ROUND_TRIPS };
		offset->offset_ns = guest_ns - offset->at_ns;
	}
	return err;
}

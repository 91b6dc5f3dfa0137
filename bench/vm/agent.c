/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/guest/protocol.h"
#include "bench/vm/jsonl.h"

struct agent {
	struct jsonl *stream;
	json_int_t last_id;
	char error[512];
};

const char *agent_error(const struct agent *agent)
{
	return agent->error;
}

static int stream_failed(struct agent *agent, int err)
{
	snprintf(agent->error, sizeof(agent->error), "guest channel: %s",
		 jsonl_error(agent->stream));
	return err;
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "?";
}

int agent_open(struct agent **agent, int fd, const char *log_path)
{
	struct agent *g = calloc(1, sizeof(*g));
	int err;

	*agent = NULL;
	if (!g)
		return -ENOMEM;
	g->stream = jsonl_new(fd, log_path);
	if (!g->stream) {
		err = -errno;
		free(g);
		return err;
	}
	*agent = g;
	return 0;
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	jsonl_free(agent->stream);
	free(agent);
}

int agent_hello(struct agent *agent, json_t **hello, uint64_t deadline)
{
	json_t *event = NULL;
	json_int_t version;
	int err;

	err = agent_wait_event(agent, "hello", &event, deadline);
	if (err)
		return err;
	version = json_integer_value(json_object_get(event, "protocol"));
	if (version != GUEST_PROTOCOL_VERSION) {
		snprintf(agent->error, sizeof(agent->error),
			 "the agent speaks protocol %lld, not %d: make all builds it anew",
			 (long long)version, GUEST_PROTOCOL_VERSION);
		err = -EPROTO;
	}
	if (!err && hello)
		*hello = json_incref(event);
	json_decref(event);
	return err;
}

int agent_request(struct agent *agent, json_t *request, json_t **answer, uint64_t deadline)
{
	json_t *msg = NULL;
	int err;

	json_object_set_new(request, "id", json_integer(++agent->last_id));
	err = jsonl_send(agent->stream, request, deadline);
	if (!err)
		err = jsonl_receive(agent->stream, &msg, deadline);
	if (err) {
		stream_failed(agent, err);
	} else if (json_integer_value(json_object_get(msg, "id")) != agent->last_id) {
		snprintf(agent->error, sizeof(agent->error),
			 "the agent's answer to '%s' is something else", text(request, "cmd"));
		err = -EPROTO;
	} else if (!json_is_true(json_object_get(msg, "ok"))) {
		snprintf(agent->error, sizeof(agent->error), "the agent refuses '%s': %s",
			 text(request, "cmd"), text(msg, "error"));
		err = -EPROTO;
	}
	if (!err && answer)
		*answer = json_incref(msg);
	json_decref(msg);
	json_decref(request);
	return err;
}

int agent_wait_event(struct agent *agent, const char *name, json_t **event, uint64_t deadline)
{
	json_t *msg = NULL;
	int err;

	err = jsonl_receive(agent->stream, &msg, deadline);
	if (err)
		return stream_failed(agent, err);
	if (strcmp(text(msg, "event"), name)) {
		snprintf(agent->error, sizeof(agent->error), "'%s' was awaited, '%s' came: %s",
			 name, text(msg, "event"), text(msg, "error"));
		err = -EPROTO;
	}
	if (!err && event)
		*event = json_incref(msg);
	json_decref(msg);
	return err;
}

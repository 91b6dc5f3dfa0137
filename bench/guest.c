/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/guest/protocol.h"
#include "bench/jsonl.h"

struct guest {
	struct jsonl *stream;
	json_int_t last_id;
	char error[512];
};

const char *guest_error(const struct guest *guest)
{
	return guest->error;
}

static int stream_failed(struct guest *guest, int err)
{
	snprintf(guest->error, sizeof(guest->error), "guest channel: %s",
		 jsonl_error(guest->stream));
	return err;
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "?";
}

int guest_open(struct guest **guest, int fd, const char *log_path)
{
	struct guest *g = calloc(1, sizeof(*g));
	int err;

	*guest = NULL;
	if (!g)
		return -ENOMEM;
	g->stream = jsonl_new(fd, log_path);
	if (!g->stream) {
		err = -errno;
		free(g);
		return err;
	}
	*guest = g;
	return 0;
}

void guest_close(struct guest *guest)
{
	if (!guest)
		return;
	jsonl_free(guest->stream);
	free(guest);
}

int guest_hello(struct guest *guest, json_t **hello, uint64_t deadline)
{
	json_t *event = NULL;
	json_int_t version;
	int err;

	err = guest_wait_event(guest, "hello", &event, deadline);
	if (err)
		return err;
	version = json_integer_value(json_object_get(event, "protocol"));
	if (version != GUEST_PROTOCOL_VERSION) {
		snprintf(guest->error, sizeof(guest->error),
			 "the agent speaks protocol %lld, not %d: make all builds it anew",
			 (long long)version, GUEST_PROTOCOL_VERSION);
		err = -EPROTO;
	}
	if (!err && hello)
		*hello = json_incref(event);
	json_decref(event);
	return err;
}

int guest_request(struct guest *guest, json_t *request, json_t **answer, uint64_t deadline)
{
	json_t *msg = NULL;
	int err;

	json_object_set_new(request, "id", json_integer(++guest->last_id));
	err = jsonl_send(guest->stream, request, deadline);
	if (!err)
		err = jsonl_receive(guest->stream, &msg, deadline);
	if (err) {
		stream_failed(guest, err);
	} else if (json_integer_value(json_object_get(msg, "id")) != guest->last_id) {
		snprintf(guest->error, sizeof(guest->error),
			 "the agent's answer to '%s' is something else", text(request, "cmd"));
		err = -EPROTO;
	} else if (!json_is_true(json_object_get(msg, "ok"))) {
		snprintf(guest->error, sizeof(guest->error), "the agent refuses '%s': %s",
			 text(request, "cmd"), text(msg, "error"));
		err = -EPROTO;
	}
	if (!err && answer)
		*answer = json_incref(msg);
	json_decref(msg);
	json_decref(request);
	return err;
}

int guest_wait_event(struct guest *guest, const char *name, json_t **event, uint64_t deadline)
{
	json_t *msg = NULL;
	int err;

	err = jsonl_receive(guest->stream, &msg, deadline);
	if (err)
		return stream_failed(guest, err);
	if (strcmp(text(msg, "event"), name)) {
		snprintf(guest->error, sizeof(guest->error), "'%s' was awaited, '%s' came: %s",
			 name, text(msg, "event"), text(msg, "error"));
		err = -EPROTO;
	}
	if (!err && event)
		*event = json_incref(msg);
	json_decref(msg);
	return err;
}

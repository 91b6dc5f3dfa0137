/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/qmp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vm/interrupt.h"
#include "bench/vm/jsonl.h"
#include "bench/vm/qemu.h"
#include "lib/clock.h"

/* More than a VM sends in a whole boot; a peer that floods us loses its oldest. */
#define EVENTS_MAX 256
/* What the longest of them may be, written as JSON: 16 MiB of all. */
#define EVENT_MAX_BYTES 65536
#define VIRTIO_MEM_PATH "/machine/peripheral/" QEMU_VIRTIO_MEM_ID

struct qmp {
	struct jsonl *stream;
	json_t *events; /* kept for qmp_wait_event(), oldest first */
	json_int_t last_id;
	char version[32];
	char error[512];
};

const char *qmp_error(const struct qmp *qmp)
{
	return qmp->error;
}

const char *qmp_version(const struct qmp *qmp)
{
	return qmp->version;
}

static int stream_failed(struct qmp *qmp, int err)
{
	snprintf(qmp->error, sizeof(qmp->error), "QMP: %s", jsonl_error(qmp->stream));
	return err;
}

static int protocol_error(struct qmp *qmp, const char *text)
{
	snprintf(qmp->error, sizeof(qmp->error), "QMP: %s", text);
	return -EPROTO;
}

static void keep_event(struct qmp *qmp, json_t *event)
{
	if (json_dumpb(event, NULL, 0, JSON_COMPACT) > EVENT_MAX_BYTES) {
		json_decref(event);
		return;
	}
	if (json_array_size(qmp->events) >= EVENTS_MAX)
		json_array_remove(qmp->events, 0);
	json_array_append_new(qmp->events, event);
}

static int read_greeting(struct qmp *qmp, uint64_t deadline)
{
	json_t *greeting = NULL;
	int err, major, minor, micro;

	err = jsonl_receive(qmp->stream, &greeting, deadline);
	if (err)
		return stream_failed(qmp, err);
	if (json_unpack(greeting, "{s:{s:{s:{s:i, s:i, s:i}}}}", "QMP", "version", "qemu", "major",
			&major, "minor", &minor, "micro", &micro))
		err = protocol_error(qmp, "the greeting is not QEMU's");
	else
		snprintf(qmp->version, sizeof(qmp->version), "%d.%d.%d", major, minor, micro);
	json_decref(greeting);
	return err;
}

int qmp_open(struct qmp **qmp, int fd, const char *log_path, uint64_t deadline)
{
	struct qmp *q = calloc(1, sizeof(*q));
	int err;

	*qmp = q;
	if (!q)
		return -ENOMEM;
	q->events = json_array();
	q->stream = jsonl_new(fd, log_path);
	if (!q->stream) {
		err = -errno;
		snprintf(q->error, sizeof(q->error), "%s: %s", log_path ? log_path : "QMP",
			 strerror(-err));
		return err;
	}
	err = read_greeting(q, deadline);
	return err ? err : qmp_execute(q, "qmp_capabilities", NULL, NULL, deadline);
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	jsonl_free(qmp->stream);
	json_decref(qmp->events);
	free(qmp);
}

static int refused(struct qmp *qmp, const char *command, const json_t *error)
{
	const char *class = json_string_value(json_object_get(error, "class"));
	const char *desc = json_string_value(json_object_get(error, "desc"));

	snprintf(qmp->error, sizeof(qmp->error), "QEMU refuses %s: %s (%s)", command,
		 desc ? desc : "no reason given", class ? class : "no class");
	return -EPROTO;
}

/* One message more, of a peer that may never end to send some. */
static int receive(struct qmp *qmp, json_t **msg, uint64_t deadline)
{
	int err = jsonl_receive(qmp->stream, msg, deadline);

	if (err)
		return stream_failed(qmp, err);
	if (!interrupted() && clock_ns() < deadline)
		return 0;
	json_decref(*msg);
	snprintf(qmp->error, sizeof(qmp->error), "QMP: %s",
		 interrupted() ? "interrupted" : "no answer in time");
	return interrupted() ? -EINTR : -ETIMEDOUT;
}

/* The next message that is no event and not the late answer to an older command. */
static int receive_answer(struct qmp *qmp, json_t **answer, uint64_t deadline)
{
	json_t *msg = NULL;
	const json_t *id;
	int err;

	for (;;) {
		err = receive(qmp, &msg, deadline);
		if (err)
			return err;
		id = json_object_get(msg, "id");
		if (json_object_get(msg, "event"))
			keep_event(qmp, msg);
		else if (json_is_integer(id) && json_integer_value(id) < qmp->last_id)
			json_decref(msg);
		else
			break;
	}
	*answer = msg;
	return 0;
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **result,
		uint64_t deadline)
{
	json_t *msg, *answer = NULL, *value;
	int err;

	msg = json_pack("{s:s, s:I}", "execute", command, "id", ++qmp->last_id);
	if (arguments)
		json_object_set_new(msg, "arguments", arguments);
	err = jsonl_send(qmp->stream, msg, deadline);
	json_decref(msg);
	if (err)
		return stream_failed(qmp, err);
	err = receive_answer(qmp, &answer, deadline);
	if (err)
		return err;
	value = json_object_get(answer, "return");
	if (json_object_get(answer, "error"))
		err = refused(qmp, command, json_object_get(answer, "error"));
	else if (!value || json_integer_value(json_object_get(answer, "id")) != qmp->last_id)
		err = protocol_error(qmp, "an answer that belongs to no command");
	else if (result)
		*result = json_incref(value);
	json_decref(answer);
	return err;
}

static int event_has_name(const json_t *event, const char *name)
{
	const char *its = json_string_value(json_object_get(event, "event"));

	return its && !strcmp(its, name);
}

/* Oldest kept event, removed; NULL if there is none. */
static json_t *take_event(struct qmp *qmp)
{
	json_t *event = json_incref(json_array_get(qmp->events, 0));

	if (event)
		json_array_remove(qmp->events, 0);
	return event;
}

int qmp_wait_event(struct qmp *qmp, const char *name, json_t **event, uint64_t deadline)
{
	json_t *msg;
	int err;

	for (;;) {
		msg = take_event(qmp);
		if (!msg) {
			err = receive(qmp, &msg, deadline);
			if (err)
				return err;
		}
		if (event_has_name(msg, name))
			break;
		json_decref(msg);
	}
	if (event)
		*event = msg;
	else
		json_decref(msg);
	return 0;
}

int qmp_balloon_actual(struct qmp *qmp, uint64_t *bytes, uint64_t deadline)
{
	json_t *info = NULL, *actual;
	int err;

	err = qmp_execute(qmp, "query-balloon", NULL, &info, deadline);
	if (err)
		return err;
	actual = json_object_get(info, "actual");
	if (json_is_integer(actual))
		*bytes = json_integer_value(actual);
	else
		err = protocol_error(qmp, "query-balloon without 'actual'");
	json_decref(info);
	return err;
}

int qmp_balloon_target(struct qmp *qmp, uint64_t bytes, uint64_t deadline)
{
	return qmp_execute(qmp, "balloon", json_pack("{s:I}", "value", (json_int_t)bytes), NULL,
			   deadline);
}

int qmp_plugged(struct qmp *qmp, uint64_t *bytes, uint64_t deadline)
{
	json_t *size = NULL;
	int err;

	err = qmp_execute(qmp, "qom-get",
			  json_pack("{s:s, s:s}", "path", VIRTIO_MEM_PATH, "property", "size"),
			  &size, deadline);
	if (err)
		return err;
	if (json_is_integer(size))
		*bytes = json_integer_value(size);
	else
		err = protocol_error(qmp, "the size of " VIRTIO_MEM_PATH " is no number");
	json_decref(size);
	return err;
}

int qmp_plug(struct qmp *qmp, uint64_t bytes, uint64_t deadline)
{
	return qmp_execute(qmp, "qom-set",
			   json_pack("{s:s, s:s, s:I}", "path", VIRTIO_MEM_PATH, "property",
				     "requested-size", "value", (json_int_t)bytes),
			   NULL, deadline);
}

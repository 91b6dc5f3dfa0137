/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/qmp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vm/jsonl.h"
#include "bench/vm/qemu.h"
#include "lib/alloc.h"

/* More than a VM sends in a whole boot. Beyond that, the oldest event is dropped. */
#define EVENTS_MAX 256
/* Longer events are dropped: 256 of them are 16 MiB. */
#define EVENT_MAX_BYTES 65536
#define BALLOON_PATH "/machine/peripheral/balloon0"
#define VIRTIO_MEM_PATH "/machine/peripheral/" QEMU_VIRTIO_MEM_ID

struct qmp {
	struct jsonl stream;
	json_t *events; /* kept for qmp_wait_event(), oldest first */
	json_int_t last_id;
	char version[32];
};

const char *qmp_error(const struct qmp *qmp)
{
	return qmp->stream.error;
}

const char *qmp_version(const struct qmp *qmp)
{
	return qmp->version;
}

static int read_greeting(struct qmp *qmp, uint64_t deadline)
{
	json_t *greeting = NULL;
	int err, major, minor, micro;

	err = jsonl_receive(&qmp->stream, &greeting, deadline);
	if (err)
		return err;
	if (json_unpack(greeting, "{s:{s:{s:{s:i, s:i, s:i}}}}", "QMP", "version", "qemu", "major",
			&major, "minor", &minor, "micro", &micro))
		err = jsonl_fail(&qmp->stream, -EPROTO, "QMP: the greeting is not QEMU's");
	else
		snprintf(qmp->version, sizeof(qmp->version), "%d.%d.%d", major, minor, micro);
	json_decref(greeting);
	return err;
}

int qmp_open(struct qmp **qmp, int fd, const char *log_path, uint64_t deadline)
{
	struct qmp *q = *qmp = xcalloc(1, sizeof(*q));
	int err = jsonl_open(&q->stream, fd, "QMP", log_path);

	q->events = json_array();
	if (!err)
		err = read_greeting(q, deadline);
	return err ? err : qmp_execute(q, "qmp_capabilities", NULL, NULL, deadline);
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	jsonl_close(&qmp->stream);
	json_decref(qmp->events);
	free(qmp);
}

static void keep_event(struct qmp *qmp, json_t *event)
{
	if (json_dumpb(event, NULL, 0, JSON_COMPACT) <= EVENT_MAX_BYTES)
		json_array_append(qmp->events, event);
	if (json_array_size(qmp->events) > EVENTS_MAX)
		json_array_remove(qmp->events, 0);
}

/* Skip late answers to older commands, keep events. */
static int receive_answer(struct qmp *qmp, json_t **answer, uint64_t deadline)
{
	const json_t *id;
	int err;

	for (;;) {
		err = jsonl_receive(&qmp->stream, answer, deadline);
		if (err)
			return err;
		id = json_object_get(*answer, "id");
		if (json_object_get(*answer, "event"))
			keep_event(qmp, *answer);
		else if (!json_is_integer(id) || json_integer_value(id) >= qmp->last_id)
			return 0;
		json_decref(*answer);
	}
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **result,
		uint64_t deadline)
{
	const char *class = "no class", *desc = "no reason given";
	json_t *msg, *answer = NULL, *value = NULL, *error = NULL;
	json_int_t id = 0;
	int err;

	msg = json_pack("{s:s, s:I, s:o*}", "execute", command, "id", ++qmp->last_id, "arguments",
			arguments);
	err = jsonl_send(&qmp->stream, msg, deadline);
	json_decref(msg);
	if (!err)
		err = receive_answer(qmp, &answer, deadline);
	if (err)
		return err;
	json_unpack(answer, "{s?o, s?o, s?I}", "return", &value, "error", &error, "id", &id);
	if (error) {
		json_unpack(error, "{s?s, s?s}", "desc", &desc, "class", &class);
		err = jsonl_fail(&qmp->stream, -EPROTO, "QEMU refuses %s: %s (%s)", command, desc,
				 class);
	} else if (!value || id != qmp->last_id) {
		err = jsonl_fail(&qmp->stream, -EPROTO,
				 "QMP: an answer that belongs to no command");
	} else if (result) {
		*result = json_incref(value);
	}
	json_decref(answer);
	return err;
}

static bool event_has_name(const json_t *event, const char *name)
{
	const char *its = json_string_value(json_object_get(event, "event"));

	return its && !strcmp(its, name);
}

int qmp_wait_event(struct qmp *qmp, const char *name, json_t **event, uint64_t deadline)
{
	json_t *msg = NULL;
	int err = 0;

	do {
		json_decref(msg);
		msg = json_incref(json_array_get(qmp->events, 0));
		if (msg)
			json_array_remove(qmp->events, 0);
		else
			err = jsonl_receive(&qmp->stream, &msg, deadline);
	} while (!err && !event_has_name(msg, name));
	if (!err && event)
		*event = msg;
	else if (!err)
		json_decref(msg);
	return err;
}

/* A command that answers an integer, or an object with that integer at @key. */
static int get_bytes(struct qmp *qmp, const char *command, json_t *arguments, const char *key,
		     const char *otherwise, uint64_t *bytes, uint64_t deadline)
{
	json_t *result = NULL;
	const json_t *value;
	int err = qmp_execute(qmp, command, arguments, &result, deadline);

	if (err)
		return err;
	value = key ? json_object_get(result, key) : result;
	if (json_is_integer(value))
		*bytes = json_integer_value(value);
	else
		err = jsonl_fail(&qmp->stream, -EPROTO, "QMP: %s", otherwise);
	json_decref(result);
	return err;
}

int qmp_balloon_actual(struct qmp *qmp, uint64_t *bytes, uint64_t deadline)
{
	return get_bytes(qmp, "query-balloon", NULL, "actual", "query-balloon without 'actual'",
			 bytes, deadline);
}

int qmp_balloon_target(struct qmp *qmp, uint64_t bytes, uint64_t deadline)
{
	return qmp_execute(qmp, "balloon", json_pack("{s:I}", "value", (json_int_t)bytes), NULL,
			   deadline);
}

bool qmp_balloon_advises(struct qmp *qmp, uint64_t deadline)
{
	json_t *value = NULL;
	bool advises;

	qmp_execute(qmp, "qom-get",
		    json_pack("{s:s, s:s}", "path", BALLOON_PATH, "property", "x-deflate-willneed"),
		    &value, deadline);
	advises = !json_is_false(value);
	json_decref(value);
	return advises;
}

int qmp_plugged(struct qmp *qmp, uint64_t *bytes, uint64_t deadline)
{
	return get_bytes(qmp, "qom-get",
			 json_pack("{s:s, s:s}", "path", VIRTIO_MEM_PATH, "property", "size"), NULL,
			 "the size of " VIRTIO_MEM_PATH " is not an integer", bytes, deadline);
}

int qmp_plug(struct qmp *qmp, uint64_t bytes, uint64_t deadline)
{
	return qmp_execute(qmp, "qom-set",
			   json_pack("{s:s, s:s, s:I}", "path", VIRTIO_MEM_PATH, "property",
				     "requested-size", "value", (json_int_t)bytes),
			   NULL, deadline);
}

/* An integer that is a property of the balloon. */
static int get_of_balloon(struct qmp *qmp, const char *property, uint64_t *value, uint64_t deadline)
{
	return get_bytes(qmp, "qom-get",
			 json_pack("{s:s, s:s}", "path", BALLOON_PATH, "property", property), NULL,
			 "a property of " BALLOON_PATH " is not an integer", value, deadline);
}

int qmp_vmware_size(struct qmp *qmp, uint64_t *bytes, uint64_t deadline)
{
	return get_of_balloon(qmp, "size", bytes, deadline);
}

int qmp_vmware_target(struct qmp *qmp, uint64_t bytes, uint64_t deadline)
{
	return qmp_execute(qmp, "qom-set",
			   json_pack("{s:s, s:s, s:I}", "path", BALLOON_PATH, "property", "target",
				     "value", (json_int_t)bytes),
			   NULL, deadline);
}

int qmp_vmware_pages(struct qmp *qmp, struct vmware_pages *pages, uint64_t deadline)
{
	return get_of_balloon(qmp, "locked", &pages->locked, deadline)
		       ?: get_of_balloon(qmp, "unlocked", &pages->unlocked, deadline);
}

int qmp_vmware_reset(struct qmp *qmp, uint64_t deadline)
{
	return qmp_execute(qmp, "qom-set",
			   json_pack("{s:s, s:s, s:b}", "path", BALLOON_PATH, "property", "reset",
				     "value", true),
			   NULL, deadline);
}

int qmp_floor_discard(struct qmp *qmp, const char *ranges, struct floor_work *work,
		      uint64_t deadline)
{
	json_t *said = NULL;
	const char *text;
	int err = qmp_execute(qmp, "qom-set",
			      json_pack("{s:s, s:s, s:s}", "path", BALLOON_PATH, "property",
					FLOOR_PROPERTY, "value", ranges),
			      NULL, deadline);

	if (!err)
		err = qmp_execute(
			qmp, "qom-get",
			json_pack("{s:s, s:s}", "path", BALLOON_PATH, "property", FLOOR_PROPERTY),
			&said, deadline);
	text = json_string_value(said);
	if (!err && (!text || sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &work->calls,
				     &work->bytes, &work->ns) != 3))
		err = jsonl_fail(&qmp->stream, -EPROTO,
				 "QMP: " FLOOR_PROPERTY " is not CALLS BYTES NS");
	json_decref(said);
	return err;
}

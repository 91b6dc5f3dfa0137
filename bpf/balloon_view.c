/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/balloon_view.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/record_table.h"

#define PATIENCE_MS 1000
#define LINE_MAX_BYTES (256 << 10)
/* A statistic that the guest does not have is 2^64 - 1. */
#define STAT_MAX 9e15

#define S struct balloon_view
RECORD(balloon_view_record, "balloon_view", "what QEMU says of its balloon",
	FIELD(COUNT, actual_bytes, .unit = UNIT_BYTES, .doc = "memory of the guest less the balloon"),
	FIELD(COUNT, stats_age_s, .doc = "age of the statistics, in seconds"),
	FIELD(COUNTERS, stats, .doc = "of the guest, in bytes or events"));
#undef S

/* A connection: what was received and not used yet. */
struct qmp {
	int fd;
	uint64_t deadline;
	char *text;
	size_t length;
};

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -errno;
}

static pid_t peer_of(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

/* More of the answer: 0 or -errno. */
static int receive(struct qmp *q)
{
	struct pollfd pfd = { .fd = q->fd, .events = POLLIN };
	ssize_t n;

	if (q->length == LINE_MAX_BYTES)
		return -EMSGSIZE;
	if (poll(&pfd, 1, deadline_poll_ms(q->deadline)) < 1)
		return -ETIMEDOUT;
	n = read(q->fd, q->text + q->length, LINE_MAX_BYTES - q->length);
	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	q->length += n;
	return 0;
}

/* The next object that QEMU says, a new reference; NULL with errno. */
static json_t *next_object(struct qmp *q)
{
	json_t *object;
	char *end;
	int err = 0;

	while (!err && !memchr(q->text, '\n', q->length))
		err = receive(q);
	if (err) {
		errno = -err;
		return NULL;
	}
	end = memchr(q->text, '\n', q->length);
	/* Numbers of 2^64 - 1 are no integers of the library. */
	object = json_loadb(q->text, end - q->text, JSON_DECODE_INT_AS_REAL, NULL);
	q->length -= end + 1 - q->text;
	memmove(q->text, end + 1, q->length);
	errno = EPROTO;
	return object;
}

/* What a command returns, a new reference; NULL with errno. Events are skipped. */
static json_t *ask(struct qmp *q, const char *command)
{
	json_t *object = NULL, *value = NULL;
	ssize_t length = strlen(command);

	if (send(q->fd, command, length, MSG_NOSIGNAL) != length)
		return NULL;
	while (!value) {
		object = next_object(q);
		if (!object)
			return NULL;
		value = json_incref(json_object_get(object, "return"));
		if (!value && json_object_get(object, "error")) {
			json_decref(object);
			errno = ENOTSUP;
			return NULL;
		}
		json_decref(object);
	}
	return value;
}

/* The device's name in a list of children, "" if there is none. */
static void find_device(struct qmp *q, const char *parent, char *path, size_t size)
{
	char command[128];
	const json_t *child;
	json_t *list;
	size_t i;

	snprintf(command, sizeof(command),
		 "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"%s\"}}\n", parent);
	list = ask(q, command);
	*path = '\0';
	json_array_foreach (list, i, child) {
		const char *type = json_string_value(json_object_get(child, "type"));
		const char *name = json_string_value(json_object_get(child, "name"));

		/* The name becomes part of a command. */
		if (type && name && !strncmp(type, "child<virtio-balloon", 20) &&
		    !strpbrk(name, "\"\\"))
			snprintf(path, size, "%s/%s", parent, name);
	}
	json_decref(list);
}

/* "stat-free-memory" is "free_memory". */
static void add_stat(struct balloon_view *view, const char *name, const json_t *value)
{
	double number = json_number_value(value);
	char key[64], *dash;

	if (!strncmp(name, "stat-", 5))
		name += 5;
	if (!json_is_number(value) || number < 0 || number > STAT_MAX)
		return;
	snprintf(key, sizeof(key), "%s", name);
	while ((dash = strchr(key, '-')))
		*dash = '_';
	record_append_counter(&view->stats, key, number);
}

static void read_stats(struct qmp *q, struct balloon_view *view)
{
	char path[256], command[512];
	double updated;
	json_t *stats, *value;
	const char *name;

	find_device(q, "/machine/peripheral", path, sizeof(path));
	if (!*path)
		find_device(q, "/machine/peripheral-anon", path, sizeof(path));
	if (!*path)
		return;
	snprintf(command, sizeof(command),
		 "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"%s\",\"property\":"
		 "\"guest-stats\"}}\n",
		 path);
	stats = ask(q, command);
	updated = json_number_value(json_object_get(stats, "last-update"));
	/* 0: the guest has never told. */
	if (updated > 0) {
		view->stats_age_s = updated < time(NULL) ? time(NULL) - (time_t)updated : 0;
		json_object_foreach (json_object_get(stats, "stats"), name, value)
			add_stat(view, name, value);
	}
	json_decref(stats);
}

/* The greeting, the capabilities, and the size of the balloon. */
static int read_actual(struct qmp *q, struct balloon_view *view)
{
	json_t *greeting = next_object(q), *answer;
	const int error = greeting ? -EPROTO : -errno;
	const bool is_qmp = json_object_get(greeting, "QMP");

	json_decref(greeting);
	if (!is_qmp)
		return error;
	answer = ask(q, "{\"execute\":\"qmp_capabilities\"}\n");
	if (!answer)
		return -errno;
	json_decref(answer);
	answer = ask(q, "{\"execute\":\"query-balloon\"}\n");
	if (!answer)
		return -errno;
	view->actual_bytes = json_number_value(json_object_get(answer, "actual"));
	json_decref(answer);
	return 0;
}

static const char *why(int error)
{
	return error == -ETIMEDOUT ? "no answer within a second; another program may be connected"
	       : error == -ENOTSUP ? "QEMU has no balloon, or refuses"
	       : error == -EPROTO  ? "it is no QMP"
				   : strerror(-error);
}

int balloon_view_read(const char *socket, struct balloon_view *view, char *err, size_t err_size)
{
	struct qmp q = { .deadline = deadline_in_ms(PATIENCE_MS) };
	int error;

	record_init(&balloon_view_record, view);
	q.fd = open_socket(socket);
	if (q.fd < 0) {
		snprintf(err, err_size, "%s: %s", socket, strerror(-q.fd));
		return q.fd;
	}
	view->pid = peer_of(q.fd);
	q.text = malloc(LINE_MAX_BYTES);
	error = q.text ? read_actual(&q, view) : -ENOMEM;
	if (!error)
		read_stats(&q, view);
	else
		snprintf(err, err_size, "%s: %s", socket, why(error));
	free(q.text);
	close(q.fd);
	return error;
}

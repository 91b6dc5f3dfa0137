/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/jsonl.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/json_file.h"

#define READ_CHUNK 65536
/* Limit of the log, so that a peer cannot fill the disk. */
#define LOG_MAX_BYTES (64U << 20)

int jsonl_fail(struct jsonl *s, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->error, sizeof(s->error), fmt, ap);
	va_end(ap);
	return err;
}

int jsonl_open(struct jsonl *s, int fd, const char *name, const char *log_path)
{
	*s = (struct jsonl){ .name = name, .fd = fd, .opened_ns = clock_ns(), .size = READ_CHUNK };
	s->buf = xcalloc(s->size, 1);
	if (log_path)
		s->log = fopen(log_path, "ae");
	return log_path && !s->log ? jsonl_fail(s, -errno, "%s: %s", log_path, strerror(errno)) : 0;
}

void jsonl_close(struct jsonl *s)
{
	close(s->fd);
	if (s->log)
		fclose(s->log);
	free(s->buf);
}

static void log_line(struct jsonl *s, const char *direction, const char *line, size_t len)
{
	if (!s->log || s->logged > LOG_MAX_BYTES)
		return;
	s->logged += len;
	if (s->logged > LOG_MAX_BYTES) {
		direction = "--";
		line = "more than is kept";
		len = strlen(line);
	}
	fprintf(s->log, "%.6f %s %.*s\n", (double)(clock_ns() - s->opened_ns) / NSEC_PER_SEC,
		direction, (int)len, line);
	fflush(s->log);
}

static int wait_failed(struct jsonl *s, int err)
{
	return jsonl_fail(s, err, "%s: %s", s->name,
			  err == -EINTR	      ? "interrupted"
			  : err == -ETIMEDOUT ? "no answer in time"
					      : strerror(-err));
}

/* After send() or recv() failed: 0 when it can be tried again. */
static int try_again(struct jsonl *s, ssize_t n, short events, uint64_t deadline)
{
	int err;

	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return jsonl_fail(s, -ECONNRESET, "%s: the other end closed the connection",
				  s->name);
	err = interruptible_poll(s->fd, events, deadline);
	return err ? wait_failed(s, err) : 0;
}

int jsonl_send(struct jsonl *s, const json_t *msg, uint64_t deadline)
{
	char *text = json_dumps(msg, JSON_COMPACT);
	size_t left, sent = 0;
	int err = 0;
	ssize_t n;

	if (!text)
		abort();
	left = strlen(text);
	log_line(s, "->", text, left);
	text[left++] = '\n'; /* replaces the terminator */
	while (!err && left) {
		n = send(s->fd, text + sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			sent += n;
			left -= n;
		} else {
			err = try_again(s, n, POLLOUT, deadline);
		}
	}
	free(text);
	return err;
}

/* Read more into the buffer. */
static int fill(struct jsonl *s, uint64_t deadline)
{
	ssize_t n;

	if (s->len > JSONL_LINE_MAX)
		return jsonl_fail(s, -EMSGSIZE, "%s: a line that is too long", s->name);
	if (s->size - s->len < READ_CHUNK) {
		s->size += 2 * READ_CHUNK;
		s->buf = xreallocarray(s->buf, s->size, 1);
	}
	n = recv(s->fd, s->buf + s->len, READ_CHUNK, MSG_DONTWAIT);
	if (n <= 0)
		return try_again(s, n, POLLIN, deadline);
	s->len += n;
	s->received += n;
	if (s->received > JSONL_TOTAL_MAX)
		return jsonl_fail(s, -EMSGSIZE, "%s: more than %u MiB in all", s->name,
				  JSONL_TOTAL_MAX >> 20);
	return 0;
}

static int parse_line(struct jsonl *s, size_t len, json_t **msg)
{
	json_error_t error;
	bool too_many;

	log_line(s, "<-", s->buf, len);
	*msg = json_parse(s->buf, len, &error);
	too_many = !*msg && errno == EMSGSIZE;
	if (json_is_object(*msg))
		return 0;
	json_decref(*msg);
	*msg = NULL;
	if (too_many)
		return jsonl_fail(s, -EMSGSIZE, "%s: a line of %s", s->name, error.text);
	return jsonl_fail(s, -EBADMSG, "%s: a line that is no JSON object: '%.*s'", s->name,
			  (int)(len < 48 ? len : 48), s->buf);
}

int jsonl_receive(struct jsonl *s, json_t **msg, uint64_t deadline)
{
	char *end;
	int err;

	/* Also of a peer that keeps sending. */
	if (interrupted() || clock_ns() >= deadline)
		return wait_failed(s, interrupted() ? -EINTR : -ETIMEDOUT);
	while (!(end = memchr(s->buf + s->searched, '\n', s->len - s->searched))) {
		s->searched = s->len;
		err = fill(s, deadline);
		if (err)
			return err;
	}
	err = parse_line(s, end - s->buf, msg);
	s->len -= end + 1 - s->buf;
	s->searched = 0;
	memmove(s->buf, end + 1, s->len);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/jsonl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/vm/interrupt.h"
#include "lib/clock.h"

#define READ_CHUNK 65536
/* A peer that floods us must not fill the disk. */
#define LOG_MAX_BYTES (64U << 20)

struct jsonl {
	int fd;
	FILE *log;
	size_t logged;
	uint64_t opened_ns;
	char *buf;
	size_t len;	 /* bytes in buf */
	size_t size;	 /* room in buf */
	size_t searched; /* bytes of buf known to hold no newline */
	char error[256];
};

static int fail(struct jsonl *s, int err, const char *text)
{
	snprintf(s->error, sizeof(s->error), "%s", text);
	return err;
}

struct jsonl *jsonl_new(int fd, const char *log_path)
{
	struct jsonl *s = calloc(1, sizeof(*s));
	int err;

	if (s && log_path)
		s->log = fopen(log_path, "ae");
	if (!s || (log_path && !s->log) || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		err = errno;
		close(fd);
		if (s && s->log)
			fclose(s->log);
		free(s);
		errno = err;
		return NULL;
	}
	s->fd = fd;
	s->opened_ns = clock_ns();
	return s;
}

void jsonl_free(struct jsonl *s)
{
	if (!s)
		return;
	close(s->fd);
	if (s->log)
		fclose(s->log);
	free(s->buf);
	free(s);
}

const char *jsonl_error(const struct jsonl *s)
{
	return s->error;
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

/* Wait for the socket, the user or the deadline. */
static int wait_for(struct jsonl *s, short events, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = s->fd, .events = events },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};
	int n;

	do {
		n = poll(fds, 2, deadline_poll_ms(deadline));
		if (n < 0 && errno != EINTR)
			return fail(s, -errno, strerror(errno));
		if (n > 0 && fds[1].revents)
			return fail(s, -EINTR, "interrupted");
		if (n > 0 && fds[0].revents)
			return 0;
	} while (clock_ns() < deadline);
	return fail(s, -ETIMEDOUT, "no answer in time");
}

int jsonl_send(struct jsonl *s, const json_t *msg, uint64_t deadline)
{
	char *text = json_dumps(msg, JSON_COMPACT), *at;
	size_t left;
	int err = 0;

	if (!text)
		return fail(s, -ENOMEM, "out of memory");
	left = strlen(text);
	log_line(s, "->", text, left);
	text[left++] = '\n'; /* where the terminator stood */
	for (at = text; !err && left;) {
		ssize_t n = send(s->fd, at, left, MSG_NOSIGNAL);

		if (n >= 0) {
			at += n;
			left -= n;
		} else if (errno == EAGAIN) {
			err = wait_for(s, POLLOUT, deadline);
		} else if (errno != EINTR) {
			err = fail(s, -ECONNRESET, "the other end closed the connection");
		}
	}
	free(text);
	return err;
}

/* Read what there is; 0, -EAGAIN, or an error. */
static int fill(struct jsonl *s)
{
	ssize_t n;

	if (s->size - s->len < READ_CHUNK) {
		char *larger = realloc(s->buf, s->size + 2 * READ_CHUNK);

		if (!larger)
			return fail(s, -ENOMEM, "out of memory");
		s->buf = larger;
		s->size += 2 * READ_CHUNK;
	}
	n = recv(s->fd, s->buf + s->len, READ_CHUNK, 0);
	if (n > 0) {
		s->len += n;
		return 0;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	return fail(s, -ECONNRESET, "the other end closed the connection");
}

/* Length of the first line without its newline, or -1 where it is not whole yet. */
static ssize_t whole_line(struct jsonl *s)
{
	char *newline = NULL;

	if (s->len > s->searched)
		newline = memchr(s->buf + s->searched, '\n', s->len - s->searched);
	s->searched = s->len;
	return newline ? newline - s->buf : -1;
}

static int parse_line(struct jsonl *s, size_t len, json_t **msg)
{
	json_error_t error;
	char shown[64];

	log_line(s, "<-", s->buf, len);
	*msg = json_loadb(s->buf, len, 0, &error);
	if (json_is_object(*msg))
		return 0;
	json_decref(*msg);
	*msg = NULL;
	snprintf(shown, sizeof(shown), "%.*s", (int)(len < 48 ? len : 48), s->buf);
	snprintf(s->error, sizeof(s->error), "a line that is no JSON object: '%s'", shown);
	return -EBADMSG;
}

static void drop_line(struct jsonl *s, size_t len)
{
	memmove(s->buf, s->buf + len + 1, s->len - len - 1);
	s->len -= len + 1;
	s->searched = 0;
}

int jsonl_receive(struct jsonl *s, json_t **msg, uint64_t deadline)
{
	ssize_t len;
	int err;

	for (;;) {
		len = whole_line(s);
		if (len >= 0)
			break;
		if (s->len > JSONL_LINE_MAX)
			return fail(s, -EMSGSIZE, "a line that is too long");
		err = fill(s);
		if (err == -EAGAIN)
			err = wait_for(s, POLLIN, deadline);
		if (err)
			return err;
	}
	err = parse_line(s, len, msg);
	drop_line(s, len);
	return err;
}

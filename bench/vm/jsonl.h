/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_JSONL_H
#define BENCH_VM_JSONL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A stream of JSON objects, one per line, over a socket: the framing of QMP and of the
 * guest channel.
 *
 * Errors of all calls:
 *   -ETIMEDOUT   the deadline passed
 *   -EINTR       the user asked to stop (see interrupt.h)
 *   -ECONNRESET  the peer closed the stream
 *   -EBADMSG     a line is not a JSON object; the message shows it
 *   -EMSGSIZE    a line is longer than JSONL_LINE_MAX or has more values than json_parse()
 *                takes, or all lines together are longer than JSONL_TOTAL_MAX
 * Do not use the stream after -EBADMSG or -EMSGSIZE.
 */
#define JSONL_LINE_MAX (8U << 20)
/* What a peer can make us keep, in memory or on disk. */
#define JSONL_TOTAL_MAX (256U << 20)

struct jsonl {
	const char *name;
	int fd;
	FILE *log;
	size_t logged;
	size_t received; /* bytes, of all lines */
	uint64_t opened_ns;
	char *buf;
	size_t len, size; /* bytes in buf, and its room */
	size_t searched;  /* bytes of buf known to hold no newline */
	char error[512];  /* message of the last error */
};

/*
 * Wrap the connected socket @fd, owned from now on; @name begins the messages. Every line is
 * appended to @log_path, if any, with its direction and the time in seconds since this call.
 * Close @s in every case. 0, or -errno of the log.
 */
int jsonl_open(struct jsonl *s, int fd, const char *name, const char *log_path);
void jsonl_close(struct jsonl *s);

/* Send @msg (borrowed) as one line. */
int jsonl_send(struct jsonl *s, const json_t *msg, uint64_t deadline);

/* Next object; the caller owns *@msg. */
int jsonl_receive(struct jsonl *s, json_t **msg, uint64_t deadline);

/* Set the message of an error; returns @err. */
int jsonl_fail(struct jsonl *s, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif

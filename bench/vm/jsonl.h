/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_JSONL_H
#define BENCH_VM_JSONL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A stream of JSON objects, one a line, over a socket: the framing that QMP
 * and the guest channel share. Copes with lines split over reads, several
 * lines in one read, and CR LF.
 *
 * Errors of all calls here:
 *   -ETIMEDOUT   the deadline passed
 *   -EINTR       the user asked to stop (see interrupt.h)
 *   -ECONNRESET  the peer closed the stream
 *   -EBADMSG     a line that is no JSON object; jsonl_error() shows it
 *   -EMSGSIZE    a line longer than JSONL_LINE_MAX
 * After -EBADMSG and -EMSGSIZE the stream must not be used again.
 */
#define JSONL_LINE_MAX (8U << 20)

struct jsonl;

/**
 * jsonl_new() - wrap a connected stream socket
 * @fd: the socket, made non-blocking and owned from now on
 * @log_path: file to which every line is appended with its direction and the
 *	time in seconds since the start of the stream, or NULL
 *
 * Return: the stream, or NULL with errno set (@fd is closed then too).
 */
struct jsonl *jsonl_new(int fd, const char *log_path);
void jsonl_free(struct jsonl *s);

/* Send @msg (borrowed) as one line. */
int jsonl_send(struct jsonl *s, const json_t *msg, uint64_t deadline);

/* Next object; the caller owns *@msg. */
int jsonl_receive(struct jsonl *s, json_t **msg, uint64_t deadline);

/* What was wrong, for people; valid until the next call. */
const char *jsonl_error(const struct jsonl *s);

#endif

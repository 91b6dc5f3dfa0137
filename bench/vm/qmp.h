/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_QMP_H
#define BENCH_VM_QMP_H

#include <jansson.h>
#include <stdint.h>

/*
 * QMP client: greeting, capabilities, commands with ids, events in between.
 * Errors are those of jsonl.h, and
 *   -EPROTO  QEMU answered with an error, or with what QMP does not allow;
 *	      qmp_error() has QEMU's class and description.
 */
struct qmp;

/**
 * qmp_open() - take over a connected socket and negotiate
 * @qmp: where the client is put
 * @fd: owned from now on, also on failure
 * @log_path: transcript file, or NULL
 * @deadline: for greeting and qmp_capabilities together
 *
 * On failure *@qmp still holds a client where there was memory for one, for
 * qmp_error() and qmp_close().
 */
int qmp_open(struct qmp **qmp, int fd, const char *log_path, uint64_t deadline);
void qmp_close(struct qmp *qmp);

/**
 * qmp_execute() - one command and its answer
 * @command: name
 * @arguments: object or NULL; the reference is stolen
 * @result: the "return" value, owned by the caller; may be NULL
 *
 * Events that arrive meanwhile are kept for qmp_wait_event(). An answer with
 * an id that was not asked (a command given up earlier) is skipped.
 */
int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **result,
		uint64_t deadline);

/**
 * qmp_wait_event() - wait for a named event
 * @name: as in "SHUTDOWN"; events before it that bear other names are dropped
 * @event: the whole event, owned by the caller; may be NULL
 */
int qmp_wait_event(struct qmp *qmp, const char *name, json_t **event, uint64_t deadline);

/* "10.0.2" from the greeting. */
const char *qmp_version(const struct qmp *qmp);

/* The balloon: bytes the guest has, that is RAM minus balloon; target for the same. */
int qmp_balloon_actual(struct qmp *qmp, uint64_t *bytes, uint64_t deadline);
int qmp_balloon_target(struct qmp *qmp, uint64_t bytes, uint64_t deadline);

/* The virtio-mem device: bytes of it that the guest has; how many it is asked to have. */
int qmp_plugged(struct qmp *qmp, uint64_t *bytes, uint64_t deadline);
int qmp_plug(struct qmp *qmp, uint64_t bytes, uint64_t deadline);

const char *qmp_error(const struct qmp *qmp);

#endif

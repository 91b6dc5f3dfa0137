/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VM_QMP_H
#define BENCH_VM_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * QMP client: greeting, capabilities, commands with ids, events in between.
 * Errors are those of jsonl.h, and
 *   -EPROTO  QEMU answered with an error, or broke the protocol;
 *	      qmp_error() has QEMU's class and description.
 */
struct qmp;

/*
 * Take over a connected socket and negotiate; @log_path: of the transcript, or NULL. After a
 * failure, too, *@qmp is valid for qmp_error() and qmp_close().
 */
int qmp_open(struct qmp **qmp, int fd, const char *log_path, uint64_t deadline);
void qmp_close(struct qmp *qmp);

/*
 * One command, whose @arguments (an object or NULL) are stolen, and its "return" value: @result,
 * owned by the caller, may be NULL. Events meanwhile are kept for qmp_wait_event(); late answers to
 * commands that timed out are skipped.
 */
int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **result,
		uint64_t deadline);

/* Wait for an event, as "SHUTDOWN"; others before it are dropped. @event may be NULL. */
int qmp_wait_event(struct qmp *qmp, const char *name, json_t **event, uint64_t deadline);

/* "10.0.2" from the greeting. */
const char *qmp_version(const struct qmp *qmp);

/* The balloon: the size of the guest, that is RAM minus balloon, and its target; bytes. */
int qmp_balloon_actual(struct qmp *qmp, uint64_t *bytes, uint64_t deadline);
int qmp_balloon_target(struct qmp *qmp, uint64_t bytes, uint64_t deadline);

/* Whether a deflate calls madvise() on the host; true without the property. */
bool qmp_balloon_advises(struct qmp *qmp, uint64_t deadline);

/* The virtio-mem device: the plugged size and its target; bytes. */
int qmp_plugged(struct qmp *qmp, uint64_t *bytes, uint64_t deadline);
int qmp_plug(struct qmp *qmp, uint64_t bytes, uint64_t deadline);

/* VMware's balloon: its size and its target; bytes. */
int qmp_vmware_size(struct qmp *qmp, uint64_t *bytes, uint64_t deadline);
int qmp_vmware_target(struct qmp *qmp, uint64_t bytes, uint64_t deadline);

/* Pages of 4 KiB that the guest has told it of, ever. */
struct vmware_pages {
	uint64_t locked, unlocked;
};

int qmp_vmware_pages(struct qmp *qmp, struct vmware_pages *pages, uint64_t deadline);

/* Let the guest's driver start anew, without the pages of its balloon. */
int qmp_vmware_reset(struct qmp *qmp, uint64_t deadline);

/* What QEMU did for x-floor-discard. */
struct floor_work {
	uint64_t calls, bytes, ns;
};

/* Let it discard ranges, "ADDRESS+LENGTH,..." of guest-physical memory, without the guest. */
int qmp_floor_discard(struct qmp *qmp, const char *ranges, struct floor_work *work,
		      uint64_t deadline);

const char *qmp_error(const struct qmp *qmp);

#endif

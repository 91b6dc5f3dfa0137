/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_BALLOON_VIEW_H
#define BPF_BALLOON_VIEW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/record.h"

/* What a QEMU says of its balloon, by a QMP socket. */

struct balloon_view {
	pid_t pid;		  /* of the process that listens; 0: not known */
	int64_t actual_bytes;	  /* memory of the guest less the balloon */
	int64_t stats_age_s;	  /* how old the statistics of the guest are */
	struct record_list stats; /* struct counter: "free_memory", ..., in bytes or events */
};
extern const struct record balloon_view_record;

/*
 * Ask. Takes a second at most. 0, or -errno with a message in @err; @view is to be released by
 * record_release() in every case. Without polling of statistics, guest-stats-polling-interval of
 * the device, there are none.
 */
int balloon_view_read(const char *socket, struct balloon_view *view, char *err, size_t err_size);

#endif

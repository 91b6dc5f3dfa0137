/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_WATCHED_H
#define BPF_WATCHED_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bpf/host_tracer.h"
#include "bpf/sums.h"

/* The processes that `balloontrace host` watches, and what was seen of each. */

#define WATCHED_MAX 64

struct watched {
	pid_t pid;
	char name[32];
	bool gone;
	bool batches;		    /* are seen */
	struct host_sums sums[2];   /* by queue */
	struct host_sums recent[2]; /* since the last interval */
	struct host_stats stats;
	struct advice_stats before; /* all advices at the last interval: counts and bytes only */
};

struct watch_list {
	struct host_tracer *tracer;
	struct watched *list[WATCHED_MAX];
	size_t count;
	bool full; /* processes were left out */
};

/* Watch a process; 0, or the errors of host_tracer_watch(). One that is watched is fine. */
int watch_add(struct watch_list *watch, pid_t pid);

/* Watch what qemu_processes() finds and is not watched yet. */
void watch_find(struct watch_list *watch);

/* Take what has come: batches and statistics; processes that ended are marked. */
void watch_update(struct watch_list *watch);

void watch_release(struct watch_list *watch);

/* {"pid", "name", "batches": {...} or null, "calls": {...} or null} of each. */
json_t *watch_to_json(const struct watch_list *watch, double clock_ns);

#endif

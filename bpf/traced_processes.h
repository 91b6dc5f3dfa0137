/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACED_PROCESSES_H
#define BPF_TRACED_PROCESSES_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bpf/host_tracer.h"
#include "bpf/totals.h"

/* The processes that `balloontrace host` watches, and what was seen of each. */

#define TRACED_PROCESSES_MAX 64

struct traced_process {
	pid_t pid;
	char name[32];
	bool gone;
	bool batches;		      /* are seen */
	struct host_totals totals[2]; /* by queue */
	struct host_totals recent[2]; /* since the last interval */
	struct host_stats stats;
	struct advice_stats before; /* all advices at the last interval: counts and bytes only */
};

struct traced_processes {
	struct host_tracer *tracer;
	struct traced_process *list[TRACED_PROCESSES_MAX];
	size_t count;
	bool full; /* processes were left out */
};

/* Watch a process; 0, or the errors of host_tracer_add(). One that is watched is fine. */
int traced_processes_add(struct traced_processes *traced, pid_t pid);

/* Watch what qemu_processes() finds and is not watched yet. */
void traced_processes_find(struct traced_processes *traced);

/* Take what has come: batches and statistics; processes that ended are marked. */
void traced_processes_update(struct traced_processes *traced);

void traced_processes_release(struct traced_processes *traced);

/* {"pid", "name", "batches": {...} or null, "calls": {...} or null} of each. */
json_t *traced_processes_to_json(const struct traced_processes *traced, double clock_ns);

#endif

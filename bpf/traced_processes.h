/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACED_PROCESSES_H
#define BPF_TRACED_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

#include "bpf/host_tracer.h"
#include "bpf/totals.h"

/* The processes that `balloontrace host` traces, and the totals of each. */

#define TRACED_PROCESSES_MAX 64

struct traced_process {
	pid_t pid;
	int pidfd; /* the ID can be another's after its end */
	char name[32];
	bool gone, batches;			 /* has ended; batches are observed */
	struct host_totals totals[2], recent[2]; /* by queue; recent: since the last interval */
	struct host_stats stats;
	struct advice_stats before; /* all advice at the last interval: counts and bytes only */
};

struct traced_processes {
	struct host_tracer *tracer;
	struct traced_process *list[TRACED_PROCESSES_MAX];
	size_t count;
	bool full; /* processes were left out */
};

/* Trace a process; 0, also if it is traced already, or the errors of host_tracer_add(). */
int traced_processes_add(struct traced_processes *traced, pid_t pid);

/* Trace every QEMU that runs. */
void traced_processes_find(struct traced_processes *traced);

/* Read batches and statistics, and mark the processes that have ended. */
void traced_processes_update(struct traced_processes *traced);

void traced_processes_release(struct traced_processes *traced);

/* What is known of a process, for balloontrace --json. */
struct process_summary {
	int64_t pid;
	char *name;
	bool ended;
	struct queue_summaries {
		struct batch_summary {
			struct host_totals totals;
			int64_t advice_ns, translate_ns;
		} inflate, deflate;
	} batches;		  /* absent where they are not observed */
	struct record_list calls; /* struct call_result */
};
extern const struct record process_record;

/* Append each to a list of struct process_summary. */
void traced_processes_summarize(const struct traced_processes *traced, double clock_ns,
				struct record_list *list);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TRACED_PROCESSES_H
#define BPF_TRACED_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

#include "bpf/balloon_view.h"
#include "bpf/host_tracer.h"
#include "bpf/memory_outcome.h"
#include "bpf/process_info.h"
#include "bpf/totals.h"
#include "lib/recording.h"

/*
 * The processes that `balloontrace host` traces, and the totals of each. TARGETS_MAX run at a time.
 * Of those that have ended, the last ENDED_MAX are kept one by one, the others as one.
 */
#define ENDED_MAX 128

struct advice_kept {
	enum advice advice;
	struct advice_stats stats;
};

struct traced_process {
	pid_t pid; /* 0: several that have ended */
	int slot;
	int64_t number; /* from 1 on; never used again */
	struct process_info info;
	bool gone, batches;			 /* has ended; batches are observed */
	uint64_t processes;			 /* that this one stands for */
	struct host_totals totals[2], recent[2]; /* by queue; recent: since the last interval */
	struct call_totals before;		 /* at the last interval */
	struct process_memory first, last;	 /* when it was found, and when last looked at */
	struct process_memory most;		 /* when its footprint was the largest */
	uint64_t calls_seen;			 /* when last looked at */
	bool vfio;
	struct balloon_view *balloon; /* NULL: not known */
	struct advice_kept *kept;     /* of those that have ended: what was called */
	size_t kept_count;
};

struct traced_processes {
	struct host_tracer *tracer;
	struct traced_process **list; /* in the order in which they came */
	size_t count;
	struct traced_process *by_slot[TARGETS_MAX];
	struct traced_process *earlier; /* those that have ended and are no longer in the list */
	size_t living;
	int64_t numbers;	     /* of processes so far */
	struct recording *recording; /* NULL: none */
	int left_out;  /* -errno of the last that was found and could not be traced; 0: none */
	uint64_t late; /* programs that were not traced from their first call on, or not at all */
	unsigned int one_call_in; /* is timed */
	bool status_only;	  /* of memory: neither the files nor the huge pages */
	int find_error;		  /* -errno: they are found by their names alone */
};

/* Trace a process; 0, also if it is traced already, or the errors of host_tracer_add(). */
int traced_processes_add(struct traced_processes *traced, pid_t pid);

/*
 * Trace every virtual machine monitor: those that run, by their names or an open /dev/kvm, and,
 * once watched, those that start meanwhile, from their first call on where their names are known.
 */
int traced_processes_watch(struct traced_processes *traced);
void traced_processes_find(struct traced_processes *traced);

/* Read batches, and see which processes have ended. */
void traced_processes_update(struct traced_processes *traced);

/* Record what each that runs has called so far. */
void traced_processes_sample(struct traced_processes *traced);

/*
 * Look at the memory of those that run, unless status_only with the files of those that have made
 * calls since the last time; @all: with the files and huge pages of each.
 */
void traced_processes_measure(struct traced_processes *traced, bool all);

/* What a QEMU says of its balloon, which is moved; false if its process is not traced. */
bool traced_processes_take_balloon(struct traced_processes *traced, struct balloon_view *view);

/* The name of its virtual machine, or else of its program, for a terminal; as printable(). */
const char *traced_process_name(const struct traced_process *process);

/* The statistics of a process, also after its end; valid until the next call. */
const struct host_stats *traced_process_stats(const struct traced_processes *traced,
					      const struct traced_process *process);

/* What came of its advice, @stats, by the memory that it had at most and when last looked at. */
void traced_process_outcome(const struct traced_process *process, const struct host_stats *stats,
			    struct memory_outcome *outcome);

/* What was called since the last time. */
void traced_process_interval(const struct traced_processes *traced, struct traced_process *process,
			     struct call_totals *calls);

void traced_processes_release(struct traced_processes *traced);

/* What is known of a process, for balloontrace --json. */
struct process_summary {
	int64_t pid;	   /* absent of several */
	int64_t processes; /* absent of one */
	char *name, *monitor, *vm;
	bool ended;
	struct queue_summaries {
		struct batch_summary {
			struct host_totals totals;
			int64_t advice_ns, translate_ns;
		} inflate, deflate;
	} batches; /* absent where they are not observed */
	struct memory_summary {
		struct process_memory before, after;
		int64_t advised_bytes, freed_bytes, not_freed_bytes;
		char *reason;
		bool vfio;
	} memory; /* absent of several */
	struct balloon_view balloon;
	struct record_list calls; /* struct call_result */
};
extern const struct record process_record;

/* Append each to a list of struct process_summary. */
void traced_processes_summarize(const struct traced_processes *traced, double clock_ns,
				struct record_list *list);

#endif

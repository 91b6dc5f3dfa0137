/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_TRACING_H
#define BENCH_BOOT_TRACING_H

#include <jansson.h>

#include "bench/vm/accel.h"
#include "bench/boot/resize.h"
#include "bench/boot/checks.h"
#include "bench/boot/boot.h"
#include "bench/vm/vm.h"
#include "bpf/host_tracer.h"
#include "bpf/level.h"
#include "bpf/totals.h"

/* What one kind of call did in a move. */
struct calls {
	uint64_t count;
	uint64_t bytes;
	uint64_t ns;
};

/* What the host did in a move, by both ways of looking at it. */
struct host_view {
	bool batches; /* the next two are known */
	uint64_t batch_ns;
	double advice_ns; /* NAN where neither way tells */
	bool calls;	  /* the next two are known */
	struct calls discards;
	struct calls willneeds;
};

/* What the guest did with pages of the balloon beside the move. */
struct beside {
	int64_t taken_back; /* in an inflate, by a guest out of memory, which then had to give more
			     */
	/* It migrates on while it and the host are asked, one after the other: within these. */
	int64_t migrated_least;
	int64_t migrated_most;
};

/*
 * Tracing of one boot: the agent traces the driver, a tracer of our own traces
 * QEMU on the host, and what the two saw of a move becomes its phases.
 *
 * A host that cannot be traced is no error: its phases are then null, and
 * why is told once and stands in the result.
 */
struct tracing {
	enum trace_level level;
	enum accel accel;
	enum method method;
	struct host_tracer *host; /* NULL where the host is not observed */
	char host_error[512];
	pid_t pid;
	bool batches;  /* of QEMU are seen */
	bool exact;    /* the device advises about pages of 4 KiB, not about larger ones */
	bool willneed; /* the device advises the kernel on deflate */
	double clock_ns;
	struct host_totals totals[2]; /* of the move under way, by queue */
	json_t *host_rows;
	struct host_stats before; /* of the move under way */
	struct host_view view;	  /* of the last one */
	json_t *guest;		  /* what the agent said when it began */
	json_t *moves;		  /* of trace.json */
	uint64_t lost[COUNTER_COUNT];
};

/**
 * tracing_start() - begin to trace
 * @trace: filled in; to be released in every case
 * @boot: its level, and a scenario whose moves have room for all their records
 *
 * Return: 0; an error of jsonl.h, with @vm explained, where the guest cannot be traced.
 */
int tracing_start(struct tracing *trace, struct vm *vm, const struct boot *boot);
void tracing_release(struct tracing *trace);

/* A move is about to begin. */
void tracing_begin(struct tracing *trace);

/* A move has ended: take down what the host did. */
void tracing_look(struct tracing *trace, bool inflate);

/**
 * tracing_end() - after the look: put what was seen of a move into its result
 * @guest: what the guest saw of it
 * @beside: by the guest's count
 * @move: the "inflate" or "deflate" of result.json
 * @checks: told what disagrees
 */
void tracing_end(struct tracing *trace, unsigned int cycle, const char *name,
		 const struct resize_trace *guest, const struct beside *beside, json_t *move,
		 struct checks *checks);

/**
 * tracing_end_untraced() - the same of a move by something else than a balloon
 *
 * Its driver is not traced: what is seen are the host's calls.
 *
 * @pages: that the host must have discarded; -1 where nobody else counts them
 */
void tracing_end_untraced(struct tracing *trace, unsigned int cycle, const char *name,
			  int64_t pages, json_t *move, struct checks *checks);

/**
 * tracing_between() - what was seen since tracing_begin() of what is no move
 *
 * Return: {"host": as in a move, "round_trips": batches that QEMU did, of both
 * queues}, as far as they are observed; NULL at level off.
 */
json_t *tracing_between(struct tracing *trace);

/**
 * tracing_counters() - what the guest's tracer has only counted, since it began
 * @counters: "counters" of the agent's answer, a new reference; NULL at level off
 *
 * Return: 0, or an error of jsonl.h with @vm explained.
 */
int tracing_counters(const struct tracing *trace, struct vm *vm, json_t **counters);

/**
 * tracing_finish() - the last move has ended
 * @result: where "ops" and "trace" of result.json go
 * @vmstat: what changed in /proc/vmstat over the boot
 *
 * Return: 0, or an error of jsonl.h with @vm explained.
 */
int tracing_finish(struct tracing *trace, struct vm *vm, const json_t *vmstat,
		   struct checks *checks, json_t *result);

/* trace.json: every batch of every move. New reference; NULL at level off. */
json_t *tracing_records(const struct tracing *trace);

#endif

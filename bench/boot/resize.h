/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_RESIZE_H
#define BENCH_BOOT_RESIZE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/victim/victims.h"
#include "bench/vm/vm.h"
#include "bpf/totals.h"

/* What the guest's tracer saw of a move, all steps of it; empty where it did not look. */
struct resize_trace {
	struct guest_totals totals;
	uint64_t edge_ns; /* before the first batch and after the last, of each step */
	json_t *rows;	  /* each batch, as guest_batch_to_row() */
	json_t *steps;	  /* [start_ns, duration_ns] of each, guest clock */
};

void resize_trace_release(struct resize_trace *trace);

/* What every move has, summed up over its steps. */
struct resize_figures {
	uint64_t bytes;
	uint64_t duration_ns;
	uint64_t resolution_ns;
	uint64_t wall_ns;
	uint64_t qemu_cpu_ns;
	uint64_t guest_cpu_ns;
	unsigned int steps;
	json_t *progress;
};

/* "inflate" or "deflate" of result.json; new reference. @cpu_times: those are known. */
json_t *resize_to_json(const struct resize_figures *figures, bool cpu_times);

/* What a move is to do. */
struct resize_request {
	uint64_t target_bytes;	   /* of the balloon, or to be unplugged */
	uint64_t step_bytes;	   /* go there in steps of at most this, each waited for */
	uint64_t rate_bytes_per_s; /* and no faster than this on average; 0: at once */
	uint64_t timeout_ns;	   /* for each step */
	uint64_t patience_ns;	   /* a process frees memory where it stands still so long; 0: no */
	bool cpu_times;		   /* note what it cost of CPU time */
	enum victim_phase phase, then; /* that victims are in while it moves, and afterwards */
	struct victims *host_victims;  /* those beside QEMU */
};

/**
 * resize_balloon() - bring the balloon, or what is unplugged, to a size, timed by the guest
 * @vm: the VM; balloon_bytes is brought up to date
 * @move: the cycle's "inflate" or "deflate" object of result.json; durations
 *	of the steps are summed, the host's waiting between them left out (with a
 *	rate, it stands beside them)
 * @trace: filled in, to be released in every case
 * @error: what went wrong, for people
 *
 * Return: 0, -EINTR, or the errors of jsonl.h; -EPROTO also where the balloon stopped
 * short of its target.
 */
int resize_balloon(struct vm *vm, const struct resize_request *order, json_t **move,
		   struct resize_trace *trace, char *error, size_t error_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_PARTS_H
#define BENCH_BOOT_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "bench/boot/boot.h"
#include "bench/guest/messages.h"
#include "bench/victim/victims.h"
#include "bench/vm/vm.h"
#include "bpf/host_tracer.h"
#include "bpf/totals.h"
#include "lib/atomic_file.h"
#include "lib/result.h"
#include "lib/trace_records.h"

/* The parts of a boot under way. Only the files of this folder and tests include this. */

#define PAGE_BYTES 4096ULL

/* How far events are outside of the polls, and how far they may be: the resolution of the step. */
struct overhang {
	int64_t ns, bound_ns;
};

/* From the first batch begun to the last one told, or released: totals of the steps timed so. */
struct driver_events {
	int64_t steps, duration_ns, resolution_ns;
	struct overhang early, late; /* of the step that is worst */
};

/* A resize of the balloon, or of virtio-mem's memory. Zero what is not set. */
struct resize {
	struct vm *vm; /* its balloon_bytes is updated */
	struct resize_result *result;
	uint64_t target_bytes;	   /* of the balloon, or to be unplugged */
	uint64_t step_bytes;	   /* upper bound of a step; each step is waited for */
	uint64_t rate_bytes_per_s; /* upper bound of the mean rate; 0: none */
	uint64_t timeout_ns;	   /* of each step */
	uint64_t patience_ns;	   /* a stall of this long makes a process free memory; 0: never */
	bool cpu_times;		   /* measure CPU time */
	enum result_victim_phase phase, then; /* of victims during the resize, and after it */
	struct victims *host_victims;
	struct trace_writer *records; /* for steps and batches, or NULL */

	/* From the guest's tracer, over all steps; 0 if the guest is not traced. */
	struct guest_totals totals;
	struct driver_events events;
	uint64_t rows; /* batches reported one by one */

	/* For tracing_end(), from the guest's counters. */
	int64_t taken_back; /* pages that deflate-on-oom took during an inflate */
	/* Pages migrated around the resize: the reads are not atomic, so two bounds. */
	int64_t migrated_least, migrated_most;

	char error[512]; /* message of resize_balloon() */
};

/* Set the sums to 0, everything else to absent. */
void resize_begin(struct resize_result *result);

/* bytes over duration_ns */
void resize_derive_rate(struct resize_result *result);

/* Derive rates and resolutions from the sums. @cpu_times: CPU time was measured. */
void resize_finish(struct resize_result *result, bool cpu_times);

/*
 * Bound the pages of 4 KiB that were migrated and of which the host was told during a resize, @unit
 * of them in a page of the guest, by balloon_migrate of vmstat before and after the host's tracer is reset (@before, @begun) and read (@ended, @read).
 * The driver migrates one page at a time, and counts it before it tells the host: one that is
 * counted may be told later.
 */
void resize_migrations(struct resize *r, int64_t unit, int64_t before, int64_t begun, int64_t ended,
		       int64_t read);

/*
 * Resize to the target, timed by the guest. The result has sums over the steps, without the host's
 * pauses between them; release it in every case. 0; -EINTR; the errors of jsonl.h; -EPROTO also if
 * the balloon stopped short of its target.
 */
int resize_balloon(struct resize *resize);

/* Add a step. False if its numbers are impossible. */
bool events_add(struct driver_events *events, const struct event_resized *event);

/*
 * Where all steps have events, the duration becomes that by the events, and that by the agent's
 * polls stands beside it. A check of @boot says whether the two agree.
 */
void events_time(const struct resize *resize, struct boot_result *boot, int64_t cycle,
		 int direction);

/* The check that the phases sum to the duration within 2 %. */
void events_check_sum(struct boot_result *boot, int64_t cycle, int direction,
		      const struct resize_result *result);

/*
 * The agent traces the driver, a tracer on the host traces QEMU; both give the phases of a resize.
 * If the host cannot be traced, its phases are absent, and the result has the reason.
 */
struct tracing {
	struct host_tracer *host; /* NULL if the host is not traced */
	int slot;		  /* of QEMU in it */
	char host_error[512];
	double clock_ns;		       /* cost of reading the clock */
	bool batches;			       /* QEMU's batches are traced */
	bool willneed;			       /* the device calls madvise(WILLNEED) in a deflate */
	int direction;			       /* of the resize under way, or DIRECTIONS */
	bool in_resize;			       /* batches are written to the file */
	struct host_totals totals[DIRECTIONS]; /* since tracing_begin(), by queue */
	struct host_stats before, now;
	struct host_work work; /* since tracing_begin(); set by tracing_read() */
	struct answer_tracer guest;
	struct atomic_stream file;
	struct trace_writer writer;
};

/* Sampled call stacks, from `perf script -F comm,ip,sym,dso`, as counters by name. */
struct stacks {
	struct record_list folded; /* "thread;outermost;...;innermost" */
	struct record_list leaves; /* "symbol (object)" */
	size_t count;		   /* of samples */
};

/* Read a stream to its end. */
void stacks_read(struct stacks *stacks, FILE *stream);
/* Lines "stack count", sorted, as flame graph tools read them. */
void stacks_write_folded(const struct stacks *stacks, FILE *stream);
/* Append the @max most frequent innermost functions to a list of struct perf_symbol. */
void stacks_top(const struct stacks *stacks, size_t max, struct record_list *top);
void stacks_release(struct stacks *stacks);

/* A boot under way. */
struct run {
	const struct boot *boot;
	struct boot_result *result;
	struct vm vm;
	bool stopped; /* QEMU, and runs again */
	struct tracing trace;
	struct victims host_victims;
	struct perf {
		pid_t stat, record; /* 0: not running */
		const char *event;
	} perf;
	char *floor_ranges;  /* of memory that the guest has given up for the method floor, or NULL
			      */
	unsigned int number; /* of the cycle, from 1 */
	struct cycle_result cycle;
	struct record_list vmstat;	/* at the last vmstat_mark() */
	struct trace_counters counters; /* before an inflate under pressure */
};

/*
 * All calls below that return an int return 0, -EINTR if the user asked to stop, or
 * another -errno, with the VM's reason set unless stated otherwise.
 */

/* Run the next cycle and append it to the result. */
int cycle_run(struct run *run);

/* vm_request(); @bytes: written by the guest, for the time limit. */
int guest_fill(struct run *run, struct guest_request *request, const struct record *record,
	       void *answer, const char *stage, uint64_t bytes);

/* Read /proc/vmstat of the guest, and keep it. */
int vmstat_mark(struct run *run);

/* Append the changes since vmstat_mark() of some counters (@keys: NULL-terminated). */
int vmstat_changes(struct run *run, const char *const *keys, struct record_list *changes);

/* Steps of a cycle. @result: the part of run->cycle that the step fills in. */

/*
 * State "fragmented": a page between any two runs of 1 to `longest_run` free pages, lengths drawn
 * from the boot's seed, stays pinned until the end of the cycle, against compaction.
 */
int fragmentation_prepare(struct run *run, void *result);
/* Record the state of free memory. */
int fragmentation_note(struct run *run, void *result);

/*
 * Compaction moves pages up: the guest holds its highest free memory before the inflate, and each
 * round frees a slice of that and compacts all memory, which migrates pages of the balloon.
 */
int compaction_prepare(struct run *run, void *result);
int compaction_run(struct run *run, void *result);

/*
 * An inflate of more than the free memory: cache goes first, then a process frees its memory. After
 * it a process allocates, and a balloon with deflate-on-oom returns some.
 */
int pressure_prepare(struct run *run, void *result);
int pressure_begin(struct run *run, void *result);
int pressure_end(struct run *run, void *result);
int pressure_grow(struct run *run, void *result);

/*
 * Free page reporting instead of an inflate: over when QEMU's resident memory no longer decreases,
 * because nothing notifies the guest. There is no deflate: reported memory stays the guest's.
 */
int reporting_run(struct run *run, void *result);
int reporting_end(struct run *run, void *result);

/*
 * The method floor instead of an inflate: no balloon. The guest gives up as much memory, which is
 * not timed, and QEMU discards it by a call for each contiguous range. There is no deflate.
 */
int floor_take(struct run *run, void *result);
int floor_run(struct run *run, void *result);
int floor_give(struct run *run, void *result);

/* QEMU's resident memory, 0 if it has ended. Cheap to read, but a few pages per CPU late. */
uint64_t resident_bytes(const struct vm *vm);

/* Replay the scenario's workload under the variant's policy. */
int replay_run(struct run *run, void *result);

/* Victims enter a phase that the agent does not time. @busy_ns: CPU time of the guest so far. */
int boot_enter_phase(struct run *run, enum result_victim_phase phase, const char *stage,
		     int64_t *busy_ns);

/* Victims in the guest and beside QEMU. boot_victims_calm() leaves them undisturbed. */
int boot_victims_start(struct run *run, void *result);
int boot_victims_calm(struct run *run, void *result);
/* Stop all and append their results to the boot's. */
int boot_victims_stop(struct run *run);

/* Start tracing at the boot's level. An error without the VM's reason is that of trace.jsonl. */
int tracing_start(struct run *run);
/* @direction: of the resize that follows, or DIRECTIONS for something else to observe */
void tracing_begin(struct run *run, int direction);
/* After the resize: read the work of the host. */
void tracing_read(struct run *run);
/*
 * After tracing_read(): complete the result of a resize and check it. @resize is NULL for free page
 * reporting. Without a balloon only calls on the host are observed.
 */
void tracing_end(struct run *run, const struct resize *resize, struct resize_result *result);
/* Read the counters of the guest's tracer; absent at level off. */
int tracing_counters(struct run *run, struct trace_counters *counters);
/* After the last resize: fill in ops and trace of the result. */
int tracing_finish(struct run *run);
/* Complete trace.jsonl. 0 or -errno without a reason. */
int tracing_close(struct run *run);
void tracing_release(struct run *run);

/*
 * perf(1) beside a boot: counters of QEMU and a profile. Errors are recorded in the result only.
 * perf_stop() leaves perf.folded in the directory of the boot.
 */
void perf_start(struct run *run);
void perf_stop(struct run *run);
void perf_kill(struct run *run);

/*
 * Cross-checks: all counts of the pages of a resize must agree. Each check is recorded
 * in the result of the boot. The first that fails makes the boot invalid and is its reason.
 */

/*
 * Record a check. @cycle: from 1; 0: the whole boot, and @resize is CHECK_BOOT. @what: where
 * @observed comes from; expected in [@least, @most].
 */
void checks_add(struct boot_result *result, int64_t cycle, int resize, enum check_unit unit,
		const char *what, int64_t least, int64_t most, int64_t observed);

/* A number of pages that must be exactly @expected. */
void checks_count(struct boot_result *result, int64_t cycle, int resize, const char *what,
		  int64_t expected, int64_t observed);

/* Make the boot invalid without a count: it was not what the scenario asks for. */
void checks_refuse(struct boot_result *result, const char *reason);

#endif

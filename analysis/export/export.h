/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_EXPORT_H
#define ANALYSIS_EXPORT_H

#include <stdio.h>

#include "analysis/data/table.h"
#include "lib/trace_records.h"

/*
 * A result tree for other programs. Boots are read one by one, and written as they are read. Under
 * icount a column of the guest's clock whose name ends in _ns is called _instructions, and
 * gib_per_s gib_per_g_instructions. Times of the host's clock (ready_ns, wall_ns) stay in ns.
 */

/* Which boots; NULL and 0 mean all. */
struct export_selection {
	const char *scenario, *variant;
	int64_t boot;
};

struct export
{
	const struct table *table;
	struct export_selection only;
	FILE *out;
	bool damaged;  /* something could not be read: it has been logged, the rest is exported */
	size_t traces; /* trace.jsonl files that were read */
};

/* Writers return 0; this where the boots have nothing of the kind; -errno of a failed write. */
#define EXPORT_NOTHING 1

/* The index of the next selected boot from @from on; table->boot_count after the last. */
size_t export_next(const struct export *e, size_t from);

/*
 * Read the selected boots one by one. @visit gets the path of the boot's trace.jsonl, which may not
 * exist; NULL where the tree keeps none. What it returns other than 0 ends the walk.
 */
typedef int (*export_visit)(struct export *e, const struct boot_result *boot, const char *trace,
			    void *context);
int export_each(struct export *e, export_visit visit, void *context);

/* Read a trace: 0; -ENOENT: there is none; -EINVAL: damaged, which is logged; -errno of a write. */
int export_trace(struct export *e, const char *path,
		 int (*take)(const struct trace_record *record, void *context), void *context);

/* 0, or -errno if a write so far has failed. */
int export_check(const struct export *e);

/*
 * csv, as `balloonstat help export` describes it. A touch has its bytes and its duration in
 * the columns of a resize. The number of a batch is within resize and side, its times are
 * those of the side's own CLOCK_MONOTONIC. Control characters of text are a question mark.
 */
int export_csv_resizes(struct export *e);
int export_csv_batches(struct export *e);

/* A cell of text. */
void export_csv_text(FILE *f, const char *text);

/*
 * hgrm: HdrHistogram's text form of a percentile distribution, five steps to each halving of
 * what is left to 100 %. A value is the highest of its bucket, or the largest there was: what
 * was recorded is smaller by 1/16 at most, and exact below 32 (lib/histogram_layout.h). Mean and
 * maximum are exact, the standard deviation is of the middles of the buckets.
 *
 * A file per histogram, DIR/SCENARIO/VARIANT/boot-NN/PATH.hgrm; or that of the first ok boot of
 * the selection that has it, to e->out: @path is its place in result.json, or that without
 * ".histogram".
 */
int export_hgrm_files(struct export *e, const char *dir);
int export_hgrm_one(struct export *e, const char *path);

/*
 * perfetto: Chrome's trace event format: the first ok boot of the selection with a trace.jsonl.
 * Process 1 is the guest: its resizes (each step by the agent's times), its batches with their
 * phases, and the size of the balloon, which is the sum of the batches. Process 2 is QEMU: its
 * batches, and in each the calls that advise the kernel, as one slice at its end, for only
 * their sum is known. Events are sorted within each track, and nest.
 *
 * Times are in µs of the host's clock, from an origin that otherData names. The guest's are
 * shifted by its offset; otherData.clock has it, uncertainty_ns how far it may be wrong at the
 * worst. Without an offset (icount) each side has an origin of its own, otherData.aligned is
 * false, and the tracks say so.
 */
int export_perfetto(struct export *e);

/*
 * perfetto of what `balloontrace host --record` wrote: a process for each virtual machine, with its
 * batches by queue, its memory, and the bytes a second that it advised the kernel about.
 */
int export_recording(struct export *e, const char *path);

#endif

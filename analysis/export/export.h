/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_EXPORT_H
#define ANALYSIS_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/data/tree.h"

/*
 * A result tree for other programs. Everything is written as it is read: what is
 * held in memory besides the results themselves is one record of one trace.json.
 *
 * Under icount the guest's clock counts instructions: a figure whose key ends
 * in _ns where it is stored is then called _instructions, and gib_per_s
 * gib_per_g_instructions. What the host's clock measured (ready_ns, wall_ns, the
 * host's own figures) is in ns always.
 */

/* Which boots; NULL and 0 mean all. */
struct export_selection {
	const char *scenario;
	const char *variant;
	long long boot;
};

struct export
{
	const struct tree *tree;
	struct export_selection only;
	FILE *out;
	bool damaged;  /* something could not be read: it has been told, what is whole is there */
	size_t traces; /* trace.json files that were read */
};

/* Functions that write return 0 or -errno of what could not be written. */

/* The selected boots: call with the index of the last one, first -1; -1 after the last. */
int export_next(const struct export *e, int last);

/* 0, or -errno where what has been written so far did not go out. */
int export_check(const struct export *e);

/* The trace.json of a boot, whether it is there or not; to be freed. NULL: out of memory. */
char *export_trace_path(const struct export *e, int index);

/* "duration_ns" as it is called where @instructions are counted; to be freed. */
char *export_name(const char *name, bool instructions);

/*
 * A directory or file name of a name from the tree: whatever it is, it leads
 * nowhere else, and no two names give the same.
 */
char *export_file_name(const char *name);

/*
 * csv, table "moves": a line per boot, cycle and part of the cycle (column move:
 * touch, inflate, deflate, refault), with every scalar figure of result.json,
 * named by its place there ("phases.alloc_ns" is phases_alloc_ns), its unit at
 * its end. A boot that failed or is invalid has one line without cycle and
 * figures. Table "batches": a line per record of trace.json, of the boots that
 * are ok and have one; side is guest or host, batch its number within move and
 * side; columns of the other side are empty. Times are those of the side's own
 * CLOCK_MONOTONIC.
 *
 * RFC 4180 but for the end of a line, which is a line feed alone: header line,
 * quotes where needed, "" for a quote. A figure that is not there is empty.
 * Control characters of text are a question mark.
 */
int export_csv_moves(struct export *e);
int export_csv_batches(struct export *e);

/*
 * json: one document, {"schema_version": 1, "env": …, "plan": …, "boots": […]},
 * env.json and plan.json in it and the result.json of each boot, also of those
 * that failed. A boot is one line: what is between the line of "boots" and the
 * last one is JSON lines but for the commas at the ends.
 */
int export_json(struct export *e);

/*
 * hgrm: HdrHistogram's text form of a percentile distribution, five steps to
 * each halving of what is left to 100 %. Columns: value; percentile as 0..1; how
 * many values are not above; 1/(1-percentile), inf at the end. A value is
 * the highest of its bucket, or the largest there was: what was recorded is
 * smaller by 1/16 at most, and exact below 32 (lib/histogram_layout.h, which is
 * HdrHistogram's with 32 sub-buckets). Mean and maximum are exact, the standard
 * deviation is of the middles of the buckets. Times are in µs, or guest
 * instructions under icount, lengths in bytes: the last line says which, and of
 * what boot.
 */

/* One file per histogram: DIR/SCENARIO/VARIANT/boot-NN/PATH.hgrm. -ENOENT: there is none. */
int export_hgrm_files(struct export *e, const char *dir);

/*
 * That of the first ok boot of the selection that has it, to e->out. @path is its place
 * in result.json, "ops.enqueue" standing for ops.enqueue.histogram. -ENOENT: none has it.
 */
int export_hgrm_one(struct export *e, const char *path);

/* Tell which histograms the selected boots have. */
void export_hgrm_list(const struct export *e);

/*
 * perfetto: Chrome's trace event format, for ui.perfetto.dev: the first ok boot of
 * the selection with a trace.json. Process 1 is the guest: its moves (as result.json
 * has them, each step of its own), its batches with the phases within them, and
 * the size of the balloon, which is the sum of the batches. Process 2 is QEMU: its
 * batches, and in each the calls that advise the kernel, drawn as one piece at the
 * batch's end, for only their sum is known.
 *
 * Times are in µs, with three decimals, from an origin that otherData names, by the
 * host's clock. The guest's are shifted by its offset (guest_time.h): by how much, and
 * how far that may be wrong at the worst, otherData has in clock and uncertainty_ns,
 * and each move in clock_uncertainty_ns. Without an offset (icount, older results) each
 * side has an origin of its own, otherData.aligned is false, and the tracks say so.
 *
 * Events are sorted within each track, and nest. -ENOENT: no such boot.
 */
int export_perfetto(struct export *e);

#endif

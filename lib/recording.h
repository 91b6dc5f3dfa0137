/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RECORDING_H
#define LIB_RECORDING_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What `balloontrace host --record` writes, a JSON value a line:
 *
 *   {"schema_version":1,"recording":"balloontrace host"}
 *   ["process",1,4711,1000,"web"]
 *   ["batch",1,52000,700,0,256,256,1048576,15,9774]
 *   ["sample",1,60000,256,1048576,0,0,0]
 *   ["end",1,70000]
 *   {"records":4}
 *
 * The members of a record are those of the structs below, in their order; that of a process has
 * its name at the end; it comes again if it got another name. Times are the host's CLOCK_MONOTONIC.
 * Without the last line the file was cut off. A reader ignores records of other kinds, and values
 * behind those that it knows.
 */
enum recorded_kind {
	RECORDED_PROCESS,
	RECORDED_BATCH,
	RECORDED_SAMPLE,
	RECORDED_END,
	RECORDED_KINDS
};

/* From 1 on; the number of a process is never used again. */
struct recorded_process {
	int64_t number, pid, at_ns;
};

/* As struct trace_host_batch of lib/trace_records.h. */
struct recorded_batch {
	int64_t number, end_ns, ns, queue, entries, calls, bytes, timed, timed_ns;
};

/* Calls since the process was found, and its memory; 0 where that is not known. */
struct recorded_sample {
	int64_t number, at_ns, calls, bytes, errors, rss_bytes, anon_huge_bytes;
};

struct recorded_end {
	int64_t number, at_ns;
};

/* Being written. What could not be written is left to ferror() of @file. */
struct recording {
	FILE *file;
	uint64_t records;
};

void recording_begin(struct recording *recording, FILE *file);
void recording_process(struct recording *recording, const struct recorded_process *process,
		       const char *name);
/* @record: the struct of that kind, which is not RECORDED_PROCESS. */
void recording_write(struct recording *recording, enum recorded_kind kind, const void *record);
/* The last line; the file stays open. */
void recording_end(struct recording *recording);

/* A record that was read. */
struct recorded {
	enum recorded_kind kind;
	union {
		struct recorded_process process;
		struct recorded_batch batch;
		struct recorded_sample sample;
		struct recorded_end end;
	};
	const char *name; /* of a process; valid until the next record */
};

/*
 * Call @take for each record of a file; what it returns other than 0 ends the reading. Returns 0;
 * -EINVAL where it is no recording, is damaged or ends too early, after all records up to there,
 * and -errno where it cannot be read, with a message in @err; or what @take returned, without one.
 */
int recording_read(const char *path, int (*take)(const struct recorded *record, void *context),
		   void *context, char *err, size_t err_size);

#endif

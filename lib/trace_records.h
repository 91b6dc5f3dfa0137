/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_TRACE_RECORDS_H
#define LIB_TRACE_RECORDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/record.h"
#include "lib/result.h"

/*
 * trace.jsonl: every batch of every resize of a boot. A JSON value a line:
 *
 *   {"schema_version":2,"level":"phases","step":["start_ns",...],"guest":[...],"host":[...]}
 *   {"cycle":1,"resize":"inflate"}
 *   ["step",1000,52000]
 *   ["guest",1010,9000,0,400,800,0,256,256]
 *   ["host",11210,700,0,256,256,1048576,0,0]
 *   {"records":17}
 *
 * The first line names the columns. The records of a resize follow its line, in any order of their
 * kinds. Without the last line the file has been cut off. A reader ignores lines of other kinds,
 * keys, and columns behind those that it knows. Writer and reader keep one record in memory.
 */
#define TRACE_FILE "trace.jsonl"

/* No value is larger: sums of a few do not overflow. As a time it is two years. */
#define TRACE_VALUE_MAX (INT64_C(1) << 56)

enum trace_kind { TRACE_STEP, TRACE_GUEST, TRACE_HOST, TRACE_KINDS };

/* A step of the resize, by the agent. */
struct trace_step {
	int64_t start_ns, duration_ns;
};

/* A batch of the guest's driver: struct guest_batch of bpf/records.h. */
struct trace_guest_batch {
	int64_t begin_ns, alloc_ns, alloc_retry_ns, move_ns, tell_ns, release_ns, pages, entries;
};

/* A batch of QEMU: struct host_batch of bpf/records.h. */
struct trace_host_batch {
	int64_t end_ns, ns;
	int64_t queue; /* 0: inflate, 1: deflate */
	int64_t entries, calls, bytes, timed, timed_ns;
};

/* Their tables, all fields FIELD_COUNT; a record's name is the kind ("guest"). */
extern const struct record *const trace_tables[TRACE_KINDS];

/* A file being written. What could not be written is left to ferror() of @file. */
struct trace_writer {
	FILE *file;
	uint64_t records;
};

/* The first line; @level: "phases" or "pages". */
void trace_write_begin(struct trace_writer *writer, FILE *file, const char *level);
void trace_write_resize(struct trace_writer *writer, int64_t cycle, enum direction resize);
/* @record: the struct of that kind */
void trace_write_record(struct trace_writer *writer, enum trace_kind kind, const void *record);
/* The last line; the file stays open. */
void trace_write_end(struct trace_writer *writer);

/* A record that was read. */
struct trace_record {
	enum trace_kind kind;
	int64_t cycle;
	enum direction resize;
	int64_t number; /* within its resize and kind, from 1 */
	union {
		struct trace_step step;
		struct trace_guest_batch guest;
		struct trace_host_batch host;
	};
};

/*
 * Call @take for each record of a file; what it returns other than 0 ends the reading. Returns 0;
 * -ENOENT without a file; -EINVAL where it is damaged or ends too early, after all records up to
 * there, with a message in @err; or what @take returned, without a message.
 */
int trace_read(const char *path, int (*take)(const struct trace_record *record, void *context),
	       void *context, char *err, size_t err_size);

#endif

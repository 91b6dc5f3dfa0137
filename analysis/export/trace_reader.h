/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_TRACE_READER_H
#define ANALYSIS_TRACE_READER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * trace.json, the batches of a boot one by one, read record by record: what is
 * held in memory is one record, however many there are.
 *
 *   {"schema_version": 1, "level": "phases", "moves": [
 *     {"cycle": 1, "move": "inflate",
 *      "steps": {"columns": ["start_ns", "duration_ns"], "rows": [[…], …]},
 *      "guest": {"columns": ["begin_ns", …], "rows": [[…], …]},
 *      "host": {"columns": ["end_ns", …], "rows": [[…], …]}}, …]}
 *
 * Line breaks make no difference. "steps" is absent where an older balloonbench
 * wrote the file; columns that are not known are passed over, of those that are
 * known any may be missing but the ones that place a batch in time. "cycle"
 * and "move" must stand before the records, and "columns" before "rows".
 */

/* Times in ns: the guest's by the guest's CLOCK_MONOTONIC, the host's by the host's. */
enum trace_column {
	/* of the guest's batches; what they are says struct guest_batch in bpf/records.h */
	TRACE_BEGIN_NS,
	TRACE_ALLOC_NS,
	TRACE_PUFF_NS,
	TRACE_MOVE_NS,
	TRACE_TELL_NS,
	TRACE_RELEASE_NS,
	TRACE_PAGES,
	/* of both */
	TRACE_ENTRIES,
	/* of the host's: struct host_batch */
	TRACE_END_NS,
	TRACE_NS,
	TRACE_QUEUE,
	TRACE_CALLS,
	TRACE_BYTES,
	TRACE_TIMED,
	TRACE_TIMED_NS,
	TRACE_COLUMNS
};

/* A value that a record does not have. All others are from 0 to 2^56. */
#define TRACE_ABSENT (-1LL)

const char *trace_column_name(enum trace_column column);

/* Whether a column is a time by the guest's clock, which under icount counts instructions. */
bool trace_column_is_guest_time(enum trace_column column);

enum trace_side { TRACE_GUEST, TRACE_HOST };

struct trace_move {
	long long cycle;
	bool inflate; /* or deflate */
};

struct trace_batch {
	enum trace_side side;
	long long number; /* within its move and side, from 1 */
	long long values[TRACE_COLUMNS];
};

/* Who is told. A function that returns other than 0 ends the reading; any may be NULL. */
struct trace_sink {
	int (*step)(const struct trace_move *move, long long start_ns, long long duration_ns,
		    void *context);
	int (*batch)(const struct trace_move *move, const struct trace_batch *batch, void *context);
	int (*end)(const struct trace_move *move, void *context); /* of a move that is whole */
	void *context;
};

/**
 * trace_read() - read a trace.json
 * @err: where a message goes that names the file
 *
 * Return: 0; -ENOENT where there is no such file, -EINVAL where it is damaged, or
 * ends too early: all records up to there have been told; what a function of the sink
 * returned, and then without a message.
 */
int trace_read(const char *path, const struct trace_sink *sink, char *err, size_t err_size);

#endif

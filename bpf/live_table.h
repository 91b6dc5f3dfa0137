/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_LIVE_TABLE_H
#define BPF_LIVE_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "bpf/host_tracer.h"

/* A line a virtual machine, sorted, no wider and longer than the terminal. */

enum live_sort {
	LIVE_BYTES,
	LIVE_CALLS,
	LIVE_ERRORS,
	LIVE_LATENCY,
	LIVE_RSS,
	LIVE_PID,
	LIVE_NAME,
	LIVE_SORTS
};

/* "bytes", ...; NULL-terminated */
extern const char *const live_sorts[LIVE_SORTS + 1];

struct live_row {
	pid_t pid;
	const char *name;
	uint64_t inflates, inflate_bytes, deflates, deflate_bytes;
	struct call_totals calls;
	int64_t rss_bytes; /* RECORD_ABSENT: not known */
};

/* 0: any number. */
struct live_size {
	unsigned int columns, lines;
};

/* Of the terminal that standard output is; zeroes if it is none. */
struct live_size live_size(void);

/* Largest first, but for the PID and the name; those that are equal by the PID. */
void live_sort_rows(struct live_row *rows, size_t count, enum live_sort sort);

/*
 * Print the rows. The columns that matter least are left out where they do not fit, and the rows
 * that do not fit are counted in the last line. @header: the names of the columns first.
 */
void live_print(FILE *f, const struct live_row *rows, size_t count, uint64_t elapsed_ns,
		bool header, struct live_size size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_WORKLOAD_H
#define BENCH_CONFIG_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * A workload: the memory and the CPU time that a program used over time, as `balloonbench record`
 * samples it or a user writes it. A text file: the first line names the format, lines that begin
 * with '#' are comments, each other line is a row of whole numbers in the units of the columns.
 * docs/workloads.md describes it.
 */
#define WORKLOAD_FIRST_LINE "# balloonbench workload 1"
#define WORKLOAD_COLUMNS "at_ms anon_kib file_kib faults cpu_ms"

#define WORKLOAD_ROWS_MAX 100000

/* What a program had at a time, until the next row, and what it used since the row before. */
struct workload_row {
	uint64_t at_ns;
	uint64_t anon_bytes; /* anonymous and shared memory */
	uint64_t file_bytes; /* page cache */
	uint64_t faults;     /* page faults, minor and major */
	uint64_t cpu_ns;
};

struct workload {
	struct workload_row *rows; /* the first is at 0 */
	size_t count;		   /* 2 or more */
};

/*
 * Read a file; release @workload in every case. 0; -EINVAL with a message that names file, line and
 * column; or another -errno with a message.
 */
int workload_load(struct workload *workload, const char *path, char *err, size_t err_size);
void workload_release(struct workload *workload);

/* Write a row as a line; it is rounded down to the units of the columns. */
void workload_write_row(FILE *file, const struct workload_row *row);

/* From the first row to the last. */
uint64_t workload_duration_ns(const struct workload *workload);

/* The most memory of any row, in bytes. */
uint64_t workload_peak_bytes(const struct workload *workload);

/* Its memory over time, in GiB times minutes. */
double workload_gib_minutes(const struct workload *workload);

/* CPU time of all rows. */
uint64_t workload_cpu_ns(const struct workload *workload);

#endif

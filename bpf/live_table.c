/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/live_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/record.h"
#include "lib/units.h"

#define CELL 32
/* The name is at the end of a line, and has so much room at least. */
#define NAME_MIN 12

const char *const live_sorts[LIVE_SORTS + 1] = { "bytes", "calls", "errors", "latency",
						 "rss",	  "pid",   "name",   NULL };

static double mean_ns(const struct live_row *row)
{
	return row->calls.timed ? (double)row->calls.ns / row->calls.timed : 0;
}

static void print_pid(const struct live_row *row, char *cell)
{
	snprintf(cell, CELL, "%d", (int)row->pid);
}

static void print_count(uint64_t count, char *cell)
{
	snprintf(cell, CELL, "%llu", (unsigned long long)count);
}

static void print_inflates(const struct live_row *row, char *cell)
{
	print_count(row->inflates, cell);
}

static void print_inflate_bytes(const struct live_row *row, char *cell)
{
	format_bytes(row->inflate_bytes, cell, CELL);
}

static void print_deflates(const struct live_row *row, char *cell)
{
	print_count(row->deflates, cell);
}

static void print_deflate_bytes(const struct live_row *row, char *cell)
{
	format_bytes(row->deflate_bytes, cell, CELL);
}

static void print_calls(const struct live_row *row, char *cell)
{
	print_count(row->calls.calls, cell);
}

static void print_bytes(const struct live_row *row, char *cell)
{
	format_bytes(row->calls.bytes, cell, CELL);
}

static void print_errors(const struct live_row *row, char *cell)
{
	print_count(row->calls.errors, cell);
}

static void print_latency(const struct live_row *row, char *cell)
{
	snprintf(cell, CELL, "%.0f", mean_ns(row));
}

static void print_rss(const struct live_row *row, char *cell)
{
	if (row->rss_bytes == RECORD_ABSENT)
		snprintf(cell, CELL, "-");
	else
		format_bytes(row->rss_bytes, cell, CELL);
}

/* @rank: those with the highest are left out first. */
static const struct column {
	const char *title;
	int width, rank;
	void (*print)(const struct live_row *row, char *cell);
} columns[] = {
	{ "PID", 8, 1, print_pid },
	{ "INFLATES", 9, 7, print_inflates },
	{ "BYTES", 10, 5, print_inflate_bytes },
	{ "DEFLATES", 9, 8, print_deflates },
	{ "BYTES", 10, 6, print_deflate_bytes },
	{ "CALLS", 10, 2, print_calls },
	{ "BYTES", 10, 0, print_bytes },
	{ "ERRORS", 7, 3, print_errors },
	{ "NS/CALL", 8, 4, print_latency },
	{ "RSS", 10, 2, print_rss },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define TIME_WIDTH 10

/* The highest rank of columns that fit together. */
static int fitting_rank(unsigned int width)
{
	unsigned int needed;
	int rank;
	size_t i;

	for (rank = 8; width && rank; rank--) {
		for (i = 0, needed = TIME_WIDTH + 2 + NAME_MIN; i < COLUMNS; i++)
			if (columns[i].rank <= rank)
				needed += columns[i].width + 1;
		if (needed <= width)
			break;
	}
	return rank;
}

static unsigned int print_cells(FILE *f, const struct live_row *row, int rank)
{
	unsigned int width = 0;
	char cell[CELL];
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		if (columns[i].rank > rank)
			continue;
		if (row)
			columns[i].print(row, cell);
		width += fprintf(f, " %*s", columns[i].width, row ? cell : columns[i].title);
	}
	return width;
}

static void print_line(FILE *f, const struct live_row *row, const char *time, const char *name,
		       int rank, struct live_size size)
{
	unsigned int width = fprintf(f, "%*s", TIME_WIDTH, time);
	int room;

	width += print_cells(f, row, rank) + 2;
	room = size.columns > width ? size.columns - width : NAME_MIN;
	fprintf(f, "  %.*s\n", size.columns ? room : (int)strlen(name), name);
}

void live_print(FILE *f, const struct live_row *rows, size_t count, uint64_t elapsed_ns,
		bool header, struct live_size size)
{
	const int rank = fitting_rank(size.columns);
	size_t shown = count, i;
	char time[CELL];

	/* The cursor stays in a line of its own. */
	if (size.lines && count + header + 1 > size.lines)
		shown = size.lines > header + 2U ? size.lines - header - 2 : 0;
	snprintf(time, sizeof(time), "%.1f s", elapsed_ns / 1e9);
	if (header)
		print_line(f, NULL, "TIME", "VM", rank, size);
	for (i = 0; i < shown && i < count; i++)
		print_line(f, &rows[i], time, rows[i].name, rank, size);
	if (!count)
		fprintf(f, "%*s no virtual machine\n", TIME_WIDTH, time);
	if (shown < count)
		fprintf(f, "%*s and %zu more\n", TIME_WIDTH, time, count - shown);
}

static enum live_sort sort_by;

static int compare_values(double a, double b)
{
	return (a < b) - (a > b);
}

static int compare(const void *a, const void *b)
{
	const struct live_row *x = a, *y = b;
	int order = 0;

	if (sort_by == LIVE_BYTES)
		order = compare_values(x->calls.bytes + x->inflate_bytes,
				       y->calls.bytes + y->inflate_bytes);
	else if (sort_by == LIVE_CALLS)
		order = compare_values(x->calls.calls, y->calls.calls);
	else if (sort_by == LIVE_ERRORS)
		order = compare_values(x->calls.errors, y->calls.errors);
	else if (sort_by == LIVE_LATENCY)
		order = compare_values(mean_ns(x), mean_ns(y));
	else if (sort_by == LIVE_RSS)
		order = compare_values(x->rss_bytes, y->rss_bytes);
	else if (sort_by == LIVE_NAME)
		order = strcmp(x->name, y->name);
	return order ?: (x->pid > y->pid) - (x->pid < y->pid);
}

void live_sort_rows(struct live_row *rows, size_t count, enum live_sort sort)
{
	sort_by = sort;
	if (count)
		qsort(rows, count, sizeof(*rows), compare);
}

struct live_size live_size(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return (struct live_size){ 0, 0 };
	return (struct live_size){ size.ws_col, size.ws_row };
}

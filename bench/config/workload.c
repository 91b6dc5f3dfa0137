/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/units.h"

#define KIB 1024ULL
#define GIB (1ULL << 30)
/* 16 TiB, a week, and a week of 4096 CPUs: no sum of a workload overflows. */
#define KIB_MAX (1ULL << 34)
#define MS_MAX (7ULL * 24 * 3600 * 1000)
#define LINE_BYTES 4096

struct column {
	const char *name;
	size_t at; /* in struct workload_row */
	uint64_t unit, max;
};

#define COLUMN(title, member, scale, most)                                                         \
	{                                                                                          \
		.name = title, .at = offsetof(struct workload_row, member), .unit = scale,         \
		.max = most                                                                        \
	}
static const struct column columns[] = {
	COLUMN("at_ms", at_ns, NSEC_PER_MSEC, MS_MAX),
	COLUMN("anon_kib", anon_bytes, KIB, KIB_MAX),
	COLUMN("file_kib", file_bytes, KIB, KIB_MAX),
	COLUMN("faults", faults, 1, 1ULL << 40),
	COLUMN("cpu_ms", cpu_ns, NSEC_PER_MSEC, MS_MAX * 4096),
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A file that is being read. */
struct reader {
	const char *path;
	unsigned int line; /* its number, from 1 */
	char *err;
	size_t err_size;
};

static uint64_t *cell(struct workload_row *row, const struct column *column)
{
	return (uint64_t *)((char *)row + column->at);
}

static int parse_row(const struct reader *r, char *line, struct workload_row *row)
{
	const struct column *c = columns;
	char *word, *save;
	uint64_t value;

	for (word = strtok_r(line, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save)) {
		if (c == columns + COLUMNS)
			return refuse(r->err, r->err_size,
				      "%s:%u: '%s' is beyond the last column; the columns "
				      "are " WORKLOAD_COLUMNS,
				      r->path, r->line, word);
		if (parse_count(word, 0, c->max, &value))
			return refuse(r->err, r->err_size,
				      "%s:%u: %s: '%s': expected an integer in [0, %" PRIu64 "]",
				      r->path, r->line, c->name, word, c->max);
		*cell(row, c) = value * c->unit;
		c++;
	}
	if (c < columns + COLUMNS)
		return refuse(r->err, r->err_size,
			      "%s:%u: no %s; the columns are " WORKLOAD_COLUMNS, r->path, r->line,
			      c->name);
	return 0;
}

static int append(const struct reader *r, const struct workload_row *row, struct workload *w)
{
	const uint64_t at_ms = row->at_ns / NSEC_PER_MSEC;
	const uint64_t before_ms = w->count ? w->rows[w->count - 1].at_ns / NSEC_PER_MSEC : 0;

	if (!w->count && at_ms)
		return refuse(r->err, r->err_size,
			      "%s:%u: at_ms: the first row is at %" PRIu64 ", expected 0", r->path,
			      r->line, at_ms);
	if (w->count && at_ms <= before_ms)
		return refuse(r->err, r->err_size,
			      "%s:%u: at_ms: %" PRIu64 " is not after the row before, which is at "
			      "%" PRIu64,
			      r->path, r->line, at_ms, before_ms);
	if (w->count == WORKLOAD_ROWS_MAX)
		return refuse(r->err, r->err_size,
			      "%s:%u: more than %d rows; record with a longer --period", r->path,
			      r->line, WORKLOAD_ROWS_MAX);
	/* By doubling: the count is a power of two where the room ends. */
	if (!(w->count & (w->count - 1)))
		w->rows = xreallocarray(w->rows, w->count ? 2 * w->count : 1, sizeof(*w->rows));
	w->rows[w->count++] = *row;
	return 0;
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t\n");
	return !*line || *line == '#';
}

static int take_line(const struct reader *r, char *line, struct workload *w)
{
	struct workload_row row;
	int err;

	if (r->line == 1 && strncmp(line, WORKLOAD_FIRST_LINE "\n", sizeof(WORKLOAD_FIRST_LINE)))
		return refuse(r->err, r->err_size,
			      "%s:1: expected '" WORKLOAD_FIRST_LINE "'; balloonbench record "
			      "writes such a file",
			      r->path);
	if (is_comment(line))
		return 0;
	err = parse_row(r, line, &row);
	return err ? err : append(r, &row, w);
}

static int read_lines(struct reader *r, FILE *file, struct workload *w)
{
	char line[LINE_BYTES];
	int err = 0;

	while (!err && fgets(line, sizeof(line), file)) {
		r->line++;
		if (!strchr(line, '\n') && !feof(file))
			err = refuse(r->err, r->err_size, "%s:%u: line longer than %d characters",
				     r->path, r->line, LINE_BYTES - 2);
		else
			err = take_line(r, line, w);
	}
	if (err)
		return err;
	if (ferror(file)) {
		err = -errno;
		snprintf(r->err, r->err_size, "%s: %s", r->path, strerror(-err));
		return err;
	}
	return w->count > 1 ? 0
			    : refuse(r->err, r->err_size,
				     "%s: %zu rows; a workload has two or more: write the row that "
				     "ends it, too",
				     r->path, w->count);
}

/* A pipe would be waited for. */
static int open_regular(const char *path, FILE **file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct stat st;

	*file = NULL;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	if (!err)
		*file = fdopen(fd, "r");
	if (!err && !*file)
		err = -errno;
	if (err)
		close(fd);
	return err;
}

int workload_load(struct workload *workload, const char *path, char *err, size_t err_size)
{
	struct reader reader = { .path = path, .err = err, .err_size = err_size };
	FILE *file;
	int status;

	*workload = (struct workload){ .rows = NULL };
	status = open_regular(path, &file);
	if (status) {
		snprintf(err, err_size, "%s: %s", path,
			 status == -EINVAL ? "not a regular file" : strerror(-status));
		return status;
	}
	status = read_lines(&reader, file, workload);
	fclose(file);
	return status;
}

void workload_release(struct workload *workload)
{
	free(workload->rows);
	*workload = (struct workload){ .rows = NULL };
}

void workload_write_row(FILE *file, const struct workload_row *row)
{
	struct workload_row copy = *row;
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		fprintf(file, "%s%" PRIu64, i ? " " : "",
			*cell(&copy, &columns[i]) / columns[i].unit);
	fputc('\n', file);
}

uint64_t workload_duration_ns(const struct workload *workload)
{
	return workload->rows[workload->count - 1].at_ns;
}

uint64_t workload_peak_bytes(const struct workload *workload)
{
	uint64_t most = 0, bytes;
	size_t i;

	for (i = 0; i < workload->count; i++) {
		bytes = workload->rows[i].anon_bytes + workload->rows[i].file_bytes;
		most = bytes > most ? bytes : most;
	}
	return most;
}

double workload_gib_minutes(const struct workload *workload)
{
	const struct workload_row *row = workload->rows;
	double sum = 0;
	size_t i;

	for (i = 0; i + 1 < workload->count; i++)
		sum += (double)(row[i].anon_bytes + row[i].file_bytes) / GIB *
		       (double)(row[i + 1].at_ns - row[i].at_ns) / (60.0 * NSEC_PER_SEC);
	return sum;
}

uint64_t workload_cpu_ns(const struct workload *workload)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < workload->count; i++)
		sum += workload->rows[i].cpu_ns;
	return sum;
}

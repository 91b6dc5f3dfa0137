/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/trace_records.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "lib/json_file.h"
#include "lib/record_table.h"

/* A record is 200 characters at most, a column's name in the first line 20. */
#define LINE_SIZE 4096

#define COLUMN(member, ...) FIELD(COUNT, member, .required = true, __VA_ARGS__)
#define GUEST_NS(member, text) COLUMN(member, .unit = UNIT_NS, .clock = CLOCK_GUEST, .doc = text)
#define HOST_NS(member, text) COLUMN(member, .unit = UNIT_NS, .clock = CLOCK_HOST, .doc = text)

#define S struct trace_step
static RECORD(step_table, "step", NULL,
	GUEST_NS(start_ns, "begin of the step"),
	GUEST_NS(duration_ns, "duration of the step"));
#undef S

#define S struct trace_guest_batch
static RECORD(guest_table, "guest", NULL,
	GUEST_NS(begin_ns, "begin of the batch"),
	GUEST_NS(alloc_ns, "time to allocate, retries included"),
	GUEST_NS(alloc_retry_ns, "time slept before a retry of an allocation"),
	GUEST_NS(move_ns, "time to enqueue or dequeue"),
	GUEST_NS(tell_ns, "time until the host had taken the batch"),
	GUEST_NS(release_ns, "time to release the pages"),
	COLUMN(pages, .unit = UNIT_PAGES, .doc = "pages of the batch"),
	COLUMN(entries, .doc = "entries that the host was told"));
#undef S

#define S struct trace_host_batch
static RECORD(host_table, "host", NULL,
	HOST_NS(end_ns, "end of the batch"),
	HOST_NS(ns, "duration of the batch"),
	COLUMN(queue, .doc = "0 inflate, 1 deflate"),
	COLUMN(entries, .doc = "entries of the batch"),
	COLUMN(calls, .doc = "calls that advised the kernel"),
	COLUMN(bytes, .unit = UNIT_BYTES, .doc = "that the kernel was advised about"),
	COLUMN(timed, .doc = "calls that were timed"),
	HOST_NS(timed_ns, "time in these calls"));
#undef S

const struct record *const trace_tables[TRACE_KINDS] = { &step_table, &guest_table, &host_table };

static int64_t *value_at(const void *record, const struct field *column)
{
	return (int64_t *)((char *)record + column->offset);
}

void trace_write_begin(struct trace_writer *writer, FILE *file, const char *level)
{
	const struct field *c;
	int kind;

	*writer = (struct trace_writer){ .file = file };
	fprintf(file, "{\"schema_version\":%d,\"level\":\"%s\"", RESULT_SCHEMA_VERSION, level);
	for (kind = 0; kind < TRACE_KINDS; kind++) {
		fprintf(file, ",\"%s\":", trace_tables[kind]->name);
		for (c = trace_tables[kind]->fields; c->name; c++)
			fprintf(file, "%c\"%s\"", c == trace_tables[kind]->fields ? '[' : ',',
				c->name);
		fputc(']', file);
	}
	fputs("}\n", file);
}

void trace_write_resize(struct trace_writer *writer, int64_t cycle, enum direction resize)
{
	fprintf(writer->file, "{\"cycle\":%" PRId64 ",\"resize\":\"%s\"}\n", cycle,
		direction_names[resize]);
}

void trace_write_record(struct trace_writer *writer, enum trace_kind kind, const void *record)
{
	const struct field *c;

	fprintf(writer->file, "[\"%s\"", trace_tables[kind]->name);
	for (c = trace_tables[kind]->fields; c->name; c++)
		fprintf(writer->file, ",%" PRId64, *value_at(record, c));
	fputs("]\n", writer->file);
	writer->records++;
}

void trace_write_end(struct trace_writer *writer)
{
	fprintf(writer->file, "{\"records\":%" PRIu64 "}\n", writer->records);
}

struct reader {
	int (*take)(const struct trace_record *record, void *context);
	void *context;
	struct trace_record record;
	int64_t numbers[TRACE_KINDS], records;
	bool begun, ended; /* the first line has been read, the last one has */
	const char *problem;
};

static int fail(struct reader *r, const char *problem)
{
	r->problem = problem;
	return -EINVAL;
}

static int read_resize(struct reader *r, const json_t *line)
{
	const char *name = json_string_value(json_object_get(line, "resize"));
	json_int_t cycle = json_integer_value(json_object_get(line, "cycle"));
	int d;

	for (d = 0; d < DIRECTIONS && (!name || strcmp(name, direction_names[d])); d++)
		;
	if (cycle < 1 || d == DIRECTIONS)
		return fail(r, "a resize is an inflate or a deflate of a cycle");
	r->record.cycle = cycle;
	r->record.resize = d;
	memset(r->numbers, 0, sizeof(r->numbers));
	return 0;
}

static int read_object(struct reader *r, const json_t *line)
{
	const json_t *version = json_object_get(line, "schema_version");
	const json_t *records = json_object_get(line, "records");

	if (!r->begun && json_integer_value(version) != RESULT_SCHEMA_VERSION)
		return fail(r, "written by another version of balloonbench; use its balloonstat");
	r->begun = true;
	if (json_object_get(line, "cycle"))
		return read_resize(r, line);
	if (!records)
		return 0;
	r->ended = true;
	return json_integer_value(records) == r->records ? 0 : fail(r, "records are missing");
}

/* Whether all its values are there, from 0 to 2^56. */
static bool read_values(enum trace_kind kind, const json_t *line, void *record)
{
	const struct field *c;
	size_t i = 1;

	for (c = trace_tables[kind]->fields; c->name; c++) {
		const json_t *value = json_array_get(line, i++);

		*value_at(record, c) = json_integer_value(value);
		if (!json_is_integer(value) || *value_at(record, c) < 0 ||
		    *value_at(record, c) > TRACE_VALUE_MAX)
			return false;
	}
	return true;
}

static int read_record(struct reader *r, const json_t *line)
{
	const char *name = json_string_value(json_array_get(line, 0));
	int kind;

	r->records++;
	for (kind = 0; name && kind < TRACE_KINDS && strcmp(name, trace_tables[kind]->name); kind++)
		;
	if (!name || kind == TRACE_KINDS)
		return 0;
	if (!r->record.cycle)
		return fail(r, "a record stands before the line of its resize");
	if (!read_values(kind, line, &r->record.step))
		return fail(r, "a value is missing or not a whole number from 0 to 2^56");
	r->record.kind = kind;
	r->record.number = ++r->numbers[kind];
	return r->take(&r->record, r->context);
}

static int read_line(struct reader *r, const char *text, bool last)
{
	json_t *line = json_loads(text, 0, NULL);
	bool whole = last || strchr(text, '\n');
	int err;

	if (r->ended)
		err = fail(r, "there is more behind its last line");
	else if (whole && json_is_object(line))
		err = read_object(r, line);
	else if (whole && json_is_array(line) && r->begun)
		err = read_record(r, line);
	else
		err = fail(r, last && !line ? "the file ends too early"
					    : "a line is no JSON of a trace, or too long");
	json_decref(line);
	return err;
}

/* The directory was opened before, by the result in it: a link is not followed. */
static int open_trace(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return slash ? regular_file_open_below(dir, path) : regular_file_open(path);
}

int trace_read(const char *path, int (*take)(const struct trace_record *record, void *context),
	       void *context, char *err, size_t err_size)
{
	struct reader r = { .take = take, .context = context };
	int status = 0, fd = open_trace(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char text[LINE_SIZE];

	if (!file) {
		status = fd < 0 ? fd : -errno;
		snprintf(err, err_size, "%s: %s", path, strerror(-status));
		return status == -ENOENT ? status : -EINVAL;
	}
	while (!status && fgets(text, sizeof(text), file))
		status = read_line(&r, text, feof(file));
	if (!status && ferror(file))
		status = fail(&r, strerror(errno));
	else if (!status && !r.ended)
		status = fail(&r, "the file ends too early");
	if (r.problem)
		snprintf(err, err_size, "%s: after %" PRId64 " records: %s", path, r.records,
			 r.problem);
	fclose(file);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "lib/json_file.h"
#include "lib/trace_records.h"

#define VERSION 1
/* A name of 255 bytes may take six times as much, escaped. */
#define LINE_SIZE 4096
#define NAME "balloontrace host"

static const struct kind {
	const char *name;
	size_t size;
} kinds[RECORDED_KINDS] = {
	[RECORDED_PROCESS] = { "process", sizeof(struct recorded_process) },
	[RECORDED_BATCH] = { "batch", sizeof(struct recorded_batch) },
	[RECORDED_SAMPLE] = { "sample", sizeof(struct recorded_sample) },
	[RECORDED_END] = { "end", sizeof(struct recorded_end) },
};

static size_t count_values(enum recorded_kind kind)
{
	return kinds[kind].size / sizeof(int64_t);
}

void recording_begin(struct recording *recording, FILE *file)
{
	*recording = (struct recording){ .file = file };
	fprintf(file, "{\"schema_version\":%d,\"recording\":\"" NAME "\"}\n", VERSION);
}

static void write_values(struct recording *recording, enum recorded_kind kind, const void *record)
{
	const int64_t *values = record;
	size_t i;

	fprintf(recording->file, "[\"%s\"", kinds[kind].name);
	for (i = 0; i < count_values(kind); i++)
		fprintf(recording->file, ",%" PRId64, values[i]);
	recording->records++;
}

void recording_process(struct recording *recording, const struct recorded_process *process,
		       const char *name)
{
	json_t *text = json_string(name) ?: json_string("?");

	write_values(recording, RECORDED_PROCESS, process);
	fputc(',', recording->file);
	json_dumpf(text, recording->file, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	fputs("]\n", recording->file);
	json_decref(text);
}

void recording_write(struct recording *recording, enum recorded_kind kind, const void *record)
{
	write_values(recording, kind, record);
	fputs("]\n", recording->file);
}

void recording_end(struct recording *recording)
{
	fprintf(recording->file, "{\"records\":%" PRIu64 "}\n", recording->records);
}

struct reader {
	int (*take)(const struct recorded *record, void *context);
	void *context;
	int64_t records;
	bool begun, ended;
	const char *problem;
};

static int fail(struct reader *r, const char *problem)
{
	r->problem = problem;
	return -EINVAL;
}

static int read_object(struct reader *r, const json_t *line)
{
	const char *what = json_string_value(json_object_get(line, "recording"));
	const json_t *records = json_object_get(line, "records");

	if (!r->begun && (!what || strcmp(what, NAME)))
		return fail(r, "not a recording of " NAME);
	if (!r->begun && json_integer_value(json_object_get(line, "schema_version")) != VERSION)
		return fail(r, "written by another version of balloontrace; use its balloonstat");
	r->begun = true;
	if (!records)
		return 0;
	r->ended = true;
	return json_integer_value(records) == r->records ? 0 : fail(r, "records are missing");
}

/* Whether all its values are there, from 0 to 2^56. */
static bool read_values(enum recorded_kind kind, const json_t *line, void *record)
{
	int64_t *values = record;
	size_t i;

	for (i = 0; i < count_values(kind); i++) {
		const json_t *value = json_array_get(line, i + 1);

		values[i] = json_integer_value(value);
		if (!json_is_integer(value) || values[i] < 0 || values[i] > TRACE_VALUE_MAX)
			return false;
	}
	return true;
}

static int read_record(struct reader *r, const json_t *line)
{
	const char *name = json_string_value(json_array_get(line, 0));
	struct recorded record = { .name = NULL };
	int kind;

	r->records++;
	for (kind = 0; name && kind < RECORDED_KINDS && strcmp(name, kinds[kind].name); kind++)
		;
	if (!name || kind == RECORDED_KINDS)
		return 0;
	record.kind = kind;
	if (!read_values(kind, line, &record.process))
		return fail(r, "a value is missing or not a whole number from 0 to 2^56");
	if (kind == RECORDED_PROCESS)
		record.name = json_string_value(json_array_get(line, count_values(kind) + 1));
	if (kind == RECORDED_PROCESS && !record.name)
		return fail(r, "a process has no name");
	return r->take(&record, r->context);
}

static int read_line(struct reader *r, const char *text)
{
	json_t *line = strchr(text, '\n') ? json_loads(text, 0, NULL) : NULL;
	int err;

	if (r->ended)
		err = fail(r, "there is more behind its last line");
	else if (json_is_object(line))
		err = read_object(r, line);
	else if (json_is_array(line) && r->begun)
		err = read_record(r, line);
	else
		err = fail(r, "a line is not whole, or no JSON of a recording");
	json_decref(line);
	return err;
}

int recording_read(const char *path, int (*take)(const struct recorded *record, void *context),
		   void *context, char *err, size_t err_size)
{
	struct reader r = { .take = take, .context = context };
	int status = 0, fd = regular_file_open(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char text[LINE_SIZE];

	if (!file) {
		status = fd < 0 ? fd : -errno;
		snprintf(err, err_size, "%s: %s", path, regular_file_strerror(-status));
		return status;
	}
	while (!status && fgets(text, sizeof(text), file))
		status = read_line(&r, text);
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

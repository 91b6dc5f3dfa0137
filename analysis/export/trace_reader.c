/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/trace_reader.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/json_file.h"

#define SCHEMA_VERSION 1
/* Sums of a few such numbers do not overflow; as a time it is two years. */
#define VALUE_MAX (1LL << 56)
#define COLUMNS_MAX 64

static const char *const names[TRACE_COLUMNS] = {
	[TRACE_BEGIN_NS] = "begin_ns", [TRACE_ALLOC_NS] = "alloc_ns",
	[TRACE_PUFF_NS] = "puff_ns",   [TRACE_MOVE_NS] = "move_ns",
	[TRACE_TELL_NS] = "tell_ns",   [TRACE_RELEASE_NS] = "release_ns",
	[TRACE_PAGES] = "pages",       [TRACE_ENTRIES] = "entries",
	[TRACE_END_NS] = "end_ns",     [TRACE_NS] = "ns",
	[TRACE_QUEUE] = "queue",       [TRACE_CALLS] = "calls",
	[TRACE_BYTES] = "bytes",       [TRACE_TIMED] = "timed",
	[TRACE_TIMED_NS] = "timed_ns",
};

static const char *const step_names[] = { "start_ns", "duration_ns" };

const char *trace_column_name(enum trace_column column)
{
	return names[column];
}

bool trace_column_is_guest_time(enum trace_column column)
{
	return column <= TRACE_RELEASE_NS;
}

/* A table of the file under way: "guest", "host" or "steps". */
struct table {
	int (*row)(struct table *table);
	const char *const *names; /* of the columns that are known */
	size_t count;
	int known[COLUMNS_MAX]; /* for each column of the file: which it is, or -1 */
	size_t columns;
	long long values[TRACE_COLUMNS];
	struct reader *reader;
	struct trace_batch *batch;
};

struct reader {
	FILE *file;
	const char *path;
	const struct trace_sink *sink;
	struct trace_move move;
	bool named; /* the move under way has its cycle and its name */
	unsigned long long records;
	char *err;
	size_t err_size;
};

static __attribute__((format(printf, 2, 3))) int fail(struct reader *r, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(r->err, r->err_size, "%s: after %llu records: %s", r->path, r->records,
		 ferror(r->file) ? strerror(errno)
		 : feof(r->file) ? "the file ends too early"
				 : what);
	return -EINVAL;
}

/* The character that comes next but for white space; it stays where it is. */
static int peek(struct reader *r)
{
	int c;

	do
		c = getc(r->file);
	while (c == ' ' || c == '\t' || c == '\n' || c == '\r');
	return c == EOF ? EOF : ungetc(c, r->file);
}

static int expect(struct reader *r, char wanted)
{
	if (peek(r) != wanted)
		return fail(r, "'%c' is missing", wanted);
	getc(r->file);
	return 0;
}

/*
 * Of a number jansson would read the character behind it, too, which a stream
 * does not get back.
 */
static json_t *read_number_or_word(struct reader *r)
{
	char text[64];
	size_t n = 0;
	int c;

	for (c = getc(r->file); c != EOF && !strchr(",]} \t\r\n", c) && n < sizeof(text) - 1;
	     c = getc(r->file))
		text[n++] = c;
	if (c != EOF)
		ungetc(c, r->file);
	return json_loadb(text, n, JSON_DECODE_ANY, NULL);
}

struct budget {
	FILE *file;
	size_t left;
};

/* For json_load_callback(): byte by byte, as what is behind the value is not its to read. */
static size_t read_byte(void *buffer, size_t size, void *context)
{
	struct budget *budget = context;
	int c = size && budget->left ? getc(budget->file) : EOF;

	if (c == EOF)
		return 0;
	budget->left--;
	*(char *)buffer = c;
	return 1;
}

static int read_value(struct reader *r, json_t **value)
{
	struct budget budget = { r->file, JSON_FILE_MAX };
	int c = peek(r);

	if (c == '[' || c == '{' || c == '"')
		*value = json_load_callback(read_byte, &budget,
					    JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, NULL);
	else
		*value = read_number_or_word(r);
	return *value ? 0 : fail(r, "a value is wrong");
}

/* Every element of an array: @element reads one. */
static int read_array(struct reader *r, int (*element)(struct reader *r, void *context),
		      void *context)
{
	int err = expect(r, '[');

	if (!err && peek(r) == ']')
		return expect(r, ']');
	while (!err) {
		err = element(r, context);
		if (err || peek(r) != ',')
			break;
		err = expect(r, ',');
	}
	return err ? err : expect(r, ']');
}

/* Every member of an object: @member reads its value. */
static int read_object(struct reader *r,
		       int (*member)(struct reader *r, const char *key, void *context),
		       void *context)
{
	json_t *key;
	int err = expect(r, '{');

	if (!err && peek(r) == '}')
		return expect(r, '}');
	while (!err) {
		if (peek(r) != '"')
			return fail(r, "a key is missing");
		err = read_value(r, &key);
		if (err)
			break;
		err = expect(r, ':');
		if (!err)
			err = member(r, json_string_value(key), context);
		json_decref(key);
		if (err || peek(r) != ',')
			break;
		err = expect(r, ',');
	}
	return err ? err : expect(r, '}');
}

static int pass_over(struct reader *r)
{
	json_t *value;
	int err = read_value(r, &value);

	if (!err)
		json_decref(value);
	return err;
}

static int find_column(const struct table *table, const char *name)
{
	size_t i;

	for (i = 0; name && i < table->count; i++)
		if (!strcmp(table->names[i], name))
			return i;
	return -1;
}

static int read_columns(struct reader *r, struct table *table)
{
	const json_t *name;
	json_t *list;
	size_t i;
	int err = read_value(r, &list);

	if (err)
		return err;
	table->columns = json_array_size(list);
	if (!table->columns || table->columns > COLUMNS_MAX)
		err = fail(r, "columns must be an array of 1 to %d names", COLUMNS_MAX);
	json_array_foreach (list, i, name)
		if (!err)
			table->known[i] = find_column(table, json_string_value(name));
	json_decref(list);
	return err;
}

static int take_row(struct table *table, const json_t *row)
{
	struct reader *r = table->reader;
	const json_t *item;
	size_t i;

	if (json_array_size(row) != table->columns)
		return fail(r, "a record has %zu values for %zu columns", json_array_size(row),
			    table->columns);
	for (i = 0; i < table->count; i++)
		table->values[i] = TRACE_ABSENT;
	json_array_foreach (row, i, item) {
		json_int_t value = json_integer_value(item);

		if (table->known[i] < 0)
			continue;
		if (!json_is_integer(item) || value < 0 || value > VALUE_MAX)
			return fail(r, "%s is no whole number from 0 to 2^56",
				    table->names[table->known[i]]);
		table->values[table->known[i]] = value;
	}
	r->records++;
	return table->row(table);
}

static int read_row(struct reader *r, void *context)
{
	struct table *table = context;
	json_t *row;
	int err = read_value(r, &row);

	if (err)
		return err;
	err = take_row(table, row);
	json_decref(row);
	return err;
}

static int read_table_member(struct reader *r, const char *key, void *context)
{
	struct table *table = context;

	if (!strcmp(key, "columns"))
		return read_columns(r, table);
	if (strcmp(key, "rows"))
		return pass_over(r);
	if (!r->named)
		return fail(r, "cycle and move must stand before the records");
	if (!table->columns)
		return fail(r, "columns must stand before rows");
	return read_array(r, read_row, table);
}

static int take_step(struct table *table)
{
	struct reader *r = table->reader;

	if (table->values[0] == TRACE_ABSENT || table->values[1] == TRACE_ABSENT)
		return fail(r, "a step needs start_ns and duration_ns");
	return r->sink->step ? r->sink->step(&r->move, table->values[0], table->values[1],
					     r->sink->context)
			     : 0;
}

static int take_batch(struct table *table)
{
	struct reader *r = table->reader;
	struct trace_batch *batch = table->batch;

	memcpy(batch->values, table->values, sizeof(batch->values));
	if (batch->side == TRACE_GUEST && batch->values[TRACE_BEGIN_NS] == TRACE_ABSENT)
		return fail(r, "a batch of the guest needs begin_ns");
	if (batch->side == TRACE_HOST && (batch->values[TRACE_END_NS] == TRACE_ABSENT ||
					  batch->values[TRACE_NS] == TRACE_ABSENT))
		return fail(r, "a batch of the host needs end_ns and ns");
	batch->number++;
	return r->sink->batch ? r->sink->batch(&r->move, batch, r->sink->context) : 0;
}

static int read_batches(struct reader *r, enum trace_side side)
{
	struct trace_batch batch = { .side = side };
	struct table table = { .row = take_batch,
			       .names = names,
			       .count = TRACE_COLUMNS,
			       .reader = r,
			       .batch = &batch };

	return read_object(r, read_table_member, &table);
}

static int read_steps(struct reader *r)
{
	struct table table = { .row = take_step, .names = step_names, .count = 2, .reader = r };

	return read_object(r, read_table_member, &table);
}

/* What has been read of a move's head. */
struct head {
	bool cycle;
	bool name;
};

static int read_head(struct reader *r, const char *key, struct head *head)
{
	const char *name;
	json_t *value;
	int err = read_value(r, &value);

	if (err)
		return err;
	name = json_string_value(value);
	if (!strcmp(key, "cycle")) {
		head->cycle = json_is_integer(value);
		r->move.cycle = json_integer_value(value);
	} else {
		head->name = name && (!strcmp(name, "inflate") || !strcmp(name, "deflate"));
		r->move.inflate = head->name && name[0] == 'i';
	}
	r->named = head->cycle && head->name;
	json_decref(value);
	return 0;
}

static int read_move_member(struct reader *r, const char *key, void *context)
{
	if (!strcmp(key, "cycle") || !strcmp(key, "move"))
		return read_head(r, key, context);
	if (!strcmp(key, "steps"))
		return read_steps(r);
	if (!strcmp(key, "guest"))
		return read_batches(r, TRACE_GUEST);
	if (!strcmp(key, "host"))
		return read_batches(r, TRACE_HOST);
	return pass_over(r);
}

static int read_move(struct reader *r, void *context)
{
	struct head head = { .cycle = false };
	int err;

	(void)context;
	r->named = false;
	err = read_object(r, read_move_member, &head);
	if (err)
		return err;
	if (!r->named)
		return fail(r, "a move is an inflate or a deflate of a cycle");
	return r->sink->end ? r->sink->end(&r->move, r->sink->context) : 0;
}

static int read_version(struct reader *r)
{
	json_t *value;
	int err = read_value(r, &value);

	if (err)
		return err;
	if (json_integer_value(value) > SCHEMA_VERSION)
		err = fail(r, "written by a newer balloonbench: use its balloonstat");
	json_decref(value);
	return err;
}

static int read_document_member(struct reader *r, const char *key, void *context)
{
	if (!strcmp(key, "schema_version"))
		return read_version(r);
	if (!strcmp(key, "moves"))
		return read_array(r, read_move, context);
	return pass_over(r);
}

int trace_read(const char *path, const struct trace_sink *sink, char *err, size_t err_size)
{
	struct reader r = { .path = path, .sink = sink, .err = err, .err_size = err_size };
	int status, fd = regular_file_open(path);

	r.file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!r.file) {
		status = fd < 0 ? fd : -errno;
		snprintf(err, err_size, "%s: %s", path, strerror(-status));
		return status == -ENOENT ? status : -EINVAL;
	}
	status = read_object(&r, read_document_member, NULL);
	if (!status && peek(&r) != EOF)
		status = fail(&r, "there is more behind its end");
	fclose(r.file);
	return status;
}

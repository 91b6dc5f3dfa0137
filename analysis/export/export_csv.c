/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analysis/data/resolution.h"
#include "analysis/export/export.h"
#include "lib/utf8.h"

#define COLUMNS_MAX 32

void export_csv_text(FILE *f, const char *text)
{
	const char *quote = text[strcspn(text, "\",\r\n")] ? "\"" : "";

	fputs(quote, f);
	while (*text) {
		const char *at = text;
		long code = utf8_next(&text);

		if (code != '\n' && utf8_is_control(code))
			fputc('?', f);
		else if (code == '"')
			fputs("\"\"", f);
		else
			fwrite(at, 1, text - at, f);
	}
	fputs(quote, f);
}

static void write_value(FILE *f, const struct field *field, const void *value)
{
	double number = field_number(field, value);

	if (field->type == FIELD_TEXT && *(char *const *)value)
		export_csv_text(f, *(char *const *)value);
	else if (field->type == FIELD_CHOICE && *(const int *)value >= 0)
		fputs(field->choices[*(const int *)value], f);
	else if (field->type == FIELD_REAL && isfinite(number))
		fprintf(f, "%.15g", number);
	else if (isfinite(number))
		fprintf(f, "%" PRId64, *(const int64_t *)value);
}

/* "phases.alloc_ns" as a column is called; @instructions: what its clock counts. */
static void write_name(FILE *f, const char *path, bool instructions)
{
	size_t i, length = strlen(path);
	bool is_ns = instructions && length > 3 && !strcmp(path + length - 3, "_ns");

	if (instructions && !strcmp(path, "gib_per_s"))
		path = "gib_per_g_instructions";
	for (i = 0; path[i] && (!is_ns || i < length - 3); i++)
		fputc(path[i] == '.' ? '_' : path[i], f);
	fputs(is_ns ? "_instructions" : "", f);
}

/* A line: the names of the columns, or their values. */
struct line {
	FILE *f;
	const struct table *table; /* for names */
	const char *comma;	   /* before the next cell */
};

static int write_cell(const char *path, const struct field *field, const void *value, void *context)
{
	struct line *line = context;

	if (field->type > FIELD_CHOICE || field->type == FIELD_BOOL)
		return 0;
	fputs(line->comma, line->f);
	line->comma = ",";
	if (value)
		write_value(line->f, field, value);
	else
		write_name(line->f, path, table_in_instructions(line->table, field->clock));
	return 0;
}

/* The fields of a boot itself, or those of @names; @boot NULL: their names. */
static void write_boot(const struct export *e, const struct boot_result *boot, char *const *names)
{
	struct line line = { .f = e->out, .table = e->table, .comma = "" };
	const struct field *field;

	for (field = boot_record.fields; field->name; field++)
		if (!names || name_index(names, field->name) >= 0)
			write_cell(field->name, field,
				   boot ? (const char *)boot + field->offset : NULL, &line);
}

/* Whether the duration is known to RESOLVED_SHARE; "" without a resolution. */
static const char *resolved_text(const struct resize_result *part)
{
	if (part->resolution_ns == RECORD_ABSENT)
		return "";
	return is_resolved((double)part->resolution_ns / part->duration_ns) ? "resolved"
									    : UNRESOLVED;
}

static void write_part(const struct export *e, const struct boot_result *boot, size_t cycle,
		       const char *name, const struct resize_result *part)
{
	struct line line = { .f = e->out, .table = e->table, .comma = "," };

	write_boot(e, boot, NULL);
	if (cycle)
		fprintf(e->out, ",%zu,%s", cycle, name);
	else
		fputs(",,", e->out);
	record_walk(&resize_record, part, write_cell, &line);
	fprintf(e->out, ",%s\n", resolved_text(part));
}

/* Writing to memory has two of the columns of a resize. */
static void write_touch(const struct export *e, const struct boot_result *boot, size_t cycle,
			const char *name, const struct touch_result *touch)
{
	struct resize_result part;

	if (touch->bytes == RECORD_ABSENT)
		return;
	record_init(&resize_record, &part);
	part.bytes = touch->bytes;
	part.duration_ns = touch->duration_ns;
	write_part(e, boot, cycle, name, &part);
}

static int write_resizes(struct export *e, const struct boot_result *boot, const char *trace,
			 void *context)
{
	struct resize_result nothing;
	size_t i;
	int d;

	(void)trace;
	(void)context;
	record_init(&resize_record, &nothing);
	if (boot->status != BOOT_OK)
		write_part(e, boot, 0, NULL, &nothing);
	for (i = 0; boot->status == BOOT_OK && i < boot->cycles.count; i++) {
		struct cycle_result *cycle = result_cycle(boot, i);

		write_touch(e, boot, i + 1, "touch", &cycle->touch);
		for (d = INFLATE; d < DIRECTIONS; d++)
			if (!record_is_absent(&resize_record, cycle_resize(cycle, d)))
				write_part(e, boot, i + 1, direction_names[d],
					   cycle_resize(cycle, d));
		write_touch(e, boot, i + 1, "refault", &cycle->refault);
	}
	return export_check(e);
}

int export_csv_resizes(struct export *e)
{
	struct line line = { .f = e->out, .table = e->table, .comma = "," };

	write_boot(e, NULL, NULL);
	fputs(",cycle,resize", e->out);
	record_walk(&resize_record, NULL, write_cell, &line);
	fputs(",resolved\n", e->out);
	return export_each(e, write_resizes, NULL);
}

static char *const batch_names[] = { "scenario", "variant", "accel", "boot", "status", NULL };

/* The table of batches, and the boot that it has come to. */
struct batches {
	struct export *e;
	const struct boot_result *boot;
	const struct field *columns[COLUMNS_MAX];
	const struct field *of[TRACE_KINDS][COLUMNS_MAX]; /* or NULL: not of that kind */
	size_t count;
};

static void add_columns(struct batches *b, enum trace_kind kind)
{
	const struct field *f;
	size_t i;

	for (f = trace_tables[kind]->fields; f->name; f++) {
		for (i = 0; i < b->count && strcmp(b->columns[i]->name, f->name); i++)
			;
		if (i == b->count)
			b->columns[b->count++] = f;
		b->of[kind][i] = f;
	}
}

/* @record: NULL: a line of the boot alone */
static int write_batch(const struct trace_record *record, void *context)
{
	const struct batches *b = context;
	FILE *f = b->e->out;
	size_t i;

	if (record && record->kind == TRACE_STEP)
		return 0;
	write_boot(b->e, b->boot, batch_names);
	if (record)
		fprintf(f, ",%" PRId64 ",%s,%s,%" PRId64, record->cycle,
			direction_names[record->resize], trace_tables[record->kind]->name,
			record->number);
	else
		fputs(",,,,", f);
	for (i = 0; i < b->count; i++) {
		const struct field *column = record ? b->of[record->kind][i] : NULL;

		fputc(',', f);
		if (column)
			write_value(f, column, (const char *)&record->step + column->offset);
	}
	fputc('\n', f);
	return export_check(b->e);
}

static int write_batches(struct export *e, const struct boot_result *boot, const char *trace,
			 void *context)
{
	struct batches *b = context;
	int status;

	b->boot = boot;
	if (boot->status != BOOT_OK)
		return write_batch(NULL, b);
	status = export_trace(e, trace, write_batch, b);
	return status == -ENOENT || status == -EINVAL ? export_check(e) : status;
}

int export_csv_batches(struct export *e)
{
	struct batches b = { .e = e };
	size_t i;

	add_columns(&b, TRACE_GUEST);
	add_columns(&b, TRACE_HOST);
	write_boot(e, NULL, batch_names);
	fputs(",cycle,resize,side,batch", e->out);
	for (i = 0; i < b.count; i++) {
		fputc(',', e->out);
		write_name(e->out, b.columns[i]->name,
			   table_in_instructions(e->table, b.columns[i]->clock));
	}
	fputc('\n', e->out);
	return export_each(e, write_batches, &b);
}

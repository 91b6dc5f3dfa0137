/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/export/trace_reader.h"
#include "analysis/data/utf8.h"
#include "lib/log.h"
#include "lib/result.h"

/* Whose clock measured a figure, if it is a time. */
enum clock { CLOCK_HOST, CLOCK_GUEST };

struct column {
	const char *path;
	enum clock clock;
};

static const struct column boot_columns[] = {
	{ "scenario", CLOCK_HOST },
	{ "variant", CLOCK_HOST },
	{ "cut", CLOCK_HOST },
	{ "accel", CLOCK_HOST },
	{ "boot", CLOCK_HOST },
	{ "seed", CLOCK_HOST },
	{ "status", CLOCK_HOST },
	{ "reason", CLOCK_HOST },
	{ "kernel_release", CLOCK_HOST },
	{ "qemu_version", CLOCK_HOST },
	{ "memory_bytes", CLOCK_HOST },
	{ "vcpus", CLOCK_HOST },
	{ "ready_ns", CLOCK_HOST },
	{ NULL, CLOCK_HOST },
};

static const struct column move_columns[] = {
	{ "bytes", CLOCK_HOST },
	{ "duration_ns", CLOCK_GUEST },
	{ "gib_per_s", CLOCK_GUEST },
	{ "resolution_ns", CLOCK_GUEST },
	{ "wall_ns", CLOCK_HOST },
	{ "steps", CLOCK_HOST },
	{ "batches", CLOCK_HOST },
	{ "kicks", CLOCK_HOST },
	{ "entries.count", CLOCK_HOST },
	{ "phases.alloc_ns", CLOCK_GUEST },
	{ "phases.puff_ns", CLOCK_GUEST },
	{ "phases.enqueue_ns", CLOCK_GUEST },
	{ "phases.dequeue_ns", CLOCK_GUEST },
	{ "phases.notify_ns", CLOCK_GUEST },
	{ "phases.host_translate_ns", CLOCK_HOST },
	{ "phases.host_discard_ns", CLOCK_HOST },
	{ "phases.host_willneed_ns", CLOCK_HOST },
	{ "phases.release_ns", CLOCK_GUEST },
	{ "phases.other_ns", CLOCK_GUEST },
	{ "host.source", CLOCK_HOST },
	{ "host.discard_calls", CLOCK_HOST },
	{ "host.discard_bytes", CLOCK_HOST },
	{ "host.discard_ns", CLOCK_HOST },
	{ "host.willneed_calls", CLOCK_HOST },
	{ "host.willneed_bytes", CLOCK_HOST },
	{ "host.willneed_ns", CLOCK_HOST },
	{ NULL, CLOCK_HOST },
};

static const struct column batch_columns[] = {
	{ "scenario", CLOCK_HOST }, { "variant", CLOCK_HOST }, { "accel", CLOCK_HOST },
	{ "boot", CLOCK_HOST },	    { "status", CLOCK_HOST },  { NULL, CLOCK_HOST },
};

/* RFC 4180 has no control characters; a line feed it has, in quotes. */
static void write_text(FILE *f, const char *text)
{
	bool quoted = text[strcspn(text, "\",\r\n")] != '\0';

	if (quoted)
		fputc('"', f);
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
	if (quoted)
		fputc('"', f);
}

static void write_value(FILE *f, const json_t *value)
{
	if (json_is_string(value))
		write_text(f, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(f, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		fprintf(f, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", f);
}

static void write_names(FILE *f, const struct column *columns, bool icount)
{
	const struct column *c;

	for (c = columns; c->path; c++) {
		char *name = export_name(c->path, icount && c->clock == CLOCK_GUEST);

		fprintf(f, "%s%s", c == columns ? "" : ",", name ? name : "");
		free(name);
	}
}

static void write_values(FILE *f, const struct column *columns, const json_t *object)
{
	const struct column *c;

	for (c = columns; c->path; c++) {
		if (c != columns)
			fputc(',', f);
		write_value(f, json_at(object, c->path));
	}
}

static void write_part(FILE *f, const json_t *boot, size_t cycle, const char *name,
		       const json_t *part)
{
	write_values(f, boot_columns, boot);
	if (cycle)
		fprintf(f, ",%zu,%s,", cycle, name);
	else
		fputs(",,,", f);
	write_values(f, move_columns, part);
	fputc('\n', f);
}

static void write_boot(FILE *f, const json_t *boot)
{
	static const char *const parts[] = { "touch", "inflate", "deflate", "refault" };
	const json_t *cycles = json_object_get(boot, "cycles"), *cycle, *part;
	size_t i, p;

	if (strcmp(json_text(boot, "status"), RESULT_OK)) {
		write_part(f, boot, 0, NULL, NULL);
		return;
	}
	json_array_foreach (cycles, i, cycle) {
		for (p = 0; p < 4; p++) {
			part = json_object_get(cycle, parts[p]);
			if (part)
				write_part(f, boot, i + 1, parts[p], part);
		}
	}
}

int export_csv_moves(struct export *e)
{
	bool icount = tree_is_icount(e->tree);
	int i, err = 0;

	write_names(e->out, boot_columns, icount);
	fputs(",cycle,move,", e->out);
	write_names(e->out, move_columns, icount);
	fputc('\n', e->out);
	for (i = export_next(e, -1); !err && i >= 0; i = export_next(e, i)) {
		write_boot(e->out, json_array_get(e->tree->boots, i));
		err = export_check(e);
	}
	return err;
}

/* The records of a boot: what stands at the begin of each line is made once. */
struct batch_lines {
	struct export *e;
	char *head;
};

static void write_batch_names(FILE *f, bool icount)
{
	int i;

	write_names(f, batch_columns, icount);
	fputs(",cycle,move,side,batch", f);
	for (i = 0; i < TRACE_COLUMNS; i++) {
		char *name =
			export_name(trace_column_name(i), icount && trace_column_is_guest_time(i));

		fprintf(f, ",%s", name ? name : "");
		free(name);
	}
	fputc('\n', f);
}

static int write_batch(const struct trace_move *move, const struct trace_batch *batch,
		       void *context)
{
	const struct batch_lines *lines = context;
	FILE *f = lines->e->out;
	int i;

	fprintf(f, "%s,%lld,%s,%s,%lld", lines->head, move->cycle,
		move->inflate ? "inflate" : "deflate",
		batch->side == TRACE_GUEST ? "guest" : "host", batch->number);
	for (i = 0; i < TRACE_COLUMNS; i++) {
		if (batch->values[i] == TRACE_ABSENT)
			fputc(',', f);
		else
			fprintf(f, ",%lld", batch->values[i]);
	}
	fputc('\n', f);
	return export_check(lines->e);
}

static char *make_head(const json_t *boot)
{
	char *head = NULL;
	size_t size;
	FILE *f = open_memstream(&head, &size);

	if (!f)
		return NULL;
	write_values(f, batch_columns, boot);
	fclose(f);
	return head;
}

static int write_trace(struct export *e, int index)
{
	const json_t *boot = json_array_get(e->tree->boots, index);
	struct batch_lines lines = { .e = e, .head = make_head(boot) };
	const struct trace_sink sink = { .batch = write_batch, .context = &lines };
	char *path = export_trace_path(e, index);
	char message[1024];
	int err;

	err = path && lines.head ? trace_read(path, &sink, message, sizeof(message)) : -ENOMEM;
	/* A boot that was not traced has none. */
	e->traces += err != -ENOENT;
	if (err == -EINVAL && !export_check(e)) {
		log_warn("%s; what stands before is exported", message);
		e->damaged = true;
	}
	free(path);
	free(lines.head);
	return err == -ENOENT || err == -EINVAL ? export_check(e) : err;
}

static void write_no_batch(FILE *f, const json_t *boot)
{
	int i;

	write_values(f, batch_columns, boot);
	fputs(",,,,", f);
	for (i = 0; i < TRACE_COLUMNS; i++)
		fputc(',', f);
	fputc('\n', f);
}

int export_csv_batches(struct export *e)
{
	int i, err = 0;

	write_batch_names(e->out, tree_is_icount(e->tree));
	for (i = export_next(e, -1); !err && i >= 0; i = export_next(e, i)) {
		const json_t *boot = json_array_get(e->tree->boots, i);

		if (!strcmp(json_text(boot, "status"), RESULT_OK)) {
			err = write_trace(e, i);
			continue;
		}
		write_no_batch(e->out, boot);
		err = export_check(e);
	}
	return err;
}

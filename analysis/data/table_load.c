/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/table.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/json_file.h"
#include "lib/log.h"

#define NAME_SIZE 256
/* Scenarios, or variants, of a run. */
#define NAMES_MAX 256

static void add_broken(struct table *t, const char *reason)
{
	t->broken = xreallocarray(t->broken, t->broken_count + 1, sizeof(*t->broken));
	t->broken[t->broken_count++] = xstrdup(reason);
}

static int add_value(const char *path, const struct field *f, const void *value, void *context);

/* Items by name, or by number from 0. A name with a dot would be ambiguous. */
static void add_items(const struct row *row, const char *path, const struct field *f,
		      const struct record_list *list)
{
	char name[NAME_SIZE], number[24], *item = list->items;
	struct row inner = *row;
	size_t i;

	inner.prefix = name;
	for (i = 0; i < list->count; i++, item += record_item_size(f)) {
		snprintf(number, sizeof(number), "%zu", i);
		if (snprintf(name, sizeof(name), "%s.%s", path,
			     f->type == FIELD_NUMBERS || f->type == FIELD_TEXTS
				     ? number
				     : *(char **)item) >= NAME_SIZE)
			continue; /* it would be that of another */
		if (f->type == FIELD_MAP && !strchr(*(char **)item, '.'))
			record_walk(f->record, item, add_value, &inner);
		else if (f->type == FIELD_COUNTERS)
			table_cell(row, name, FIELD_COUNT)->number =
				((struct counter *)item)->value;
		else if (f->type == FIELD_NUMBERS)
			table_cell(row, name, FIELD_COUNT)->number = *(int64_t *)item;
		else if (f->type == FIELD_TEXTS)
			table_cell(row, name, FIELD_TEXT)->text =
				table_keep_text(row->table, *(char **)item);
		else if (f->type == FIELD_LIST && ((struct observed *)item)->why_not)
			table_cell(row, name, FIELD_TEXT)->text =
				table_keep_text(row->table, ((struct observed *)item)->why_not);
	}
}

static int add_value(const char *path, const struct field *f, const void *value, void *context)
{
	const struct row *row = context;
	const struct histogram *h = f->type == FIELD_HISTOGRAM ? *(void *const *)value : NULL;
	const char *text = NULL;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s%s%s", row->prefix, *row->prefix ? "." : "", path);
	if (f->type == FIELD_TEXT && strcmp(f->name, "name"))
		text = *(char *const *)value;
	else if (f->type == FIELD_CHOICE && *(int *)value >= 0)
		text = f->choices[*(int *)value];
	if (text)
		table_cell(row, name, FIELD_TEXT)->text = table_keep_text(row->table, text);
	else if (h)
		table_cell(row, name, f->type)->histogram = histogram_make_sparse(h);
	if (f->type == FIELD_TEXT || f->type == FIELD_CHOICE || f->type == FIELD_HISTOGRAM)
		return 0;
	if (f->type >= FIELD_LIST) {
		if (f->type == FIELD_LIST ? f->record == &observed_record : f->type != FIELD_PAIRS)
			add_items(row, name, f, value);
	} else if (!isnan(field_number(f, value))) {
		table_cell(row, name, f->type)->number = field_number(f, value);
	}
	return 0;
}

static void add_boot(struct table *t, const struct boot_result *result, const char *path,
		     long long offset)
{
	size_t i, count = t->boot_count++;
	struct row row = { .table = t, .prefix = "", .number = count };
	struct table_boot *b;

	/* Room doubles: whenever the count is a power of two. */
	if (!(count & (count - 1)))
		t->boots = xreallocarray(t->boots, 2 * count + 1, sizeof(*t->boots));
	b = &t->boots[count];
	*b = (struct table_boot){
		.dir = t->dir,
		.path = path,
		.offset = offset,
		.scenario = table_keep_text(t, result->scenario),
		.variant = table_keep_text(t, result->variant),
		.number = result->boot,
		.status = result->status,
		.reason = result->reason ? table_keep_text(t, result->reason) : NULL,
		.check_count = result->checks.each.count,
		.row = count,
		.first_cycle = count ? b[-1].first_cycle + b[-1].cycle_count : 0,
		.cycle_count = result->cycles.count,
	};
	if (!count)
		t->accel = result->accel;
	record_walk(&boot_record, result, add_value, &row);
	victims_add_columns(&row, result);
	row.of_cycle = true;
	for (i = 0; i < result->cycles.count; i++) {
		row.number = b->first_cycle + i;
		record_walk(&cycle_record, result_cycle(result, i), add_value, &row);
	}
}

/* The file that is open. Its boots are lines, compressed or not, or it is one result.json. */
static struct {
	char path[PATH_MAX];
	gzFile file;
	bool is_whole;
	char *text; /* of JSON_FILE_MAX; only pages that were written take memory */
	size_t size;
	size_t line;
	long long offset; /* of the text */
} reader;

/* The file stays open: boots are mostly read again in their order. */
static int open_file(const char *dir, const char *path, char *err, size_t err_size)
{
	int fd;

	if (reader.file && !strcmp(path, reader.path))
		return 0;
	if (reader.file)
		gzclose(reader.file);
	reader.file = NULL;
	fd = regular_file_open_below(dir, path);
	if (fd < 0)
		return refuse(err, err_size, "%s: %s", path, regular_file_strerror(-fd));
	reader.file = gzdopen(fd, "r");
	if (!reader.file)
		abort();
	if (!reader.text)
		reader.text = xcalloc(JSON_FILE_MAX + 1, 1);
	snprintf(reader.path, sizeof(reader.path), "%s", path);
	reader.is_whole = !fnmatch("*/result.json", path, 0);
	reader.line = 0;
	return 0;
}

/* 1 with the text of the next boot; 0 after the last; -EINVAL where the file is damaged. */
static int next_text(char *err, size_t err_size)
{
	int error, n = 0;
	bool found;

	reader.offset = gztell(reader.file);
	reader.line++;
	if (reader.is_whole) {
		n = gzread(reader.file, reader.text, JSON_FILE_MAX + 1);
		found = n >= 0 && reader.line == 1;
	} else {
		found = gzgets(reader.file, reader.text, JSON_FILE_MAX + 1);
		n = found ? strlen(reader.text) : 0;
	}
	reader.size = n;
	if (n >= JSON_FILE_MAX)
		return refuse(err, err_size, "%s:%zu: larger than %ld MiB, the limit for a boot",
			      reader.path, reader.line, JSON_FILE_MAX >> 20);
	gzerror(reader.file, &error);
	if (found || (gzeof(reader.file) && (!error || error == Z_STREAM_END)))
		return found;
	return refuse(err, err_size, "%s:%zu: the file is damaged, or ends too early", reader.path,
		      reader.line);
}

/* @result is to be released in any case. */
static int read_boot(struct boot_result *result, char *err, size_t err_size)
{
	json_error_t error;
	json_t *json = json_parse(reader.text, reader.size, &error);
	char name[PATH_MAX + 32];
	int status;

	record_init(&boot_record, result);
	if (!json)
		return refuse(err, err_size, "%s:%zu: %s", reader.path,
			      reader.line + error.line - 1, error.text);
	snprintf(name, sizeof(name), reader.is_whole ? "%s" : "%s:%zu", reader.path, reader.line);
	status = result_decode(result, json, name, err, err_size);
	/* They are names of directories, and are shown as such. */
	if (!status && (strlen(result->scenario) > NAME_MAX || strlen(result->variant) > NAME_MAX))
		status = refuse(err, err_size,
				"%s: a scenario or variant with a name of more than %d bytes", name,
				NAME_MAX);
	json_decref(json);
	return status;
}

/* Polls time all resizes: those alone where there are no events, as in older results. */
static void complete_polled(struct resize_result *r)
{
	if (r->polled.duration_ns != RECORD_ABSENT)
		return;
	r->polled.duration_ns = r->duration_ns;
	r->polled.resolution_ns = r->resolution_ns;
}

static void add_result(struct table *t, struct boot_result *result, const char *path)
{
	size_t i;
	int d;

	for (i = 0; i < result->cycles.count; i++)
		for (d = 0; d < DIRECTIONS; d++)
			complete_polled(cycle_resize(result_cycle(result, i), d));
	add_boot(t, result, path, reader.offset);
}

static void load_file(struct table *t, const char *path, char *err, size_t err_size)
{
	struct boot_result result;
	int more = open_file(t->dir, path, err, err_size) ? -EINVAL : 1;

	while (more > 0 && (more = next_text(err, err_size)) > 0) {
		if (read_boot(&result, err, err_size))
			add_broken(t, err);
		else
			add_result(t, &result, path);
		record_release(&boot_record, &result);
	}
	if (more < 0)
		add_broken(t, err);
}

static int load_boots(struct table *t, char *err, size_t err_size)
{
	static const char *const patterns[] = { "/*/*/boot-*/result.json", "/boots/*.jsonl",
						"/boots/*.jsonl.gz" };
	size_t i, p;
	glob_t found;

	*reader.path = '\0'; /* It may have changed. */
	for (p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		if (glob_below(t->dir, patterns[p], &found))
			continue;
		for (i = 0; i < found.gl_pathc; i++)
			load_file(t, table_keep_text(t, found.gl_pathv[i]), err, err_size);
		globfree(&found);
	}
	if (t->boot_count)
		return 0;
	if (t->broken_count) /* The last message says why. */
		return -EINVAL;
	refuse(err, err_size, "%s: no results in it; expected a result tree of `balloonbench run`",
	       t->dir);
	return -ENOENT;
}

/* env.json or plan.json: a tree can be compared without them. */
static int load_optional(const struct table *t, const char *name, struct document **document,
			 char *err, size_t err_size)
{
	char path[PATH_MAX];
	long long version;

	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	*document = document_load_below(t->dir, path, err, err_size);
	if (!*document)
		return -EINVAL;
	if (document_size(*document, "scenarios") > NAMES_MAX ||
	    document_size(*document, "variants") > NAMES_MAX)
		return refuse(err, err_size, "%s: more than %d scenarios or variants", path,
			      NAMES_MAX);
	version = document_integer(*document, "schema_version");
	if (version <= RESULT_SCHEMA_VERSION)
		return 0;
	return refuse(err, err_size,
		      "%s: schema_version %lld, this program reads %d; use the balloonstat of the "
		      "balloonbench that wrote it",
		      path, version, RESULT_SCHEMA_VERSION);
}

static int by_names(const void *one, const void *other)
{
	const struct table_boot *a = one, *b = other;
	int order = strcmp(a->scenario, b->scenario);

	if (!order)
		order = strcmp(a->variant, b->variant);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int by_place(const void *one, const void *other)
{
	const struct table_boot *a = one, *b = other;
	int order = by_names(one, other);

	return order ? order : (a->row > b->row) - (a->row < b->row);
}

/* In order, and each boot once: results that were copied by hand must not count twice. */
static void sort_boots(struct table *t)
{
	size_t i, kept = 0;
	char reason[2 * PATH_MAX + 64];

	qsort(t->boots, t->boot_count, sizeof(*t->boots), by_place);
	for (i = 0; i < t->boot_count; i++) {
		if (!kept || by_names(&t->boots[kept - 1], &t->boots[i])) {
			t->boots[kept++] = t->boots[i];
			continue;
		}
		snprintf(reason, sizeof(reason), "%s: the same boot as %s: %s/%s/boot-%02lld",
			 t->boots[i].path, t->boots[kept - 1].path, t->boots[i].scenario,
			 t->boots[i].variant, (long long)t->boots[i].number);
		add_broken(t, reason);
	}
	t->boot_count = kept;
}

static int check_accel(const struct table *t, char *err, size_t err_size)
{
	const char *accel = table_accel(t);
	size_t i = 0;

	while (i < t->boot_count && !strcmp(accel, table_text(t, &t->boots[i], "accel")))
		i++;
	if (i == t->boot_count)
		return 0;
	return refuse(err, err_size,
		      "%s: boots under %s and under %s: accelerators are never compared", t->dir,
		      accel, table_text(t, &t->boots[i], "accel"));
}

/* In the order of the plan, then those that it does not have. */
static char **collect_names(struct table *t, const char *list, bool scenarios)
{
	char **names = xcalloc(1, sizeof(*names));
	const struct document *item;
	size_t i;

	for (i = 0; (item = document_item(t->plan, list, i, NULL)); i++)
		if (*document_text(item, "name"))
			names_add(&names, table_keep_text(t, document_text(item, "name")));
	for (i = 0; i < t->boot_count; i++)
		names_add(&names, scenarios ? t->boots[i].scenario : t->boots[i].variant);
	return names;
}

static char **collect_hosts(const struct table *t)
{
	char **names = xcalloc(1, sizeof(*names));
	size_t i;

	for (i = 0; i < t->boot_count; i++)
		if (*table_text(t, &t->boots[i], "host_name"))
			names_add(&names, table_text(t, &t->boots[i], "host_name"));
	return names;
}

static int by_plan(const void *one, const void *other)
{
	const struct planned_boot *a = one, *b = other;
	int order = strcmp(a->scenario, b->scenario);

	return order ? order : strcmp(a->variant, b->variant);
}

/* Of a shard, the plan has the boots of all. */
static void collect_missing(struct table *t)
{
	const int64_t shard = document_integer(t->plan, "shard.number");
	size_t i, planned = document_size(t->plan, "order");

	t->missing = xcalloc(planned, sizeof(*t->missing));
	for (i = 0; i < planned; i++) {
		const struct document *item = document_item(t->plan, "order", i, NULL);
		struct table_boot boot = { .scenario = document_text(item, "scenario"),
					   .variant = document_text(item, "variant"),
					   .number = document_integer(item, "boot") };

		if (shard && document_integer(item, "shard") != shard)
			continue;
		if (!bsearch(&boot, t->boots, t->boot_count, sizeof(boot), by_names))
			t->missing[t->missing_count++] =
				(struct planned_boot){ boot.scenario, boot.variant };
	}
	qsort(t->missing, t->missing_count, sizeof(*t->missing), by_plan);
}

int table_load(struct table *t, const char *dir, char *err, size_t err_size)
{
	int status;

	*t = (struct table){ .dir = xstrdup(dir) };
	status = load_boots(t, err, err_size);
	if (!status)
		status = load_optional(t, "env.json", &t->env, err, err_size);
	if (!status)
		status = load_optional(t, "plan.json", &t->plan, err, err_size);
	if (!status)
		status = check_accel(t, err, err_size);
	if (status) {
		table_release(t);
		return status;
	}
	t->scenarios = collect_names(t, "scenarios", true);
	t->variants = collect_names(t, "variants", false);
	sort_boots(t);
	t->hosts = collect_hosts(t);
	collect_missing(t);
	return 0;
}

int table_reread(const struct table_boot *boot, struct boot_result *result, char *err,
		 size_t err_size)
{
	record_init(&boot_record, result);
	if (open_file(boot->dir, boot->path, err, err_size))
		return -EINVAL;
	reader.line = 0;
	if (gzseek(reader.file, boot->offset, SEEK_SET) >= 0 && next_text(err, err_size) > 0 &&
	    !read_boot(result, err, err_size))
		return 0;
	return refuse(err, err_size, "%s: has changed since it was read", boot->path);
}

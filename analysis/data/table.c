/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/table.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"

/* A tree has a few hundred columns; a hostile one could have millions. */
#define COLUMNS_MAX 20000

/* The buckets of a histogram that are not empty. */
struct sparse_histogram {
	unsigned long long count, sum, min, max;
	size_t used;
	struct {
		uint64_t bucket : 10;
		uint64_t count : 54;
	} buckets[];
};

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct column *)one)->name, ((const struct column *)other)->name);
}

const struct column *table_column(const struct table *table, const char *name)
{
	const struct column key = { .name = (char *)name }, *const * found;

	found = tfind(&key, &table->by_name, by_name);
	return found ? *found : NULL;
}

static struct column *add_column(const struct row *row, const char *name, enum field_type type)
{
	struct column *column = xcalloc(1, sizeof(*column));
	struct table *t = row->table;

	*column = (struct column){ .name = xstrdup(name), .type = type, .of_cycle = row->of_cycle };
	t->columns = xreallocarray(t->columns, t->column_count + 1, sizeof(*t->columns));
	t->columns[t->column_count++] = column;
	if (!tsearch(column, &t->by_name, by_name))
		abort();
	return column;
}

union cell *table_cell(const struct row *row, const char *name, enum field_type type)
{
	struct table *table = row->table;
	struct column *column = (struct column *)table_column(table, name);
	static union cell ignored;
	union cell none = { .number = NAN };
	size_t room;

	if (!column && table->column_count == COLUMNS_MAX)
		return &ignored;
	if (!column)
		column = add_column(row, name, type);
	if (column->type == FIELD_TEXT || column->type == FIELD_HISTOGRAM)
		none.text = NULL;
	room = row->number < column->count ? column->count : 2 * row->number + 8;
	if (room > column->count)
		column->cells = xreallocarray(column->cells, room, sizeof(none));
	while (column->count < room)
		column->cells[column->count++] = none;
	return &column->cells[row->number];
}

const char *table_keep_text(struct table *table, const char *text)
{
	char *copy = xstrdup(text);
	char **kept = tsearch(copy, &table->texts, (int (*)(const void *, const void *))strcmp);

	if (!kept)
		abort();
	if (*kept != copy)
		free(copy);
	return *kept;
}

struct sparse_histogram *histogram_make_sparse(const struct histogram *h)
{
	struct sparse_histogram *s;
	size_t i, used = 0;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		used += h->buckets[i] > 0;
	s = xcalloc(1, sizeof(*s) + (used + 1) * sizeof(s->buckets[0]));
	*s = (struct sparse_histogram){ h->count, h->sum, h->min, h->max, 0 };
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		s->buckets[s->used].bucket = i;
		s->buckets[s->used].count = h->buckets[i];
		s->used += h->buckets[i] > 0;
	}
	return s;
}

/* NULL where the boot has no such row, or the column is not of this type. */
static const union cell *cell_of(const struct column *c, const struct table_boot *boot,
				 size_t cycle, enum field_type type)
{
	size_t row = c && c->of_cycle ? boot->first_cycle + cycle : boot->row;
	bool is_number = c && c->type != FIELD_TEXT && c->type != FIELD_HISTOGRAM;

	if (!c || row >= c->count || (is_number ? type != FIELD_REAL : type != c->type))
		return NULL;
	return &c->cells[row];
}

double table_number(const struct column *column, const struct table_boot *boot, size_t cycle)
{
	const union cell *cell = cell_of(column, boot, cycle, FIELD_REAL);

	return cell ? cell->number : NAN;
}

const char *table_text(const struct table *table, const struct table_boot *boot, const char *name)
{
	const union cell *cell = cell_of(table_column(table, name), boot, 0, FIELD_TEXT);

	return cell && cell->text ? cell->text : "";
}

bool table_histogram(const struct column *column, const struct table_boot *boot,
		     struct histogram *h)
{
	const union cell *cell = cell_of(column, boot, 0, FIELD_HISTOGRAM);
	const struct sparse_histogram *s = cell ? cell->histogram : NULL;
	size_t i;

	memset(h, 0, sizeof(*h));
	if (!s)
		return false;
	*h = (struct histogram){ .count = s->count, .sum = s->sum, .min = s->min, .max = s->max };
	for (i = 0; i < s->used; i++)
		h->buckets[s->buckets[i].bucket] = s->buckets[i].count;
	return true;
}

static bool matches(const char *name, const char *wanted)
{
	return !wanted || name == wanted || !strcmp(name, wanted);
}

size_t table_next(const struct table *table, size_t from, const char *scenario, const char *variant,
		  int status)
{
	const struct table_boot *b = &table->boots[from];

	for (; from < table->boot_count; from++, b++)
		if ((status == ANY_STATUS || (int)b->status == status) &&
		    matches(b->scenario, scenario) && matches(b->variant, variant))
			break;
	return from;
}

size_t table_count(const struct table *table, const char *scenario, const char *variant, int status)
{
	size_t i, count = 0;

	table_for_each (table, i, scenario, variant, status)
		count++;
	return count;
}

/* The first of the missing that is not before these names, as table_load() sorts them. */
static size_t first_missing(const struct table *table, const char *scenario, const char *variant)
{
	size_t low = 0, high = table->missing_count, middle;
	const struct planned_boot *m;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		m = &table->missing[middle];
		order = strcmp(m->scenario, scenario);
		if (order < 0 || (!order && strcmp(m->variant, variant) < 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t table_count_missing(const struct table *table, const char *scenario, const char *variant)
{
	const bool named = scenario && variant;
	size_t i = named ? first_missing(table, scenario, variant) : 0, count = 0;
	const struct planned_boot *m;

	for (; i < table->missing_count; i++) {
		m = &table->missing[i];
		if (matches(m->scenario, scenario) && matches(m->variant, variant))
			count++;
		else if (named)
			break;
	}
	return count;
}

struct boot_counts table_counts(const struct table *table, const char *scenario,
				const char *variant)
{
	return (struct boot_counts){
		.ok = table_count(table, scenario, variant, BOOT_OK),
		.failed = table_count(table, scenario, variant, BOOT_FAILED),
		.invalid = table_count(table, scenario, variant, BOOT_INVALID),
		.missing = table_count_missing(table, scenario, variant),
	};
}

bool table_has(const struct table *table, const char *scenario, const char *variant)
{
	return table_next(table, 0, scenario, variant, ANY_STATUS) < table->boot_count ||
	       table_count_missing(table, scenario, variant);
}

const char *table_accel(const struct table *table)
{
	return accel_names[table->accel];
}

bool table_is_icount(const struct table *table)
{
	return accel_is_icount(table->accel);
}

bool table_in_instructions(const struct table *table, enum field_clock clock)
{
	return accel_counts(table->accel, clock);
}

const char *table_instructions(const struct table *table)
{
	return table_in_instructions(table, CLOCK_HOST) ? "instructions" : "guest instructions";
}

bool table_same_host(const struct table *table, const struct table *other)
{
	static const char *const keys[] = { "host.cpu_model", "host.cpus", "host.memory_bytes",
					    "host.kernel_release", NULL };
	const struct document *one, *two;
	const char *const *key = keys;
	bool same = true;

	for (; *key && same; key++) {
		one = document_at(table->env, *key);
		two = document_at(other->env, *key);
		same = !one || !two || document_equal(one, two);
	}
	return same;
}

const struct document *table_planned(const struct table *table, const char *list, const char *name)
{
	const struct document *item;
	size_t i;

	for (i = 0; (item = document_item(table->plan, list, i, NULL)); i++)
		if (!strcmp(document_text(item, "name"), name))
			break;
	return item;
}

bool variant_is_traced(const char *variant)
{
	return strchr(variant, '+') != NULL;
}

const char *table_control_of(const struct table *table, const char *variant)
{
	const char *of = document_text(table_planned(table, "variants", variant), "control_of");

	return name_index(table->variants, of) >= 0 ? of : NULL;
}

size_t table_place(const struct table *table, const char *variant)
{
	size_t n = strcspn(variant, "+"), place = 0;
	char **other;

	if (table_compares_levels(table))
		return name_index(table->variants, variant);
	for (other = table->variants; *other; other++) {
		if (strcspn(*other, "+") == n && !strncmp(*other, variant, n))
			break;
		place += !variant_is_traced(*other);
	}
	return place;
}

bool table_compares_levels(const struct table *table)
{
	size_t i, plain = 0;

	for (i = 0; table->variants[i]; i++)
		plain += !variant_is_traced(table->variants[i]);
	return plain <= 1;
}

bool variant_is_floor(const struct table *table, const char *variant)
{
	const struct document *planned = table_planned(table, "variants", variant);

	return !strcmp(document_text(planned, "method"), method_names[RESULT_FLOOR]);
}

bool table_compares(const struct table *table, const char *variant, const char *base)
{
	if (variant_is_floor(table, variant) && (!base || strcmp(variant, base) != 0))
		return false;
	return !variant_is_traced(variant) || (base && variant_is_traced(base)) ||
	       table_compares_levels(table);
}

size_t names_count(char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

int name_index(char *const *names, const char *name)
{
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

void names_add(char ***names, const char *name)
{
	size_t count = names_count(*names);

	if (name_index(*names, name) >= 0)
		return;
	*names = xreallocarray(*names, count + 2, sizeof(**names));
	(*names)[count] = (char *)name;
	(*names)[count + 1] = NULL;
}

const char *names_list(char *const *names, char *list, size_t size)
{
	size_t n = 0;

	snprintf(list, size, "none");
	for (; *names && n < size; names++)
		n += snprintf(list + n, size - n, "%s%s", n ? ", " : "", printable(*names));
	return list;
}

void table_release(struct table *table)
{
	size_t i, k;

	for (i = 0; i < table->column_count; i++) {
		struct column *c = table->columns[i];

		for (k = 0; c->type == FIELD_HISTOGRAM && k < c->count; k++)
			free(c->cells[k].histogram);
		tdelete(c, &table->by_name, by_name);
		free(c->cells);
		free(c->name);
		free(c);
	}
	tdestroy(table->texts, free);
	for (i = 0; i < table->broken_count; i++)
		free(table->broken[i]);
	free(table->columns);
	free(table->broken);
	free(table->scenarios);
	free(table->variants);
	free(table->hosts);
	document_release(table->env);
	document_release(table->plan);
	free(table->boots);
	free(table->missing);
	free(table->dir);
	memset(table, 0, sizeof(*table));
}

int open_table(struct table *table, const char *dir)
{
	char err[1024];
	size_t i;

	if (table_load(table, dir, err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_ENVIRONMENT;
	}
	for (i = 0; i < table->broken_count; i++)
		log_warn("%s; it is left out", table->broken[i]);
	return 0;
}

int close_table(struct table *table, int status)
{
	size_t broken = table->broken_count;

	if (broken)
		log_warn("%s: %zu results were left out, %zu used", table->dir, broken,
			 table->boot_count);
	table_release(table);
	return broken && !status ? EXIT_ENVIRONMENT : status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/record.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/histogram.h"
#include "lib/record_table.h"

#define PATH_SIZE 256

/* Relative tolerance for the rounding of derived values. */
#define DERIVED_ERROR 1e-3

static void *at(const void *value, const struct field *field)
{
	return value ? (char *)value + field->offset : NULL;
}

static bool is_list(const struct field *f)
{
	return f->type >= FIELD_LIST;
}

/* A JSON object; the items in memory begin with their name. */
static bool is_named(const struct field *f)
{
	return f->type == FIELD_MAP || f->type == FIELD_COUNTERS;
}

static const char *name_of(const void *item)
{
	return *(char *const *)item;
}

/* What a list has many of: the value's type and place in an item, and an item's size. */
static const struct {
	enum field_type type;
	size_t offset, size; /* structs have the size of their record */
} items[] = {
	[FIELD_LIST] = { FIELD_STRUCT, 0, 0 },
	[FIELD_MAP] = { FIELD_STRUCT, 0, 0 },
	[FIELD_COUNTERS] = { FIELD_INTEGER, offsetof(struct counter, value),
			     sizeof(struct counter) },
	[FIELD_NUMBERS] = { FIELD_INTEGER, 0, sizeof(int64_t) },
	[FIELD_TEXTS] = { FIELD_TEXT, 0, sizeof(char *) },
	[FIELD_PAIRS] = { FIELD_PAIR, 0, 2 * sizeof(int64_t) },
};

static struct field item_field(const struct field *list)
{
	return (struct field){ .type = items[list->type].type,
			       .offset = items[list->type].offset,
			       .record = list->record };
}

size_t record_item_size(const struct field *list)
{
	return list->record ? list->record->size : items[list->type].size;
}

static void *item_of(const struct field *f, const struct record_list *list, size_t i)
{
	return (char *)list->items + i * record_item_size(f);
}

static void *append(struct record_list *list, size_t size)
{
	/* Room doubles: whenever the count is a power of two. */
	if (!(list->count & (list->count - 1)))
		list->items = xreallocarray(list->items, list->count ? 2 * list->count : 1, size);
	return memset((char *)list->items + list->count++ * size, 0, size);
}

void record_init(const struct record *record, void *value)
{
	const struct field *f;

	memset(value, 0, record->size);
	for (f = record->fields; f->name; f++) {
		if (f->type == FIELD_COUNT || f->type == FIELD_INTEGER)
			*(int64_t *)at(value, f) = RECORD_ABSENT;
		else if (f->type == FIELD_REAL)
			*(double *)at(value, f) = NAN;
		else if (f->type == FIELD_CHOICE)
			*(int *)at(value, f) = -1;
		else if (f->type == FIELD_STRUCT)
			record_init(f->record, at(value, f));
	}
}

static void release_field(const struct field *f, void *value)
{
	struct record_list *list = value;
	struct field item;
	size_t i;

	if (f->type == FIELD_TEXT || f->type == FIELD_HISTOGRAM)
		free(*(void **)value);
	else if (f->type == FIELD_STRUCT)
		record_release(f->record, value);
	if (!is_list(f))
		return;
	item = item_field(f);
	for (i = 0; i < list->count; i++) {
		release_field(&item, at(item_of(f, list, i), &item));
		if (f->type == FIELD_COUNTERS)
			free(*(char **)item_of(f, list, i));
	}
	free(list->items);
	*list = (struct record_list){ NULL, 0 };
}

void record_release(const struct record *record, void *value)
{
	const struct field *f;

	assert(record);
	for (f = record->fields; f->name; f++)
		release_field(f, at(value, f));
	record_init(record, value);
}

void record_release_list(const struct record *record, struct record_list *list)
{
	release_field(&(struct field){ .type = FIELD_LIST, .record = record }, list);
}

void record_release_counters(struct record_list *counters)
{
	release_field(&(struct field){ .type = FIELD_COUNTERS }, counters);
}

void record_release_texts(struct record_list *texts)
{
	release_field(&(struct field){ .type = FIELD_TEXTS }, texts);
}

static bool is_absent(const struct field *f, const void *value)
{
	switch (f->type) {
	case FIELD_COUNT:
	case FIELD_INTEGER:
		return *(int64_t *)value == RECORD_ABSENT;
	case FIELD_REAL:
		return !isfinite(field_number(f, value));
	case FIELD_BOOL:
		return !*(bool *)value;
	case FIELD_TEXT:
	case FIELD_HISTOGRAM:
		return !*(void **)value;
	case FIELD_CHOICE:
		return *(int *)value < 0;
	case FIELD_STRUCT:
		return record_is_absent(f->record, value);
	case FIELD_PAIR:
		return false;
	default:
		return !((const struct record_list *)value)->count;
	}
}

bool record_is_absent(const struct record *record, const void *value)
{
	const struct field *f;

	for (f = record->fields; f->name; f++)
		if (!is_absent(f, at(value, f)))
			return false;
	return true;
}

/* A guest's console is no UTF-8, and a text of it may be cut anywhere. */
static json_t *text_to_json(const char *text)
{
	json_t *json = json_string(text);
	char *plain, *c;

	if (json)
		return json;
	plain = xstrdup(text);
	for (c = plain; *c; c++)
		*c = (unsigned char)*c < 0x80 ? *c : '?';
	json = json_string(plain);
	free(plain);
	return json;
}

static json_t *encode_struct(const struct record *record, const void *value, bool nulls);
static json_t *encode_list(const struct field *f, const struct record_list *list, bool nulls);

/* @nulls: what is absent in a struct is null. */
static json_t *encode(const struct field *f, const void *value, bool nulls)
{
	const int64_t *number = value;

	switch (f->type) {
	case FIELD_COUNT:
	case FIELD_INTEGER:
		return json_integer(*number);
	case FIELD_REAL:
		return json_real(field_number(f, value));
	case FIELD_BOOL:
		return json_boolean(*(bool *)value);
	case FIELD_TEXT:
		return text_to_json(*(char **)value);
	case FIELD_CHOICE:
		return f->choices ? json_string(f->choices[*(int *)value])
				  : json_boolean(*(int *)value);
	case FIELD_HISTOGRAM:
		return histogram_to_json(*(void **)value);
	case FIELD_PAIR:
		return json_pack("[I, I]", (json_int_t)number[0], (json_int_t)number[1]);
	case FIELD_STRUCT:
		return encode_struct(f->record, value, nulls);
	default:
		return encode_list(f, value, nulls);
	}
}

static json_t *encode_list(const struct field *f, const struct record_list *list, bool nulls)
{
	json_t *json = is_named(f) ? json_object() : json_array(), *member;
	const struct field item = item_field(f);
	size_t i;

	for (i = 0; i < list->count; i++) {
		member = encode(&item, at(item_of(f, list, i), &item), nulls);
		if (f->type == FIELD_MAP)
			json_object_del(member, "name");
		if (is_named(f))
			json_object_set_new(json, name_of(item_of(f, list, i)), member);
		else
			json_array_append_new(json, member);
	}
	return json;
}

static json_t *encode_struct(const struct record *record, const void *value, bool nulls)
{
	json_t *json = json_object();
	const struct field *f;

	for (f = record->fields; f->name; f++) {
		/* A list or a bool that must be there is, empty or false. */
		if (!is_absent(f, at(value, f)) ||
		    (f->required && (is_list(f) || f->type == FIELD_BOOL)))
			json_object_set_new(json, f->name, encode(f, at(value, f), nulls));
		else if (nulls && strcmp(f->name, "name"))
			json_object_set_new(json, f->name, json_null());
	}
	return json;
}

json_t *record_encode(const struct record *record, const void *value)
{
	return encode_struct(record, value, false);
}

void record_print(const struct record *record, const void *value, FILE *f)
{
	json_t *json = encode_struct(record, value, true);

	json_dumpf(json, f, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	fputc('\n', f);
	json_decref(json);
}

/* A place in a record, as a chain of names and, where there is no name, indices of a list. */
struct place {
	const struct place *outer;
	const char *name;
	size_t index;
	char *err;
	size_t err_size;
};

static struct place within(const struct place *outer, const char *name, size_t index)
{
	return (struct place){ outer, name, index, outer->err, outer->err_size };
}

/* "FILE: cycles[0].inflate" */
static void put_path(const struct place *p)
{
	const char *dot = "";
	size_t n = 0;

	if (p->outer) {
		put_path(p->outer);
		n = strlen(p->err);
		dot = strstr(p->err, ": ") ? "." : ": ";
	}
	if (p->name)
		snprintf(p->err + n, p->err_size - n, "%s%s", dot, p->name);
	else
		snprintf(p->err + n, p->err_size - n, "[%zu]", p->index);
}

static int __attribute__((format(printf, 2, 3))) refuse(const struct place *p, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	put_path(p);
	n = strlen(p->err);
	va_start(ap, fmt);
	vsnprintf(p->err + n, p->err_size - n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* Whether the JSON is of that type. */
static bool decode_scalar(const struct field *f, const json_t *json, void *value)
{
	int64_t *number = value;
	int i;

	switch (f->type) {
	case FIELD_COUNT:
	case FIELD_INTEGER:
		*number = json_integer_value(json);
		return json_is_integer(json);
	case FIELD_REAL:
		*(double *)value = json_number_value(json);
		return json_is_number(json);
	case FIELD_BOOL:
		*(bool *)value = json_is_true(json);
		return json_is_boolean(json);
	case FIELD_TEXT:
		record_set_text(value, json_string_value(json));
		return json_is_string(json);
	case FIELD_CHOICE:
		for (i = 0; json_is_string(json) && f->choices && f->choices[i]; i++)
			if (!strcmp(json_string_value(json), f->choices[i]))
				*(int *)value = i;
		return *(int *)value >= 0;
	case FIELD_PAIR:
		number[0] = json_integer_value(json_array_get(json, 0));
		number[1] = json_integer_value(json_array_get(json, 1));
		return json_is_integer(json_array_get(json, 0)) &&
		       json_is_integer(json_array_get(json, 1));
	default:
		*(struct histogram **)value = xcalloc(1, sizeof(struct histogram));
		return !histogram_from_json(*(struct histogram **)value, json);
	}
}

static int decode_struct(const struct record *record, const json_t *json, void *value,
			 const struct place *place);
static int decode_list(const struct field *f, const json_t *json, struct record_list *list,
		       const struct place *place);

static int decode(const struct field *f, const json_t *json, void *value, const struct place *place)
{
	static const char *const expected[] = {
		[FIELD_COUNT] = "an integer",	     [FIELD_INTEGER] = "an integer",
		[FIELD_REAL] = "a number",	     [FIELD_BOOL] = "true or false",
		[FIELD_TEXT] = "a string",	     [FIELD_HISTOGRAM] = "a histogram",
		[FIELD_PAIR] = "a pair of integers",
	};

	if (f->type == FIELD_STRUCT)
		return decode_struct(f->record, json, value, place);
	if (is_list(f))
		return decode_list(f, json, value, place);
	if (decode_scalar(f, json, value))
		return 0;
	return refuse(place, ": expected %s", f->type == FIELD_CHOICE ? f->doc : expected[f->type]);
}

static int decode_item(const struct field *f, const json_t *json, struct record_list *list,
		       const struct place *place)
{
	void *value =
		f->record ? record_append(f->record, list) : append(list, record_item_size(f));
	const struct field item = item_field(f);
	int err = decode(&item, json, at(value, &item), place);

	if (is_named(f))
		record_set_text(value, place->name);
	return err;
}

static int decode_list(const struct field *f, const json_t *json, struct record_list *list,
		       const struct place *place)
{
	struct place member;
	const char *name;
	json_t *item;
	int err = 0;
	size_t i;

	if (is_named(f) ? !json_is_object(json) : !json_is_array(json))
		return refuse(place, ": expected %s", is_named(f) ? "an object" : "an array");
	json_array_foreach (json, i, item) {
		member = within(place, NULL, i);
		err = err ? err : decode_item(f, item, list, &member);
	}
	json_object_foreach ((json_t *)json, name, item) {
		member = within(place, name, 0);
		err = err ? err : decode_item(f, item, list, &member);
	}
	return err;
}

static int decode_struct(const struct record *record, const json_t *json, void *value,
			 const struct place *place)
{
	const struct field *f;
	struct place member;
	const json_t *found;
	int err = 0;

	if (!json_is_object(json))
		return refuse(place, ": expected an object");
	for (f = record->fields; !err && f->name; f++) {
		member = within(place, f->name, 0);
		found = json_object_get(json, f->name);
		if (found && !json_is_null(found))
			err = decode(f, found, at(value, f), &member);
		else if (f->required && strcmp(f->name, "name"))
			err = refuse(&member, ": expected a value; it is missing");
	}
	return err;
}

int record_decode(const struct record *record, const json_t *json, void *value, const char *where,
		  char *err, size_t err_size)
{
	struct place place = { .name = where, .err_size = err_size };

	place.err = err;
	record_init(record, value);
	return decode_struct(record, json, value, &place);
}

static int check_struct(const struct record *record, const void *value, const struct place *place);

/* Detects files that were edited or damaged. */
static int check_derived(const struct field *f, const void *value, const struct place *place)
{
	double read = *(double *)value, expected = field_number(f, value);

	if (!isfinite(read) || fabs(read - expected) <= DERIVED_ERROR * fabs(expected))
		return 0;
	return refuse(place, " is %g, expected %g by the fields that it is derived from", read,
		      expected);
}

static int check(const struct field *f, const void *value, const struct place *place)
{
	const struct record_list *list = value;
	struct place member;
	int err = 0;
	size_t i;

	if (f->type == FIELD_STRUCT)
		return check_struct(f->record, value, place);
	for (i = 0; is_list(f) && f->record && !err && i < list->count; i++) {
		member = within(place, NULL, i);
		err = check_struct(f->record, item_of(f, list, i), &member);
	}
	if (f->type == FIELD_COUNT && *(int64_t *)value != RECORD_ABSENT && *(int64_t *)value < 0)
		return refuse(place, " is negative: %lld", (long long)*(int64_t *)value);
	if (f->type == FIELD_REAL && f->unit != UNIT_NONE && *(double *)value < 0)
		return refuse(place, " is negative: %g", *(double *)value);
	return f->factor ? check_derived(f, value, place) : err;
}

static int check_struct(const struct record *record, const void *value, const struct place *place)
{
	const struct field *f;
	struct place member;
	int err = 0;

	for (f = record->fields; !err && f->name; f++) {
		member = within(place, f->name, 0);
		err = check(f, at(value, f), &member);
	}
	return err;
}

int record_check(const struct record *record, const void *value, const char *where, char *err,
		 size_t err_size)
{
	struct place place = { .name = where, .err_size = err_size };

	place.err = err;
	return check_struct(record, value, &place);
}

/* The item whose name is the beginning of a text. */
static void *find(const struct record_list *list, size_t size, const char *name, size_t length)
{
	char *item = list->items;
	size_t i;

	for (i = 0; i < list->count; i++, item += size)
		if (!strncmp(name_of(item), name, length) && !name_of(item)[length])
			return item;
	return NULL;
}

void *record_append(const struct record *record, struct record_list *list)
{
	void *item = append(list, record->size);

	record_init(record, item);
	return item;
}

void record_append_pair(struct record_list *pairs, int64_t first, int64_t second)
{
	int64_t *pair = append(pairs, 2 * sizeof(*pair));

	pair[0] = first;
	pair[1] = second;
}

void record_append_number(struct record_list *numbers, int64_t number)
{
	*(int64_t *)append(numbers, sizeof(number)) = number;
}

bool record_append_once(struct record_list *texts, const char *text, size_t length)
{
	if (find(texts, sizeof(char *), text, length))
		return false;
	*(char **)append(texts, sizeof(char *)) = xasprintf("%.*s", (int)length, text);
	return true;
}

void record_append_text(struct record_list *texts, const char *text)
{
	record_set_text(append(texts, sizeof(char *)), text);
}

void record_append_counter(struct record_list *counters, const char *name, int64_t value)
{
	struct counter *counter = append(counters, sizeof(*counter));

	record_set_text(&counter->name, name);
	counter->value = value;
}

struct counter *record_find_counter(const struct record_list *counters, const char *name)
{
	return find(counters, sizeof(struct counter), name, strlen(name));
}

int64_t record_counter(const struct record_list *counters, const char *name)
{
	const struct counter *c = record_find_counter(counters, name);

	return c ? c->value : 0;
}

void *record_find(const struct record *record, const struct record_list *map, const char *name)
{
	return find(map, record->size, name, strlen(name));
}

void record_set_text(char **text, const char *with)
{
	char *copy = xstrdup(with);

	free(*text);
	*text = copy;
}

static int walk(const struct record *record, const void *value, const char *prefix,
		int (*visit)(const char *, const struct field *, const void *, void *),
		void *context)
{
	const struct field *f;
	char path[PATH_SIZE];
	int status = 0;

	for (f = record->fields; !status && f->name; f++) {
		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", f->name);
		status = f->type == FIELD_STRUCT
				 ? walk(f->record, at(value, f), path, visit, context)
				 : visit(path, f, at(value, f), context);
	}
	return status;
}

int record_walk(const struct record *record, const void *value,
		int (*visit)(const char *path, const struct field *field, const void *value,
			     void *context),
		void *context)
{
	return walk(record, value, "", visit, context);
}

/* NAN also where it would be a division by 0. */
static double derived(const struct field *field, const void *value)
{
	const char *base = (const char *)value - field->offset;
	int64_t of = *(const int64_t *)(base + field->of),
		per = *(const int64_t *)(base + field->per);

	return of == RECORD_ABSENT || per == RECORD_ABSENT || !per ? NAN : of * field->factor / per;
}

double field_number(const struct field *field, const void *value)
{
	if (field->type == FIELD_REAL)
		return field->factor ? derived(field, value) : *(double *)value;
	if ((field->type == FIELD_COUNT || field->type == FIELD_INTEGER) &&
	    *(int64_t *)value != RECORD_ABSENT)
		return *(int64_t *)value;
	return NAN;
}

#define S struct histogram
static RECORD(histogram_numbers, "histogram", NULL,
	FIELD(COUNT, count), FIELD(COUNT, sum), FIELD(COUNT, min), FIELD(COUNT, max));
#undef S

static const char *after_dot(const char *path)
{
	path += strcspn(path, ".");
	return path + (*path == '.');
}

static bool number_in(const struct field *f, const void *value, const char *path, double *number)
{
	struct field item;

	if (f->type == FIELD_STRUCT)
		return record_number(f->record, value, path, number);
	if (is_named(f)) {
		item = item_field(f);
		value = find(value, record_item_size(f), path, strcspn(path, "."));
		return value && number_in(&item, at(value, &item), after_dot(path), number);
	}
	if (f->type == FIELD_HISTOGRAM)
		return *(void **)value &&
		       record_number(&histogram_numbers, *(void **)value, path, number);
	*number = field_number(f, value);
	return !*path && isfinite(*number);
}

bool record_number(const struct record *record, const void *value, const char *path, double *number)
{
	size_t length = strcspn(path, ".");
	const struct field *f;

	for (f = record->fields; f->name; f++)
		if (!strncmp(f->name, path, length) && !f->name[length])
			return number_in(f, at(value, f), after_dot(path), number);
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * A record is a struct with a table of its fields, from which come its JSON, in both directions,
 * the checks, the list of metrics and the JSON Schema. An absent value is RECORD_ABSENT (integers),
 * NAN (reals), NULL or an empty list, and has no key. A struct without any value is absent, too.
 */
#define RECORD_ABSENT INT64_MIN

enum field_type {
	FIELD_COUNT,	 /* int64_t, 0 and above */
	FIELD_INTEGER,	 /* int64_t */
	FIELD_REAL,	 /* double */
	FIELD_BOOL,	 /* bool */
	FIELD_TEXT,	 /* char *, owned */
	FIELD_CHOICE,	 /* int: an index of .choices, or -1; without choices a bool or -1 */
	FIELD_HISTOGRAM, /* struct histogram *, owned */
	FIELD_PAIR,	 /* int64_t[2]: [integer, integer] */
	FIELD_STRUCT,	 /* the struct of .record, in place */
	FIELD_LIST,	 /* struct record_list of structs of .record: a JSON array */
	FIELD_MAP,	 /* the same, by name: a JSON object; the first field is "name" */
	FIELD_COUNTERS,	 /* struct record_list of struct counter: {"name": integer} */
	FIELD_NUMBERS,	 /* struct record_list of int64_t: [integer, ...] */
	FIELD_TEXTS,	 /* struct record_list of char *, owned: ["text", ...] */
	FIELD_PAIRS,	 /* struct record_list of FIELD_PAIR: [[integer, integer], ...] */
};

/* What a number counts; unit_shown() of lib/units.h says how it is shown. */
enum field_unit {
	UNIT_NONE,
	UNIT_NS,
	UNIT_BYTES,
	UNIT_PAGES,
	UNIT_BYTES_PER_S,
	UNIT_GIB_PER_S,
	UNIT_GIB_MINUTES
};

/* Whose clock took a time. accel_counts() says which ones count instructions. */
enum field_clock { CLOCK_NONE, CLOCK_GUEST, CLOCK_HOST };

enum field_better { BETTER_LOWER, BETTER_HIGHER };

struct record_list {
	void *items;
	size_t count;
};

struct counter {
	char *name;
	int64_t value;
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	bool required; /* of an object that is there */
	enum field_unit unit;
	enum field_clock clock;
	enum field_better better;
	const char *phase; /* what the phase is called in tables; NULL: no phase */
	const struct record *record;
	const char *const *choices; /* NULL-terminated */
	const char *doc;	    /* for the schema and the list of metrics */
	size_t of, per;		    /* FIELD_REAL: offsets of the COUNTs that it is derived from: */
	double factor;		    /* of / per * factor; 0: it is not derived */
};

struct record {
	const char *name; /* of its definition in the schema */
	size_t size;
	const struct field *fields; /* ended by one without a name */
	const char *doc;
};

/* All values absent, lists empty. */
void record_init(const struct record *record, void *value);

/* Free what the fields own; the value is then as record_init() makes it. */
void record_release(const struct record *record, void *value);

/* The same for a list of structs of @record, of counters or of texts: it is empty then. */
void record_release_list(const struct record *record, struct record_list *list);
void record_release_counters(struct record_list *counters);
void record_release_texts(struct record_list *texts);

/* Whether none of its fields has a value. */
bool record_is_absent(const struct record *record, const void *value);

/* As a JSON object, a new reference; texts that are no UTF-8 are made ASCII. Never NULL. */
json_t *record_encode(const struct record *record, const void *value);

/* As indented JSON for programs: what is absent is null. Reals have nine digits. */
void record_print(const struct record *record, const void *value, FILE *f);

/*
 * Read a JSON object; unknown keys are ignored. @value is to be released in every case. 0; -EINVAL
 * where a required key is missing or a value is of another type, and a message that begins with
 * @where, as "FILE: cycles[0].inflate".
 */
int record_decode(const struct record *record, const json_t *json, void *value, const char *where,
		  char *err, size_t err_size);

/*
 * 0, or -EINVAL where a FIELD_COUNT or a real with a unit is below 0, or a derived value is not
 * what it is derived from, and a message that names it.
 */
int record_check(const struct record *record, const void *value, const char *where, char *err,
		 size_t err_size);

/* Size of an item of a list field. */
size_t record_item_size(const struct field *field);

/* One more item at the end of a list, as record_init() makes it. */
void *record_append(const struct record *record, struct record_list *list);
void record_append_pair(struct record_list *pairs, int64_t first, int64_t second);
void record_append_number(struct record_list *numbers, int64_t number);
void record_append_text(struct record_list *texts, const char *text);
/* The same of a text of so many bytes that the list does not have. Returns whether it is new. */
bool record_append_once(struct record_list *texts, const char *text, size_t length);
void record_append_counter(struct record_list *counters, const char *name, int64_t value);

/* A counter by its name, or NULL; its value, or 0. */
struct counter *record_find_counter(const struct record_list *counters, const char *name);
int64_t record_counter(const struct record_list *counters, const char *name);

/* The item of a FIELD_MAP with that name, or NULL. */
void *record_find(const struct record *record, const struct record_list *map, const char *name);

/* Replace an owned text by a copy of another, which may be NULL. */
void record_set_text(char **text, const char *with);

/*
 * Call @visit with the path ("phases.alloc_ns") and address of every field of a struct and its
 * nested structs, until it returns other than 0, and return that. Lists, maps and histograms are
 * one field. With a NULL @value the table alone is walked.
 */
int record_walk(const struct record *record, const void *value,
		int (*visit)(const char *path, const struct field *field, const void *value,
			     void *context),
		void *context);

/* The number at a path, also inside of maps, counters and histograms; false: there is none. */
bool record_number(const struct record *record, const void *value, const char *path,
		   double *number);

/* A number of a scalar field as a double; NAN where it is absent or no number. */
double field_number(const struct field *field, const void *value);

#endif

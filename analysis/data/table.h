/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_TABLE_H
#define ANALYSIS_TABLE_H

#include "lib/result.h"

/* A JSON file of a result tree, not of a boot. Members are read by a dotted path, with numbers as
 * indices: "host.cpu_model", "variants.0.name". */
struct document;

/* An object, to be released; NULL with a message where it is not one. */
struct document *document_load(const char *path, char *err, size_t err_size);
/* The same of a file of a tree (regular_file_open_below()), empty without the file. */
struct document *document_load_below(const char *dir, const char *path, char *err, size_t err_size);

struct document *document_empty(void);
void document_release(struct document *document);

/* What is at @path ("": all of it), borrowed; NULL where there is nothing. */
const struct document *document_at(const struct document *document, const char *path);

/* "", NAN, 0 or false where there is no such value. */
const char *document_text(const struct document *document, const char *path);
double document_number(const struct document *document, const char *path);
int64_t document_integer(const struct document *document, const char *path);
bool document_is_true(const struct document *document, const char *path);

/* Members or items at @path; @name, unless NULL, is set to the member's ("" of an item). */
size_t document_size(const struct document *document, const char *path);
const struct document *document_item(const struct document *document, const char *path, size_t i,
				     const char **name);

bool document_equal(const struct document *one, const struct document *other);
/* As JSON text with an indentation of two, to be freed. */
char *document_dump(const struct document *document);

/*
 * A result tree in memory: a table of boots by fields, from DIR/SCENARIO/VARIANT/boot-NN/
 * result.json or lines of DIR/boots/SCENARIO.jsonl or .jsonl.gz. The rest is read again.
 *
 * A column has the path of its field in result.json: "ready_ns", "vmstat.pgfault",
 * "ops.enqueue.count", "trace.guest.blocks.allocations.3"; of a cycle without "cycles":
 * "inflate.duration_ns". A column of a cycle has a value for each cycle of a boot.
 *
 *   numbers     NAN where the boot has none
 *   texts       of texts, choices, and of "trace.SIDE.observations.WHAT" why it was not observed
 *   histograms  "ops.enqueue.histogram", "victims.guest.fault_ns.inflate" and
 *               "victims.guest.fault_ns.stalls.inflate"; see below
 */
union cell {
	double number;
	const char *text;
	struct sparse_histogram *histogram;
};

struct column {
	char *name;
	bool of_cycle;
	enum field_type type; /* FIELD_TEXT also of choices; FIELD_HISTOGRAM; else numbers */
	union cell *cells;
	size_t count; /* rows that there is room for */
};

struct table_boot {
	const char *dir;		/* of the table */
	const char *path;		/* of its file */
	long long offset;		/* of its line there */
	const char *scenario, *variant; /* names of the table */
	int64_t number;			/* from 1 */
	enum boot_status status;
	const char *reason; /* NULL where it is ok */
	size_t check_count;
	size_t row;			 /* in columns of the boot */
	size_t first_cycle, cycle_count; /* rows in columns of a cycle */
};

struct table {
	char *dir;
	struct document *env, *plan; /* .json; empty where there is none */
	enum result_accel accel;
	char **scenarios, **variants; /* NULL-terminated, in the order of the plan */
	char **hosts;		      /* NULL-terminated; none where boots do not say it */
	struct table_boot *boots;     /* by scenario, variant and number */
	char **broken;		      /* results that cannot be used: file and reason */
	struct column **columns;      /* in the order of their first value */
	size_t boot_count, broken_count, column_count, missing_count;
	struct planned_boot {
		const char *scenario, *variant;
	} * missing;	       /* that the plan orders and the tree does not have, sorted */
	void *by_name, *texts; /* of tsearch(): the columns; all texts, each once */
};

/*
 * 0; -ENOENT where the tree has no result, -EINVAL where none of them, or not its plan or
 * environment, can be understood, or where accelerators differ; and a message.
 */
int table_load(struct table *table, const char *dir, char *err, size_t err_size);
void table_release(struct table *table);

/* The same for a command: 0, after a warning for each broken result; or an exit status. */
int open_table(struct table *table, const char *dir);

/* Release it. Returns @status, or, where that is 0 but results were broken, an exit status: a
 * script must not take a part for the whole. */
int close_table(struct table *table, int status);

/* A boot from its file: 0, or -EINVAL and a message. To be released in any case. */
int table_reread(const struct table_boot *boot, struct boot_result *result, char *err,
		 size_t err_size);

/* The index of the next boot from @from on; boot_count where there is none. */
#define ANY_STATUS -1
size_t table_next(const struct table *table, size_t from, const char *scenario, const char *variant,
		  int status);

/* Boots of a scenario and variant (NULL: all) with a status, and their number. */
#define table_for_each(table, i, scenario, variant, status)                                        \
	for (i = 0; (i = table_next(table, i, scenario, variant, status)) < (table)->boot_count;   \
	     i++)
size_t table_count(const struct table *table, const char *scenario, const char *variant,
		   int status);

struct boot_counts {
	int64_t ok, failed, invalid, missing;
};
struct boot_counts table_counts(const struct table *table, const char *scenario,
				const char *variant);
size_t table_count_missing(const struct table *table, const char *scenario, const char *variant);

/* Whether the tree has, or its plan orders, a boot of the variant in the scenario. */
bool table_has(const struct table *table, const char *scenario, const char *variant);

/* A column by its name; NULL where no boot has such a value. */
const struct column *table_column(const struct table *table, const char *name);

/* Number of a boot, or of its cycle, from 0. NAN where there is none. */
double table_number(const struct column *column, const struct table_boot *boot, size_t cycle);

/* Text of a boot in a column of the boot ("qemu_version"); "" where there is none. */
const char *table_text(const struct table *table, const struct table_boot *boot, const char *name);

/* A histogram of a boot into @h; false where it has none. @column may be NULL. */
bool table_histogram(const struct column *column, const struct table_boot *boot,
		     struct histogram *h);

/* table_is_icount(): the figures are instructions; table_in_instructions(): those of this clock
 * are. */
const char *table_accel(const struct table *table);
bool table_is_icount(const struct table *table);
bool table_in_instructions(const struct table *table, enum field_clock clock);
/* "guest instructions", or of the whole box "instructions". */
const char *table_instructions(const struct table *table);

/* Whether two trees' env.json describe the same machine; also where one does not say. */
bool table_same_host(const struct table *table, const struct table *other);

/* What plan.json says of a scenario or variant (@list: "scenarios", "variants"), or NULL. */
const struct document *table_planned(const struct table *table, const char *list, const char *name);

/* "NAME+LEVEL": NAME traced at another level than the run. */
bool variant_is_traced(const char *variant);

/* Whether a variant is no balloon but the floor of them: see analysis/compare/floor.h. */
bool variant_is_floor(const struct table *table, const char *variant);

/* Whether at most one variant has no level: the run was made to compare levels. */
bool table_compares_levels(const struct table *table);

/* Whether a variant is compared by default: one with a level only with a base (which may be NULL)
 * that has one, too, or if the run compares levels; the floor with no other base. */
bool table_compares(const struct table *table, const char *variant, const char *base);

/* The variant of the table that this one is the A/A control of (`run --aa`, control_of), or NULL.
 */
const char *table_control_of(const struct table *table, const char *variant);

/* The place in the plan, from 0, which gives the colour in every plot; of NAME+LEVEL its NAME's,
 * unless levels are compared. */
size_t table_place(const struct table *table, const char *variant);

/* Of a NULL-terminated list: its length; the index of a name, or -1. */
size_t names_count(char *const *names);
int name_index(char *const *names, const char *name);

/* Append a name, which is borrowed, unless the list, which is to be freed, has it. */
void names_add(char ***names, const char *name);

/* "a, b", printable; "none". Returns @list. */
const char *names_list(char *const *names, char *list, size_t size);

/* For table_load() alone: where the values of a struct go. */
struct row {
	struct table *table;
	const char *prefix; /* of the names of columns */
	bool of_cycle;
	size_t number;
};
/* The cell of a column, which is new where there is none; a copy that stays with the table. */
union cell *table_cell(const struct row *row, const char *name, enum field_type type);
struct sparse_histogram *histogram_make_sparse(const struct histogram *h);
const char *table_keep_text(struct table *table, const char *text);

/* A co-located workload: of "victims" in result.json. */
struct victim {
	const char *side; /* "guest", "host" */
	const char *name; /* the table's: "fault_ns" */
	bool is_rate;	  /* *_per_s: more is better, the worst is the lowest */
};

struct victim_level {
	double share; /* 0..1 */
	const char *name;
};

/* Levels that are shown, from the middle to the worst; and those to judge by, of which the first
 * that boots have enough values for counts. Ended by one without a name. */
const struct victim_level *victim_levels(const struct victim *victim);
const struct victim_level *victim_headlines(const struct victim *victim);

/* The number of victims that ok boots have, of allowed names; @victims: guest's first, to be freed
 */
size_t victims_of(const struct table *table, const char *scenario, struct victim **victims);

/* Whether boots say which values are of one stall; older ones do not. */
bool victim_has_stalls(const struct table *table, const struct victim *victim);

/* Of its times. */
enum field_clock victim_clock(const struct victim *victim);

/* "in the guest", "on the host" */
const char *victim_where(const struct victim *victim);

/* A boot's victim as it is in its file; NULL where it has none of that name. */
const struct victim_result *victim_find(const struct boot_result *boot,
					const struct victim *victim);

#define VICTIM_LATE_SHARE 0.1
#define VICTIM_LOW_PART 0.9

/*
 * The value beyond which stretches are disturbed: of a latency the worst that 1 - VICTIM_LATE_SHARE
 * of the stretches "before" do not exceed; of a rate VICTIM_LOW_PART of their median. False
 * where "before" has too few.
 */
bool victim_limit(const struct victim_result *victim, double *limit);

/*
 * The columns of a victim besides its histograms:
 *
 *   victims.SIDE.NAME		1, where the boot has this victim
 *   ....PHASE.disturbed_ns	for how long each resize of the phase was disturbed
 *   ....PHASE.disturbed_percent	the same in percent of the phase
 *   ....PHASE.excess_ns	disturbed_ns without the part that the same boot was disturbed for
 *				before, when nothing was resized: 0 on average for a resize that
 *				the victim does not feel, and below it by chance
 *   ....PHASE.excess_percent	the same in percent of the phase
 *
 * INFINITY, which a series counts as too_few, where the boot has no limit.
 */
void victims_add_columns(const struct row *row, const struct boot_result *boot);

#endif

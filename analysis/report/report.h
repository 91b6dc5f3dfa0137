/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "analysis/data/measure.h"
#include "analysis/data/table.h"
#include "analysis/gate/gate.h"
#include "analysis/plots/plot.h"
#include "analysis/write/write.h"
#include "lib/result.h"

/*
 * The tables and texts of the report that need no code of their own: analysis/report/report.ini
 * has those of the sections, questions.ini those of the section "Questions".
 */

/* A column of a table, a row of latencies, or an answer to a question. */
struct topic_item {
	char *name;		  /* of its section of the file, after "TOPIC/" */
	char *says, *says_icount; /* the latter where it differs under icount */
	struct measure measures[DIRECTIONS];
	struct measure where; /* only where this is known, too; no name: everywhere */
	double scale;	      /* a stored value times this is in @unit */
	char *unit, *format;
	bool sum;	/* over the cycles, before it is divided */
	double inverse; /* unless 0: this over the median is shown, without interval */
	char *scenario; /* NULL: each that has both variants */
	char *variant;	/* NULL: each that has it */
	char *against;	/* of a ratio; NULL: the measure by itself */
	char *beside;	/* only where this variant was run, too; or NULL */
};

struct topic {
	char *name, *heading, *intro;
	char *note;		  /* after the table */
	char *asks, *needs, *see; /* of a question; what a run must have; where is more, or NULL */
	struct topic_item *items;
	size_t item_count;
};

struct topics {
	struct topic *list;
	size_t count;
};

#define topic_for_each_item(topic, item)                                                           \
	for ((item) = (topic)->items; (item) && (item) < (topic)->items + (topic)->item_count;     \
	     (item)++)

/* 0; -errno with a message that names file and line. To be released in any case. */
int topics_load(struct topics *topics, const char *path, char *err, size_t err_size);
void topics_release(struct topics *topics);

/* The topic of that name. One that is not in the file is empty. */
const struct topic *topics_find(const struct topics *topics, const char *name);

/*
 * A scenario's headline comparisons, for each direction one per variant that ran in it. Of a
 * workload, which has no resizes, they are its footprint and its time at work.
 */
#define FOOTPRINT INFLATE
#define WORK DEFLATE
struct report_scenario {
	const char *name;
	char **variants; /* ended by NULL; the names are the table's */
	size_t variant_count;
	struct comparison *resizes[DIRECTIONS];
};

struct report {
	/* The caller's; the tables must outlive the report. */
	const struct table *table;
	/* Of runs under icount, of A/A and in hosts that are guests, beside it; or NULL. */
	const struct table *instructions, *aa, *boxed;
	double smallest_effect;
	double layout_floor; /* NAN: layout_floor_of() */
	/* By report_make(). */
	char **variants; /* those that are compared; the names are the table's */
	size_t variant_count;
	struct report_scenario *scenarios;
	size_t scenario_count;
	struct report_scenario *replays; /* those with a workload: not in scenarios */
	size_t replay_count;
	size_t compared, replays_compared; /* comparisons with values on both sides */
	struct measure durations[DIRECTIONS], replayed[DIRECTIONS];
	const char *unit;	 /* of durations: "ms" */
	struct topics topics;	 /* of report.ini, from report_write() on */
	const struct gate *gate; /* claims judged against the tree, or NULL; the caller's */
	const char *plots;	 /* directory that plots are drawn in; NULL: they are not drawn */
	int plot_status;	 /* of the first plot that could not be drawn: -errno */
	char plot_error[512];
	struct record_list gaps; /* texts: what was not measured, for the end of the report */
};

#define report_for_each_scenario(r, s)                                                             \
	for ((s) = (r)->scenarios; (s) < (r)->scenarios + (r)->scenario_count; (s)++)

#define report_for_each_replay(r, s)                                                               \
	for ((s) = (r)->replays; (s) < (r)->replays + (r)->replay_count; (s)++)

/* Compare everything but what has a section of its own: variants that are traced otherwise than
 * the run, scenarios that the base was not run in, and A/A controls. All but what is the caller's
 * is zero before. */
void report_make(struct report *report);
void report_release(struct report *report);

/* All sections, in their order; the same tree gives the same bytes. */
void report_write(struct report *report, struct writer *w);

/* What a result tree shows as text for the cover letter of a patch series: ASCII, no line longer
 * than 72 columns, with blanks at its end or without blanks at its begin. */
void cover_letter_write(const struct report *report, FILE *f);

/* A sentence on something that was not measured, listed once. */
void report_gap(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The sections. Each writes nothing, not even its heading, if the tree has no values of it. */
typedef void section_fn(struct writer *w, struct report *r);
section_fn section_summary, section_elastic, section_host, section_results, section_steps,
	section_questions, section_victims, section_memory, section_claims, section_cpu,
	section_noise, section_builds, section_fleet, section_tracing, section_cost,
	section_profiles, section_stress, section_setup, section_method, section_boots;

void stress_summary_write(struct writer *w, const struct report *r, const struct document *summary);

/* A topic of report.ini: its heading, with the scenario unless NULL, and its introduction. */
const struct topic *write_topic(struct writer *w, const struct report *r, int level,
				const char *name, const char *scenario);
void write_note(struct writer *w, const struct topic *topic);
/* Its table with a row a variant; columns that no variant of the scenario has are left out, and a
 * table of none. */
void write_variants(struct writer *w, const struct report *r, const struct report_scenario *s,
		    const struct topic *t);
/* Facts on a kernel, from env.json or summary.json. */
void write_kernel_facts(struct writer *w, const struct document *document);
/* The topic's table of resizes, with heading and note: false if there are no values. */
bool write_resize_topic(struct writer *w, const struct report *r, int level, const char *name);
/* A table of latencies of a scenario, a row per item; false if there are none. */
bool write_latency_topic(struct writer *w, const struct report *r, const char *name,
			 const char *scenario, const char *first_column, const char *unit);

/* GiB a second (or a billion instructions) of a variant that has a boot: the bytes resized
 * over its median duration; "unresolved" where the timer does not tell. */
void cell_rate(struct writer *w, const struct report *r, const struct comparison *c,
	       enum direction direction);
const char *report_rate_unit(const struct report *r);

/* The configuration of the kernels of a scenario, or "lean"; NULL where no scenario names one. */
const char *report_config(const struct report *r, const char *scenario);

static inline bool is_base(const struct comparison *c)
{
	return !strcmp(c->variant, c->base);
}

/* A phase of resizes in a scenario, a field of phases_record: its time per page, or in percent
 * of the resize (@relative: "per_page", "percent"). n is 0 if it was not observed. */
struct estimate phase_estimate(const struct report *r, const char *scenario, const char *variant,
			       enum direction direction, const struct field *phase,
			       const char *relative);

/* Whether a variant has it: most guests never have to wait for pages, and need no column of it. */
bool phase_is_shown(const struct report *r, const struct report_scenario *s,
		    enum direction direction, const struct field *phase);

/* A statistic of a victim in a phase ("p99", "max", "disturbed_ns"), over boots; @over_before:
 * over that of the same boot's phase "before". */
struct estimate victim_estimate(const struct report *r, const char *scenario, const char *variant,
				const struct victim *victim, const char *statistic,
				enum result_victim_phase phase, bool over_before);

/* Comparisons that are a family of their own. */
struct comparisons {
	struct comparison *list;
	size_t count;
};

/* One more, as compare() makes it; false, and none, if a side has no values and @known. */
bool add_comparison(struct comparisons *all, const struct table *table,
		    const struct measure *measure, const char *scenario, const char *variant,
		    const char *base, bool known);
/* Those of primary metrics are one family, the others are exploratory. */
void judge_comparisons(struct comparisons *all, const struct report *report);
void release_comparisons(struct comparisons *all);

/* Cells that several sections have. */
void cell_estimate(struct writer *w, const char *format, struct estimate e, double factor);
/* "5.53", with its interval if @with_interval. */
void cell_median(struct writer *w, const char *format, const struct comparison *c,
		 bool with_interval);
/* "0.409 [0.389, 0.427]", also as a text to be freed; the cell of the base is 1 */
char *ratio_text(const struct comparison *c);
void cell_ratio(struct writer *w, const struct comparison *c);
/* Ratio, corrected p (none of the base) and verdict ("base" of the base). */
void cells_judged(struct writer *w, const struct comparison *c);

/* What a plot is of; the rest is NULL. */
struct plot_of {
	const struct report *report;
	const struct report_scenario *scenario;
	const char *scenario_name; /* without @scenario: one that the base was not run in */
	const struct victim *victim;
};

enum report_plot {
	PLOT_FOREST,
	PLOT_DURATION,
	PLOT_PROGRESS,
	PLOT_PHASES,
	PLOT_LATENCY,
	PLOT_MADVISE,
	PLOT_RUNS,
	PLOT_HOST_MEMORY,
	PLOT_VICTIM_TIME,
	PLOT_VICTIM_PERCENTILES,
	PLOT_VICTIM_TRADE_OFF,
	PLOT_REPLAY,
	PLOT_PARETO,
	REPORT_PLOTS,
};

/* Draw a plot and link it, if there is anything to draw. */
void report_plot(struct writer *w, struct report *r, enum report_plot kind, struct plot_of of);

/* All of a plot but its drawing; false if there is nothing to draw. To be given to plot_close(). */
bool report_plot_make(struct plot *plot, enum report_plot kind, const struct plot_of *of);

#endif

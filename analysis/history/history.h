/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HISTORY_H
#define ANALYSIS_HISTORY_H

#include "analysis/compare/compare.h"
#include "analysis/history/looks.h"

/*
 * A metric over several result trees, and where it changed. A point of a series is a tree: its
 * ratio to another variant of the same tree, which cancels what the session did to both;
 * or, with --absolute, its median. Trees are numbered from 1. Texts belong to the trees.
 */

/* With fewer boots a side a median follows a single odd one: no point for the search. */
#define HISTORY_BOOTS_MIN 3

/* One tree of a history. */
struct session {
	struct table table;
	char *path, *label;  /* resolved; what it is called in tables and plots */
	const char *started; /* started_utc of env.json; "" where it is absent */
};

struct sessions {
	struct session *list;
	size_t count;
};

struct history_point {
	size_t tree, n;
	int64_t base_n;			  /* absent where medians are shown, as all of the base */
	double median, base_median;	  /* NAN where there are no boots */
	double value;			  /* the ratio, or the median; NAN in a gap */
	struct interval interval;	  /* NANs where a side has n < 2 */
	const char *gap;		  /* why the search leaves it out, or NULL */
	const char *kernel, *base_kernel; /* short key, or NULL where the tree has none */
};

struct history_change {
	size_t before, after; /* last tree of the old level, first of the new; between are gaps */
	size_t trees_before, trees_after; /* trees of the two levels */
	double level_before, level_after; /* geometric means over their trees */
	double ratio;			  /* level_after / level_before */
	struct interval interval;
	double p, p_holm;
	int verdict;	      /* VERDICT_IMPROVE or VERDICT_REGRESS */
	int state;	      /* enum look_state */
	size_t trees_further; /* of the new level, after the change was found first */
	double p_further;     /* that they confirm it by chance; 1 without any */
	/* What else differs between the two trees: 1, 0, or -1 where one does not tell. */
	struct history_differs {
		int kernel, base_kernel, qemu, host;
	} differs;
};

struct history_series {
	const char *scenario, *variant;
	const struct measure *measure;
	const char *metric, *unit;	    /* the metric as it was written */
	struct record_list points, changes; /* struct history_point, one per tree; history_change */
	size_t used;			    /* points without a gap */
	double *logs;			    /* of these, and which point each is */
	size_t *places;
	struct correlation
		correlation; /* of neighbouring trees; its figures are NAN with too few */
	double level;	     /* geometric mean of them all */
	double p, p_holm;    /* of no change point at all; NANs with too few trees */
	/* Without a change point, the least ratio above 1 that would have been found; or NAN. */
	double detectable_middle, detectable_last;
	const char *reason; /* why there is no change point, or NULL where there is one */
};

struct history {
	/* What to look at; names are NULL-terminated. */
	const struct sessions *sessions;
	char *const *scenarios, **variants;
	const struct measure *measures;
	size_t measure_count;
	struct measure
		*by_polls;   /* of the measures, for series whose trees differ in their timer */
	const char *against; /* NULL for medians */
	double smallest_effect;
	/* What history_make() finds. */
	const char *accel;
	struct record_list series; /* struct history_series, by scenario, metric and variant */
	size_t tested;		   /* those with enough trees: the family of Holm's correction */
};

#define history_series(h, i) ((struct history_series *)(h)->series.items + (i))
#define history_point(s, i) ((struct history_point *)(s)->points.items + (i))
#define history_change(s, i) ((struct history_change *)(s)->changes.items + (i))

/* Two trees that were run on different machines; false where there are none. */
bool sessions_mix_hosts(const struct sessions *s, const struct session **one,
			const struct session **other);

/* Make the series that any tree has points of; released with history_release(). */
void history_make(struct history *h);
void history_release(struct history *h);

/* Tables for a terminal; the same for a program, one JSON object. */
void history_print(const struct history *h);
void history_print_json(const struct history *h);

/*
 * Draw DIR/SCENARIO-METRIC-history.svg and .png of each scenario and metric, a panel per variant.
 * Returns 0, or an exit status after a message.
 */
int plot_history(const struct history *h, const char *dir);

/* The tables of history_print.c. */
extern const struct record history_point_record, history_change_record, history_series_record;

#endif

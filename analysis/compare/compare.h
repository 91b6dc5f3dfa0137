/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "analysis/compare/layout.h"
#include "analysis/data/measure.h"

/* A smaller effect is treated as negligible by default. */
#define SMALLEST_EFFECT 0.03
#define ALPHA 0.05

enum verdict {
	VERDICT_IMPROVE,
	VERDICT_REGRESS,
	VERDICT_SAME,
	VERDICT_INCONCLUSIVE,
	VERDICT_INVALID,     /* no ok boot on a side */
	VERDICT_ABSENT,	     /* the ok boots of a side have no such value */
	VERDICT_DIFFERS,     /* by less than kernels that differ in their layout alone */
	VERDICT_UNRESOLVED,  /* a ratio that the timers know to 3 % at best */
	VERDICT_HOSTS,	     /* on fewer than HOSTS_MIN hosts (hosts.h): nothing about others */
	VERDICT_EXPLORATORY, /* of a metric that the plan does not name: no verdict */
};

/* NULL-terminated */
extern const char *const verdict_names[];

/* One variant's values of a measure in a scenario, against the base's. */
struct comparison {
	const char *scenario, *variant, *base; /* NULL: the variant alone */
	const struct measure *measure;
	const char *metric, *unit; /* as the measure was written; of the values */
	bool by_polls;		   /* values are by the timer that both sides have */
	double *values, *base_values;
	size_t *boots; /* of each value, the index in the table of its (first) boot */
	unsigned int *blocks, *base_blocks;
	size_t n, base_n;	   /* units: boots, builds, or hosts: table_unit() */
	bool over_hosts;	   /* units are hosts: see hosts.h */
	size_t pairs;		   /* of them those with both sides */
	struct record_list hosts;  /* their ratios, of struct host_ratio */
	double hosts_scatter;	   /* sd of logarithms over hosts, without what boots explain */
	double hosts_p;		   /* of all hosts having one ratio */
	bool one_build;		   /* kernels that differ, of one build each, where layout shows */
	struct boot_counts counts; /* of the variant */
	struct record_list outliers; /* numbers of boots far from the others, counted as well */
	bool absent, base_absent;    /* ok boots, but no value */
	double median, base_median;  /* NAN where there is none, as all below */
	double resolution, base_resolution, ratio_resolution; /* resolution.h: share; of a ratio */
	struct interval median_interval;		      /* where n > 1 */
	double ratio;			/* median of all ratios, or over hosts their mean; none
					   where a value is 0 */
	struct interval ratio_interval; /* where both n > 1, as the next */
	double difference;		/* median of all differences */
	struct interval difference_interval;
	double sd;	      /* of the logarithms of a side, pooled; NAN where there is no ratio */
	double p, p_holm;     /* the latter corrected for the family, by compare_judge() */
	enum verdict verdict; /* by compare_judge(), as all below */
	const char *reason;   /* of all but improve, regress and same, in a few words; else NULL */
	double at_least;      /* of improve and regress: the near end of the interval, less 1 */
	double detectable; /* of inconclusive: the effect that had a chance of POWER to be found */
	double smallest_effect;			 /* that it was judged by */
	size_t boots_for_smallest, boots_needed; /* a side: to find the smallest effect so; for any
						    p to be low enough; 0: unknown */
};

/* The metrics that have verdicts, NULL-terminated: the durations of both resizes, then of a
 * workload that was replayed the footprint and the time at work. Of others, which are chosen after
 * a look at the results, a comparison is exploratory. */
extern const char *const primary_metrics[];
bool measure_is_primary(const struct measure *measure);

/* Resizes are a family, workloads are another. */
enum compare_family { FAMILY_RESIZES, FAMILY_WORKLOADS, FAMILIES };
enum compare_family measure_family(const struct measure *measure);

/* All but the verdict; to be released, borrows the names and the measure. Values are as shown: in
 * ms, MiB. A side of which a boot has too few values for the percentile has none. */
void compare(struct comparison *c, const struct table *table, const struct measure *measure,
	     const char *scenario, const char *variant, const char *base);
void compare_release(struct comparison *c);

/* The numbers of values that are in @c already, without the effects of blocks. */
void compare_values(struct comparison *c);

/* The measure of the values: @c->measure, or that by polls. */
struct measure compare_measure(const struct comparison *c);

/* Widen the intervals by the resolution of the resize timer. compare() does all of it. */
void compare_widen(struct comparison *c, const struct table *table);

/*
 * The verdicts of a family of comparisons, with p corrected after Holm (A Simple Sequentially
 * Rejective Multiple Test Procedure, 1979): one false verdict in a family has a chance of ALPHA. A
 * variant against itself does not count. With I the interval of the ratio:
 *   absent        a side has ok boots, and none of them such a value
 *   invalid       a side has no ok boot
 *   unresolved    the resolution of the ratio is above RESOLVED_SHARE
 *   on these hosts  fewer than HOSTS_MIN hosts have both sides; its reason says what they show
 *   inconclusive  a side has fewer than BOOTS_MIN units, or there is no ratio
 *   same          I lies within 1 +- smallest_effect
 *   differs       as the next, but one build of each kernel, and 1 +- layout_floor reaches into I:
 *                 another layout of the same code could do that
 *   improve, regress  corrected p < ALPHA, 1 is not in I, and the ratio is not within 1 +-
 *                 smallest_effect
 *   inconclusive  otherwise
 */
void compare_judge(struct comparison **family, size_t count, double smallest_effect,
		   double layout_floor);

/* A row of no family: of a metric that the plan does not name. */
void compare_explore(struct comparison *c);

/* Whether there are values on both sides, of different variants; and how many of a family. */
bool compare_is_counted(const struct comparison *c);
size_t compare_count(struct comparison *const *family, size_t count);

/* All comparisons asked for, by scenario, metric and variant, and judged. */
struct compare_table {
	struct comparison *rows; /* also those of the family that are not shown */
	bool *shown;
	size_t count;
	size_t compared[FAMILIES]; /* rows of each */
	double layout_floor;
	const char *base;
	double smallest_effect;
};

void compare_print(const struct compare_table *compared, const struct table *table);
void compare_print_json(const struct compare_table *compared, const struct table *table);

#endif

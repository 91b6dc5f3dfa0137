/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "analysis/data/measure.h"

/* A smaller effect is treated as negligible by default. */
#define SMALLEST_EFFECT 0.03
#define ALPHA 0.05

enum verdict {
	VERDICT_IMPROVE,
	VERDICT_REGRESS,
	VERDICT_SAME,
	VERDICT_INCONCLUSIVE,
	VERDICT_INVALID, /* no ok boot on a side */
	VERDICT_ABSENT,	 /* the ok boots of a side have no such value */
};

/* NULL-terminated */
extern const char *const verdict_names[];

/* One variant's values of a measure in a scenario, against the base's. */
struct comparison {
	const char *scenario, *variant, *base; /* NULL: the variant alone */
	const struct measure *measure;
	const char *metric, *unit; /* as the measure was written; of the values */
	double *values, *base_values;
	size_t *boots; /* of each value, its index in the table */
	size_t n, base_n;
	struct boot_counts counts;   /* of the variant */
	struct record_list outliers; /* numbers of boots far from the others, counted as well */
	bool absent, base_absent;    /* ok boots, but no value */
	double median, base_median;  /* NAN where there is none, as all below */
	double resolution, base_resolution, ratio_resolution; /* resolution.h: share; of a ratio */
	struct interval median_interval;		      /* where n > 1 */
	double ratio;			/* median / base_median; none where a base value is 0 */
	struct interval ratio_interval; /* where both n > 1, as the next */
	double difference;		/* median - base_median */
	struct interval difference_interval;
	double p, p_holm;     /* the latter corrected for the family, by compare_judge() */
	enum verdict verdict; /* by compare_judge() */
	const char *reason;   /* of all but improve, regress and same, in a few words; else NULL */
};

/* All but the verdict; to be released, borrows the names and the measure. Values are as shown: in
 * ms, MiB. A side of which a boot has too few values for the percentile has none. */
void compare(struct comparison *c, const struct table *table, const struct measure *measure,
	     const char *scenario, const char *variant, const char *base);
void compare_release(struct comparison *c);

/* The numbers of values that are in @c already; p is against the base's times @limit. */
void compare_values(struct comparison *c, double limit);

/* Widen the intervals by the resolution of the resize timer. compare() does all of it. */
void compare_widen(struct comparison *c, const struct table *table);

/*
 * The verdicts of comparisons that are shown together, with p corrected after Holm (A Simple
 * Sequentially Rejective Multiple Test Procedure, 1979): with many, some differ by chance. A
 * variant against itself does not count. With r the ratio of medians and I its interval:
 *   absent        a side has ok boots, and none of them such a value
 *   invalid       a side has no ok boot
 *   inconclusive  a side has fewer than BOOTS_MIN ok boots, or there is no ratio
 *   same          I lies within 1 +- smallest_effect
 *   improve, regress  1 is not in I, |r - 1| >= smallest_effect, corrected p < ALPHA
 *   inconclusive  otherwise
 */
void compare_judge(struct comparison **family, size_t count, double smallest_effect);

/* Whether there are values on both sides, of different variants; and how many of a family. */
bool compare_is_counted(const struct comparison *c);
size_t compare_count(struct comparison *const *family, size_t count);

/* All comparisons asked for, by scenario, metric and variant, and judged. */
struct compare_table {
	struct comparison *rows;
	struct comparison **family; /* those that are judged together; A/A controls are alone */
	size_t count, family_count;
	const char *base;
	double smallest_effect;
};

void compare_print(const struct compare_table *compared, const struct table *table);
void compare_print_json(const struct compare_table *compared, const struct table *table);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/metric.h"
#include "lib/bootstrap.h"
#include "analysis/data/tree.h"

/* An effect smaller than this is of no interest, however sure, unless told otherwise. */
#define SMALLEST_EFFECT 0.03
/* With fewer boots a side nothing can be told. */
#define BOOTS_MIN 4
#define ALPHA 0.05

enum verdict {
	VERDICT_IMPROVE,
	VERDICT_REGRESS,
	VERDICT_SAME,
	VERDICT_INCONCLUSIVE,
	VERDICT_INVALID, /* no ok boot on a side */
	VERDICT_ABSENT, /* the ok boots of a side have no such figure: a move that is none of theirs
			 */
};

const char *verdict_name(enum verdict verdict);

/* One variant's sample of a metric in a scenario, against the base's. */
struct comparison {
	const char *scenario;
	const char *variant;
	const char *base;
	const struct metric *metric;
	double *values;
	size_t n;
	bool absent; /* ok boots without the metric; by compare() */
	double median;
	struct interval median_interval; /* NANs where n < 2 */
	double *base_values;
	size_t base_n;
	bool base_absent;
	double base_median;
	double ratio;			/* median / base_median; NAN where a base value is 0 */
	struct interval ratio_interval; /* NANs where a side has n < 2 */
	double difference;		/* median - base_median, in the metric's unit as shown */
	struct interval difference_interval; /* NANs where a side has n < 2 */
	double p;
	double p_holm;	      /* p corrected for the family, by compare_judge() */
	enum verdict verdict; /* by compare_judge() */
	const char *reason;   /* of inconclusive and invalid, in a few words; else NULL */
};

/* Take the samples of a variant and its base, and compute all but the verdict. */
void compare(struct comparison *c, const struct tree *tree, const struct metric *metric,
	     const char *scenario, const char *variant, const char *base);
void compare_release(struct comparison *c);

/*
 * As compare(), of what is no metric, as a percentile of a histogram: the caller has put
 * scenario, variant, base, metric and both samples with their sizes into @c, zero
 * else. The samples belong to @c.
 */
void compare_samples(struct comparison *c);

/**
 * compare_judge() - the verdicts of comparisons that are shown together
 * @family: all of them; a variant against itself is left out of the counting
 * @smallest_effect: of interest, as SMALLEST_EFFECT
 *
 * Many comparisons find something by chance alone, so p is corrected after
 * Holm (A Simple Sequentially Rejective Multiple Test Procedure, 1979). The
 * verdict, with r the ratio of medians and I its interval:
 *   absent        a side has ok boots, and none of them such a figure
 *   invalid       a side has no ok boot
 *   inconclusive  a side has fewer than BOOTS_MIN ok boots, or there is no ratio
 *   same          I lies within 1 +- smallest_effect
 *   improve, regress  I does not hold 1, r is at least smallest_effect away
 *                 from it, and the corrected p is below ALPHA
 *   inconclusive  otherwise
 */
void compare_judge(struct comparison **family, size_t count, double smallest_effect);

/**
 * compare_outliers() - boots of the variant whose value lies far from the others'
 * @boots: their numbers; room for c->n
 *
 * As stats_outliers() has it: they are in every figure all the same.
 *
 * Return: how many there are.
 */
size_t compare_outliers(const struct comparison *c, const struct tree *tree, int *boots);

/* How many of a family have samples on both sides, of different variants. */
size_t compare_count(struct comparison *const *family, size_t count);

#endif

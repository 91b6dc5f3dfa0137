/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stats.h"

/* The same figures each time a tree is looked at. */
#define SEED 20170303

static const char *const verdict_names[] = {
	[VERDICT_IMPROVE] = "improve", [VERDICT_REGRESS] = "regress",
	[VERDICT_SAME] = "same",       [VERDICT_INCONCLUSIVE] = "inconclusive",
	[VERDICT_INVALID] = "invalid", [VERDICT_ABSENT] = "absent",
};

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

/* What keeps a comparison from saying improve or regress, or NULL. */
static const char *doubt(const struct comparison *c, double smallest_effect)
{
	if (c->n < BOOTS_MIN || c->base_n < BOOTS_MIN)
		return "too few boots";
	if (!isfinite(c->ratio))
		return "the base has zeros: no ratio";
	if (c->ratio_interval.low <= 1 && c->ratio_interval.high >= 1)
		return "the interval holds 1";
	if (fabs(c->ratio - 1) < smallest_effect)
		return "the effect is too small";
	if (c->p_holm >= ALPHA)
		return "chance is not excluded";
	return NULL;
}

static void judge(struct comparison *c, double smallest_effect)
{
	const struct interval *i = &c->ratio_interval;
	bool enough = c->n >= BOOTS_MIN && c->base_n >= BOOTS_MIN;

	c->reason = NULL;
	if (c->absent || c->base_absent) {
		c->verdict = VERDICT_ABSENT;
		c->reason = c->absent ? "its boots have no such figure"
				      : "the base's boots have no such figure";
	} else if (!c->n || !c->base_n) {
		c->verdict = VERDICT_INVALID;
		c->reason = c->n ? "the base has no ok boot" : "no ok boot";
	} else if (enough && i->low >= 1 - smallest_effect && i->high <= 1 + smallest_effect) {
		c->verdict = VERDICT_SAME;
	} else if ((c->reason = doubt(c, smallest_effect))) {
		c->verdict = VERDICT_INCONCLUSIVE;
	} else {
		c->verdict = (c->ratio > 1) == c->metric->higher_is_better ? VERDICT_IMPROVE
									   : VERDICT_REGRESS;
	}
}

/* A variant's sample against its base's. A ratio to 0 is none; one boot has no interval. */
static void relate(struct comparison *c)
{
	bool intervals = c->n > 1 && c->base_n > 1;

	c->p = stats_permutation_p(c->values, c->n, c->base_values, c->base_n, SEED);
	c->difference = c->median - c->base_median;
	if (intervals)
		c->difference_interval =
			bootstrap_difference(c->values, c->n, c->base_values, c->base_n);
	if (!stats_all_positive(c->base_values, c->base_n))
		return;
	c->ratio = c->median / c->base_median;
	if (intervals)
		c->ratio_interval = bootstrap_ratio(c->values, c->n, c->base_values, c->base_n);
}

void compare_samples(struct comparison *c)
{
	c->median_interval = c->difference_interval = c->ratio_interval =
		(struct interval){ NAN, NAN };
	c->difference = c->ratio = NAN;
	c->p = 1;
	if (c->n)
		c->median = stats_median(c->values, c->n);
	if (c->n > 1)
		c->median_interval = bootstrap_median(c->values, c->n);
	if (c->base_n)
		c->base_median = stats_median(c->base_values, c->base_n);
	if (c->n && c->base_n)
		relate(c);
	c->p_holm = c->p;
}

void compare(struct comparison *c, const struct tree *tree, const struct metric *metric,
	     const char *scenario, const char *variant, const char *base)
{
	*c = (struct comparison){
		.scenario = scenario, .variant = variant, .base = base, .metric = metric
	};
	c->n = metric_values(metric, tree, scenario, variant, &c->values);
	c->base_n = metric_values(metric, tree, scenario, base, &c->base_values);
	c->absent = !c->n && tree_count(tree, scenario, variant, RESULT_OK);
	c->base_absent = !c->base_n && tree_count(tree, scenario, base, RESULT_OK);
	compare_samples(c);
}

static bool is_counted(const struct comparison *c)
{
	return c->n && c->base_n && strcmp(c->variant, c->base);
}

size_t compare_outliers(const struct comparison *c, const struct tree *tree, int *boots)
{
	bool *flags = calloc(c->n + 1, sizeof(*flags));
	size_t i, at = 0, n = 0;
	const json_t *boot;
	double value;

	if (!flags || !stats_outliers(c->values, c->n, flags))
		goto out;
	/* The values are those of these boots, in their order. */
	json_array_foreach (tree->boots, i, boot)
		if (tree_is_ok(boot, c->scenario, c->variant) &&
		    metric_of_boot(c->metric, boot, &value) && flags[at++])
			boots[n++] = json_integer_value(json_object_get(boot, "boot"));
out:
	free(flags);
	return n;
}

size_t compare_count(struct comparison *const *family, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += is_counted(family[i]);
	return n;
}

void compare_judge(struct comparison **family, size_t count, double smallest_effect)
{
	double *p = stats_array(count);
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (is_counted(family[i]))
			p[n++] = family[i]->p;
	stats_holm(p, n);
	for (i = n = 0; i < count; i++)
		if (is_counted(family[i]))
			family[i]->p_holm = p[n++];
	free(p);
	for (i = 0; i < count; i++)
		judge(family[i], smallest_effect);
}

void compare_release(struct comparison *c)
{
	free(c->values);
	free(c->base_values);
	memset(c, 0, sizeof(*c));
}

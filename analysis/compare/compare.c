/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/stats.h"

/* The same numbers each time a tree is compared. */
#define SEED 20170303

const char *const verdict_names[] = {
	[VERDICT_IMPROVE] = "improve", [VERDICT_REGRESS] = "regress",
	[VERDICT_SAME] = "same",       [VERDICT_INCONCLUSIVE] = "inconclusive",
	[VERDICT_INVALID] = "invalid", [VERDICT_ABSENT] = "absent",
	[VERDICT_ABSENT + 1] = NULL,
};

static void decide(struct comparison *c, enum verdict verdict, const char *reason)
{
	c->verdict = verdict;
	c->reason = reason;
}

static void judge(struct comparison *c, double smallest_effect)
{
	const struct interval *i = &c->ratio_interval;
	bool enough = c->n >= BOOTS_MIN && c->base_n >= BOOTS_MIN;

	if (c->absent || c->base_absent)
		decide(c, VERDICT_ABSENT,
		       c->absent ? "its boots have no such value"
				 : "the base's boots have no such value");
	else if (!c->n || !c->base_n)
		decide(c, VERDICT_INVALID, c->n ? "the base has no ok boot" : "no ok boot");
	else if (!enough)
		decide(c, VERDICT_INCONCLUSIVE, "too few boots");
	else if (i->low >= 1 - smallest_effect && i->high <= 1 + smallest_effect)
		decide(c, VERDICT_SAME, NULL);
	else if (!isfinite(c->ratio))
		decide(c, VERDICT_INCONCLUSIVE, "the base has zeros: no ratio");
	else if (i->low <= 1 && i->high >= 1)
		decide(c, VERDICT_INCONCLUSIVE, "the interval holds 1");
	else if (fabs(c->ratio - 1) < smallest_effect)
		decide(c, VERDICT_INCONCLUSIVE, "the effect is too small");
	else if (c->p_holm >= ALPHA)
		decide(c, VERDICT_INCONCLUSIVE, "chance is not excluded");
	else if ((c->ratio > 1) == (c->measure->better == BETTER_HIGHER))
		decide(c, VERDICT_IMPROVE, NULL);
	else
		decide(c, VERDICT_REGRESS, NULL);
}

/* There is no ratio to 0, and no interval of one boot. */
static void relate(struct comparison *c, double limit)
{
	double *scaled = stats_array(c->base_n);
	bool intervals = c->n > 1 && c->base_n > 1;
	size_t i;

	for (i = 0; i < c->base_n; i++)
		scaled[i] = c->base_values[i] * limit;
	c->p = c->p_holm = stats_permutation_p(c->values, c->n, scaled, c->base_n, SEED);
	free(scaled);
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

void compare_values(struct comparison *c, double limit)
{
	c->median_interval = c->difference_interval = c->ratio_interval =
		(struct interval){ NAN, NAN };
	c->median = c->base_median = c->difference = c->ratio = c->p = c->p_holm = NAN;
	if (c->n)
		c->median = stats_median(c->values, c->n);
	if (c->n > 1)
		c->median_interval = bootstrap_median(c->values, c->n);
	if (c->base_n)
		c->base_median = stats_median(c->base_values, c->base_n);
	if (compare_is_counted(c))
		relate(c, limit);
}

/* Scales the values; returns their number. @absent: there are ok boots, but no value. */
static size_t take(struct series *s, double scale, bool *absent)
{
	size_t i, n = s->too_few || s->empty ? 0 : s->n;

	for (i = 0; i < n; i++)
		s->values[i] *= scale;
	*absent = !n && s->ok;
	return n;
}

static void find_outliers(struct comparison *c, const struct table *table)
{
	bool *flags = xcalloc(c->n, sizeof(*flags));
	size_t i;

	stats_outliers(c->values, c->n, flags);
	for (i = 0; i < c->n; i++)
		if (flags[i])
			record_append_number(&c->outliers, table->boots[c->boots[i]].number);
	free(flags);
}

void compare_widen(struct comparison *c, const struct table *table)
{
	struct resolution of = resolution_of(table, c->scenario, c->variant, c->measure), base,
			  ratio;

	c->resolution = of.share;
	resolution_widen(&c->median_interval, &of);
	if (!c->base)
		return;
	base = resolution_of(table, c->scenario, c->base, c->measure);
	ratio = resolution_of_ratio(&of, &base);
	c->base_resolution = base.share;
	c->ratio_resolution = ratio.share;
	resolution_widen(&c->ratio_interval, &ratio);
	c->difference_interval.low -=
		(1 - of.below) * c->median + (base.above - 1) * c->base_median;
	c->difference_interval.high +=
		(of.above - 1) * c->median + (1 - base.below) * c->base_median;
}

void compare(struct comparison *c, const struct table *table, const struct measure *measure,
	     const char *scenario, const char *variant, const char *base)
{
	struct unit_shown shown = measure_shown(measure, table_is_icount(table));
	struct series s = series(table, scenario, variant, measure);

	*c = (struct comparison){ .scenario = scenario,
				  .variant = variant,
				  .base = base,
				  .measure = measure,
				  .metric = measure->text,
				  .unit = shown.name,
				  .values = s.values,
				  .boots = s.boots };
	c->n = take(&s, shown.scale, &c->absent);
	if (base) {
		s = series(table, scenario, base, measure);
		c->base_values = s.values;
		c->base_n = take(&s, shown.scale, &c->base_absent);
		free(s.boots);
	}
	c->counts = table_counts(table, scenario, variant);
	find_outliers(c, table);
	compare_values(c, 1);
	compare_widen(c, table);
}

void compare_release(struct comparison *c)
{
	free(c->values);
	free(c->boots);
	free(c->base_values);
	free(c->outliers.items);
	memset(c, 0, sizeof(*c));
}

bool compare_is_counted(const struct comparison *c)
{
	return c->n && c->base_n && strcmp(c->variant, c->base);
}

size_t compare_count(struct comparison *const *family, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += compare_is_counted(family[i]);
	return n;
}

void compare_judge(struct comparison **family, size_t count, double smallest_effect)
{
	double *p = stats_array(count);
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (compare_is_counted(family[i]))
			p[n++] = family[i]->p;
	stats_holm(p, n);
	for (i = n = 0; i < count; i++)
		if (compare_is_counted(family[i]))
			family[i]->p_holm = p[n++];
	free(p);
	for (i = 0; i < count; i++)
		judge(family[i], smallest_effect);
}

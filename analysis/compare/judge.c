/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdicts of a family of comparisons. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/hosts.h"
#include "lib/stats.h"

const char *const verdict_names[] = {
	[VERDICT_IMPROVE] = "improve",
	[VERDICT_REGRESS] = "regress",
	[VERDICT_SAME] = "same",
	[VERDICT_INCONCLUSIVE] = "inconclusive",
	[VERDICT_INVALID] = "invalid",
	[VERDICT_ABSENT] = "absent",
	[VERDICT_DIFFERS] = "differs (one build)",
	[VERDICT_UNRESOLVED] = UNRESOLVED,
	[VERDICT_HOSTS] = "on these hosts",
	[VERDICT_EXPLORATORY] = "exploratory",
	[VERDICT_EXPLORATORY + 1] = NULL,
};

/* What a family and the command say of each row. */
struct rule {
	double smallest_effect, layout_floor;
	size_t compared; /* rows of the family with a p */
};

static void decide(struct comparison *c, enum verdict verdict, const char *reason)
{
	c->verdict = verdict;
	c->reason = reason;
}

/* What these boots could have found, and how many it takes, as the first row that Holm tests. */
static void find_power(struct comparison *c, const struct rule *rule)
{
	double alpha = ALPHA / (rule->compared ? rule->compared : 1);

	c->smallest_effect = rule->smallest_effect;
	if (c->over_hosts) {
		c->boots_needed = HOSTS_MIN;
		if (!isfinite(c->sd))
			return;
		c->detectable = expm1(stats_mean_detectable(c->sd, c->pairs, alpha));
		c->boots_for_smallest =
			stats_values_for(c->sd, log1p(rule->smallest_effect), alpha, HOSTS_MIN);
		return;
	}
	c->boots_needed = stats_boots_needed(ALPHA, rule->compared ? rule->compared : 1);
	if (!isfinite(c->sd))
		return;
	c->detectable = expm1(stats_detectable(c->sd, c->n, c->base_n, alpha));
	c->boots_for_smallest = stats_boots_for(c->sd, log1p(rule->smallest_effect), alpha);
}

static void judge_unresolved(struct comparison *c, const struct rule *rule)
{
	const struct interval *i = &c->ratio_interval;

	if (!c->over_hosts && stats_smallest_p(c->n, c->base_n) * rule->compared >= ALPHA)
		decide(c, VERDICT_INCONCLUSIVE, "too few boots for so many comparisons");
	else if (i->low <= 1 && i->high >= 1)
		decide(c, VERDICT_INCONCLUSIVE, "the interval holds 1");
	else if (c->p_holm < ALPHA)
		decide(c, VERDICT_INCONCLUSIVE, "the effect is too small");
	else
		decide(c, VERDICT_INCONCLUSIVE, "chance is not excluded");
}

static void judge_difference(struct comparison *c, const struct rule *rule)
{
	c->at_least = c->ratio > 1 ? c->ratio_interval.low - 1 : 1 - c->ratio_interval.high;
	if (c->one_build && !(c->at_least > rule->layout_floor))
		decide(c, VERDICT_DIFFERS, "another layout of the same code could do that");
	else if ((c->ratio > 1) == (c->measure->better == BETTER_HIGHER))
		decide(c, VERDICT_IMPROVE, NULL);
	else
		decide(c, VERDICT_REGRESS, NULL);
}

/* Another host may do otherwise: what is found is a reason, and no verdict. */
static void judge_these_hosts(struct comparison *c, const struct rule *rule)
{
	const struct interval *i = &c->ratio_interval;
	const bool better = (c->ratio > 1) == (c->measure->better == BETTER_HIGHER);

	if (i->low >= 1 - rule->smallest_effect && i->high <= 1 + rule->smallest_effect)
		decide(c, VERDICT_HOSTS, "as the base; others: 4 hosts or more");
	else if (!(c->p_holm < ALPHA) || !(i->low > 1 || i->high < 1) ||
		 fabs(c->ratio - 1) < rule->smallest_effect)
		decide(c, VERDICT_HOSTS, "not resolved; others: 4 hosts or more");
	else
		decide(c, VERDICT_HOSTS,
		       better ? "better; others: 4 hosts or more"
			      : "worse; others: 4 hosts or more");
}

static void judge(struct comparison *c, const struct rule *rule)
{
	const struct interval *i = &c->ratio_interval;
	bool enough = c->n >= BOOTS_MIN && c->base_n >= BOOTS_MIN;
	bool found = c->p_holm < ALPHA && (i->low > 1 || i->high < 1);

	if (c->absent || c->base_absent)
		decide(c, VERDICT_ABSENT,
		       c->absent ? "its boots have no such value"
				 : "the base's boots have no such value");
	else if (!c->n || !c->base_n)
		decide(c, VERDICT_INVALID, c->n ? "the base has no ok boot" : "no ok boot");
	else if (!is_resolved(c->ratio_resolution))
		decide(c, VERDICT_UNRESOLVED, "the timer leaves more than 3 % open");
	else if (c->over_hosts && c->pairs < HOSTS_MIN)
		judge_these_hosts(c, rule);
	else if (!enough)
		decide(c, VERDICT_INCONCLUSIVE, "too few boots");
	else if (i->low >= 1 - rule->smallest_effect && i->high <= 1 + rule->smallest_effect)
		decide(c, VERDICT_SAME, NULL);
	else if (!isfinite(c->ratio))
		decide(c, VERDICT_INCONCLUSIVE, "a value is 0: no ratio");
	else if (found && fabs(c->ratio - 1) >= rule->smallest_effect)
		judge_difference(c, rule);
	else
		judge_unresolved(c, rule);
	if (c->verdict == VERDICT_INCONCLUSIVE)
		find_power(c, rule);
}

size_t compare_count(struct comparison *const *family, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += compare_is_counted(family[i]);
	return n;
}

void compare_judge(struct comparison **family, size_t count, double smallest_effect,
		   double layout_floor)
{
	const struct rule rule = { smallest_effect, layout_floor, compare_count(family, count) };
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
		judge(family[i], &rule);
}

void compare_explore(struct comparison *c)
{
	if (c->absent || c->base_absent || !c->n || !c->base_n)
		compare_judge(&c, 1, SMALLEST_EFFECT, 0);
	else
		decide(c, VERDICT_EXPLORATORY, NULL);
}

const char *const primary_metrics[] = { "inflate.duration_ns", "deflate.duration_ns",
					"replay.footprint_gib_minutes", "replay.work_ns", NULL };

bool measure_is_primary(const struct measure *measure)
{
	return name_index((char *const *)primary_metrics, measure->text) >= 0;
}

enum compare_family measure_family(const struct measure *measure)
{
	return name_index((char *const *)primary_metrics, measure->text) < DIRECTIONS
		       ? FAMILY_RESIZES
		       : FAMILY_WORKLOADS;
}

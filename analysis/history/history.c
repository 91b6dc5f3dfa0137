/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/history/changepoint.h"
#include "lib/stats.h"

/* The same figures each time the trees are looked at. */
#define SEED 20170303

static void *must_alloc(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		abort();
	return memory;
}

/* Why a sample is no point for the search, or NULL. */
static const char *gap_of(const struct history_point *p, bool ratio)
{
	if (!p->n)
		return "no ok boot";
	if (ratio && !p->base_n)
		return "no ok boot of the base";
	if (!(p->value > 0) || !isfinite(p->value))
		return "a value of 0 has no ratio";
	if (p->n < HISTORY_BOOTS_MIN || (ratio && p->base_n < HISTORY_BOOTS_MIN))
		return "too few boots";
	return NULL;
}

static void relate(struct history_point *p, const double *values, const double *base)
{
	if (!stats_all_positive(base, p->base_n))
		return;
	p->value = p->median / p->base_median;
	if (p->n > 1 && p->base_n > 1)
		p->interval = bootstrap_ratio(values, p->n, base, p->base_n);
}

static struct history_point make_point(const struct tree *tree, const struct history_series *s,
				       const char *against)
{
	struct history_point p = {
		.median = NAN, .base_median = NAN, .value = NAN, .interval = { NAN, NAN }
	};
	double *values = NULL, *base = NULL;

	p.n = metric_values(s->metric, tree, s->scenario, s->variant, &values);
	if (p.n)
		p.median = stats_median(values, p.n);
	if (against)
		p.base_n = metric_values(s->metric, tree, s->scenario, against, &base);
	if (p.base_n)
		p.base_median = stats_median(base, p.base_n);
	if (against && p.n && p.base_n)
		relate(&p, values, base);
	if (!against && p.n)
		p.value = p.median;
	if (!against && p.n > 1)
		p.interval = bootstrap_median(values, p.n);
	p.gap = gap_of(&p, against != NULL);
	free(values);
	free(base);
	return p;
}

/* Whether there is a tree that has a point of the series. */
static bool make_series(struct history_series *s, const struct history *h)
{
	size_t i, some = 0;

	s->points = must_alloc(h->sessions->count, sizeof(*s->points));
	s->p = s->p_holm = s->detectable_middle = s->detectable_last = NAN;
	for (i = 0; i < h->sessions->count; i++) {
		s->points[i] = make_point(&h->sessions->list[i].tree, s, h->against);
		s->used += !s->points[i].gap;
		some += s->points[i].n && (!h->against || s->points[i].base_n);
	}
	return some > 0;
}

/* The logarithms of the points to search, and which tree each is of. */
static void take_logs(const struct history_series *s, size_t trees, double *logs, size_t *tree)
{
	size_t i, n = 0;

	for (i = 0; i < trees; i++) {
		if (s->points[i].gap)
			continue;
		logs[n] = log(s->points[i].value);
		tree[n++] = i;
	}
}

static struct history_change make_change(const struct history_series *s,
					 const struct changepoint *found, size_t k, size_t count,
					 const size_t *tree)
{
	size_t start = k ? found[k - 1].at : 0, end = k + 1 < count ? found[k + 1].at : s->used;
	struct history_change c = {
		.before = tree[found[k].at - 1],
		.after = tree[found[k].at],
		.trees_before = found[k].at - start,
		.trees_after = end - found[k].at,
		.ratio = exp(found[k].shift),
		.interval = { exp(found[k].interval.low), exp(found[k].interval.high) },
		.p = found[k].p,
	};

	c.verdict =
		(c.ratio > 1) == s->metric->higher_is_better ? VERDICT_IMPROVE : VERDICT_REGRESS;
	return c;
}

/* @alpha is what Holm's procedure leaves for this series, ALPHA / @share. */
static void find_changes(struct history_series *s, const struct history *h, size_t share)
{
	struct changepoint *found = must_alloc(s->used, sizeof(*found));
	double *logs = stats_array(s->used), alpha = ALPHA / share;
	size_t *tree = must_alloc(s->used, sizeof(*tree)), trees = h->sessions->count, k, count = 0;

	take_logs(s, trees, logs, tree);
	if (s->p_holm < ALPHA)
		count = changepoint_find(logs, s->used, alpha, h->smallest_effect, SEED, found);
	s->changes = must_alloc(count, sizeof(*s->changes));
	for (k = 0; k < count; k++) {
		s->changes[k] = make_change(s, found, k, count, tree);
		s->changes[k].p_holm = fmin(1, fmax(s->p_holm, s->changes[k].p * share));
	}
	s->change_count = count;
	for (k = 0; k < count; k++) {
		s->changes[k].level_before = history_level(s, trees, s->changes[k].before);
		s->changes[k].level_after = history_level(s, trees, s->changes[k].after);
	}
	if (s->p_holm >= ALPHA) {
		s->detectable_middle =
			exp(changepoint_detectable(logs, s->used, s->used / 2, alpha, SEED));
		s->detectable_last = exp(changepoint_detectable(logs, s->used, 1, alpha, SEED));
		s->reason = "chance is not excluded";
	} else if (!count) {
		s->reason = "the effect is too small";
	}
	free(tree);
	free(logs);
	free(found);
}

static void test(struct history_series *s, size_t trees)
{
	double *logs = stats_array(s->used);
	size_t *tree = must_alloc(s->used, sizeof(*tree));

	take_logs(s, trees, logs, tree);
	s->p = changepoint_p(logs, s->used, SEED);
	free(tree);
	free(logs);
}

static int by_p(const void *left, const void *right)
{
	double a = (*(struct history_series *const *)left)->p;
	double b = (*(struct history_series *const *)right)->p;

	return (a > b) - (a < b);
}

/*
 * Holm's correction over the series that have trees enough; a series that is
 * found to change is searched on at the level that the procedure had for it.
 */
static void judge(struct history *h)
{
	struct history_series **sorted = must_alloc(h->count, sizeof(struct history_series *));
	double highest = 0;
	size_t i, n = 0;

	for (i = 0; i < h->count; i++) {
		struct history_series *s = &h->series[i];

		if (s->used < CHANGEPOINT_VALUES_MIN) {
			s->reason = "too few to tell";
			continue;
		}
		test(s, h->sessions->count);
		sorted[n++] = s;
	}
	qsort(sorted, n, sizeof(struct history_series *), by_p);
	for (i = 0; i < n; i++) {
		highest = fmax(highest, sorted[i]->p * (n - i));
		sorted[i]->p_holm = fmin(highest, 1);
		find_changes(sorted[i], h, n - i);
	}
	h->tested = n;
	free(sorted);
}

static void release_series(struct history_series *s)
{
	free(s->points);
	free(s->changes);
}

static void add_series(struct history *h, const char *scenario, const struct metric *metric,
		       const char *variant)
{
	struct history_series *s = &h->series[h->count];

	if (h->against && !strcmp(variant, h->against))
		return;
	*s = (struct history_series){ .scenario = scenario, .metric = metric, .variant = variant };
	if (make_series(s, h))
		h->count++;
	else
		release_series(s);
}

void history_make(struct history *h, const struct sessions *s, const struct history_choice *choice)
{
	size_t i, m, v,
		room = names_count(choice->scenarios) * choice->metric_count *
		       names_count(choice->variants);

	*h = (struct history){ .sessions = s,
			       .against = choice->against,
			       .smallest_effect = choice->smallest_effect,
			       .series = must_alloc(room, sizeof(*h->series)) };
	for (i = 0; choice->scenarios[i]; i++)
		for (m = 0; m < choice->metric_count; m++)
			for (v = 0; choice->variants[v]; v++)
				add_series(h, choice->scenarios[i], &choice->metrics[m],
					   choice->variants[v]);
	judge(h);
}

void history_release(struct history *h)
{
	size_t i;

	for (i = 0; i < h->count; i++)
		release_series(&h->series[i]);
	free(h->series);
	memset(h, 0, sizeof(*h));
}

double history_level(const struct history_series *series, size_t trees, size_t tree)
{
	size_t from = 0, to = trees, k, i, n = 0;
	double sum = 0;

	for (k = 0; k < series->change_count; k++) {
		if (series->changes[k].after <= tree)
			from = series->changes[k].after;
		else if (series->changes[k].after < to)
			to = series->changes[k].after;
	}
	for (i = from; i < to; i++) {
		if (series->points[i].gap)
			continue;
		sum += log(series->points[i].value);
		n++;
	}
	return n ? exp(sum / n) : NAN;
}

static const char *cut_of(const struct tree *tree, const char *variant)
{
	const json_t *boot;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (!strcmp(json_text(boot, "variant"), variant))
			return json_text(boot, "cut");
	return "";
}

const char *history_kernel(const struct tree *tree, const char *variant)
{
	const json_t *cuts = json_object_get(tree->env, "cuts");

	return json_string_value(
		json_object_get(json_object_get(cuts, cut_of(tree, variant)), "key"));
}

static int differ(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) != 0 : -1;
}

static const char *qemu_of(const struct tree *tree)
{
	return json_string_value(json_object_get(json_object_get(tree->env, "qemu"), "path"));
}

struct history_origin history_origin(const struct history *h, const struct history_series *series,
				     const struct history_change *change)
{
	const struct tree *one = &h->sessions->list[change->before].tree;
	const struct tree *other = &h->sessions->list[change->after].tree;
	bool hosts = json_object_get(one->env, "host") && json_object_get(other->env, "host");
	const char *base = h->against ? h->against : series->variant;

	return (struct history_origin){
		.kernel = differ(history_kernel(one, series->variant),
				 history_kernel(other, series->variant)),
		.base_kernel = differ(history_kernel(one, base), history_kernel(other, base)),
		.qemu = differ(qemu_of(one), qemu_of(other)),
		.host = hosts ? !tree_same_host(one, other) : -1,
	};
}

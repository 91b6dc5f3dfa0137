/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/history.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/stats.h"

/* The same numbers each time the trees are read. */
#define SEED 20170303

static const char *text_or_null(const struct document *document, const char *path)
{
	const char *text = document_text(document, path);

	return *text ? text : NULL;
}

/* Short key of the kernel that a variant ran on, or NULL. */
static const char *kernel_of(const struct table *table, const char *variant)
{
	size_t boot = table_next(table, 0, NULL, variant, ANY_STATUS);
	const struct document *cut;
	const char *name;
	size_t i;

	/* The name may have dots, so it cannot be a part of a path. */
	for (i = 0; boot < table->boot_count && (cut = document_item(table->env, "cuts", i, &name));
	     i++)
		if (!strcmp(name, table_text(table, &table->boots[boot], "cut")))
			return text_or_null(cut, "key");
	return NULL;
}

bool sessions_mix_hosts(const struct sessions *s, const struct session **one,
			const struct session **other)
{
	const struct session *end = s->list + s->count;

	for (*one = s->list; *one < end; ++*one)
		for (*other = *one + 1; *other < end; ++*other)
			if (!table_same_host(&(*one)->table, &(*other)->table))
				return true;
	return false;
}

/* Why a point is left out of the search, or NULL. */
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

static const struct history_point *add_point(struct history_series *s, const struct table *table,
					     const char *against)
{
	struct history_point *p = record_append(&history_point_record, &s->points);
	struct comparison c;

	compare(&c, table, s->measure, s->scenario, s->variant, against);
	p->tree = s->points.count;
	p->n = c.n;
	p->median = c.median;
	p->value = against ? c.ratio : c.median;
	p->interval = against ? c.ratio_interval : c.median_interval;
	p->kernel = kernel_of(table, s->variant);
	if (against) {
		p->base_n = c.base_n;
		p->base_median = c.base_median;
		p->base_kernel = kernel_of(table, against);
	}
	p->gap = gap_of(p, against != NULL);
	if (!p->gap && !is_resolved(against ? c.ratio_resolution : c.resolution))
		p->gap = UNRESOLVED ": the timer leaves more than 3 % open";
	s->unit = c.unit;
	compare_release(&c);
	return p;
}

/* The geometric mean of the searched points from @from on, before @to. */
static double level(const struct history_series *s, size_t from, size_t to)
{
	double sum = 0;
	size_t i;

	for (i = from; i < to; i++)
		sum += s->logs[i];
	return exp(sum / (to - from));
}

static int differ(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) != 0 : -1;
}

static struct history_change *add_change(struct history_series *s, const struct history *h,
					 const struct look *looks, size_t k, size_t count)
{
	const struct changepoint *found = &looks[k].change;
	struct history_change *c = record_append(&history_change_record, &s->changes);
	size_t start = k ? looks[k - 1].change.at : 0, at = found->at;
	size_t end = k + 1 < count ? looks[k + 1].change.at : s->used;
	size_t last = s->places[at - 1], first = s->places[at];
	const struct history_point *before = history_point(s, last),
				   *after = history_point(s, first);
	const struct table *one = &h->sessions->list[last].table;
	const struct table *other = &h->sessions->list[first].table;
	bool hosts = document_at(one->env, "host") && document_at(other->env, "host");

	c->before = last + 1;
	c->after = first + 1;
	c->trees_before = at - start;
	c->trees_after = end - at;
	c->level_before = level(s, start, at);
	c->level_after = level(s, at, end);
	c->ratio = exp(found->shift);
	c->interval = (struct interval){ exp(found->interval.low), exp(found->interval.high),
					 CONFIDENCE };
	c->p = found->p;
	c->state = looks[k].state;
	c->trees_further = looks[k].further;
	c->p_further = looks[k].p_further;
	c->verdict = (c->ratio > 1) == (s->measure->better == BETTER_HIGHER) ? VERDICT_IMPROVE
									     : VERDICT_REGRESS;
	c->differs = (struct history_differs){
		.kernel = differ(before->kernel, after->kernel),
		.base_kernel = differ(before->base_kernel, after->base_kernel),
		.qemu = differ(text_or_null(one->env, "qemu.path"),
			       text_or_null(other->env, "qemu.path")),
		.host = hosts ? !table_same_host(one, other) : -1,
	};
	return c;
}

/* @share: Holm's procedure leaves ALPHA / @share for this series. */
static void find_changes(struct history_series *s, const struct history *h, size_t share)
{
	const struct changepoint_null null = { &s->correlation, SEED, CHANGEPOINT_DRAWS };
	struct look *looks = xcalloc(s->used, sizeof(*looks));
	double alpha = ALPHA / share;
	size_t k, count = 0;

	if (s->p_holm < ALPHA) {
		count = looks_find(s->logs, s->used, alpha, h->smallest_effect, &null, looks);
	} else {
		s->detectable_middle =
			exp(changepoint_detectable(s->logs, s->used, s->used / 2, alpha, &null));
		s->detectable_last = exp(changepoint_detectable(s->logs, s->used, 1, alpha, &null));
		s->reason = "chance is not excluded";
	}
	for (k = 0; k < count; k++)
		add_change(s, h, looks, k, count)->p_holm =
			fmin(1, fmax(s->p_holm, looks[k].change.p * share));
	if (!count && !s->reason)
		s->reason = "the effect is too small";
	free(looks);
}

static int by_p(const void *left, const void *right)
{
	double a = (*(struct history_series *const *)left)->p;
	double b = (*(struct history_series *const *)right)->p;

	return (a > b) - (a < b);
}

/* Holm's correction; a series that changes is searched on at the level that it had there. */
static void judge(struct history *h)
{
	struct history_series **sorted = xcalloc(h->series.count, sizeof(*sorted)), *s;
	double highest = 0;
	size_t i, n = 0;

	for (i = 0; i < h->series.count; i++) {
		s = sorted[n] = history_series(h, i);
		if (s->used < CHANGEPOINT_VALUES_MIN) {
			s->reason = "too few to tell";
			s->correlation.mean = NAN;
			s->correlation.interval = NO_INTERVAL;
			continue;
		}
		s->correlation = correlation_estimate(s->logs, s->used);
		s->p = changepoint_p(
			s->logs, s->used,
			&(struct changepoint_null){ &s->correlation, SEED, CHANGEPOINT_DRAWS });
		n++;
	}
	qsort(sorted, n, sizeof(*sorted), by_p);
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
	free(s->points.items);
	free(s->changes.items);
	free(s->logs);
	free(s->places);
}

/* Trees by events and trees by polls have the polls in common. */
static bool timers_change(const struct history *h, const char *scenario,
			  const struct measure *measure, const char *variant)
{
	unsigned int found = 0;
	size_t i;

	for (i = 0; i < h->sessions->count; i++) {
		const struct table *t = &h->sessions->list[i].table;

		found |= timers_of(t, measure, scenario, variant) |
			 timers_of(t, measure, scenario, h->against);
	}
	return found & (found - 1);
}

/* The series stays if a tree has a point of it. */
static void add_series(struct history *h, const char *scenario, size_t m, const char *variant)
{
	const struct measure *measure = timers_change(h, scenario, &h->measures[m], variant)
						? &h->by_polls[m]
						: &h->measures[m];
	struct history_series *s = record_append(&history_series_record, &h->series);
	size_t i, some = 0, trees = h->sessions->count;

	s->scenario = scenario;
	s->measure = measure;
	s->metric = measure->text;
	s->variant = variant;
	s->used = 0;
	s->logs = stats_array(trees);
	s->places = xcalloc(trees, sizeof(*s->places));
	for (i = 0; i < trees; i++) {
		const struct history_point *p =
			add_point(s, &h->sessions->list[i].table, h->against);

		some += p->n && (!h->against || p->base_n);
		if (p->gap)
			continue;
		s->logs[s->used] = log(p->value);
		s->places[s->used++] = i;
	}
	s->level = level(s, 0, s->used);
	if (some)
		return;
	release_series(s);
	h->series.count--;
}

void history_make(struct history *h)
{
	size_t i, m, v;

	h->by_polls = xcalloc(h->measure_count, sizeof(*h->by_polls));
	for (m = 0; m < h->measure_count; m++)
		h->by_polls[m] = measure_by_polls(&h->measures[m]);
	h->accel = table_accel(&h->sessions->list[0].table);
	for (i = 0; h->scenarios[i]; i++)
		for (m = 0; m < h->measure_count; m++)
			for (v = 0; h->variants[v]; v++)
				if (!h->against || strcmp(h->variants[v], h->against))
					add_series(h, h->scenarios[i], m, h->variants[v]);
	judge(h);
}

void history_release(struct history *h)
{
	size_t i;

	for (i = 0; i < h->series.count; i++)
		release_series(history_series(h, i));
	free(h->series.items);
	free(h->by_polls);
}

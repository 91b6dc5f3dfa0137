/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/victims.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"
#include "lib/stats.h"

#define NAME_MAX_LENGTH 48
#define BEFORE "before"

const char *const victim_phases[] = { BEFORE, "inflate", "plateau", "deflate", "after", NULL };

static const struct victim_level latency_levels[] = {
	{ .5, "p50" }, { .9, "p90" }, { .99, "p99" }, { .999, "p99.9" }, { 0, NULL },
};

static const struct victim_level rate_levels[] = {
	{ .5, "p50" }, { .1, "p10" }, { .05, "p5" }, { .01, "p1" }, { 0, NULL },
};

static const struct victim_level latency_headlines[] = {
	{ .99, "p99" },
	{ .9, "p90" },
	{ .5, "p50" },
	{ 0, NULL },
};

static const struct victim_level rate_headlines[] = {
	{ .5, "p50" },
	{ 0, NULL },
};

const struct victim_level *victim_levels(const struct victim_figure *figure)
{
	return figure->is_rate ? rate_levels : latency_levels;
}

const struct victim_level *victim_headlines(const struct victim_figure *figure)
{
	return figure->is_rate ? rate_headlines : latency_headlines;
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && n <= NAME_MAX_LENGTH && strchr(name, '_') &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool is_among(const struct victim_figure *figures, size_t count, const char *side,
		     const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (figures[i].side == side && !strcmp(figures[i].name, name))
			return true;
	return false;
}

static size_t add_names(struct victim_figure **figures, size_t count, const char *side,
			const json_t *victims)
{
	static const char rate[] = "_per_s";
	const char *name;
	json_t *noted;

	json_object_foreach ((json_t *)victims, name, noted) {
		struct victim_figure *longer;
		size_t n = strlen(name);

		if (!is_name(name) || is_among(*figures, count, side, name))
			continue;
		longer = reallocarray(*figures, count + 1, sizeof(*longer));
		if (!longer)
			abort();
		longer[count++] =
			(struct victim_figure){ .side = side,
						.name = name,
						.is_rate = n > strlen(rate) &&
							   !strcmp(name + n - strlen(rate), rate) };
		*figures = longer;
	}
	return count;
}

size_t victim_figures(const struct tree *tree, const char *scenario, struct victim_figure **figures)
{
	static const char *const sides[] = { "guest", "host" };
	const json_t *boot;
	size_t i, s, count = 0;

	*figures = NULL;
	for (s = 0; s < 2; s++)
		json_array_foreach (tree->boots, i, boot)
			if (tree_is_ok(boot, scenario, NULL))
				count = add_names(figures, count, sides[s],
						  json_object_get(json_object_get(boot, "victims"),
								  sides[s]));
	return count;
}

const char *victim_where(const struct victim_figure *figure)
{
	return strcmp(figure->side, "host") ? "in the guest" : "on the host";
}

const char *victim_path(const struct victim_figure *figure, const char *phase, char *path,
			size_t size)
{
	snprintf(path, size, "victims.%s.%s.%s", figure->side, figure->name, phase);
	return path;
}

static const json_t *noted(const json_t *boot, const struct victim_figure *figure)
{
	return json_object_get(json_object_get(json_object_get(boot, "victims"), figure->side),
			       figure->name);
}

static bool read_phase(struct histogram *h, const json_t *boot, const struct victim_figure *figure,
		       const char *phase)
{
	return !histogram_from_json(h, json_object_get(noted(boot, figure), phase)) && h->count;
}

/* What is rare at the lower end is as rare as its counterpart at the upper. */
static bool carries(const struct histogram *h, double share)
{
	return histogram_carries(h, fmax(share, 1 - share));
}

static bool quantile_of(const json_t *boot, const struct victim_figure *figure, const char *phase,
			double share, double *value)
{
	struct histogram h;

	if (!read_phase(&h, boot, figure, phase) || !carries(&h, share))
		return false;
	*value = histogram_quantile(&h, share);
	return true;
}

size_t victim_values(const struct victim_sample *s, double share, bool over_before, double **values)
{
	const json_t *boot;
	size_t i, n = 0;

	*values = stats_array(json_array_size(s->tree->boots));
	json_array_foreach (s->tree->boots, i, boot) {
		double value, before = 1;

		if (!tree_is_ok(boot, s->scenario, s->variant) || !noted(boot, s->figure))
			continue;
		if (!quantile_of(boot, s->figure, s->phase, share, &value))
			return 0;
		if (over_before &&
		    (!quantile_of(boot, s->figure, BEFORE, share, &before) || !(before > 0)))
			return 0;
		(*values)[n++] = value / before;
	}
	return n;
}

static struct estimate estimate_values(const struct victim_sample *s, double share,
				       bool over_before)
{
	double *values;
	size_t n = victim_values(s, share, over_before, &values);

	return estimate_of(values, n);
}

struct estimate victim_quantile(const struct victim_sample *sample, double share)
{
	return estimate_values(sample, share, false);
}

struct estimate victim_over_before(const struct victim_sample *sample, double share)
{
	return estimate_values(sample, share, true);
}

struct estimate victim_events(const struct victim_sample *s)
{
	double *values = stats_array(json_array_size(s->tree->boots));
	const json_t *boot;
	struct histogram h;
	size_t i, n = 0;

	json_array_foreach (s->tree->boots, i, boot)
		if (tree_is_ok(boot, s->scenario, s->variant) && noted(boot, s->figure))
			values[n++] = read_phase(&h, boot, s->figure, s->phase) ? h.count : 0;
	return estimate_of(values, n);
}

double victim_worst(const struct victim_sample *s)
{
	double worst = NAN;
	const json_t *boot;
	struct histogram h;
	size_t i;

	json_array_foreach (s->tree->boots, i, boot)
		if (tree_is_ok(boot, s->scenario, s->variant) &&
		    read_phase(&h, boot, s->figure, s->phase))
			worst = s->figure->is_rate ? fmin(worst, h.min) : fmax(worst, h.max);
	return worst;
}

/* [number, ...] at an index of a list. */
static const json_t *pair_at(const json_t *boot, const struct victim_figure *figure,
			     const char *list, size_t i, double *first)
{
	const json_t *pair = json_array_get(json_object_get(noted(boot, figure), list), i);

	*first = json_number_value(json_array_get(pair, 0));
	return pair;
}

bool victim_mark(const json_t *boot, const struct victim_figure *figure, size_t i, double *ns,
		 const char **phase)
{
	const json_t *pair = pair_at(boot, figure, "marks", i, ns);

	*phase = json_string_value(json_array_get(pair, 1));
	return *phase;
}

bool victim_stretch(const json_t *boot, const struct victim_figure *figure, size_t i, double *ns,
		    double *value)
{
	const json_t *pair = pair_at(boot, figure, "series", i, ns);

	*value = json_number_value(json_array_get(pair, 1));
	return pair;
}

double victim_stretch_ns(const json_t *boot, const struct victim_figure *figure)
{
	return json_number_value(json_object_get(noted(boot, figure), "series_ns"));
}

/* A stretch of a boot, and what of it lies in a phase. */
struct walk {
	const json_t *boot;
	const struct victim_figure *figure;
	size_t stretch, mark;
	double value;
};

/* How much of [from, to) is in the phase; the marks are in the order of time. */
static double within(struct walk *w, const char *phase, double from, double to)
{
	const char *name, *next_name;
	double ns, next, sum = 0;
	size_t m;

	for (m = w->mark; victim_mark(w->boot, w->figure, m, &ns, &name) && ns < to; m++) {
		if (!victim_mark(w->boot, w->figure, m + 1, &next, &next_name))
			next = INFINITY;
		if (next <= from)
			w->mark = m;
		else if (!strcmp(name, phase))
			sum += fmax(fmin(to, next) - fmax(from, ns), 0);
	}
	return sum;
}

/* The next stretch that is in the phase at all: its value in @w, and for how long; 0 at the end. */
static double next_in(struct walk *w, const char *phase)
{
	double ns, length = victim_stretch_ns(w->boot, w->figure), part = 0;

	while (!(part > 0) && victim_stretch(w->boot, w->figure, w->stretch++, &ns, &w->value))
		part = within(w, phase, ns, ns + length);
	return part > 0 ? part : 0;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of sorted values the one that a share of them does not exceed. */
static double at_share(const double *values, size_t n, double share)
{
	return values[(size_t)fmax(ceil(share * n), 1) - 1];
}

bool victim_limit(const json_t *boot, const struct victim_figure *figure, double *limit)
{
	struct walk w = { .boot = boot, .figure = figure };
	size_t n = 0, room = json_array_size(json_object_get(noted(boot, figure), "series"));
	double *values = stats_array(room);

	while (n < room && next_in(&w, BEFORE) > 0)
		values[n++] = w.value;
	qsort(values, n, sizeof(*values), compare_doubles);
	if (n && figure->is_rate)
		*limit = VICTIM_LOW_PART * stats_median(values, n);
	else if (n)
		*limit = at_share(values, n, 1 - VICTIM_LATE_SHARE);
	free(values);
	return n > 0 &&
	       n * (figure->is_rate ? .5 : VICTIM_LATE_SHARE) > HISTOGRAM_BEYOND_MIN - 1e-6;
}

static size_t count_phases(const json_t *boot, const struct victim_figure *figure,
			   const char *phase)
{
	const char *name;
	size_t m, n = 0;
	double ns;

	for (m = 0; victim_mark(boot, figure, m, &ns, &name); m++)
		n += !strcmp(name, phase);
	return n;
}

static bool disturbed_of(const json_t *boot, const struct victim_sample *s, double *seconds,
			 double *percent)
{
	struct walk w = { .boot = boot, .figure = s->figure };
	double limit, part, all = 0, bad = 0;

	if (!victim_limit(boot, s->figure, &limit))
		return false;
	while ((part = next_in(&w, s->phase)) > 0) {
		all += part;
		if (s->figure->is_rate ? w.value < limit : w.value > limit)
			bad += part;
	}
	if (!(all > 0))
		return false;
	*seconds = bad / 1e9 / count_phases(boot, s->figure, s->phase);
	*percent = 100 * bad / all;
	return true;
}

struct victim_disturbed victim_disturbed(const struct victim_sample *s)
{
	double *seconds = stats_array(json_array_size(s->tree->boots));
	double *percent = stats_array(json_array_size(s->tree->boots));
	bool known = true;
	const json_t *boot;
	size_t i, n = 0;

	json_array_foreach (s->tree->boots, i, boot) {
		if (!tree_is_ok(boot, s->scenario, s->variant) || !noted(boot, s->figure))
			continue;
		known &= disturbed_of(boot, s, &seconds[n], &percent[n]);
		n++;
	}
	return (struct victim_disturbed){ estimate_of(seconds, known ? n : 0),
					  estimate_of(percent, known ? n : 0) };
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/table.h"

#include <fnmatch.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/histogram.h"
#include "lib/stats.h"

#define NAME_MAX_LENGTH 48

/* By victim->is_rate. */
static const struct victim_level levels[][5] = {
	{ { .5, "p50" }, { .9, "p90" }, { .99, "p99" }, { .999, "p99.9" } },
	{ { .5, "p50" }, { .1, "p10" }, { .05, "p5" }, { .01, "p1" } },
};
static const struct victim_level headlines[][4] = {
	{ { .99, "p99" }, { .9, "p90" }, { .5, "p50" } },
	{ { .5, "p50" } },
};

static const char *const sides[] = { "guest", "host" };

const struct victim_level *victim_levels(const struct victim *victim)
{
	return levels[victim->is_rate];
}

const struct victim_level *victim_headlines(const struct victim *victim)
{
	return headlines[victim->is_rate];
}

static bool is_rate(const char *name)
{
	return !fnmatch("?*_per_s", name, 0);
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && n <= NAME_MAX_LENGTH && strchr(name, '_') &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool has_victim(const struct table *t, const char *scenario, const struct column *column)
{
	size_t i;

	table_for_each (t, i, scenario, NULL, BOOT_OK)
		if (table_number(column, &t->boots[i], 0) > 0)
			return true;
	return false;
}

size_t victims_of(const struct table *t, const char *scenario, struct victim **victims)
{
	size_t i, s, n, count = 0;
	char prefix[32];

	*victims = xcalloc(t->column_count, sizeof(**victims));
	for (s = 0; s < 2; s++) {
		n = snprintf(prefix, sizeof(prefix), "victims.%s.", sides[s]);
		for (i = 0; i < t->column_count; i++) {
			const char *name = t->columns[i]->name + n;

			if (!strncmp(t->columns[i]->name, prefix, n) && is_name(name) &&
			    has_victim(t, scenario, t->columns[i]))
				(*victims)[count++] =
					(struct victim){ sides[s], name, is_rate(name) };
		}
	}
	return count;
}

bool victim_has_stalls(const struct table *t, const struct victim *victim)
{
	char name[160];

	snprintf(name, sizeof(name), "victims.%s.%s.stalls.%s", victim->side, victim->name,
		 victim_phase_names[PHASE_BEFORE]);
	return table_column(t, name);
}

enum field_clock victim_clock(const struct victim *victim)
{
	return strcmp(victim->side, "host") ? CLOCK_GUEST : CLOCK_HOST;
}

const char *victim_where(const struct victim *victim)
{
	return strcmp(victim->side, "host") ? "in the guest" : "on the host";
}

const struct victim_result *victim_find(const struct boot_result *boot, const struct victim *victim)
{
	return record_find(&victim_record,
			   strcmp(victim->side, "host") ? &boot->victims.guest
							: &boot->victims.host,
			   victim->name);
}

/* The stretches of a victim, one by one. */
struct walk {
	const struct victim_result *victim;
	size_t stretch, mark;
	double value;
};

/* For how long the next stretch is in each phase; the marks are in the order of time. */
static bool next_stretch(struct walk *w, double in[VICTIM_PHASES])
{
	const int64_t(*series)[2] = w->victim->series.items;
	const struct victim_mark *marks = w->victim->marks.items;
	size_t m, count = w->victim->marks.count;
	double from, to, next;

	if (w->stretch == w->victim->series.count)
		return false;
	memset(in, 0, VICTIM_PHASES * sizeof(*in));
	from = series[w->stretch][0];
	to = from + w->victim->series_ns;
	w->value = series[w->stretch++][1];
	for (m = w->mark; m < count && marks[m].at_ns < to; m++) {
		/* INFINITY is a float. */
		next = m + 1 < count ? (double)marks[m + 1].at_ns : INFINITY;
		if (next <= from)
			w->mark = m;
		else if (marks[m].phase >= 0)
			in[marks[m].phase] += fmax(fmin(to, next) - fmax(from, marks[m].at_ns), 0);
	}
	return true;
}

bool victim_limit(const struct victim_result *victim, double *limit)
{
	struct walk w = { .victim = victim };
	double in[VICTIM_PHASES], *values = stats_array(victim->series.count);
	bool rate = is_rate(victim->name);
	size_t n = 0;

	while (next_stretch(&w, in))
		if (in[PHASE_BEFORE] > 0)
			values[n++] = w.value;
	gsl_sort(values, 1, n);
	if (n && rate)
		*limit = VICTIM_LOW_PART * stats_median(values, n);
	else if (n)
		*limit = values[(size_t)fmax(ceil((1 - VICTIM_LATE_SHARE) * n), 1) - 1];
	free(values);
	return n > 0 && n * (rate ? .5 : VICTIM_LATE_SHARE) > HISTOGRAM_BEYOND_MIN - 1e-6;
}

/* For how long each phase was disturbed, of all the time in stretches of it. */
struct disturbance {
	double bad[VICTIM_PHASES], all[VICTIM_PHASES];
};

static struct disturbance disturbance_of(const struct victim_result *victim)
{
	struct disturbance d = { .all = { 0 } };
	bool rate = is_rate(victim->name);
	struct walk w = { .victim = victim };
	double limit, in[VICTIM_PHASES];
	int phase;

	if (!victim_limit(victim, &limit))
		return d;
	while (next_stretch(&w, in)) {
		for (phase = 0; phase < VICTIM_PHASES; phase++) {
			d.all[phase] += in[phase];
			if (rate ? w.value < limit : w.value > limit)
				d.bad[phase] += in[phase];
		}
	}
	return d;
}

/* @at: the victim's column. The excess is over the share of the same boot at rest. */
static void add_phase(const struct row *row, const char *at, int phase, const struct disturbance *d,
		      size_t times)
{
	double excess = d->bad[phase] - d->all[phase] * d->bad[PHASE_BEFORE] / d->all[PHASE_BEFORE];
	const struct {
		const char *name;
		double value;
	} columns[] = {
		{ "disturbed_ns", d->bad[phase] / times },
		{ "disturbed_percent", 100 * d->bad[phase] / d->all[phase] },
		{ "excess_ns", excess / times },
		{ "excess_percent", 100 * excess / d->all[phase] },
	};
	char name[200];
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		snprintf(name, sizeof(name), "%s.%s.%s", at, victim_phase_names[phase],
			 columns[i].name);
		table_cell(row, name, FIELD_REAL)->number =
			d->all[phase] > 0 ? columns[i].value : INFINITY;
	}
}

static void add_columns(const struct row *row, const char *side, const struct victim_result *victim)
{
	struct disturbance d = disturbance_of(victim);
	const struct victim_mark *marks = victim->marks.items;
	char at[160];
	size_t m, times;
	int phase;

	snprintf(at, sizeof(at), "victims.%s.%.64s", side, victim->name);
	table_cell(row, at, FIELD_REAL)->number = 1;
	for (phase = 0; phase < VICTIM_PHASES; phase++) {
		for (m = times = 0; m < victim->marks.count; m++)
			times += marks[m].phase == phase;
		add_phase(row, at, phase, &d, times);
	}
}

void victims_add_columns(const struct row *row, const struct boot_result *boot)
{
	const struct record_list *lists[] = { &boot->victims.guest, &boot->victims.host };
	const struct victim_result *victim;
	size_t s, i;

	for (s = 0; s < 2; s++) {
		victim = lists[s]->items;
		for (i = 0; i < lists[s]->count; i++, victim++)
			if (!strchr(victim->name, '.'))
				add_columns(row, sides[s], victim);
	}
}

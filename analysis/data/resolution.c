/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/resolution.h"

#include <math.h>
#include <string.h>

#include "analysis/data/measure.h"
#include "lib/stats.h"

#define POLLED_DURATION "polled.duration_ns"

static const struct resolution exact = { .share = 0, .below = 1, .above = 1 };

/* @timer: "", or "polled." */
static struct resolution of_duration(const struct table *t, const char *scenario,
				     const char *variant, enum direction direction,
				     const char *timer)
{
	const char *resize = direction_names[direction];
	struct measure m = measure_of("%s.%sresolution_ns.percent", resize, timer);
	struct series s;
	double share;

	snprintf(m.per, sizeof(m.per), "%s.%sduration_ns", resize, timer);
	s = series(t, scenario, variant, &m);
	share = s.n ? stats_median(s.values, s.n) / 100 : 0;
	series_release(&s);
	return (struct resolution){ share, fmax(1 - share / 2, 0), 1 + share };
}

static struct resolution of_column(const struct table *t, const char *scenario, const char *variant,
				   const char *column)
{
	const char *field = strchr(column, '.');
	enum direction d = *column == 'd' ? DEFLATE : INFLATE;
	size_t n = strlen(direction_names[d]);
	struct resolution r = exact;

	if (!field || strncmp(column, direction_names[d], n) || column[n] != '.')
		return r;
	if (!strcmp(field, ".duration_ns") || !strcmp(field, ".gib_per_s"))
		r = of_duration(t, scenario, variant, d, "");
	else if (!strcmp(field, "." POLLED_DURATION))
		r = of_duration(t, scenario, variant, d, "polled.");
	return strcmp(field, ".gib_per_s") ? r : resolution_of_ratio(&exact, &r);
}

struct resolution resolution_of(const struct table *t, const char *scenario, const char *variant,
				const struct measure *m)
{
	struct resolution of = of_column(t, scenario, variant, m->column);
	struct resolution per = of_column(t, scenario, variant, m->per);

	return resolution_of_ratio(&of, &per);
}

struct resolution resolution_of_ratio(const struct resolution *of, const struct resolution *to)
{
	return (struct resolution){ of->share + to->share, of->below / to->above,
				    of->above / to->below };
}

void resolution_widen(struct interval *i, const struct resolution *by)
{
	i->low *= by->below;
	i->high *= by->above;
}

/* The resize whose duration a column is or has; DIRECTIONS: none. */
static enum direction timed_resize(const char *column)
{
	char name[64];
	int d;

	for (d = 0; d < DIRECTIONS; d++) {
		snprintf(name, sizeof(name), "%s.duration_ns", direction_names[d]);
		if (!strcmp(column, name))
			return d;
		snprintf(name, sizeof(name), "%s.gib_per_s", direction_names[d]);
		if (!strcmp(column, name))
			return d;
	}
	return DIRECTIONS;
}

/* The resize that a measure is or has a duration of, or NULL. */
static const char *resize_of(const struct measure *m)
{
	const enum direction of = timed_resize(m->column);

	return direction_names[of < DIRECTIONS ? of : timed_resize(m->per)];
}

/* What is outside of the events is known of the resizes that they time. */
unsigned int timers_of(const struct table *t, const struct measure *m, const char *scenario,
		       const char *variant)
{
	const char *resize = resize_of(m);
	const struct column *all, *by_events;
	unsigned int found = 0;
	char name[64];
	size_t i, c;

	if (!resize || !variant)
		return 0;
	snprintf(name, sizeof(name), "%s.duration_ns", resize);
	all = table_column(t, name);
	snprintf(name, sizeof(name), "%s.polled.outside_ns", resize);
	by_events = table_column(t, name);
	if (!all)
		return 0;
	table_for_each (t, i, scenario, variant, BOOT_OK)
		for (c = 0; c < t->boots[i].cycle_count; c++)
			if (!isnan(table_number(all, &t->boots[i], c)))
				found |= 1 << (by_events && !isnan(table_number(by_events,
										&t->boots[i], c))
						       ? TIMER_EVENTS
						       : TIMER_POLLS);
	return found;
}

struct measure measure_by_polls(const struct measure *measure)
{
	const char *resize = resize_of(measure);
	struct measure m = *measure;

	if (!resize)
		return m;
	snprintf(m.text, sizeof(m.text), "%s by polls", measure->name);
	if (timed_resize(m.per) < DIRECTIONS)
		snprintf(m.per, sizeof(m.per), "%s." POLLED_DURATION, resize);
	else if (strstr(m.column, ".gib_per_s")) {
		snprintf(m.column, sizeof(m.column), "%s.bytes", resize);
		snprintf(m.per, sizeof(m.per), "%s." POLLED_DURATION, resize);
		m.in_each_cycle = true;
		m.factor = 1e9 / GIB_BYTES;
	} else {
		snprintf(m.column, sizeof(m.column), "%s." POLLED_DURATION, resize);
	}
	return m;
}

bool measure_in_common(struct measure *common, const struct table *t, const struct measure *measure,
		       const char *scenario, const char *variant, const char *base)
{
	const unsigned int both =
		timers_of(t, measure, scenario, variant) | timers_of(t, measure, scenario, base);
	const bool by_polls = both & (both - 1);

	*common = by_polls ? measure_by_polls(measure) : *measure;
	return by_polls;
}

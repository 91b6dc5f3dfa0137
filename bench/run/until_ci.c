/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/until_ci.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bootstrap.h"
#include "lib/result.h"
#include "lib/stats.h"

int until_ci_init(struct until_ci *until, const struct until_ci_goal *goal, const struct plan *plan,
		  size_t scenario_count, size_t variant_count)
{
	size_t i;

	*until = (struct until_ci){ .goal = *goal, .variant_count = variant_count };
	until->scenarios = calloc(scenario_count, sizeof(*until->scenarios));
	if (!until->scenarios)
		return -ENOMEM;
	until->scenario_count = scenario_count;
	for (i = 0; i < scenario_count; i++) {
		struct until_ci_scenario *s = &until->scenarios[i];

		s->half_width = INFINITY;
		s->samples = calloc(variant_count, sizeof(*s->samples));
		if (!s->samples)
			return -ENOMEM;
	}
	for (i = 0; i < plan->count; i++) {
		const struct plan_entry *e = &plan->entries[i];
		struct until_ci_scenario *s = &until->scenarios[e->scenario];

		s->open = true;
		s->samples[e->variant].runs = true;
		s->boots = s->boots < e->boot ? e->boot : s->boots;
	}
	return 0;
}

void until_ci_release(struct until_ci *until)
{
	size_t s, v;

	for (s = 0; s < until->scenario_count; s++) {
		for (v = 0; until->scenarios[s].samples && v < until->variant_count; v++)
			free(until->scenarios[s].samples[v].values);
		free(until->scenarios[s].samples);
	}
	free(until->scenarios);
	memset(until, 0, sizeof(*until));
}

void until_ci_add_value(struct until_ci *until, const struct plan_entry *entry, double value)
{
	struct until_ci_sample *sample;
	double *longer;

	sample = &until->scenarios[entry->scenario].samples[entry->variant];
	longer = reallocarray(sample->values, sample->count + 1, sizeof(*longer));
	if (!longer)
		abort();
	sample->values = longer;
	longer[sample->count++] = value;
}

int until_ci_add(struct until_ci *until, const struct plan_entry *entry, const json_t *result)
{
	const char *status = json_string_value(json_object_get(result, "status"));
	double value;

	if (!status || strcmp(status, RESULT_OK))
		return 0;
	if (!result_value(result, until->goal.metric, &value))
		return -ENODATA;
	until_ci_add_value(until, entry, value);
	return 0;
}

/* Half of an interval's width, relative to what it is the interval of. */
static double relative_half_width(struct interval interval, double estimate)
{
	return (interval.high - interval.low) / 2 / estimate;
}

static double median_half_width(const struct until_ci_sample *s)
{
	if (s->count < 2 || !stats_all_positive(s->values, s->count))
		return INFINITY;
	return relative_half_width(bootstrap_median(s->values, s->count),
				   stats_median(s->values, s->count));
}

static double ratio_half_width(const struct until_ci_sample *a, const struct until_ci_sample *base)
{
	if (a->count < 2 || base->count < 2 || !stats_all_positive(a->values, a->count) ||
	    !stats_all_positive(base->values, base->count))
		return INFINITY;
	return relative_half_width(bootstrap_ratio(a->values, a->count, base->values, base->count),
				   stats_median(a->values, a->count) /
					   stats_median(base->values, base->count));
}

/* The first variant from @from on that runs in the scenario. */
static size_t next_variant(const struct until_ci *until, const struct until_ci_scenario *s,
			   size_t from)
{
	while (from < until->variant_count && !s->samples[from].runs)
		from++;
	return from;
}

static void look(const struct until_ci *until, struct until_ci_scenario *s)
{
	size_t base = next_variant(until, s, 0), v = next_variant(until, s, base + 1);

	s->widest = base;
	s->half_width = v < until->variant_count ? 0 : median_half_width(&s->samples[base]);
	for (; v < until->variant_count; v = next_variant(until, s, v + 1)) {
		double width = ratio_half_width(&s->samples[v], &s->samples[base]);

		if (width < s->half_width)
			continue;
		s->half_width = width;
		s->widest = v;
	}
}

bool until_ci_is_reached(const struct until_ci *until, size_t scenario)
{
	return until->scenarios[scenario].half_width <= until->goal.half_width;
}

void until_ci_look(struct until_ci *until, size_t scenario)
{
	struct until_ci_scenario *s = &until->scenarios[scenario];

	look(until, s);
	s->open = !until_ci_is_reached(until, scenario) && s->boots < until->goal.max_boots;
}

json_t *until_ci_to_json(const struct until_ci *until, const struct scenario *scenarios)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < until->scenario_count; i++) {
		const struct until_ci_scenario *s = &until->scenarios[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:i, s:b, s:o}", "name", scenarios[i].name,
						"boots", (int)s->boots, "reached",
						until_ci_is_reached(until, i), "half_width",
						isfinite(s->half_width) ? json_real(s->half_width)
									: json_null()));
	}
	return json_pack("{s:s, s:f, s:i, s:o}", "metric", until->goal.metric, "half_width",
			 until->goal.half_width, "max_boots", (int)until->goal.max_boots,
			 "scenarios", list);
}

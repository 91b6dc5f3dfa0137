/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/until_ci.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/interval.h"
#include "lib/stats.h"

void until_ci_init(struct until_ci *until, const struct until_ci_goal *goal,
		   const struct plan *plan, size_t scenario_count, size_t variant_count)
{
	const struct plan_entry *e;
	struct until_ci_scenario *s;

	*until = (struct until_ci){ .goal = *goal,
				    .scenario_count = scenario_count,
				    .variant_count = variant_count };
	until->scenarios = xcalloc(scenario_count, sizeof(*until->scenarios));
	for (s = until->scenarios; s < until->scenarios + scenario_count; s++) {
		s->half_width = INFINITY;
		s->samples = xcalloc(variant_count, sizeof(*s->samples));
	}
	for (e = plan->entries; e < plan->entries + plan->count; e++) {
		s = &until->scenarios[e->scenario];
		s->open = true;
		s->samples[e->variant].runs = true;
		s->boots = s->boots < e->boot ? e->boot : s->boots;
	}
}

void until_ci_release(struct until_ci *until)
{
	size_t s, v;

	for (s = 0; s < until->scenario_count; s++) {
		for (v = 0; v < until->variant_count; v++)
			free(until->scenarios[s].samples[v].values);
		free(until->scenarios[s].samples);
	}
	free(until->scenarios);
	memset(until, 0, sizeof(*until));
}

void until_ci_add_value(struct until_ci *until, const struct plan_entry *entry, double value)
{
	struct until_ci_sample *s = &until->scenarios[entry->scenario].samples[entry->variant];

	s->values = xreallocarray(s->values, s->count + 1, sizeof(*s->values));
	s->values[s->count++] = value;
}

int until_ci_add(struct until_ci *until, const struct plan_entry *entry,
		 const struct boot_result *result)
{
	double *values, value = NAN;
	size_t i, count = 0;

	if (result->status != BOOT_OK)
		return 0;
	if (!record_number(&boot_record, result, until->goal.metric, &value)) {
		values = xcalloc(result->cycles.count, sizeof(*values));
		for (i = 0; i < result->cycles.count; i++)
			count += record_number(&cycle_record, result_cycle(result, i),
					       until->goal.metric, &values[count]);
		value = count ? stats_median(values, count) : NAN;
		free(values);
	}
	if (isnan(value))
		return -ENODATA;
	until_ci_add_value(until, entry, value);
	return 0;
}

struct interval until_ci_interval(const struct until_ci_sample *s,
				  const struct until_ci_sample *base)
{
	return base ? ratio_of(s->values, s->count, base->values, base->count).interval
		    : interval_of_median(s->values, s->count);
}

static bool has_interval(const struct until_ci_sample *s, size_t least)
{
	return s->count >= least && stats_all_positive(s->values, s->count);
}

/* Half the width of the interval, relative to its middle. */
static double half_width(const struct until_ci_sample *s, const struct until_ci_sample *base)
{
	size_t least = base ? UNTIL_BOOTS_MIN : UNTIL_BOOTS_MIN_ALONE;
	struct interval i;

	if (!has_interval(s, least) || (base && !has_interval(base, least)))
		return INFINITY;
	i = until_ci_interval(s, base);
	return (i.high - i.low) / (i.high + i.low);
}

void until_ci_update(struct until_ci *until, size_t scenario)
{
	struct until_ci_scenario *s = &until->scenarios[scenario];
	const struct until_ci_sample *base = NULL, *v;
	double widest = -1, width;

	for (v = s->samples; v < s->samples + until->variant_count; v++) {
		if (!v->runs)
			continue;
		width = base ? half_width(v, base) : -1;
		base = base ? base : v;
		if (width < widest)
			continue;
		widest = width;
		s->widest = v - s->samples;
	}
	s->half_width = widest >= 0 ? widest : base ? half_width(base, NULL) : INFINITY;
	s->reached = s->half_width <= until->goal.half_width;
	s->open = !s->reached && s->boots < until->goal.max_boots;
}

json_t *until_ci_to_json(const struct until_ci *until, const struct scenario *scenarios)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < until->scenario_count; i++) {
		const struct until_ci_scenario *s = &until->scenarios[i];

		json_array_append_new(
			list, json_pack("{s:s, s:i, s:b, s:o}", "name", scenarios[i].name, "boots",
					(int)s->boots, "reached", s->reached, "half_width",
					isfinite(s->half_width) ? json_real(s->half_width)
								: json_null()));
	}
	return json_pack("{s:s, s:f, s:i, s:o}", "metric", until->goal.metric, "half_width",
			 until->goal.half_width, "max_boots", (int)until->goal.max_boots,
			 "scenarios", list);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/compare.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/blocks.h"
#include "analysis/compare/hosts.h"
#include "lib/alloc.h"
#include "lib/stats.h"

static double log_sd(const double *a, size_t n, const double *b, size_t m)
{
	double *logs = stats_array(n > m ? n : m), squares = 0;
	size_t i;

	for (i = 0; i < n; i++)
		logs[i] = log(a[i]);
	squares += gsl_stats_variance(logs, 1, n) * (n - 1);
	for (i = 0; i < m; i++)
		logs[i] = log(b[i]);
	squares += gsl_stats_variance(logs, 1, m) * (m - 1);
	free(logs);
	return sqrt(squares / (n + m - 2));
}

/* There is no ratio to 0, and no interval of one unit. */
static void relate(struct comparison *c, const double *a, const double *b)
{
	bool intervals = c->n > 1 && c->base_n > 1;
	struct shift s = shift_of(a, c->n, b, c->base_n);

	c->p = c->p_holm = stats_rank_p(a, c->n, b, c->base_n);
	c->difference = s.value;
	c->difference_interval = intervals ? s.interval : NO_INTERVAL;
	if (!stats_all_positive(a, c->n) || !stats_all_positive(b, c->base_n))
		return;
	s = ratio_of(a, c->n, b, c->base_n);
	c->ratio = s.value;
	if (!intervals)
		return;
	c->ratio_interval = s.interval;
	c->sd = log_sd(a, c->n, b, c->base_n);
}

static void summarize(struct comparison *c)
{
	c->median_interval = c->difference_interval = c->ratio_interval = NO_INTERVAL;
	c->median = c->base_median = c->difference = c->ratio = c->sd = c->p = c->p_holm =
		c->at_least = c->detectable = c->hosts_scatter = c->hosts_p = NAN;
	if (c->n)
		c->median = stats_median(c->values, c->n);
	if (c->n > 1)
		c->median_interval = interval_of_median(c->values, c->n);
	if (c->base_n)
		c->base_median = stats_median(c->base_values, c->base_n);
}

void compare_values(struct comparison *c)
{
	summarize(c);
	if (compare_is_counted(c) && c->over_hosts)
		hosts_relate(c);
	else if (compare_is_counted(c))
		relate(c, c->values, c->base_values);
}

static unsigned int last_block(const unsigned int *blocks, size_t n)
{
	unsigned int last = 0;

	while (n--)
		last = blocks[n] > last ? blocks[n] : last;
	return last;
}

/* The values without the effects of their blocks, to be freed. */
static double *without_effects(const double *values, const unsigned int *blocks, size_t n,
			       const double *effects)
{
	double *result = stats_array(n);
	size_t i;

	for (i = 0; i < n; i++)
		result[i] = values[i] / exp(effects[blocks[i]]);
	return result;
}

static void compare_in_blocks(struct comparison *c, const struct table *table)
{
	unsigned int last = last_block(c->blocks, c->n);
	unsigned int base_last = last_block(c->base_blocks, c->base_n);
	double *effects, *a, *b;

	summarize(c);
	if (!compare_is_counted(c))
		return;
	/* Within a host its effect is on both sides. */
	if (c->over_hosts) {
		hosts_relate(c);
		hosts_look_into(c, table);
		return;
	}
	effects = block_effects_beside(table, c, (last > base_last ? last : base_last) + 1);
	a = without_effects(c->values, c->blocks, c->n, effects);
	b = without_effects(c->base_values, c->base_blocks, c->base_n, effects);
	relate(c, a, b);
	free(effects);
	free(a);
	free(b);
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

	/* Of hosts it is their ratio that can be odd. */
	if (!c->over_hosts)
		stats_outliers(c->values, c->n, flags);
	for (i = 0; i < c->n; i++)
		if (flags[i])
			record_append_number(&c->outliers, table->boots[c->boots[i]].number);
	free(flags);
}

/* What tells a kernel from others; "" where there is none. */
static const char *kernel_of(const struct table *table, const struct table_boot *boot)
{
	const char *id = table_text(table, boot, "kernel_build_id");

	return *id ? id : table_text(table, boot, "cut");
}

/* Where the kernels of guest and host are the same, so is the layout of their code. */
static bool same_kernels(const struct table *t, const char *scenario, const char *a, const char *b)
{
	static const char host[] = "host_kernel_release";
	size_t i = table_next(t, 0, scenario, a, BOOT_OK),
	       j = table_next(t, 0, scenario, b, BOOT_OK);

	if (i == t->boot_count || j == t->boot_count)
		return i == j;
	return !strcmp(kernel_of(t, &t->boots[i]), kernel_of(t, &t->boots[j])) &&
	       !strcmp(table_text(t, &t->boots[i], host), table_text(t, &t->boots[j], host));
}

struct measure compare_measure(const struct comparison *c)
{
	return c->by_polls ? measure_by_polls(c->measure) : *c->measure;
}

void compare_widen(struct comparison *c, const struct table *table)
{
	const struct measure measure = compare_measure(c);
	struct resolution of = resolution_of(table, c->scenario, c->variant, &measure), base, ratio;

	c->resolution = of.share;
	resolution_widen(&c->median_interval, &of);
	if (!c->base)
		return;
	base = resolution_of(table, c->scenario, c->base, &measure);
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
	struct unit_shown shown = measure_shown(measure, table->accel);
	struct measure timed;
	const bool by_polls = measure_in_common(&timed, table, measure, scenario, variant, base);
	struct series s = series(table, scenario, variant, &timed);

	*c = (struct comparison){ .scenario = scenario,
				  .variant = variant,
				  .base = base,
				  .measure = measure,
				  .metric = measure->text,
				  .by_polls = by_polls,
				  .over_hosts = table_has_hosts(table, scenario),
				  .unit = shown.name,
				  .values = s.values,
				  .boots = s.boots,
				  .blocks = s.blocks };
	c->n = take(&s, shown.scale, &c->absent);
	if (base) {
		s = series(table, scenario, base, &timed);
		c->base_values = s.values;
		c->base_blocks = s.blocks;
		c->base_n = take(&s, shown.scale, &c->base_absent);
		c->one_build = !table_has_builds(table, scenario) &&
			       !same_kernels(table, scenario, variant, base);
		free(s.boots);
	}
	c->counts = table_counts(table, scenario, variant);
	find_outliers(c, table);
	compare_in_blocks(c, table);
	compare_widen(c, table);
}

void compare_release(struct comparison *c)
{
	free(c->values);
	free(c->boots);
	free(c->blocks);
	free(c->base_values);
	free(c->base_blocks);
	free(c->outliers.items);
	free(c->hosts.items);
	memset(c, 0, sizeof(*c));
}

bool compare_is_counted(const struct comparison *c)
{
	return c->n && c->base_n && strcmp(c->variant, c->base);
}

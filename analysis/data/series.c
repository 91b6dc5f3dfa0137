/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/histogram.h"
#include "lib/stats.h"

enum found { FOUND, ABSENT, TOO_FEW, EMPTY };

/* The columns of a measure. */
struct source {
	const struct measure *measure;
	const struct column *values, *per, *before, *victim;
	const struct column *stalls, *stalls_before; /* of a victim, one beside each histogram */
	bool is_change;				     /* of vmstat */
};

/* No column is named "", nor ".before". */
static const struct column *of_phase(const struct table *t, const struct measure *m,
				     const char *which, const char *phase)
{
	char name[sizeof(m->victim) + 32];

	snprintf(name, sizeof(name), "%s%s.%s", m->victim, which, phase);
	return table_column(t, name);
}

static struct source source_of(const struct table *t, const struct measure *m)
{
	const char *during = m->during ? m->during : "", *before = victim_phase_names[PHASE_BEFORE];
	const struct column *values = table_column(t, m->column);

	return (struct source){
		.measure = m,
		.values = values,
		.per = table_column(t, m->per),
		.before = of_phase(t, m, "", before),
		.stalls = of_phase(t, m, ".stalls", during),
		.stalls_before = of_phase(t, m, ".stalls", before),
		.victim = table_column(t, m->victim),
		.is_change = values && !strncmp(m->column, "vmstat.", strlen("vmstat.")),
	};
}

/* Of a column of cycles their sum or median; @per, unless NULL, divides in each of them. */
static double number_of(const struct column *column, const struct column *per,
			const struct table_boot *boot, enum statistic statistic)
{
	double *values, sum = 0, median = NAN;
	size_t i, n = 0;

	if (!column || !column->of_cycle)
		return table_number(column, boot, 0);
	values = stats_array(boot->cycle_count);
	for (i = 0; i < boot->cycle_count; i++) {
		double divisor = per ? table_number(per, boot, i) : 1;

		values[n] = table_number(column, boot, i) / divisor;
		if (!isnan(values[n]) && divisor > 0)
			sum += values[n++];
	}
	if (n)
		median = stats_median(values, n);
	free(values);
	return statistic == STATISTIC_SUM && n ? sum : median;
}

/* Stalls that reach @value: of a rate, where low is bad, down to it. */
static uint64_t reaching(const struct histogram *stalls, double value, bool low)
{
	unsigned int i, at = histogram_bucket(value);
	uint64_t n = 0;

	for (i = low ? 0 : at; i < (low ? at + 1 : HISTOGRAM_BUCKETS); i++)
		n += stalls->buckets[i];
	return n;
}

/*
 * Whether enough lies beyond a percentile. Of a victim its values are not independent: a stall
 * makes all that is due in it late. So as many stalls must reach there, where boots have them.
 */
static bool carries(const struct measure *m, const struct histogram *h, const struct column *stalls,
		    const struct table_boot *boot)
{
	struct histogram s;

	/* p1 of a rate, where low is bad, needs as many values as p99 of a time. */
	if (!histogram_carries(h, fmax(m->quantile, 1 - m->quantile)))
		return false;
	return !table_histogram(stalls, boot, &s) ||
	       reaching(&s, histogram_quantile(h, m->quantile), m->better == BETTER_HIGHER) >=
		       HISTOGRAM_BEYOND_MIN;
}

static enum found statistic(const struct source *s, const struct column *column,
			    const struct column *stalls, const struct table_boot *boot,
			    double *value)
{
	const struct measure *m = s->measure;
	struct histogram h;
	bool there = table_histogram(column, boot, &h);

	if (!there && !(table_number(s->victim, boot, 0) > 0))
		return ABSENT;
	*value = h.count;
	if (m->statistic == STATISTIC_COUNT)
		return FOUND;
	if (!there)
		return EMPTY;
	if (!h.count || (m->statistic == STATISTIC_QUANTILE && !carries(m, &h, stalls, boot)))
		return TOO_FEW;
	*value = m->statistic == STATISTIC_QUANTILE ? histogram_quantile(&h, m->quantile)
		 : m->statistic == STATISTIC_MEAN   ? histogram_mean(&h)
		 : m->statistic == STATISTIC_MIN    ? h.min
						    : h.max;
	return FOUND;
}

static enum found value_of(const struct source *s, const struct table_boot *boot, double *value)
{
	const struct measure *m = s->measure;
	enum found found;
	double by = 1;

	if (m->statistic <= STATISTIC_SUM) {
		*value = number_of(s->values, m->in_each_cycle ? s->per : NULL, boot, m->statistic);
		if (isnan(*value) && s->is_change)
			*value = 0;
		found = isnan(*value) ? ABSENT : isinf(*value) ? TOO_FEW : FOUND;
	} else {
		found = statistic(s, s->values, s->stalls, boot, value);
	}
	if (found == FOUND && m->over_before)
		found = statistic(s, s->before, s->stalls_before, boot, &by);
	else if (*m->per && !m->in_each_cycle)
		by = number_of(s->per, NULL, boot,
			       m->statistic == STATISTIC_SUM ? STATISTIC_SUM : STATISTIC_VALUE);
	if (found != FOUND)
		return found;
	*value = *value * m->factor / by;
	return by > 0 ? FOUND : ABSENT;
}

bool table_has_builds(const struct table *t, const char *scenario)
{
	const struct column *builds = table_column(t, "build");
	size_t i;

	if (builds)
		table_for_each (t, i, scenario, NULL, ANY_STATUS)
			if (table_number(builds, &t->boots[i], 0) > 0)
				return true;
	return false;
}

bool table_has_hosts(const struct table *t, const char *scenario)
{
	const char *first = NULL, *host;
	size_t i;

	if (names_count(t->hosts) > 1)
		table_for_each (t, i, scenario, NULL, ANY_STATUS) {
			host = table_text(t, &t->boots[i], "host_name");
			first = first ? first : host;
			if (strcmp(first, host))
				return true;
		}
	return false;
}

const char *table_unit(const struct table *t, const char *scenario)
{
	return table_has_hosts(t, scenario)    ? "hosts"
	       : table_has_builds(t, scenario) ? "builds"
					       : "boots";
}

/* Builds and hosts have numbers from 0, boots from 1. */
static unsigned int block_of(const struct table *t, bool hosts, const struct column *builds,
			     size_t boot)
{
	double build = table_number(builds, &t->boots[boot], 0);

	if (hosts)
		return name_index(t->hosts, table_text(t, &t->boots[boot], "host_name"));
	return !builds ? t->boots[boot].number : build > 0 ? build : 0;
}

/* Make one value of those of each block, at the place of its first. */
static void join_blocks(struct series *s)
{
	bool logs = stats_all_positive(s->values, s->n);
	size_t i, k, n = 0, *counts = xcalloc(s->n, sizeof(*counts));

	for (i = 0; i < s->n; i++) {
		double value = logs ? log(s->values[i]) : s->values[i];

		for (k = 0; k < n && s->blocks[k] != s->blocks[i]; k++)
			;
		if (k == n) {
			s->boots[n] = s->boots[i];
			s->blocks[n] = s->blocks[i];
			s->values[n++] = 0;
		}
		s->values[k] += value;
		counts[k]++;
	}
	for (k = 0; k < n; k++) {
		s->values[k] /= counts[k];
		s->values[k] = logs ? exp(s->values[k]) : s->values[k];
	}
	s->n = n;
	free(counts);
}

struct series series_by_boot(const struct table *t, const char *scenario, const char *variant,
			     const struct measure *measure)
{
	const struct column *builds =
		table_has_builds(t, scenario) ? table_column(t, "build") : NULL;
	const bool hosts = table_has_hosts(t, scenario);
	struct source source = source_of(t, measure);
	struct series s = { .ok = table_count(t, scenario, variant, BOOT_OK) };
	size_t i, counts[EMPTY + 1] = { 0 };

	s.values = stats_array(s.ok);
	s.boots = xcalloc(s.ok, sizeof(*s.boots));
	s.blocks = xcalloc(s.ok, sizeof(*s.blocks));
	table_for_each (t, i, scenario, variant, BOOT_OK) {
		s.boots[s.n] = i;
		s.blocks[s.n] = block_of(t, hosts, builds, i);
		counts[value_of(&source, &t->boots[i], &s.values[s.n])]++;
		s.n = counts[FOUND];
	}
	s.too_few = counts[TOO_FEW];
	s.empty = counts[EMPTY];
	return s;
}

struct series series(const struct table *t, const char *scenario, const char *variant,
		     const struct measure *measure)
{
	struct series s = series_by_boot(t, scenario, variant, measure);

	if (table_has_builds(t, scenario) || table_has_hosts(t, scenario))
		join_blocks(&s);
	return s;
}

void series_release(struct series *s)
{
	free(s->values);
	free(s->blocks);
	free(s->boots);
	memset(s, 0, sizeof(*s));
}

bool series_exists(const struct table *t, const char *scenario, const char *variant,
		   const struct measure *measure)
{
	struct series s = series(t, scenario, variant, measure);
	bool exists = s.n || s.too_few;

	series_release(&s);
	return exists;
}

struct estimate estimate_of(double *values, size_t n)
{
	struct estimate e = { .n = n, .median = NAN, .interval = NO_INTERVAL };

	if (n)
		e.median = stats_median(values, n);
	if (n > 1)
		e.interval = interval_of_median(values, n);
	free(values);
	return e;
}

struct estimate estimate(const struct table *t, const char *scenario, const char *variant,
			 const struct measure *measure)
{
	struct resolution resolution;
	struct estimate e;
	struct measure m;
	struct series s;

	measure_in_common(&m, t, measure, scenario, variant, NULL);
	resolution = resolution_of(t, scenario, variant, &m);
	s = series(t, scenario, variant, &m);
	e = estimate_of(s.values, s.too_few || s.empty ? 0 : s.n);
	free(s.boots);
	free(s.blocks);
	e.resolution = resolution.share;
	resolution_widen(&e.interval, &resolution);
	return e;
}

struct interval series_within(const struct table *t, size_t boot, const struct measure *measure)
{
	struct histogram h;
	uint64_t low, high;

	if (!table_histogram(table_column(t, measure->column), &t->boots[boot], &h) ||
	    !stats_quantile_ranks(h.count, measure->quantile, &low, &high))
		return NO_INTERVAL;
	return (struct interval){ histogram_at_rank(&h, low), histogram_at_rank(&h, high),
				  CONFIDENCE };
}

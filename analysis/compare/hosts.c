/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/hosts.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/record_table.h"
#include "lib/stats.h"

/* `balloonbench run --builds` takes no more. */
#define BUILDS_MOST 20

#define S struct host_ratio
RECORD(host_ratio_record, "host", NULL,
	FIELD(TEXT, host), FIELD(REAL, ratio), FIELD(COUNT, n), FIELD(COUNT, base_n),
	FIELD(BOOL, odd, .required = true));
#undef S

/* The values of both sides of one host after the other. */
struct pairs {
	double *values, *base_values;
	unsigned int *blocks;
	size_t count;
};

static struct pairs pairs_of(const struct comparison *c)
{
	struct pairs p = { .values = stats_array(c->n), .base_values = stats_array(c->n) };
	size_t i, k;

	p.blocks = xcalloc(c->n, sizeof(*p.blocks));
	for (i = 0; i < c->n; i++) {
		for (k = 0; k < c->base_n && c->base_blocks[k] != c->blocks[i]; k++)
			;
		if (k == c->base_n)
			continue;
		p.values[p.count] = c->values[i];
		p.base_values[p.count] = c->base_values[k];
		p.blocks[p.count++] = c->blocks[i];
	}
	return p;
}

static void pairs_release(struct pairs *p)
{
	free(p->values);
	free(p->base_values);
	free(p->blocks);
}

/* The logarithms of the ratios of hosts, to be freed; NULL where there are none. */
static double *log_ratios(const struct pairs *p)
{
	double *logs;
	size_t i;

	if (!stats_all_positive(p->values, p->count) ||
	    !stats_all_positive(p->base_values, p->count))
		return NULL;
	logs = stats_array(p->count);
	for (i = 0; i < p->count; i++)
		logs[i] = log(p->values[i] / p->base_values[i]);
	return logs;
}

static struct interval exp_of(struct interval i)
{
	return (struct interval){ exp(i.low), exp(i.high), i.confidence };
}

void hosts_relate(struct comparison *c)
{
	struct pairs p = pairs_of(c);
	double *logs = log_ratios(&p), *differences = stats_array(p.count);
	struct shift s;
	size_t i;

	c->pairs = p.count;
	c->p = c->p_holm = 1;
	for (i = 0; i < p.count; i++)
		differences[i] = p.values[i] - p.base_values[i];
	if (p.count) {
		s = mean_of(differences, p.count);
		c->difference = s.value;
		c->difference_interval = s.interval;
		c->p = c->p_holm = stats_mean_p(logs ? logs : differences, p.count);
	}
	if (logs && p.count) {
		s = mean_of(logs, p.count);
		c->ratio = exp(s.value);
		c->ratio_interval = exp_of(s.interval);
		c->sd = p.count > 1 ? gsl_stats_sd(logs, 1, p.count) : NAN;
	}
	free(differences);
	free(logs);
	pairs_release(&p);
}

double hosts_p_of(const struct comparison *c, double ratio)
{
	struct pairs p = pairs_of(c);
	double *logs = log_ratios(&p), result = 1;
	size_t i;

	for (i = 0; logs && i < p.count; i++)
		logs[i] -= log(ratio);
	if (logs && p.count)
		result = stats_mean_p(logs, p.count);
	free(logs);
	pairs_release(&p);
	return result;
}

/* The boots of a side by host and build. */
struct boots {
	struct series series;
	int *builds; /* of each value */
};

static struct boots boots_of(const struct table *t, const struct comparison *c, const char *variant)
{
	const struct measure measure = compare_measure(c);
	const struct column *column = table_column(t, "build");
	struct boots b = { .series = series_by_boot(t, c->scenario, variant, &measure) };
	double build;
	size_t i;

	b.builds = xcalloc(b.series.n, sizeof(*b.builds));
	for (i = 0; i < b.series.n; i++) {
		build = table_number(column, &t->boots[b.series.boots[i]], 0);
		b.builds[i] = build > 0 ? build : 0;
	}
	return b;
}

static void boots_release(struct boots *b)
{
	series_release(&b->series);
	free(b->builds);
}

#define ANY_BUILD -1

/* Boots of one side on one host: how many, the mean of their logarithms, squares about it. */
struct side {
	size_t n;
	double mean, squares;
};

static struct side side_of(const struct boots *b, unsigned int host, int build)
{
	const struct series *s = &b->series;
	struct side side = { .n = 0 };
	double rest;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->blocks[i] != host || (build != ANY_BUILD && b->builds[i] != build))
			continue;
		/* Welford's, as a value comes. */
		rest = log(s->values[i]) - side.mean;
		side.mean += rest / ++side.n;
		side.squares += rest * (log(s->values[i]) - side.mean);
	}
	return side;
}

/* What hosts and boots say together. */
struct scatter {
	double *ratios, *weights; /* logarithms; one over the variance in that of a boot */
	size_t hosts, df;	  /* the latter of boots within */
	double boots;		  /* variance of those */
};

static void add_host(struct comparison *c, struct scatter *s, const char *name,
		     const struct side *side, const struct side *base)
{
	struct host_ratio *h = record_append(&host_ratio_record, &c->hosts);

	*h = (struct host_ratio){
		.host = name, .ratio = exp(side->mean - base->mean), .n = side->n, .base_n = base->n
	};
	s->ratios[s->hosts] = side->mean - base->mean;
	s->weights[s->hosts++] = 1 / (1.0 / side->n + 1.0 / base->n);
	s->boots += side->squares + base->squares;
	s->df += side->n + base->n - 2;
}

/* That all hosts have one ratio: variance between them over that of their boots (F). */
static double p_of_one_ratio(const struct scatter *s)
{
	double sum = 0, all = 0, between = 0;
	size_t i;

	if (!s->df || s->hosts < 2 || !(s->boots > 0))
		return NAN;
	for (i = 0; i < s->hosts; i++) {
		sum += s->weights[i] * s->ratios[i];
		all += s->weights[i];
	}
	for (i = 0; i < s->hosts; i++)
		between += s->weights[i] * pow(s->ratios[i] - sum / all, 2);
	return gsl_cdf_fdist_Q(between / (s->hosts - 1) / s->boots, s->hosts - 1, s->df);
}

/* The variance of a host's ratio that its boots explain, on average. */
static double explained(const struct scatter *s)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < s->hosts; i++)
		sum += s->boots / s->weights[i] / s->hosts;
	return sum;
}

/*
 * Flag a host that the others do not predict: with 5 % a host is flagged where all are of one kind
 * (the deleted residual of each, after Bonferroni).
 */
static void flag_odd(struct comparison *c, const struct scatter *s)
{
	struct host_ratio *list = c->hosts.items;
	double *others = stats_array(s->hosts), sd, rest;
	size_t h, i, n;

	for (h = 0; s->hosts >= HOSTS_MIN && h < s->hosts; h++) {
		for (i = n = 0; i < s->hosts; i++)
			if (i != h)
				others[n++] = s->ratios[i];
		sd = gsl_stats_sd(others, 1, n) * sqrt(1 + 1.0 / n);
		rest = fabs(s->ratios[h] - gsl_stats_mean(others, 1, n));
		list[h].odd = sd > 0 && 2 * gsl_cdf_tdist_Q(rest / sd, n - 1.0) * s->hosts < ALPHA;
	}
	free(others);
}

/* With these hosts only: their mean, whose error is that of boots. */
static void hold_for_these(struct comparison *c, const struct scatter *s)
{
	double mean = log(c->ratio), error = sqrt(explained(s) / s->hosts), reach;

	c->ratio_interval = NO_INTERVAL;
	c->p = c->p_holm = 1;
	if (!s->df || !(error > 0))
		return;
	reach = gsl_cdf_tdist_Pinv((1 + CONFIDENCE) / 2, s->df) * error;
	c->ratio_interval = (struct interval){ exp(mean - reach), exp(mean + reach), CONFIDENCE };
	c->p = c->p_holm = 2 * gsl_cdf_tdist_Q(fabs(mean) / error, s->df);
}

/* The mean over hosts of the logarithm of a build's ratio; NAN where no host has both sides. */
static double ratio_of_build(const struct table *t, const struct boots *boots,
			     const struct boots *base, int build)
{
	struct side side, of_base;
	double sum = 0;
	size_t n = 0;
	unsigned int h;

	for (h = 0; t->hosts[h]; h++) {
		side = side_of(boots, h, build);
		of_base = side_of(base, h, build);
		if (!side.n || !of_base.n)
			continue;
		sum += side.mean - of_base.mean;
		n++;
	}
	return n ? sum / n : NAN;
}

/*
 * The builds are the same on all hosts, so that hosts do not average over layouts: the interval
 * over builds has to hold, too. The wider ends and the larger p of both stay.
 */
static void hold_over_builds(struct comparison *c, const struct table *t, const struct boots *boots,
			     const struct boots *base)
{
	double logs[BUILDS_MOST], ratio;
	struct interval *i = &c->ratio_interval;
	struct shift s;
	size_t n = 0;
	int build;

	for (build = 0; build < BUILDS_MOST; build++) {
		ratio = ratio_of_build(t, boots, base, build);
		if (!isnan(ratio))
			logs[n++] = ratio;
	}
	if (n < 2)
		return;
	s = mean_of(logs, n);
	i->low = fmin(i->low, exp(s.interval.low));
	i->high = fmax(i->high, exp(s.interval.high));
	c->p = c->p_holm = fmax(c->p, stats_mean_p(logs, n));
}

static void look_into(struct comparison *c, const struct table *t, const struct boots *boots,
		      const struct boots *base)
{
	struct scatter s = { .ratios = stats_array(names_count(t->hosts)),
			     .weights = stats_array(names_count(t->hosts)) };
	struct side side, of_base;
	unsigned int h;

	for (h = 0; t->hosts[h]; h++) {
		side = side_of(boots, h, ANY_BUILD);
		of_base = side_of(base, h, ANY_BUILD);
		if (side.n && of_base.n)
			add_host(c, &s, t->hosts[h], &side, &of_base);
	}
	s.boots = s.df ? s.boots / s.df : 0;
	c->hosts_p = p_of_one_ratio(&s);
	c->hosts_scatter = sqrt(fmax(0, c->sd * c->sd - explained(&s)));
	flag_odd(c, &s);
	if (s.hosts < HOSTS_MIN)
		hold_for_these(c, &s);
	if (table_has_builds(t, c->scenario))
		hold_over_builds(c, t, boots, base);
	free(s.ratios);
	free(s.weights);
}

void hosts_look_into(struct comparison *c, const struct table *table)
{
	struct boots boots = boots_of(table, c, c->variant), base = boots_of(table, c, c->base);

	if (isfinite(c->ratio))
		look_into(c, table, &boots, &base);
	boots_release(&boots);
	boots_release(&base);
}

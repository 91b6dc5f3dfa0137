/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/latencies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stats.h"

struct latencies latencies_of(const struct tree *tree, const char *scenario, const char *variant,
			      const char *path)
{
	struct latencies l = { .count = 0 };
	const json_t *boot;
	size_t i;

	l.boots = calloc(json_array_size(tree->boots) + 1, sizeof(*l.boots));
	json_array_foreach (tree->boots, i, boot)
		if (l.boots && tree_is_ok(boot, scenario, variant) &&
		    !histogram_from_json(&l.boots[l.count], json_at(boot, path)) &&
		    l.boots[l.count].count)
			l.count++;
	return l;
}

void latencies_release(struct latencies *latencies)
{
	free(latencies->boots);
	memset(latencies, 0, sizeof(*latencies));
}

static double *values_of(const struct latencies *l, double (*value)(const struct histogram *))
{
	double *values = calloc(l->count + 1, sizeof(*values));
	size_t i;

	for (i = 0; values && i < l->count; i++)
		values[i] = value(&l->boots[i]);
	return values;
}

struct estimate latencies_quantile(const struct latencies *l, double q)
{
	double *values = calloc(l->count + 1, sizeof(*values));
	struct estimate e;
	size_t i, n = 0;

	for (i = 0; values && i < l->count; i++)
		if (histogram_carries(&l->boots[i], q))
			values[n++] = histogram_quantile(&l->boots[i], q);
	e = estimate_of(values, n == l->count ? n : 0);
	if (e.n == 1)
		e.interval = latencies_within(l, 0, q);
	return e;
}

struct interval latencies_within(const struct latencies *l, size_t boot, double q)
{
	const struct histogram *h = &l->boots[boot];
	uint64_t low, high;

	if (!stats_quantile_ranks(h->count, q, &low, &high))
		return (struct interval){ NAN, NAN };
	return (struct interval){ histogram_at_rank(h, low), histogram_at_rank(h, high) };
}

struct estimate latencies_mean(const struct latencies *l)
{
	return estimate_of(values_of(l, histogram_mean), l->count);
}

static double count_of(const struct histogram *h)
{
	return h->count;
}

struct estimate latencies_count(const struct latencies *l)
{
	return estimate_of(values_of(l, count_of), l->count);
}

double latencies_max(const struct latencies *l)
{
	double max = 0;
	size_t i;

	for (i = 0; i < l->count; i++)
		max = l->boots[i].max > max ? l->boots[i].max : max;
	return max;
}

void latencies_merge(const struct latencies *l, struct histogram *sum)
{
	size_t i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < l->count; i++)
		histogram_merge(sum, &l->boots[i]);
}

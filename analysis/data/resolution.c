/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/resolution.h"

#include <math.h>
#include <string.h>

#include "analysis/data/measure.h"
#include "lib/stats.h"

static const struct resolution exact = { .share = 0, .below = 1, .above = 1 };

static struct resolution of_duration(const struct table *t, const char *scenario,
				     const char *variant, enum direction direction)
{
	struct measure m = measure_of("%s.resolution_ns.percent", direction_names[direction]);
	struct series s = series(t, scenario, variant, &m);
	double share = s.n ? stats_median(s.values, s.n) / 100 : 0;

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
		r = of_duration(t, scenario, variant, d);
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

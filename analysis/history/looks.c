/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/looks.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/history/levels.h"
#include "lib/alloc.h"

const char *const look_state_names[] = {
	[LOOK_SUSPECTED] = "suspected",
	[LOOK_CALLED] = "called",
	[LOOK_UNCONFIRMED] = "unconfirmed",
	NULL,
};

static bool is_same(const struct changepoint *one, const struct changepoint *other)
{
	return one->at + 1 >= other->at && one->at <= other->at + 1 &&
	       (one->shift > 0) == (other->shift > 0);
}

/* With how many sessions @change was found first; @n: with all of them. */
static size_t first_finding(const double *values, size_t n, double alpha, double smallest,
			    const struct changepoint_null *null, const struct changepoint *change)
{
	struct changepoint *found = xcalloc(n, sizeof(*found));
	struct changepoint_null earlier = *null;
	struct correlation correlation;
	size_t k = change->at, i, count;
	bool is_found = false;

	earlier.correlation = &correlation;
	while (!is_found && ++k < n) {
		correlation = correlation_estimate(values, k);
		count = changepoint_find(values, k, alpha, smallest, &earlier, found);
		for (i = 0; i < count; i++)
			is_found |= is_same(&found[i], change);
	}
	free(found);
	return k;
}

/* A change of level at @at; the sessions of [further, end) had no part in finding it. */
struct further {
	const double *values;
	size_t start, at, further, end;
	bool up;
};

/* One-sided p of the mean of the further sessions, if the old level lasts and rho is @rho. */
static double further_p(const struct further *f, double rho)
{
	size_t before = f->at - f->start, after = f->end - f->at, m = f->end - f->further, i;
	double old = gsl_stats_mean(f->values + f->start, 1, before);
	double inflation = correlation_inflation(rho, before), left, spread, error = 0, t;
	double step = gsl_stats_mean(f->values + f->further, 1, m) - old, expected = 0;
	double away = f->values[f->further - 1] - old;

	left = before + after - inflation - correlation_inflation(rho, after);
	spread = (gsl_stats_tss(f->values + f->start, 1, before) +
		  gsl_stats_tss(f->values + f->at, 1, after)) /
		 fmax(1, left);
	/* Innovation i of the last ones has an effect on itself and those that follow. */
	for (i = 1; i <= m; i++) {
		expected += away * pow(rho, i) / m;
		error += pow((1 - pow(rho, i)) / (1 - rho), 2);
	}
	/* Of an away session on the other side, no help is taken. */
	step -= f->up ? fmax(expected, 0) : fmin(expected, 0);
	error = sqrt(spread * (error * (1 - rho * rho) / m / m + inflation / before));
	if (error <= ROUNDING)
		return f->up ? step <= ROUNDING : step >= -ROUNDING;
	t = step / error;
	return f->up ? gsl_cdf_tdist_Q(t, before + after - 2)
		     : gsl_cdf_tdist_P(t, before + after - 2);
}

static double confirmation(const struct further *f, const struct correlation *c)
{
	double p = 0;
	size_t step;

	for (step = 0; step < CORRELATION_STEPS; step++)
		p += c->weights[step] * further_p(f, correlation_at(step));
	return p;
}

/* Whether the level of change @k has ended, or follows one that came and went unconfirmed. */
static bool is_over(const struct look *looks, const struct changepoint *found, size_t k,
		    size_t count)
{
	return k + 1 < count || (k && looks[k - 1].state == LOOK_UNCONFIRMED &&
				 (found[k].shift > 0) != (found[k - 1].shift > 0));
}

size_t looks_find(const double *values, size_t n, double alpha, double smallest,
		  const struct changepoint_null *null, struct look *looks)
{
	struct changepoint *found = xcalloc(n, sizeof(*found));
	size_t count = changepoint_find(values, n, alpha, smallest, null, found), k;
	struct further f = { .values = values };

	for (k = 0; k < count; k++) {
		f.at = found[k].at;
		f.end = k + 1 < count ? found[k + 1].at : n;
		f.further = first_finding(values, n, alpha, smallest, null, &found[k]);
		f.up = found[k].shift > 0;
		looks[k] = (struct look){ .change = found[k], .p_further = 1 };
		looks[k].state =
			is_over(looks, found, k, count) ? LOOK_UNCONFIRMED : LOOK_SUSPECTED;
		if (f.further >= f.end)
			continue;
		looks[k].further = f.end - f.further;
		looks[k].p_further = confirmation(&f, null->correlation);
		if (looks[k].p_further >= LOOKS_ALPHA)
			continue;
		looks[k].state = LOOK_CALLED;
		f.start = f.at;
	}
	free(found);
	return count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/gate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/hosts.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/stats.h"

const char *const gate_verdict_names[] = {
	[GATE_PASS] = "pass",	    [GATE_FAIL] = "fail",   [GATE_INCONCLUSIVE] = "inconclusive",
	[GATE_INVALID] = "invalid", [GATE_VERDICTS] = NULL,
};

static __attribute__((format(printf, 3, 4))) void
decide(struct gate_row *row, enum gate_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	row->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(row->reason, sizeof(row->reason), fmt, ap);
	va_end(ap);
}

/* Whether a side cannot be judged. A boot without the value is not left out: that would choose by
 * the length of its resize. @whose: "" or "the reference: " */
static bool lacks(struct gate_row *row, const struct series *s, const char *whose, const char *unit)
{
	if (!s->ok)
		decide(row, GATE_INVALID, "%sno ok boot", whose);
	else if (s->too_few)
		decide(row, GATE_INCONCLUSIVE, "%stoo few events for %s in %zu of %zu boots", whose,
		       row->claim->measure.name, s->too_few, s->ok);
	else if (s->n && s->empty)
		decide(row, GATE_INCONCLUSIVE, "%sno event of %s in %zu of %zu boots", whose,
		       row->claim->measure.name, s->empty, s->ok);
	else if (s->n >= BOOTS_MIN)
		return false;
	else if (!s->n)
		decide(row, GATE_INCONCLUSIVE, "%snot in these boots", whose);
	else
		decide(row, GATE_INCONCLUSIVE, "%stoo few %s: %zu of the %d it takes", whose, unit,
		       s->n, BOOTS_MIN);
	return true;
}

/* Where a ns is an instruction a limit in time does not apply. */
static bool is_of_another_unit(const struct gate *g, const struct claim *c)
{
	enum field_unit unit = claim_unit(&c->measure);

	return table_in_instructions(g->table, c->measure.clock) &&
	       c->reference == REFERENCE_NONE && (unit == UNIT_NS || unit == UNIT_GIB_PER_S);
}

/* Against the reference times the limit. What is not worse than the limit has nothing to test. */
static double p_at_limit(const struct claim *claim, const struct comparison *c)
{
	double *scaled, p;
	size_t i;

	if (claim_holds(claim, c->ratio))
		return 1;
	if (c->over_hosts)
		return hosts_p_of(c, claim->limit);
	scaled = stats_array(c->base_n);
	for (i = 0; i < c->base_n; i++)
		scaled[i] = c->base_values[i] * claim->limit;
	p = stats_rank_p(c->values, c->n, scaled, c->base_n);
	free(scaled);
	return p;
}

/* The numbers of a row, and a reason if it cannot be judged. */
static void take(const struct gate *g, struct gate_row *row)
{
	const char *unit = table_unit(g->table, row->scenario);
	struct resolution resolution;
	const struct claim *claim = row->claim;
	const char *reference = row->reference;
	struct measure measure;
	const bool by_polls = measure_in_common(&measure, g->table, &claim->measure, row->scenario,
						row->variant, reference);
	const struct measure ratio = claim_measure(claim);
	struct series plain = series(g->table, row->scenario, row->variant, &measure);
	struct series other = series(g->table, row->scenario, reference ? reference : row->variant,
				     reference ? &measure : &ratio);
	const struct series *s = reference ? &plain : &other;
	struct comparison c = { .scenario = row->scenario,
				.variant = row->variant,
				.measure = reference ? &claim->measure : &ratio,
				.by_polls = reference && by_polls,
				.over_hosts = table_has_hosts(g->table, row->scenario),
				.values = s->values,
				.blocks = s->blocks,
				.n = s->n,
				.base = reference,
				.base_values = other.values,
				.base_blocks = other.blocks,
				.base_n = reference ? other.n : 0 };

	compare_values(&c);
	if (reference && c.over_hosts)
		hosts_look_into(&c, g->table);
	compare_widen(&c, g->table);
	row->n = s->n;
	row->too_few = s->too_few;
	row->median = plain.n ? stats_median(plain.values, plain.n) : NAN;
	row->reference_n = c.base_n;
	row->reference_too_few = reference ? other.too_few : 0;
	row->reference_median = c.base_median;
	row->value = reference ? c.ratio : c.median;
	row->by_polls = reference && by_polls;
	row->resolution = reference ? c.ratio_resolution : c.resolution;
	row->interval = reference ? c.ratio_interval : NO_INTERVAL;
	if (!reference && s->n > 1) {
		resolution = resolution_of(g->table, row->scenario, row->variant, &ratio);
		row->interval = interval_of_median_certain(s->values, s->n);
		resolution_widen(&row->interval, &resolution);
	}
	if (!is_resolved(row->resolution))
		decide(row, GATE_INCONCLUSIVE,
		       UNRESOLVED ": the timer leaves %.2g %% open, %g %% are needed",
		       100 * row->resolution, 100 * RESOLVED_SHARE);
	else if (!reference && plain.n && !s->n && !s->too_few)
		decide(row, GATE_INCONCLUSIVE, "nothing %s to compare with",
		       claim->reference == REFERENCE_ITS ? claim->its.name : "before");
	else if (lacks(row, s, "", unit) ||
		 (reference && lacks(row, &other, "the reference: ", unit)))
		;
	else if (reference && c.over_hosts && c.pairs < HOSTS_MIN)
		decide(row, GATE_INCONCLUSIVE,
		       "too few hosts with both sides: %zu of the %d it takes", c.pairs, HOSTS_MIN);
	else if (reference && !isfinite(row->value))
		decide(row, GATE_INCONCLUSIVE, "the reference is not above 0: no ratio");
	else if (!reference && row->interval.confidence < CONFIDENCE)
		decide(row, GATE_INCONCLUSIVE,
		       "%zu %s hold the median with %.4g %%: it takes %d to judge", s->n, unit,
		       100 * row->interval.confidence, GATE_SINGLE_MIN);
	else if (reference)
		row->p = row->p_holm = p_at_limit(claim, &c);
	free(c.hosts.items);
	series_release(&plain);
	series_release(&other);
	if (row->verdict == GATE_INVALID || !is_of_another_unit(g, claim))
		return;
	row->value = NAN;
	decide(row, GATE_INCONCLUSIVE, "under icount these are instructions: no limit in %s",
	       claim->unit);
}

/* Holm, over all rows with a p; returns their number. */
static size_t correct(struct gate *g)
{
	double *p = stats_array(g->count);
	size_t i, n = 0;

	for (i = 0; i < g->count; i++)
		if (isfinite(g->rows[i].p))
			p[n++] = g->rows[i].p;
	stats_holm(p, n);
	for (i = n = 0; i < g->count; i++)
		if (isfinite(g->rows[i].p))
			g->rows[i].p_holm = p[n++];
	free(p);
	return n;
}

static void judge(struct gate_row *row, size_t tested)
{
	bool low = claim_holds(row->claim, row->interval.low);
	bool high = claim_holds(row->claim, row->interval.high);

	if (low && high)
		row->verdict = GATE_PASS;
	else if (low || high)
		decide(row, GATE_INCONCLUSIVE, "the interval holds the limit");
	else if (isfinite(row->p) && row->p_holm >= ALPHA)
		decide(row, GATE_INCONCLUSIVE,
		       "beyond the limit, but with %zu claims chance is not excluded: more boots",
		       tested);
	else
		decide(row, GATE_FAIL, "the whole interval is beyond the limit");
}

static bool is_among(const struct names *names, const char *name)
{
	return !names || !names->count || !strcmp(name, "-") ||
	       name_index((char *const *)names->list, name) >= 0;
}

/* Drop the rows of the last claim that are not selected. */
static void select_rows(struct gate *g, size_t first, const struct gate_selection *s)
{
	size_t i, kept = first;

	for (i = first; i < g->count; i++)
		if (is_among(s->scenarios, g->rows[i].scenario) &&
		    is_among(s->variants, g->rows[i].variant))
			g->rows[kept++] = g->rows[i];
	g->count = kept;
	g->left_out += kept == first;
}

int gate_make(struct gate *g, const struct table *table, const char *base,
	      const struct claims *claims, const struct gate_selection *selection, char *err,
	      size_t err_size)
{
	size_t i, first, tested;

	*g = (struct gate){ .table = table, .base = base };
	g->unmeasured = xcalloc(claims->count, sizeof(*g->unmeasured));
	for (i = 0; i < claims->count; i++) {
		first = g->count;
		if (gate_match(g, &claims->list[i], selection->only_measured, err, err_size)) {
			gate_release(g);
			return -EINVAL;
		}
		if (g->count == first)
			g->unmeasured[g->unmeasured_count++] = &claims->list[i];
		else
			select_rows(g, first, selection);
	}
	for (i = 0; i < g->count; i++)
		if (!g->rows[i].reason[0])
			take(g, &g->rows[i]);
	tested = correct(g);
	for (i = 0; i < g->count; i++)
		if (!g->rows[i].reason[0])
			judge(&g->rows[i], tested);
	return 0;
}

void gate_release(struct gate *g)
{
	free(g->rows);
	free(g->unmeasured);
	memset(g, 0, sizeof(*g));
}

size_t gate_count(const struct gate *g, enum gate_verdict verdict)
{
	size_t i, count = 0;

	for (i = 0; i < g->count; i++)
		count += g->rows[i].verdict == verdict;
	return count;
}

int gate_status(const struct gate *g)
{
	if (gate_count(g, GATE_FAIL))
		return EXIT_REGRESSION;
	return g->count && gate_count(g, GATE_PASS) == g->count ? EXIT_FINE : EXIT_INCONCLUSIVE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/gate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "lib/exit_status.h"
#include "lib/result.h"
#include "lib/stats.h"

/* As compare's, so that the same boots have the same p in both. */
#define SEED 20170303

static const char *const verdict_names[] = {
	[GATE_PASS] = "pass",
	[GATE_FAIL] = "fail",
	[GATE_INCONCLUSIVE] = "inconclusive",
	[GATE_INVALID] = "invalid",
};

const char *gate_verdict_name(enum gate_verdict verdict)
{
	return verdict_names[verdict];
}

/* The ok boots of a variant. */
struct sample {
	double *values;
	size_t n;
	size_t ok;
	size_t too_few;
};

typedef enum quantity_found (*figure_fn)(const struct claim *claim, const json_t *boot,
					 double *value);

static enum quantity_found plain_figure(const struct claim *claim, const json_t *boot,
					double *value)
{
	return quantity_of_boot(&claim->quantity, boot, value);
}

static struct sample sample_of(const struct gate *g, const struct gate_row *row,
			       const char *variant, figure_fn figure)
{
	struct sample s = { .n = 0 };
	const json_t *boot;
	size_t i;

	s.values = calloc(json_array_size(g->tree->boots) + 1, sizeof(*s.values));
	if (!s.values)
		abort();
	json_array_foreach (g->tree->boots, i, boot) {
		enum quantity_found found;

		if (!tree_is_ok(boot, row->scenario, variant))
			continue;
		found = figure(row->claim, boot, &s.values[s.n]);
		s.ok++;
		s.n += found == QUANTITY_THERE;
		s.too_few += found == QUANTITY_TOO_FEW;
	}
	return s;
}

static void decide(struct gate_row *row, enum gate_verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void decide(struct gate_row *row, enum gate_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	row->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(row->reason, sizeof(row->reason), fmt, ap);
	va_end(ap);
}

/* What keeps the boots of one side from being judged. @whose: "" or "the reference: " */
static bool lacks(struct gate_row *row, const struct sample *s, const char *whose)
{
	if (!s->ok)
		decide(row, GATE_INVALID, "%sno ok boot", whose);
	else if (s->n >= BOOTS_MIN)
		return false;
	else if (s->too_few)
		decide(row, GATE_INCONCLUSIVE, "%stoo few events for %s in %zu of %zu boots", whose,
		       row->claim->quantity.name, s->too_few, s->ok);
	else if (!s->n)
		decide(row, GATE_INCONCLUSIVE, "%snot in these boots", whose);
	else
		decide(row, GATE_INCONCLUSIVE, "%stoo few boots: %zu of the %d it takes", whose,
		       s->n, BOOTS_MIN);
	return true;
}

/* Absolute, or each boot against itself. */
static void take_single(const struct gate *g, struct gate_row *row)
{
	struct sample plain = sample_of(g, row, row->variant, plain_figure);
	struct sample s = sample_of(g, row, row->variant, claim_figure);

	row->n = s.n;
	row->too_few = s.too_few;
	if (plain.n)
		row->median = stats_median(plain.values, plain.n);
	if (s.n)
		row->value = stats_median(s.values, s.n);
	if (s.n > 1)
		row->interval = bootstrap_median(s.values, s.n);
	if (plain.n && !s.n && !s.too_few)
		decide(row, GATE_INCONCLUSIVE, "nothing %s to compare with",
		       row->claim->reference == REFERENCE_ITS ? row->claim->its.name : "before");
	else
		lacks(row, &s, "");
	free(plain.values);
	free(s.values);
}

/* p of a shift against the limit; what is not worse than the limit is none's loss. */
static void test(struct gate_row *row, const struct sample *s, const struct sample *reference)
{
	double *scaled = calloc(reference->n, sizeof(*scaled));
	size_t i;

	if (!scaled)
		abort();
	for (i = 0; i < reference->n; i++)
		scaled[i] = reference->values[i] * row->claim->limit;
	row->p = claim_holds(row->claim, row->value)
			 ? 1
			 : stats_permutation_p(s->values, s->n, scaled, reference->n, SEED);
	row->p_holm = row->p;
	free(scaled);
}

static void relate(struct gate_row *row, const struct sample *s, const struct sample *reference)
{
	if (s->n && reference->n && stats_all_positive(reference->values, reference->n)) {
		row->value = row->median / row->reference_median;
		if (s->n > 1 && reference->n > 1)
			row->interval =
				bootstrap_ratio(s->values, s->n, reference->values, reference->n);
	}
	if (lacks(row, s, "") || lacks(row, reference, "the reference: "))
		return;
	if (isfinite(row->value))
		test(row, s, reference);
	else
		decide(row, GATE_INCONCLUSIVE, "the reference is not above 0: no ratio");
}

static void take_pair(const struct gate *g, struct gate_row *row)
{
	struct sample s = sample_of(g, row, row->variant, plain_figure);
	struct sample reference = sample_of(g, row, row->reference, plain_figure);

	row->n = s.n;
	row->too_few = s.too_few;
	row->reference_n = reference.n;
	row->reference_too_few = reference.too_few;
	if (s.n)
		row->median = stats_median(s.values, s.n);
	if (reference.n)
		row->reference_median = stats_median(reference.values, reference.n);
	relate(row, &s, &reference);
	free(s.values);
	free(reference.values);
}

/* Under icount a ns is an instruction, and no limit in time is about it. */
static bool is_of_another_unit(const struct gate *g, const struct claim *c)
{
	return tree_is_icount(g->tree) && c->reference == REFERENCE_NONE &&
	       (c->quantity.unit == UNIT_NS || c->quantity.unit == UNIT_GIB_PER_S);
}

/* The figures of a row; a reason where there is no more to be decided. */
static void take(const struct gate *g, struct gate_row *row)
{
	if (row->reference)
		take_pair(g, row);
	else
		take_single(g, row);
	if (row->verdict == GATE_INVALID || !is_of_another_unit(g, row->claim))
		return;
	row->value = NAN;
	decide(row, GATE_INCONCLUSIVE, "under icount these are instructions: no limit in %s",
	       row->claim->unit);
}

/* Holm, over all rows with a p. Returns their number. */
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

static bool is_among(const char *const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return !count || !strcmp(name, "-");
}

/* Drop the rows of the last claim that nobody asked for. */
static void select_rows(struct gate *g, size_t first, const struct gate_selection *s)
{
	size_t i, kept = first;

	for (i = first; i < g->count; i++)
		if (is_among(s->scenarios, s->scenario_count, g->rows[i].scenario) &&
		    is_among(s->variants, s->variant_count, g->rows[i].variant))
			g->rows[kept++] = g->rows[i];
	g->count = kept;
	g->left_out += kept == first;
}

static void add_unmeasured(struct gate *g, const struct claim *claim)
{
	const struct claim **longer =
		reallocarray(g->unmeasured, g->unmeasured_count + 1, sizeof(*longer));

	if (!longer)
		abort();
	g->unmeasured = longer;
	longer[g->unmeasured_count++] = claim;
}

int gate_make(struct gate *g, const struct tree *tree, const char *base,
	      const struct claims *claims, const struct gate_selection *selection, char *err,
	      size_t err_size)
{
	size_t i, first, tested;

	*g = (struct gate){ .tree = tree, .base = base };
	for (i = 0; i < claims->count; i++) {
		first = g->count;
		if (gate_match(g, &claims->list[i], selection->only_measured, err, err_size)) {
			gate_release(g);
			return -EINVAL;
		}
		if (g->count == first) {
			add_unmeasured(g, &claims->list[i]);
			continue;
		}
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

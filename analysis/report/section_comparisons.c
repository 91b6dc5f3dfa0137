/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparisons beside those to the base: steps of the series, A/A controls, the cost of tracing;
 * and the claims of --qos.
 */
#include "analysis/gate/gate.h"
#include "analysis/report/report.h"

/* What is compared of a step; refault is there in scenarios that touch memory again. */
static const char *const step_metrics[][2] = {
	{ "inflate", "inflate.duration_ns" },
	{ "deflate", "deflate.duration_ns" },
	{ "touch after the deflate", "refault.duration_ns" },
};

#define STEP_METRICS (sizeof(step_metrics) / sizeof(step_metrics[0]))

/* A variant against those that "against" of the plan names. */
static void add_steps(struct comparisons *all, const struct report *r, const struct measure *m,
		      const struct report_scenario *s, const char *variant)
{
	const char *at = document_text(table_planned(r->table, "variants", variant), "against");
	char base[128];
	size_t i, n;
	int v;

	for (; *(at += strspn(at, " ")); at += n) {
		n = strcspn(at, " ");
		snprintf(base, sizeof(base), "%.*s", (int)n, at);
		v = name_index(s->variants, base);
		for (i = 0; v >= 0 && i < STEP_METRICS; i++)
			add_comparison(all, r->table, &m[i], s->name, variant, s->variants[v],
				       true);
	}
}

void section_steps(struct writer *w, struct report *r)
{
	struct comparisons all = { NULL, 0 };
	struct measure measures[STEP_METRICS];
	const struct report_scenario *s;
	const struct comparison *c;
	size_t i, v;

	for (i = 0; i < STEP_METRICS; i++)
		measures[i] = measure_of("%s", step_metrics[i][1]);
	report_for_each_scenario (r, s)
		for (v = 0; v < s->variant_count; v++)
			add_steps(&all, r, measures, s, s->variants[v]);
	judge_comparisons(&all, r);
	if (all.count)
		write_topic(w, r, 2, "steps", NULL);
	write_table_of(w, "scenario|what|variant|against|n");
	write_column(w, "median, %s", r->unit);
	write_column(w, "against, %s", r->unit);
	write_columns(w, "ratio [95 %]|p|verdict");
	for (c = all.list; c && c < all.list + all.count; c++) {
		write_row_texts(w, c->scenario, step_metrics[c->measure - measures][0], c->variant,
				c->base, NULL);
		write_count(w, c->n);
		cell_median(w, "%.4g", c, false);
		write_rounded(w, "%.4g", c->base_resolution, c->base_median, NAN, NAN);
		cells_judged(w, c);
	}
	write_table_end(w);
	release_comparisons(&all);
}

static void add_controls(struct comparisons *all, const struct report *r, const struct table *t,
			 const char *scenario)
{
	size_t v, d;

	for (v = 0; t->variants[v]; v++) {
		const char *of = table_control_of(t, t->variants[v]);

		for (d = 0; of && table_has(t, scenario, t->variants[v]) && d < DIRECTIONS; d++)
			add_comparison(all, t, &r->durations[d], scenario, t->variants[v], of,
				       false);
	}
}

static void write_control(struct writer *w, const struct report *r, const struct comparison *c)
{
	write_row_texts(w, c->scenario, direction_names[c->measure - r->durations], c->base, NULL);
	write_cell(w, "%zu, %zu", c->base_n, c->n);
	if (isfinite(c->ratio_interval.low)) {
		write_number(w, "%.1f",
			     100 * fmax(fabs(c->ratio_interval.low - 1),
					fabs(c->ratio_interval.high - 1)));
		cells_judged(w, c);
	} else {
		write_cells(w, "", 3);
		write_verdict(w, verdict_names[c->verdict]);
	}
}

static void write_controls(struct writer *w, const struct report *r, const struct comparisons *all)
{
	size_t i, alarms = 0;

	write_note(w, write_topic(w, r, 2, "noise", NULL));
	if (r->aa)
		write_text(w, " It is a run of its own, on the same machine, started %s.",
			   document_text(r->aa->env, "started_utc"));
	write_table_of(w, "scenario|resize|variant|n|floor, %|ratio to itself [95 %]|p|verdict");
	for (i = 0; i < all->count; i++) {
		write_control(w, r, &all->list[i]);
		alarms += all->list[i].verdict == VERDICT_IMPROVE ||
			  all->list[i].verdict == VERDICT_REGRESS;
	}
	write_table_end(w);
	write_paragraph(w, "False alarms: %zu of %zu.", alarms, all->count);
}

void section_noise(struct writer *w, struct report *r)
{
	const struct table *tables[] = { r->table, r->aa };
	struct comparisons all = { NULL, 0 };
	size_t i, s;

	for (i = 0; i < 2; i++)
		for (s = 0; tables[i] && tables[i]->scenarios[s]; s++)
			add_controls(&all, r, tables[i], tables[i]->scenarios[s]);
	judge_comparisons(&all, r);
	if (all.count)
		write_controls(w, r, &all);
	else
		report_gap(r, "The noise floor: `balloonbench run --aa` runs the first variant "
			      "twice over");
	release_comparisons(&all);
}

/* The variant of that name, as the table has it; NULL: none. */
static const char *find_variant(const struct table *t, const char *name)
{
	int i = name_index(t->variants, name);

	return i < 0 ? NULL : t->variants[i];
}

/* A traced variant's untraced one, "finalize+off" of "finalize+pages"; of traced+off stock+off. */
static const char *untraced(const struct table *t, const char *variant)
{
	char name[128];

	if (!strcmp(variant, "traced+off"))
		return find_variant(t, "stock+off");
	snprintf(name, sizeof(name), "%.*s+off", (int)strcspn(variant, "+"), variant);
	return strcmp(name, variant) ? find_variant(t, name) : NULL;
}

static void add_costs(struct comparisons *all, const struct table *t, const struct measure *m)
{
	size_t s, d, v;

	for (s = 0; t->scenarios[s]; s++)
		for (d = 0; d < DIRECTIONS; d++)
			for (v = 0; t->variants[v]; v++)
				if (untraced(t, t->variants[v]))
					add_comparison(all, t, &m[d], t->scenarios[s],
						       t->variants[v], untraced(t, t->variants[v]),
						       true);
}

void section_cost(struct writer *w, struct report *r)
{
	struct comparisons all = { NULL, 0 };
	struct measure m[DIRECTIONS];
	const struct topic *topic;
	const struct comparison *c;
	size_t d, of_time;

	for (d = 0; d < DIRECTIONS; d++) {
		m[d] = measure_of("%s.duration_ns.per_page", direction_names[d]);
		/* The median duration over the median size. */
		m[d].in_each_cycle = false;
	}
	if (table_column(r->table, "trace.level"))
		add_costs(&all, r->table, m);
	of_time = table_is_icount(r->table) ? 0 : all.count;
	if (r->instructions && table_column(r->table, "trace.level"))
		add_costs(&all, r->instructions, m);
	if (!all.count)
		return;
	topic = write_topic(w, r, 3, "cost", NULL);
	write_text(w, " The level of this run is %s.", document_text(r->table->env, "trace"));
	write_table_of(w, "scenario|resize|variant|against|n|a page, median [95 %]|difference|"
			  "ratio [95 %]");
	for (c = all.list; c && c < all.list + all.count; c++) {
		write_row_texts(w, c->scenario, direction_names[c->measure - m], c->variant,
				c->base, NULL);
		write_count(w, c->n);
		cell_median(w, "%.1f", c, true);
		write_more(w, c < all.list + of_time ? " ns" : " instructions");
		write_number(w, "%+.1f", c->difference);
		write_interval(w, "%.4f", c->ratio_resolution, c->ratio, &c->ratio_interval, 1);
	}
	write_table_end(w);
	if (r->instructions)
		write_note(w, topic);
	release_comparisons(&all);
}

static void write_claims(struct writer *w, const struct report *r, const struct gate *g)
{
	size_t i;

	write_topic(w, r, 2, "claims", NULL);
	/* The rows of a claim follow each other. */
	for (i = 0; i < g->count; i++)
		if (!i || g->rows[i].claim != g->rows[i - 1].claim)
			gate_write_claim(w, g->rows[i].claim);
	write_table_of(w, "claim|scenario|variant|n|n of the reference|value [95 %]|limit|verdict");
	for (i = 0; i < g->count; i++) {
		write_row_texts(w, g->rows[i].claim->name, NULL);
		gate_write_row(w, &g->rows[i]);
	}
	write_table_end(w);
	write_paragraph(w, "%zu judged: %zu pass, %zu fail, %zu inconclusive, %zu invalid.",
			g->count, gate_count(g, GATE_PASS), gate_count(g, GATE_FAIL),
			gate_count(g, GATE_INCONCLUSIVE), gate_count(g, GATE_INVALID));
}

void section_claims(struct writer *w, struct report *r)
{
	const struct gate *g = r->gate;
	char *needs;

	if (g && g->count)
		write_claims(w, r, g);
	if (!g || !g->unmeasured_count)
		return;
	needs = gate_needs(g);
	report_gap(r, "%zu claims, which are not judged: they need %s", g->unmeasured_count, needs);
	free(needs);
}

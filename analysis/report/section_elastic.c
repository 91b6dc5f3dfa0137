/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workloads that guests replayed under a policy: footprint against time at work. */
#include "analysis/report/report.h"

/* What a policy may cost the workload, for the sentence that names the least footprint. */
#define COST_MAX 0.02

static void write_intro(struct writer *w, const struct report *r, const char *name)
{
	const struct document *s = table_planned(r->table, "scenarios", name);
	char memory[32], most[32];

	write_heading(w, 3, "%s", name);
	if (!s)
		return;
	write_paragraph(w, "%s. Guest: memory %s, %lld vCPUs; a policy takes up to %s.",
			document_text(s, "description"),
			format_bytes(document_integer(s, "memory_bytes"), memory, sizeof(memory)),
			(long long)document_integer(s, "vcpus"),
			format_bytes(document_integer(s, "inflate_bytes"), most, sizeof(most)));
	write_text(w, " Workload: %s, %.3g times as fast and %.3g times as large as recorded.",
		   document_text(s, "workload.file"), document_number(s, "workload.speed"),
		   document_number(s, "workload.size"));
}

/* Median, ratio, p and verdict of a headline. */
static void write_headline(struct writer *w, const char *format, const struct comparison *c)
{
	if (c->absent || !c->n) {
		write_cells(w, c->absent ? "—" : "-", 1);
		write_cells(w, "", 2);
		write_verdict(w, "invalid");
		return;
	}
	cell_median(w, format, c, true);
	cells_judged(w, c);
}

static void write_table_of_headlines(struct writer *w, const struct report *r,
				     const struct report_scenario *s)
{
	size_t v;

	write_table_of(w, "variant|n|footprint, GiB min [95 %]|ratio [95 %]|p|verdict|time at "
			  "work, ms [95 %]|ratio [95 %]|p|verdict");
	for (v = 0; v < s->variant_count; v++) {
		write_row_texts(w, s->variants[v], NULL);
		write_count(w, s->resizes[FOOTPRINT][v].n);
		write_headline(w, "%.4f", &s->resizes[FOOTPRINT][v]);
		write_headline(w, "%.0f", &s->resizes[WORK][v]);
	}
	write_table_end(w);
	write_paragraph(w, "p: rank test, corrected for the %zu comparisons of workloads.",
			r->replays_compared);
}

/* Of the variants that cost no more than COST_MAX with 95 %, the one with the least footprint. */
static const struct comparison *best_of(const struct report_scenario *s)
{
	const struct comparison *best = NULL, *footprint;
	size_t v;

	for (v = 0; v < s->variant_count; v++) {
		footprint = &s->resizes[FOOTPRINT][v];
		if (is_base(footprint) || !isfinite(footprint->ratio) ||
		    s->resizes[WORK][v].ratio_interval.confidence < CONFIDENCE ||
		    !(s->resizes[WORK][v].ratio_interval.high <= 1 + COST_MAX))
			continue;
		if (!best || footprint->ratio < best->ratio)
			best = footprint;
	}
	return best;
}

static void write_best(struct writer *w, const struct report *r, const struct report_scenario *s)
{
	const struct comparison *best = best_of(s);
	char *ratio;

	if (!best) {
		write_paragraph(w,
				"These boots show of no variant that its time at work is at most "
				"%.0f %% above that of %s.",
				100 * COST_MAX, r->variants[0]);
		return;
	}
	ratio = ratio_text(best);
	write_paragraph(w,
			"At most %.0f %% more time at work than %s, by the upper end of its "
			"interval: the least footprint has %s, %s of that of %s.",
			100 * COST_MAX, r->variants[0], best->variant, ratio, r->variants[0]);
	free(ratio);
}

void section_elastic(struct writer *w, struct report *r)
{
	static const char *const tables[] = { "elastic-memory", "elastic-cost",
					      "elastic-together" };
	const struct report_scenario *s;
	size_t i;

	if (!r->replay_count)
		return;
	write_topic(w, r, 2, "elastic", NULL);
	report_for_each_replay (r, s) {
		const struct plot_of of = { .report = r, .scenario = s };

		write_intro(w, r, s->name);
		write_table_of_headlines(w, r, s);
		if (s->variant_count > 1)
			write_best(w, r, s);
		report_plot(w, r, PLOT_REPLAY, of);
		report_plot(w, r, PLOT_PARETO, of);
		for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			write_variants(w, r, s, topics_find(&r->topics, tables[i]));
	}
}

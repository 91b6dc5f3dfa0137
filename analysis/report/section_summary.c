/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report opens with: sentences that can be quoted, the forest plot, the headline table. */
#include "analysis/compare/floor.h"
#include "analysis/compare/hosts.h"
#include "analysis/report/report.h"
#include "lib/alloc.h"

/* More than this are counted, not named: the tables have them all. */
#define NAMED 3

static int by_ratio(const void *a, const void *b)
{
	const struct comparison *one = *(const struct comparison *const *)a;
	const struct comparison *other = *(const struct comparison *const *)b;
	double x = isfinite(one->ratio) ? one->ratio : 0;
	double y = isfinite(other->ratio) ? other->ratio : 0;

	/* Of one scenario they are in one list, in the order of the plan. */
	return x != y ? (x > y) - (x < y) : (one > other) - (one < other);
}

/* The comparisons with a verdict, the lowest ratio first; returns how many. */
static size_t with_verdict(const struct report_scenario *s, enum direction direction,
			   enum verdict verdict, const struct comparison **list)
{
	const struct comparison *c = s->resizes[direction], *end = c + s->variant_count;
	size_t n = 0;

	for (; c < end; c++)
		if (!is_base(c) && c->verdict == verdict)
			list[n++] = c;
	qsort(list, n, sizeof(*list), by_ratio);
	return n;
}

static void write_ratio(struct writer *w, const struct comparison *c)
{
	char *ratio = ratio_text(c);

	write_text(w, "%s (%s)", c->variant, ratio);
	free(ratio);
}

/* "huge (0.012 [0.011, 0.013]), bulk (...) and 5 more", or names alone. */
static void write_list(struct writer *w, const struct comparison **list, size_t n, bool with_ratio)
{
	size_t i, named = with_ratio && n > NAMED + 1 ? NAMED : n;

	for (i = 0; i < named; i++) {
		write_text(w, "%s", !i ? "" : i + 1 == n ? " and " : ", ");
		if (with_ratio)
			write_ratio(w, list[i]);
		else
			write_text(w, "%s", list[i]->variant);
	}
	if (n > named)
		write_text(w, " and %zu more", n - named);
}

/* "7 variants in 5 scenarios, 7 boots each" */
static void write_measured(struct writer *w, const struct report *r)
{
	const struct table *t = r->table;
	const size_t count = r->scenario_count + r->replay_count;
	size_t i, v, n, least = SIZE_MAX, most = 0;
	char cpus[512];

	for (i = 0; i < count; i++) {
		const struct report_scenario *s = i < r->scenario_count
							  ? &r->scenarios[i]
							  : &r->replays[i - r->scenario_count];

		for (v = 0; v < s->variant_count; v++) {
			n = s->resizes[INFLATE][v].n;
			least = n < least ? n : least;
			most = n > most ? n : most;
		}
	}
	least = least > most ? most : least;
	write_text(w, "%zu variant%s in %zu scenario%s", r->variant_count,
		   r->variant_count == 1 ? "" : "s", count, count == 1 ? "" : "s");
	if (table_has_hosts(t, NULL)) {
		write_text(w, ", on %zu hosts (%s)", names_count(t->hosts),
			   hosts_cpus(t, cpus, sizeof(cpus)));
		return;
	}
	write_text(w, least == most ? ", %zu boots of each" : ", %zu to %zu boots of each", least,
		   most);
	if (document_at(t->env, "host.cpus"))
		write_text(w, ", on %lld CPUs (%s)",
			   (long long)document_integer(t->env, "host.cpus"),
			   document_text(t->env, "host.cpu_model"));
}

/* Which figures are from kernels of which configuration. */
static void write_configs(struct writer *w, const struct report *r)
{
	const struct report_scenario *s;
	const char *config = NULL;

	report_for_each_scenario (r, s) {
		config = report_config(r, s->name);
		if (config)
			write_text(w, "%s%s: %s",
				   s == r->scenarios ? "Kernel configurations: " : ", ", s->name,
				   config);
	}
	if (r->scenario_count && config)
		write_text(w, ". ");
}

/* What was measured, on what. */
static void write_on_what(struct writer *w, const struct report *r)
{
	const struct table *t = r->table;
	const char *kernel = table_text(t, &t->boots[0], "kernel_release");
	static const char *const accels[] = {
		[RESULT_KVM] = "KVM",
		[RESULT_TCG] = "TCG",
		[RESULT_ICOUNT] = "TCG with icount",
		[RESULT_KVM_IN_KVM] = "KVM in a host that is a guest under KVM",
		[RESULT_KVM_IN_TCG] = "KVM in a host that is a guest under TCG",
		[RESULT_KVM_IN_ICOUNT] = "KVM in a host that is a guest under TCG with icount"
	};

	write_text(w, "Measured under %s", accels[t->accel]);
	if (*table_text(t, &t->boots[0], "qemu_version"))
		write_text(w, " with QEMU %s", table_text(t, &t->boots[0], "qemu_version"));
	if (*document_text(t->env, "kernel.source"))
		write_text(w, ", kernels of %s", document_text(t->env, "kernel.source"));
	else if (*kernel)
		write_text(w, ", kernel %s", kernel);
	write_text(w, ": ");
	write_measured(w, r);
	if (t->accel == RESULT_TCG)
		write_text(w, "; TCG emulates every guest instruction, so the ratios compare the "
			      "variants on this path, and are not those of KVM");
	else if (t->accel == RESULT_ICOUNT)
		write_text(w, "; the guest's clock counts instructions, so the figures are work, "
			      "not time");
	else if (t->accel == RESULT_KVM_IN_ICOUNT)
		write_text(w, "; the clocks of guest and host count the instructions of guest, "
			      "QEMU and the host's kernel together, so the figures are work, not "
			      "time");
	write_text(w, ". ");
	write_configs(w, r);
}

/* The first scenario is the one that the suite is about. */
static void write_main_effect(struct writer *w, const struct report *r, enum direction direction,
			      const struct comparison **list)
{
	const struct report_scenario *s = &r->scenarios[0];
	const struct comparison *base = &s->resizes[direction][0];
	const struct document *plan = table_planned(r->table, "scenarios", s->name);
	size_t n = with_verdict(s, direction, VERDICT_IMPROVE, list);
	char inflate[32], memory[32], *median;

	if (!base->n)
		return;
	write_text(w, direction == INFLATE ? "Inflating" : "Deflating");
	if (direction == INFLATE && plan)
		write_text(w, " %s of a guest of %s",
			   format_bytes(document_integer(plan, "inflate_bytes"), inflate, 32),
			   format_bytes(document_integer(plan, "memory_bytes"), memory, 32));
	if (direction == INFLATE) {
		write_text(w, " in ");
		write_strong(w, "%s", s->name);
	}
	median = rounded_text("%.4g", base->resolution, base->median, NAN, NAN);
	write_text(w, " takes %s %s%s with %s%s", median, r->unit,
		   is_resolved(base->resolution) ? "" : " (" UNRESOLVED ")", base->variant,
		   n ? "; the ratio to it is lower with " : ", and no variant improves it");
	free(median);
	write_list(w, list, n, true);
	write_text(w, ". ");
}

/* "4.1 [3.9, 4.3]" times the floor. */
static void write_multiple(struct writer *w, const struct report *r, const struct comparison *of)
{
	struct comparison c;
	char *text;

	floor_compare(&c, r->table, &r->durations[INFLATE], of->scenario, of->variant);
	text = rounded_text("%.4g", c.ratio_resolution, c.ratio, c.ratio_interval.low,
			    c.ratio_interval.high);
	write_text(w, "%s", text);
	free(text);
	compare_release(&c);
}

/* How far the base and the best are from what the host alone takes. */
static void write_floor(struct writer *w, const struct report *r)
{
	const struct report_scenario *s = &r->scenarios[0];
	const char *floor = floor_of(r->table, s->name);
	const struct comparison *base = &s->resizes[INFLATE][0], *best = base;
	struct comparison c;
	size_t v;

	if (!floor || !base->n)
		return;
	for (v = 1; v < s->variant_count; v++)
		if (s->resizes[INFLATE][v].median < best->median)
			best = &s->resizes[INFLATE][v];
	compare(&c, r->table, &r->durations[INFLATE], s->name, floor, NULL);
	write_text(w, "The host alone discards that memory in %.4g %s (floor); %s takes ", c.median,
		   r->unit, base->variant);
	compare_release(&c);
	write_multiple(w, r, base);
	if (best != base) {
		write_text(w, " and %s ", best->variant);
		write_multiple(w, r, best);
	}
	write_text(w, " times that. ");
}

/* The best inflate of each of the other scenarios. */
static void write_other_scenarios(struct writer *w, const struct report *r,
				  const struct comparison **list)
{
	const char *before = "In other scenarios inflating improves most with ";
	size_t i;

	for (i = 1; i < r->scenario_count; i++) {
		if (!with_verdict(&r->scenarios[i], INFLATE, VERDICT_IMPROVE, list))
			continue;
		write_text(w, "%s", before);
		write_ratio(w, list[0]);
		write_text(w, " in ");
		write_strong(w, "%s", list[0]->scenario);
		before = ", ";
	}
	if (*before == ',')
		write_text(w, ". ");
}

/* "list (inflate of idle)" of every scenario for a regression, else of the first, and the number
 * of the others. Returns how many. */
static size_t write_verdicts(struct writer *w, const struct report *r, enum verdict verdict,
			     const char *begin, const struct comparison **list)
{
	bool all = verdict == VERDICT_REGRESS;
	size_t i, d, n, named = 0, others = 0;

	for (i = 0; i < r->scenario_count; i++) {
		for (d = 0; d < DIRECTIONS; d++) {
			n = with_verdict(&r->scenarios[i], d, verdict, list);
			if (i && !all) {
				others += n;
			} else if (n) {
				write_text(w, "%s", named ? ", " : begin);
				write_list(w, list, n, all);
				write_text(w, " (%s of %s)", direction_names[d],
					   r->scenarios[i].name);
				named += n;
			}
		}
	}
	if (others)
		write_text(w, "%s%zu comparisons of the other scenarios", named ? " and " : begin,
			   others);
	return named + others;
}

static void write_sentences(struct writer *w, const struct report *r)
{
	size_t missing = table_count_missing(r->table, NULL, NULL), d;
	const struct comparison **list;

	write_paragraph(w, "%s", "");
	if (missing)
		write_strong(w, "%zu boots of the plan have no result.", missing);
	write_text(w, "%s", missing ? " " : "");
	write_on_what(w, r);
	if (r->variant_count < 2)
		write_text(w, "One variant was run: there is nothing to compare it to.");
	else if (!r->scenario_count && !r->replay_count)
		write_text(w, "The base, %s, was not run: there is nothing to compare with.",
			   r->variants[0]);
	if (r->variant_count < 2 || !r->scenario_count)
		return;
	list = xcalloc(r->variant_count, sizeof(const struct comparison *));
	for (d = 0; d < DIRECTIONS; d++)
		write_main_effect(w, r, d, list);
	write_floor(w, r);
	write_other_scenarios(w, r, list);
	if (!write_verdicts(w, r, VERDICT_REGRESS, "Regressions: ", list))
		write_text(w, "No variant regresses");
	write_verdicts(w, r, VERDICT_SAME, "; as the base are ", list);
	write_verdicts(w, r, VERDICT_INVALID, "; not comparable, as a side has no ok boot, are ",
		       list);
	write_verdicts(w, r, VERDICT_DIFFERS,
		       "; one build of each kernel, whose layout may be the cause, have ", list);
	write_verdicts(w, r, VERDICT_UNRESOLVED, "; too short for their timer are ", list);
	write_verdicts(w, r, VERDICT_HOSTS,
		       "; fewer than 4 hosts, which say nothing about others, have ", list);
	write_verdicts(w, r, VERDICT_INCONCLUSIVE, "; these boots do not resolve ", list);
	write_text(w, ".");
	free(list);
}

static void write_cells_of(struct writer *w, const struct report *r, const struct comparison *c,
			   enum direction direction)
{
	if (c->absent) {
		write_cells(w, "—", 3);
		return;
	}
	if (!c->n) {
		write_cells(w, "-", 2);
		write_cell(w, "no boot that is ok");
		return;
	}
	cell_median(w, "%.4g", c, false);
	cell_rate(w, r, c, direction);
	if (is_base(c)) {
		write_count(w, 1);
	} else if (isfinite(c->ratio_interval.low)) {
		cell_ratio(w, c);
		/* Which the ratio says. */
		if (c->verdict != VERDICT_UNRESOLVED)
			write_more_verdict(w, verdict_names[c->verdict]);
	} else {
		write_verdict(w, verdict_names[c->verdict]);
	}
}

static void write_headline(struct writer *w, const struct report *r)
{
	const struct report_scenario *s = &r->scenarios[0];
	size_t v, d;

	write_paragraph(w,
			"Medians over boots and ratios to %s, with 95 %% intervals; an effect "
			"below %.3g %% is treated as negligible.",
			r->variants[0], 100 * r->smallest_effect);
	write_table(w);
	write_column(w, "%s", s->name);
	write_columns(w, "n");
	for (d = 0; d < DIRECTIONS; d++) {
		write_column(w, "%s, %s", direction_names[d], r->unit);
		write_column(w, "%s", report_rate_unit(r));
		write_columns(w, "ratio [95 %]");
	}
	for (v = 0; v < s->variant_count; v++) {
		write_row_texts(w, s->variants[v], NULL);
		write_count(w, s->resizes[INFLATE][v].n);
		for (d = 0; d < DIRECTIONS; d++)
			write_cells_of(w, r, &s->resizes[d][v], d);
	}
	write_table_end(w);
}

static void write_ratio_cell(struct writer *w, const struct report_scenario *s, const char *variant)
{
	int v = name_index(s->variants, variant);
	const struct comparison *c = v < 0 ? NULL : &s->resizes[INFLATE][v];

	if (!c)
		write_cells(w, "", 1);
	else if ((is_base(c) && c->n) || isfinite(c->ratio_interval.low))
		cell_ratio(w, c);
	else
		write_verdict(w, verdict_names[c->verdict]);
}

static void write_scenarios(struct writer *w, const struct report *r)
{
	size_t i, v;

	write_paragraph(w, "Inflating in every scenario, ratio [95 %%]; durations, rates and "
			   "numbers of boots are in the section of each scenario:");
	write_table_of(w, "variant");
	for (i = 0; i < r->scenario_count; i++)
		write_column(w, "%s", r->scenarios[i].name);
	for (v = 0; v < r->variant_count; v++) {
		write_row_texts(w, r->variants[v], NULL);
		for (i = 0; i < r->scenario_count; i++)
			write_ratio_cell(w, &r->scenarios[i], r->variants[v]);
	}
	write_table_end(w);
}

void section_summary(struct writer *w, struct report *r)
{
	write_sentences(w, r);
	report_plot(w, r, PLOT_FOREST, (struct plot_of){ .report = r });
	if (!r->scenario_count)
		return;
	write_headline(w, r);
	if (r->scenario_count > 1)
		write_scenarios(w, r);
}

/* The same sentences and tables, of a run under KVM that is compared with nothing outside it. */
void section_host(struct writer *w, struct report *r)
{
	struct report boxed = { .table = r->boxed,
				.smallest_effect = r->smallest_effect,
				.layout_floor = NAN };

	if (!r->boxed)
		return;
	report_make(&boxed);
	write_heading(w, 2, "In a host that is a guest");
	write_sentences(w, &boxed);
	if (boxed.scenario_count)
		write_headline(w, &boxed);
	report_release(&boxed);
}

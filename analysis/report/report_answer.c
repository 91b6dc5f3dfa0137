/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/report/markdown.h"
#include "lib/units.h"

/* More than this are counted, not named: the table has them all. */
#define NAMED 3

static bool is_base(const struct comparison *c)
{
	return !strcmp(c->variant, c->base);
}

static size_t count_verdict(const struct comparison *list, size_t count, enum verdict verdict)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += !is_base(&list[i]) && list[i].verdict == verdict;
	return n;
}

static int by_ratio(const void *left, const void *right)
{
	double a = (*(const struct comparison *const *)left)->ratio;
	double b = (*(const struct comparison *const *)right)->ratio;

	return (a > b) - (a < b);
}

static void write_ratio(FILE *f, const struct comparison *c)
{
	markdown_text(f, c->variant);
	fprintf(f, " (%.3f [%.3f, %.3f])", c->ratio, c->ratio_interval.low, c->ratio_interval.high);
}

/* "huge (0.012 [0.011, 0.013]), bulk (...) and 5 more", those with the least ratio first. */
static void write_improved(FILE *f, const struct comparison *list, size_t count)
{
	const struct comparison **sorted = calloc(count + 1, sizeof(*sorted));
	size_t i, n = 0;

	for (i = 0; sorted && i < count; i++)
		if (!is_base(&list[i]) && list[i].verdict == VERDICT_IMPROVE)
			sorted[n++] = &list[i];
	if (n)
		qsort(sorted, n, sizeof(*sorted), by_ratio);
	for (i = 0; i < n && i < NAMED; i++) {
		fputs(!i ? "" : i + 1 == n ? " and " : ", ", f);
		write_ratio(f, sorted[i]);
	}
	if (n > NAMED)
		fprintf(f, " and with %zu more", n - NAMED);
	free(sorted);
}

static void write_names(FILE *f, const struct comparison *list, size_t count, enum verdict verdict,
			bool with_ratio)
{
	size_t i, n = 0, all = count_verdict(list, count, verdict);

	for (i = 0; i < count; i++) {
		if (is_base(&list[i]) || list[i].verdict != verdict)
			continue;
		fputs(!n ? "" : n + 1 == all ? " and " : ", ", f);
		if (with_ratio)
			write_ratio(f, &list[i]);
		else
			markdown_text(f, list[i].variant);
		n++;
	}
}

static void write_move(FILE *f, const char *verb, const char *base, const struct comparison *list,
		       size_t count)
{
	size_t better = count_verdict(list, count, VERDICT_IMPROVE);
	size_t worse = count_verdict(list, count, VERDICT_REGRESS);

	fprintf(f, "%s ", verb);
	if (better) {
		fputs("improves with ", f);
		write_improved(f, list, count);
	} else {
		fputs("improves with none", f);
	}
	if (worse) {
		fputs(", regresses with ", f);
		write_names(f, list, count, VERDICT_REGRESS, true);
	} else {
		fputs(better ? ", regresses with none" : " and regresses with none", f);
	}
	if (count_verdict(list, count, VERDICT_SAME)) {
		fputs(", is the same with ", f);
		write_names(f, list, count, VERDICT_SAME, false);
	}
	if (count_verdict(list, count, VERDICT_INCONCLUSIVE)) {
		fputs("; ", f);
		write_names(f, list, count, VERDICT_INCONCLUSIVE, false);
		fputs(" cannot be told from ", f);
		markdown_text(f, base);
		fputs(" by these boots", f);
	}
	if (count_verdict(list, count, VERDICT_INVALID)) {
		fputs("; there is no boot that is ok of ", f);
		write_names(f, list, count, VERDICT_INVALID, false);
	}
}

/* The first scenario in full; of the others what an inflate gains, and whatever is lost. */
static void write_scenario(FILE *f, const struct report *r, const struct report_scenario *s)
{
	bool first = s == &r->scenarios[0];

	fputs(" **", f);
	markdown_text(f, s->name);
	fputs("**: ", f);
	write_move(f, "inflating", r->variants[0], s->inflate, s->variant_count);
	if (first) {
		fputs(". ", f);
		write_move(f, "Deflating", r->variants[0], s->deflate, s->variant_count);
	} else if (count_verdict(s->deflate, s->variant_count, VERDICT_REGRESS)) {
		fputs("; deflating regresses with ", f);
		write_names(f, s->deflate, s->variant_count, VERDICT_REGRESS, true);
	}
	fputs(".", f);
}

static void write_paragraph(FILE *f, const struct report *r)
{
	size_t i, missing = tree_count_missing(r->tree, NULL, NULL);

	if (missing)
		fprintf(f, "**%zu boots of the plan have no result.** ", missing);
	fputs("Figures are ratios of durations to those of ", f);
	markdown_text(f, r->variants[0]);
	fprintf(f, " with their 95 %% intervals; an effect below %.3g %% is of no interest.",
		100 * r->smallest_effect);
	for (i = 0; i < r->scenario_count; i++)
		if (r->scenarios[i].variant_count > 1)
			write_scenario(f, r, &r->scenarios[i]);
	fputs("\n\n", f);
}

static void write_cells(FILE *f, const struct report *r, const struct comparison *c,
			const char *move)
{
	if (c->absent) {
		fputs(" — | — | — |", f);
		return;
	}
	if (!c->n) {
		fputs(" - | | no boot that is ok |", f);
		return;
	}
	fprintf(f, " %.4g | %.3g | ", c->median, report_rate(r, c, move));
	if (is_base(c))
		fputs("1 |", f);
	else if (isfinite(c->ratio_interval.low))
		fprintf(f, "%.3f [%.3f, %.3f] %s |", c->ratio, c->ratio_interval.low,
			c->ratio_interval.high, verdict_name(c->verdict));
	else
		fprintf(f, "%s |", verdict_name(c->verdict));
}

/* The plan's first scenario in full; it is the one that the suite is about. */
static void write_headline(FILE *f, const struct report *r)
{
	const struct report_scenario *s = &r->scenarios[0];
	const char *rate = tree_is_icount(r->tree) ? "GiB/G instr." : "GiB/s";
	size_t v;

	fputs("| ", f);
	markdown_text(f, s->name);
	fprintf(f,
		" | n | inflate, %s | %s | ratio [95 %%] | deflate, %s | %s | ratio [95 %%] |\n"
		"|---|---:|---:|---:|---|---:|---:|---|\n",
		r->inflate.unit, rate, r->inflate.unit, rate);
	for (v = 0; v < s->variant_count; v++) {
		fputs("| ", f);
		markdown_text(f, s->variants[v]);
		fprintf(f, " | %zu |", s->inflate[v].n);
		write_cells(f, r, &s->inflate[v], "inflate");
		write_cells(f, r, &s->deflate[v], "deflate");
		fputs("\n", f);
	}
	fputs("\n", f);
}

static void write_ratio_cell(FILE *f, const struct report_scenario *s, const char *variant)
{
	int v = name_index(s->variants, variant);
	const struct comparison *c = v < 0 ? NULL : &s->inflate[v];

	if (!c)
		fputs(" |", f);
	else if (is_base(c) && c->n)
		fputs(" 1 |", f);
	else if (isfinite(c->ratio_interval.low))
		fprintf(f, " %.3f [%.3f, %.3f] |", c->ratio, c->ratio_interval.low,
			c->ratio_interval.high);
	else
		fprintf(f, " %s |", verdict_name(c->verdict));
}

static void write_scenarios(FILE *f, const struct report *r)
{
	size_t i, v;

	fputs("Inflating in every scenario, ratio [95 %]; the parts on each scenario have the "
	      "durations, rates and numbers of boots:\n\n| |",
	      f);
	for (i = 0; i < r->scenario_count; i++) {
		fputs(" ", f);
		markdown_text(f, r->scenarios[i].name);
		fputs(" |", f);
	}
	fputs("\n|---|", f);
	for (i = 0; i < r->scenario_count; i++)
		fputs("---|", f);
	for (v = 0; v < r->variant_count; v++) {
		fputs("\n| ", f);
		markdown_text(f, r->variants[v]);
		fputs(" |", f);
		for (i = 0; i < r->scenario_count; i++)
			write_ratio_cell(f, &r->scenarios[i], r->variants[v]);
	}
	fputs("\n\n", f);
}

void report_answer(FILE *f, const struct report *r)
{
	if (r->variant_count > 1)
		write_paragraph(f, r);
	else
		fputs("One variant was run: there is nothing to compare it to.\n\n", f);
	if (!r->scenario_count)
		return;
	write_headline(f, r);
	if (r->scenario_count > 1)
		write_scenarios(f, r);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_claims.h"

#include <stdlib.h>

#include "analysis/gate/gate_print.h"
#include "analysis/report/markdown.h"

static void write_cell(FILE *f, const char *text)
{
	fputs(" ", f);
	markdown_text(f, text);
	fputs(" |", f);
}

static void write_row(FILE *f, const struct gate_row *row)
{
	char value[256], limit[192];

	gate_format_value(row, value, sizeof(value));
	gate_format_limit(row, limit, sizeof(limit));
	fputs("|", f);
	write_cell(f, row->claim->name);
	write_cell(f, row->scenario);
	write_cell(f, row->variant);
	fprintf(f, " %zu |", row->n);
	if (row->reference)
		fprintf(f, " %zu |", row->reference_n);
	else
		fputs(" |", f);
	write_cell(f, value);
	write_cell(f, limit);
	write_cell(f, gate_verdict_name(row->verdict));
	write_cell(f, row->reason);
	fputs("\n", f);
}

/* What each of them says, once: its rows stand together. */
static void write_words(FILE *f, const struct gate *g)
{
	const struct claim *last = NULL;
	size_t i;

	for (i = 0; i < g->count; i++) {
		const struct claim *c = g->rows[i].claim;

		if (c == last)
			continue;
		last = c;
		fputs("- *", f);
		markdown_text(f, c->name);
		fputs("*: ", f);
		markdown_text(f, c->expression);
		if (c->description) {
			fputs(" — ", f);
			markdown_text(f, c->description);
		}
		fputs("\n", f);
	}
	fputs("\n", f);
}

static void write_unmeasured(FILE *f, const struct gate *g)
{
	char *needs = gate_needs(g);

	if (g->unmeasured_count) {
		fprintf(f, "Not measured in this run, and not judged: %zu claims, which need ",
			g->unmeasured_count);
		markdown_text(f, needs);
		fputs(".\n\n", f);
	}
	free(needs);
}

static void write_rows(FILE *f, const struct gate *g)
{
	size_t i;

	if (!g->count)
		return;
	fputs("What this run was held against. A claim passes where the whole 95 % interval over "
	      "boots is within its limit, fails where all of it is beyond (and, against another "
	      "variant, a permutation test corrected for the number of claims says so too), and is "
	      "inconclusive otherwise. x idle: over the same boot's phase before, with nothing "
	      "moved yet; x its ...: over another figure of the same boot. `balloonstat gate` "
	      "tells the same by its exit status.\n\n",
	      f);
	write_words(f, g);
	fputs("| claim | scenario | variant | n | n of the reference | value [95 %] | limit | "
	      "verdict | why |\n|---|---|---|---:|---:|---|---|---|---|\n",
	      f);
	for (i = 0; i < g->count; i++)
		write_row(f, &g->rows[i]);
	fprintf(f, "\n%zu judged: %zu pass, %zu fail, %zu inconclusive, %zu invalid.\n\n", g->count,
		gate_count(g, GATE_PASS), gate_count(g, GATE_FAIL),
		gate_count(g, GATE_INCONCLUSIVE), gate_count(g, GATE_INVALID));
}

void report_claims(FILE *f, const struct report *r)
{
	const struct gate *g = r->gate;

	if (!g || (!g->count && !g->unmeasured_count))
		return;
	fputs("## Claims\n\n", f);
	write_rows(f, g);
	write_unmeasured(f, g);
}

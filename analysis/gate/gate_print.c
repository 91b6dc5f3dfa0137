/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/gate_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "analysis/data/utf8.h"
#include "lib/result.h"

#define CONFIDENCE 0.95

/* What a ratio is to, or NULL for an absolute claim. */
static const char *ratio_to(const struct gate_row *row)
{
	switch (row->claim->reference) {
	case REFERENCE_IDLE:
		return "idle";
	case REFERENCE_ITS:
		return row->claim->its.name;
	default:
		return row->reference;
	}
}

/* Four digits, and no powers of ten where a person counts. */
static const char *format_number(double value, char *text, size_t size)
{
	snprintf(text, size, fabs(value) < 10000 ? "%.4g" : "%.0f", value);
	return text;
}

void gate_format_value(const struct gate_row *row, char *text, size_t size)
{
	const char *unit = ratio_to(row) ? "x" : row->claim->unit, *between = *unit ? " " : "";
	double by = row->claim->unit_size;
	char value[32], low[32], high[32];

	format_number(row->value / by, value, sizeof(value));
	format_number(row->interval.low / by, low, sizeof(low));
	format_number(row->interval.high / by, high, sizeof(high));
	if (!isfinite(row->value))
		snprintf(text, size, "-");
	else if (!isfinite(row->interval.low))
		snprintf(text, size, "%s%s%s", value, between, unit);
	else
		snprintf(text, size, "%s [%s, %s]%s%s", value, low, high, between, unit);
}

void gate_format_limit(const struct gate_row *row, char *text, size_t size)
{
	const struct claim *c = row->claim;
	const char *name = claim_operator_name(c->operator), *to = ratio_to(row);

	if (to)
		snprintf(text, size, "%s %.6g x %s", name, c->limit, printable(to));
	else
		snprintf(text, size, "%s %.6g%s%s", name, c->limit / c->unit_size,
			 *c->unit ? " " : "", c->unit);
}

static void print_head(const struct gate_row *row, FILE *f)
{
	const struct claim *c = row->claim;

	fprintf(f, "%s: %s", printable(c->name), printable(c->expression));
	if (c->file)
		fprintf(f, " (%s:%u)", printable(c->file), c->line);
	if (c->description)
		fprintf(f, "\n  %s", printable(c->description));
	fprintf(f, "\n  %-12s %-18s %3s %4s  %-34s %-24s %s\n", "SCENARIO", "VARIANT", "N", "REF",
		"VALUE [95 %]", "LIMIT", "VERDICT");
}

static void print_row(const struct gate_row *row, FILE *f)
{
	char value[256], limit[192], reference_n[16] = "";

	gate_format_value(row, value, sizeof(value));
	gate_format_limit(row, limit, sizeof(limit));
	if (row->reference)
		snprintf(reference_n, sizeof(reference_n), "%zu", row->reference_n);
	fprintf(f, "  %-12s %-18s %3zu %4s  %-34s %-24s %s%s%s\n", printable(row->scenario),
		printable(row->variant), row->n, reference_n, value, limit,
		gate_verdict_name(row->verdict), row->reason[0] ? ": " : "",
		printable(row->reason));
}

static void print_boots(const struct gate *g, FILE *f)
{
	size_t missing = tree_count_missing(g->tree, NULL, NULL);

	fprintf(f, "Boots of the tree: %zu ok, %zu failed, %zu invalid",
		tree_count(g->tree, NULL, NULL, RESULT_OK),
		tree_count(g->tree, NULL, NULL, RESULT_FAILED),
		tree_count(g->tree, NULL, NULL, RESULT_INVALID));
	if (missing)
		fprintf(f, ", %zu planned but without a result", missing);
	fprintf(f,
		"; only what is ok is judged (%s).\nN, REF: boots with a value, of the variant and "
		"of the reference; fewer than %d decide nothing. An\ninterval is of its claim "
		"alone; to fail against a reference, p corrected for the number of claims\n(Holm) "
		"must be below %g too.\n",
		tree_accel(g->tree), BOOTS_MIN, ALPHA);
	if (g->left_out)
		fprintf(f, "%zu claims are left out by --scenario and --variant.\n", g->left_out);
}

static void print_rows(const struct gate *g, bool brief, FILE *f)
{
	const struct gate_row *last = NULL;
	size_t i;

	for (i = 0; i < g->count; i++) {
		const struct gate_row *row = &g->rows[i];

		if (brief && row->verdict == GATE_PASS)
			continue;
		if (!last || last->claim != row->claim) {
			fputs(last ? "\n" : "", f);
			print_head(row, f);
		}
		print_row(row, f);
		last = row;
	}
	fputs(last ? "\n" : "", f);
}

void gate_print_unmeasured(const struct gate *g, FILE *f)
{
	char *needs = gate_needs(g);

	if (g->unmeasured_count)
		fprintf(f, "Not measured in this run, and not judged: %zu claims, which need %s.\n",
			g->unmeasured_count, needs);
	free(needs);
}

/* Which, for who has only the last lines of a log. */
static void print_failed(const struct gate *g, FILE *f)
{
	const char *before = "Failed: ";
	size_t i;

	for (i = 0; i < g->count; i++) {
		const struct gate_row *row = &g->rows[i];

		if (row->verdict != GATE_FAIL)
			continue;
		fprintf(f, "%s%s (", before, printable(row->claim->name));
		fprintf(f, "%s, ", printable(row->scenario));
		fprintf(f, "%s)", printable(row->variant));
		before = "; ";
	}
	fputs(gate_count(g, GATE_FAIL) ? "\n" : "", f);
}

void gate_print_text(const struct gate *g, bool brief, FILE *f)
{
	size_t invalid = gate_count(g, GATE_INVALID);

	print_rows(g, brief, f);
	print_boots(g, f);
	gate_print_unmeasured(g, f);
	print_failed(g, f);
	fprintf(f, "%zu claims: %zu pass, %zu fail, %zu inconclusive", g->count,
		gate_count(g, GATE_PASS), gate_count(g, GATE_FAIL),
		gate_count(g, GATE_INCONCLUSIVE));
	if (invalid)
		fprintf(f, ", %zu invalid", invalid);
	fputc('\n', f);
}

/* JSON knows neither NAN nor infinity. */
static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* A path need not be UTF-8, and JSON must. */
static json_t *text(const char *text)
{
	if (!text)
		return json_null();
	return json_string(utf8_is_valid(text) ? text : printable(text));
}

static json_t *claim_to_json(const struct claim *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:f, s:s, s:s}", "claim",
			 text(c->name), "file", text(c->file), "line",
			 c->file ? json_integer(c->line) : json_null(), "expression",
			 text(c->expression), "description", text(c->description), "quantity",
			 c->quantity.name, "during", text(c->quantity.phase), "operator",
			 claim_operator_name(c->operator), "limit", c->limit / c->unit_size,
			 "limit_unit", c->unit, "unit", quantity_unit_name(c->quantity.unit));
}

static size_t boots(const struct gate *g, const struct gate_row *row, const char *status)
{
	return tree_count(g->tree, row->scenario, row->variant, status);
}

static json_t *row_to_json(const struct gate *g, const struct gate_row *row)
{
	double by = row->claim->unit_size;
	json_t *all = claim_to_json(row->claim);
	json_t *rest = json_pack(
		"{s:o, s:o, s:o, s:i, s:i, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, "
		"s:i, s:i, s:i}",
		"scenario", text(row->scenario), "variant", text(row->variant), "reference",
		text(ratio_to(row)), "n", (int)row->n, "too_few_events", (int)row->too_few,
		"median", number(row->median), "reference_n", (int)row->reference_n,
		"reference_too_few_events", (int)row->reference_too_few, "reference_median",
		number(row->reference_median), "value", number(row->value / by), "ci_low",
		number(row->interval.low / by), "ci_high", number(row->interval.high / by), "p",
		number(row->p), "p_holm", number(row->p_holm), "verdict",
		gate_verdict_name(row->verdict), "reason",
		row->reason[0] ? text(row->reason) : json_null(), "failed",
		(int)boots(g, row, RESULT_FAILED), "invalid", (int)boots(g, row, RESULT_INVALID),
		"missing", (int)tree_count_missing(g->tree, row->scenario, row->variant));

	json_object_update(all, rest);
	json_decref(rest);
	return all;
}

static json_t *summary_to_json(const struct gate *g)
{
	json_t *all = json_pack("{s:i}", "claims", (int)g->count);
	int v;

	for (v = 0; v < GATE_VERDICTS; v++)
		json_object_set_new(all, gate_verdict_name(v), json_integer(gate_count(g, v)));
	return all;
}

static json_t *unmeasured_to_json(const struct gate *g)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; i < g->unmeasured_count; i++)
		json_array_append_new(names, text(g->unmeasured[i]->name));
	return names;
}

json_t *gate_to_json(const struct gate *g)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < g->count; i++)
		json_array_append_new(rows, row_to_json(g, &g->rows[i]));
	return json_pack(
		"{s:i, s:s, s:o, s:f, s:f, s:i, s:o, s:{s:i, s:i, s:i, s:i}, s:i, s:o, s:i, s:o}",
		"schema_version", 1, "accel", tree_accel(g->tree), "base", text(g->base),
		"confidence", CONFIDENCE, "alpha", ALPHA, "boots_min", BOOTS_MIN, "summary",
		summary_to_json(g), "boots", "ok", (int)tree_count(g->tree, NULL, NULL, RESULT_OK),
		"failed", (int)tree_count(g->tree, NULL, NULL, RESULT_FAILED), "invalid",
		(int)tree_count(g->tree, NULL, NULL, RESULT_INVALID), "missing",
		(int)tree_count_missing(g->tree, NULL, NULL), "left_out", (int)g->left_out,
		"unmeasured", unmeasured_to_json(g), "exit_status", gate_status(g), "claims", rows);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/gate/gate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "lib/alloc.h"
#include "lib/record_table.h"

const char *gate_ratio_to(const struct gate_row *row)
{
	const struct claim *c = row->claim;

	return c->reference == REFERENCE_IDLE  ? "idle"
	       : c->reference == REFERENCE_ITS ? c->its.name
					       : row->reference;
}

const char *gate_number_format(const struct gate_row *row)
{
	return fabs(row->value / row->claim->unit_size) < 10000 ? "%.4g" : "%.0f";
}

char *gate_limit(const struct gate_row *row)
{
	const struct claim *c = row->claim;
	const char *to = gate_ratio_to(row), *unit = to ? to : c->unit;

	return xasprintf("%s %.6g%s%s", claim_operators[c->operator], c->limit / c->unit_size,
			 to ? " x " : *unit ? " " : "", unit);
}

void gate_write_row(struct writer *w, const struct gate_row *row)
{
	const char *unit = gate_ratio_to(row) ? "x" : row->claim->unit;
	double by = row->claim->unit_size;

	write_cell(w, "%s", row->scenario);
	write_cell(w, "%s", row->variant);
	write_count(w, row->n);
	if (row->reference)
		write_count(w, row->reference_n);
	else
		write_cells(w, "", 1);
	write_interval(w, gate_number_format(row), row->resolution, row->value, &row->interval,
		       1 / by);
	if (isfinite(row->value) && *unit)
		write_more(w, row->by_polls ? " %s by polls" : " %s", unit);
	write_words(w, gate_limit(row));
	write_cell(w, "%s%s%s", gate_verdict_names[row->verdict], *row->reason ? ": " : "",
		   row->reason);
}

void gate_write_claim(struct writer *w, const struct claim *c)
{
	write_item(w, "%s: %s", c->name, c->expression);
	if (c->description)
		write_text(w, " — %s", c->description);
}

static void write_rows(struct writer *w, const struct gate *g, bool brief)
{
	const struct claim *last = NULL;
	size_t i;

	for (i = 0; i < g->count; i++) {
		const struct gate_row *row = &g->rows[i];

		if (brief && row->verdict == GATE_PASS)
			continue;
		if (!last || last != row->claim) {
			if (last)
				write_table_end(w);
			gate_write_claim(w, row->claim);
			if (row->claim->file)
				write_text(w, " (%s:%u)", row->claim->file, row->claim->line);
			write_table(w);
			write_columns(w, "SCENARIO|VARIANT|N|REF|VALUE [95 %]|LIMIT|VERDICT");
		}
		write_row(w);
		gate_write_row(w, row);
		last = row->claim;
	}
	if (last)
		write_table_end(w);
}

static void write_boots(struct writer *w, const struct gate *g)
{
	struct boot_counts boots = table_counts(g->table, NULL, NULL);

	write_paragraph(
		w, "Boots of the tree: %" PRId64 " ok, %" PRId64 " failed, %" PRId64 " invalid",
		boots.ok, boots.failed, boots.invalid);
	if (boots.missing)
		write_text(w, ", %" PRId64 " planned but without a result", boots.missing);
	write_text(
		w,
		"; only ok boots are judged (%s). N, REF: boots with a value, of the variant and "
		"of the reference; a verdict takes %d, without a reference %d. An interval is for "
		"its claim alone; to "
		"fail against a reference, p corrected for the number of claims (Holm) must be "
		"below %g too.",
		table_accel(g->table), BOOTS_MIN, GATE_SINGLE_MIN, ALPHA);
	if (g->left_out)
		write_text(w, " %zu claims are left out by --scenario and --variant.", g->left_out);
}

/* At the end, for readers of the last lines of a log. */
static void write_failed(struct writer *w, const struct gate *g)
{
	bool first = true;
	size_t i;

	for (i = 0; i < g->count; i++) {
		const struct gate_row *row = &g->rows[i];

		if (row->verdict != GATE_FAIL)
			continue;
		if (first)
			write_paragraph(w, "Failed: ");
		write_text(w, "%s%s (%s, %s)", first ? "" : "; ", row->claim->name, row->scenario,
			   row->variant);
		first = false;
	}
}

void gate_print_text(const struct gate *g, bool brief, FILE *f)
{
	/* No line breaks in what a script may search for. */
	const struct write_options options = { .columns = 10000 };
	struct writer *w = write_open();
	char err[256], *needs = gate_needs(g);

	write_to(w, WRITE_TEXT, f, &options, err, sizeof(err));
	write_rows(w, g, brief);
	write_boots(w, g);
	if (*needs)
		write_paragraph(w,
				"Not measured in this run, and not judged: %zu claims, which need "
				"%s.",
				g->unmeasured_count, needs);
	write_failed(w, g);
	write_paragraph(w, "%zu claims: %zu pass, %zu fail, %zu inconclusive", g->count,
			gate_count(g, GATE_PASS), gate_count(g, GATE_FAIL),
			gate_count(g, GATE_INCONCLUSIVE));
	if (gate_count(g, GATE_INVALID))
		write_text(w, ", %zu invalid", gate_count(g, GATE_INVALID));
	write_close(w);
	free(needs);
}

/* A row with its claim. */
struct row_summary {
	struct gate_row row;
	struct claim claim;
	const char *metric, *op, *unit, *limit_unit, *reference, *reason;
	int64_t line;
	struct boot_counts boots;
};

struct verdict_counts {
	int64_t claims, of[GATE_VERDICTS];
};

struct gate_summary {
	int64_t schema_version;
	const char *accel, *base;
	double confidence, alpha;
	int64_t boots_min, left_out, exit_status;
	struct verdict_counts summary;
	struct boot_counts boots;
	struct record_list unmeasured, claims; /* names; struct row_summary */
};

#define S struct row_summary
static RECORD(row_record, "row", NULL,
	NAMED("claim", TEXT, claim.name),
	NAMED("file", TEXT, claim.file),
	FIELD(COUNT, line),
	NAMED("expression", TEXT, claim.expression),
	NAMED("description", TEXT, claim.description),
	NAMED("quantity", TEXT, metric),
	NAMED("during", TEXT, claim.measure.during),
	NAMED("operator", TEXT, op),
	NAMED("limit", REAL, claim.limit),
	FIELD(TEXT, limit_unit), FIELD(TEXT, unit),
	NAMED("scenario", TEXT, row.scenario),
	NAMED("variant", TEXT, row.variant),
	FIELD(TEXT, reference),
	NAMED("n", COUNT, row.n),
	NAMED("too_few_events", COUNT, row.too_few),
	NAMED("median", REAL, row.median),
	NAMED("reference_n", COUNT, row.reference_n),
	NAMED("reference_too_few_events", COUNT, row.reference_too_few),
	NAMED("reference_median", REAL, row.reference_median),
	NAMED("value", REAL, row.value),
	NAMED("ci_low", REAL, row.interval.low),
	NAMED("ci_high", REAL, row.interval.high),
	NAMED("ci_confidence", REAL, row.interval.confidence),
	NAMED("p", REAL, row.p),
	NAMED("p_holm", REAL, row.p_holm),
	NAMED("verdict", CHOICE, row.verdict, .choices = gate_verdict_names),
	FIELD(TEXT, reason),
	NAMED("failed", COUNT, boots.failed),
	NAMED("invalid", COUNT, boots.invalid),
	NAMED("missing", COUNT, boots.missing));
#undef S

#define S struct verdict_counts
static RECORD(verdicts_record, "verdicts", NULL,
	FIELD(COUNT, claims),
	NAMED("pass", COUNT, of[GATE_PASS]),
	NAMED("fail", COUNT, of[GATE_FAIL]),
	NAMED("inconclusive", COUNT, of[GATE_INCONCLUSIVE]),
	NAMED("invalid", COUNT, of[GATE_INVALID]));
#undef S

#define S struct boot_counts
static RECORD(boots_record, "boots", NULL,
	FIELD(COUNT, ok), FIELD(COUNT, failed), FIELD(COUNT, invalid), FIELD(COUNT, missing));
#undef S

#define S struct gate_summary
static RECORD(gate_record, "gate", NULL,
	FIELD(COUNT, schema_version),
	FIELD(TEXT, accel), FIELD(TEXT, base),
	FIELD(REAL, confidence), FIELD(REAL, alpha),
	FIELD(COUNT, boots_min),
	FIELD(STRUCT, summary, .record = &verdicts_record),
	FIELD(STRUCT, boots, .record = &boots_record),
	FIELD(COUNT, left_out),
	FIELD(TEXTS, unmeasured, .required = true),
	FIELD(COUNT, exit_status),
	FIELD(LIST, claims, .required = true, .record = &row_record));
#undef S

static void add_row(struct gate_summary *s, const struct gate *g, const struct gate_row *row)
{
	struct row_summary *r = record_append(&row_record, &s->claims);
	const struct claim *c = row->claim;

	*r = (struct row_summary){
		.row = *row,
		.claim = *c,
		.line = c->file ? c->line : RECORD_ABSENT,
		.metric = c->measure.name,
		.op = claim_operators[c->operator],
		.limit_unit = c->unit,
		.unit = unit_name(claim_unit(&c->measure)),
		.reference = gate_ratio_to(row),
		.reason = *row->reason ? row->reason : NULL,
		.boots = table_counts(g->table, row->scenario, row->variant),
	};
	r->claim.limit /= c->unit_size;
	r->row.value /= c->unit_size;
	r->row.interval.low /= c->unit_size;
	r->row.interval.high /= c->unit_size;
}

void gate_print_json(const struct gate *g, FILE *f)
{
	struct gate_summary s = {
		.schema_version = 1,
		.accel = table_accel(g->table),
		.base = g->base,
		.confidence = 0.95,
		.alpha = ALPHA,
		.boots_min = BOOTS_MIN,
		.summary = { .claims = g->count },
		.boots = table_counts(g->table, NULL, NULL),
		.left_out = g->left_out,
		.exit_status = gate_status(g),
	};
	size_t i;

	for (i = 0; i < g->unmeasured_count; i++)
		record_append_text(&s.unmeasured, g->unmeasured[i]->name);
	for (i = 0; i < g->count; i++) {
		add_row(&s, g, &g->rows[i]);
		s.summary.of[g->rows[i].verdict]++;
	}
	record_print(&gate_record, &s, f);
	record_release_texts(&s.unmeasured);
	free(s.claims.items);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/write/write.h"
#include "lib/record_table.h"
#include "lib/stats.h"

static bool is_base(const struct comparison *c)
{
	return !strcmp(c->variant, c->base);
}

static void write_comparison(struct writer *w, const struct comparison *c)
{
	write_row(w);
	write_cell(w, "%s", c->metric);
	write_cell(w, "%s", c->variant);
	write_count(w, c->n);
	write_rounded(w, "%.5g", c->resolution, c->median, NAN, NAN);
	write_cell(w, "%s", c->unit);
	write_rounded(w, "%.3f", c->ratio_resolution, c->ratio, c->ratio_interval.low,
		      c->ratio_interval.high);
	write_number(w, "%.4f", c->p_holm);
	if (is_base(c))
		write_cell(w, "base");
	else
		write_cell(w, "%s%s%s", verdict_names[c->verdict], c->reason ? ": " : "",
			   c->reason ? c->reason : "");
}

/* The rows of a scenario from @first on; returns the row after them. */
static size_t write_scenario(struct writer *w, const struct compare_table *t, size_t first,
			     const struct table *table)
{
	const char *scenario = t->rows[first].scenario;
	struct boot_counts boots = table_counts(table, scenario, NULL);
	size_t i;

	write_paragraph(w, "%s (%s, %" PRId64 " boots ok, %" PRId64 " failed, %" PRId64 " invalid",
			scenario, table_accel(table), boots.ok, boots.failed, boots.invalid);
	if (boots.missing)
		write_text(w, ", %" PRId64 " planned but without a result", boots.missing);
	write_text(w, ")");
	write_table(w);
	write_columns(w, "METRIC|VARIANT|N|MEDIAN|UNIT|RATIO [95 %]|P|VERDICT");
	for (i = first; i < t->count && t->rows[i].scenario == scenario; i++)
		write_comparison(w, &t->rows[i]);
	write_table_end(w);
	return i;
}

/* Boots that lie far from the others of their variant. */
static void write_outliers(struct writer *w, const struct compare_table *t)
{
	size_t i, k, all = 0;

	for (i = 0; i < t->count; i++) {
		const struct comparison *c = &t->rows[i];

		if (c->outliers.count && !all++)
			write_paragraph(w, "Boots far from the others, counted all the same");
		if (c->outliers.count)
			write_item(w, "%s, %s/%s:", c->metric, c->scenario, c->variant);
		for (k = 0; k < c->outliers.count; k++)
			write_text(w, " %" PRId64, ((int64_t *)c->outliers.items)[k]);
	}
}

void compare_print(const struct compare_table *t, const struct table *table)
{
	size_t i = 0, compared = compare_count(t->family, t->family_count);
	struct writer *w = write_open();
	char err[256];

	write_to(w, WRITE_TEXT, stdout, NULL, err, sizeof(err));
	while (i < t->count)
		i = write_scenario(w, t, i, table);
	write_outliers(w, t);
	write_paragraph(
		w,
		"Ratios are to %s, intervals BCa bootstrap. P is corrected for the number of "
		"comparisons (Holm). An effect below %.3g %% is treated as negligible. A "
		"verdict takes %d boots a side",
		t->base, 100 * t->smallest_effect, BOOTS_MIN);
	if (compared)
		write_text(w, "; with %zu comparisons, fewer than %zu cannot show a difference",
			   compared, stats_boots_needed(ALPHA, compared));
	write_text(w, ".");
	write_close(w);
}

struct summary {
	int64_t schema_version;
	const char *base, *accel;
	double smallest_effect;
	struct record_list comparisons, variants; /* struct comparison */
};

#define S struct comparison
static RECORD(comparison_record, "comparison", NULL,
	FIELD(TEXT, scenario), FIELD(TEXT, metric), FIELD(TEXT, unit),
	FIELD(TEXT, base), FIELD(TEXT, variant),
	FIELD(COUNT, n), FIELD(COUNT, base_n),
	FIELD(REAL, median), FIELD(REAL, base_median), FIELD(REAL, ratio),
	NAMED("ci_low", REAL, ratio_interval.low),
	NAMED("ci_high", REAL, ratio_interval.high),
	FIELD(REAL, difference),
	NAMED("difference_low", REAL, difference_interval.low),
	NAMED("difference_high", REAL, difference_interval.high),
	FIELD(REAL, p), FIELD(REAL, p_holm),
	FIELD(CHOICE, verdict, .choices = verdict_names),
	FIELD(TEXT, reason));

static RECORD(variant_record, "variant", NULL,
	FIELD(TEXT, scenario), FIELD(TEXT, metric), FIELD(TEXT, unit),
	FIELD(TEXT, variant), FIELD(COUNT, n),
	NAMED("failed", COUNT, counts.failed),
	NAMED("invalid", COUNT, counts.invalid),
	NAMED("missing", COUNT, counts.missing),
	FIELD(REAL, median),
	NAMED("ci_low", REAL, median_interval.low),
	NAMED("ci_high", REAL, median_interval.high),
	FIELD(NUMBERS, outliers, .required = true));
#undef S

#define S struct summary
static RECORD(summary_record, "summary", NULL,
	FIELD(COUNT, schema_version),
	FIELD(TEXT, base), FIELD(TEXT, accel),
	FIELD(REAL, smallest_effect),
	FIELD(LIST, comparisons, .required = true, .record = &comparison_record),
	FIELD(LIST, variants, .required = true, .record = &variant_record));
#undef S

void compare_print_json(const struct compare_table *t, const struct table *table)
{
	struct summary s = { .schema_version = 1,
			     .base = t->base,
			     .accel = table_accel(table),
			     .smallest_effect = t->smallest_effect,
			     .variants = { t->rows, t->count } };
	size_t i;

	for (i = 0; i < t->count; i++)
		if (!is_base(&t->rows[i]))
			*(struct comparison *)record_append(&comparison_record, &s.comparisons) =
				t->rows[i];
	record_print(&summary_record, &s, stdout);
	free(s.comparisons.items);
}

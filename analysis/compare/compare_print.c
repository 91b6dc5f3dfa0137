/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/compare.h"
#include "analysis/compare/floor.h"
#include "analysis/compare/hosts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/write/write.h"
#include "lib/alloc.h"
#include "lib/record_table.h"
#include "lib/stats.h"

static bool is_base(const struct comparison *c)
{
	return !strcmp(c->variant, c->base);
}

/* What says more than the verdict: how much it is at least, or could have been found. */
static void write_power(struct writer *w, const struct comparison *c)
{
	if (c->verdict == VERDICT_IMPROVE || c->verdict == VERDICT_REGRESS)
		write_percent(w, " by ", c->at_least, " at least");
	if (c->verdict != VERDICT_INCONCLUSIVE || !c->boots_needed)
		return;
	if (c->n < c->boots_needed || c->base_n < c->boots_needed)
		write_more(w, ": needs n = %zu", c->boots_needed);
	if (isfinite(c->detectable))
		write_percent(w, "; detectable: ", c->detectable, "");
	if (c->boots_for_smallest)
		write_more(w, "; %.3g %% takes n = %zu", 100 * c->smallest_effect,
			   c->boots_for_smallest);
}

static void write_comparison(struct writer *w, const struct comparison *c)
{
	write_row(w);
	write_cell(w, "%s%s", c->metric, c->by_polls ? " by polls" : "");
	write_cell(w, "%s", c->variant);
	write_count(w, c->n);
	write_rounded(w, "%.5g", c->resolution, c->median, NAN, NAN);
	write_cell(w, "%s", c->unit);
	write_interval(w, "%.3f", c->ratio_resolution, c->ratio, &c->ratio_interval, 1);
	write_number(w, "%.4f", c->p_holm);
	if (is_base(c)) {
		write_cell(w, "base");
		return;
	}
	write_cell(w, "%s%s%s", verdict_names[c->verdict], c->reason ? ": " : "",
		   c->reason ? c->reason : "");
	write_power(w, c);
}

static void begin_scenario(struct writer *w, const char *scenario, const struct boot_counts *boots,
			   const struct table *table)
{
	write_paragraph(w, "%s (%s, %" PRId64 " boots ok, %" PRId64 " failed, %" PRId64 " invalid",
			scenario, table_accel(table), boots->ok, boots->failed, boots->invalid);
	if (boots->missing)
		write_text(w, ", %" PRId64 " planned but without a result", boots->missing);
	write_text(w, ")");
	write_table(w);
	write_columns(w, "METRIC|VARIANT|N|MEDIAN|UNIT|RATIO [95 %]|P|VERDICT");
}

/* All but the last cell of a row. */
static void begin_floor_row(struct writer *w, const struct comparison *c)
{
	write_row(w);
	write_cell(w, "%s", c->variant);
	write_count(w, c->n);
	write_rounded(w, "%.5g", c->resolution, c->median, NAN, NAN);
	write_cell(w, "%s", c->unit);
}

/* How far each variant is from what the host alone takes. */
static void write_floor(struct writer *w, const struct table *table, const char *scenario)
{
	struct measure inflate = measure_of("%s", primary_metrics[INFLATE]);
	const char *floor = floor_of(table, scenario);
	struct comparison c;
	size_t v;

	if (!floor)
		return;
	compare(&c, table, &inflate, scenario, floor, NULL);
	write_table(w);
	write_columns(w, "INFLATE|N|MEDIAN|UNIT|TIMES THE FLOOR [95 %]");
	begin_floor_row(w, &c);
	write_cell(w, "floor");
	compare_release(&c);
	for (v = 0; table->variants[v]; v++) {
		if (!table_has(table, scenario, table->variants[v]) ||
		    !table_compares(table, table->variants[v], floor) ||
		    !strcmp(table->variants[v], floor))
			continue;
		floor_compare(&c, table, &inflate, scenario, table->variants[v]);
		begin_floor_row(w, &c);
		write_interval(w, "%.4g", c.ratio_resolution, c.ratio, &c.ratio_interval, 1);
		compare_release(&c);
	}
	write_table_end(w);
}

/* The rows of a scenario from @first on; returns the row after them. */
static size_t write_scenario(struct writer *w, const struct compare_table *t, size_t first,
			     const struct table *table)
{
	const char *scenario = t->rows[first].scenario;
	struct boot_counts boots = table_counts(table, scenario, NULL);
	bool any = false;
	size_t i;

	for (i = first; i < t->count && t->rows[i].scenario == scenario; i++) {
		if (!t->shown[i])
			continue;
		if (!any)
			begin_scenario(w, scenario, &boots, table);
		any = true;
		write_comparison(w, &t->rows[i]);
	}
	if (any) {
		write_table_end(w);
		write_floor(w, table, scenario);
	}
	return i;
}

/* Boots that lie far from the others of their variant. */
static void write_outliers(struct writer *w, const struct compare_table *t)
{
	size_t i, k, all = 0;

	for (i = 0; i < t->count; i++) {
		const struct comparison *c = &t->rows[i];

		if (!t->shown[i])
			continue;
		if (c->outliers.count && !all++)
			write_paragraph(w, "Boots far from the others, counted all the same");
		if (c->outliers.count)
			write_item(w, "%s, %s/%s:", c->metric, c->scenario, c->variant);
		for (k = 0; k < c->outliers.count; k++)
			write_text(w, " %" PRId64, ((int64_t *)c->outliers.items)[k]);
	}
}

/* Of builds: what a run of one build each could not tell from a layout. */
static void write_scatter(struct writer *w, const struct table *table)
{
	size_t i;

	for (i = 0; primary_metrics[i]; i++) {
		struct measure m = measure_of("%s", primary_metrics[i]);
		struct layout_scatter s = layout_scatter(table, &m);

		if (!s.builds)
			continue;
		write_paragraph(w,
				"%s: means of builds scatter by %.2g %% [%.2g, %.2g] (sd, %zu "
				"degrees of freedom)",
				primary_metrics[i], 100 * s.between, 100 * s.interval.low,
				100 * s.interval.high, s.builds);
		if (isfinite(s.layout))
			write_text(w,
				   ", boots of a build by %.2g %%; that leaves %.2g %% to the "
				   "layout, by which kernels of one build each could differ by up "
				   "to %.2g %%",
				   100 * s.boots, 100 * s.layout, 100 * layout_floor(s.layout));
		write_text(w, ".");
	}
}

/* What the ratios over hosts are made of. */
static void write_hosts(struct writer *w, const struct compare_table *t, const struct table *table)
{
	struct comparison **rows = xcalloc(t->count + 1, sizeof(*rows));
	size_t i, n = 0;

	for (i = 0; i < t->count; i++)
		if (t->shown[i])
			rows[n++] = &t->rows[i];
	hosts_write(w, table, rows, n, "SCENARIO|METRIC|VARIANT");
	hosts_write_fleet(w, table);
	free(rows);
}

/* "12 comparisons", or those of both families, each by itself. */
static const char *families(const struct compare_table *t, char *text, size_t size)
{
	const size_t resizes = t->compared[FAMILY_RESIZES],
		     workloads = t->compared[FAMILY_WORKLOADS];

	if (resizes && workloads)
		snprintf(text, size, "%zu comparisons of resizes, or the %zu of workloads,",
			 resizes, workloads);
	else
		snprintf(text, size, "%zu comparisons", resizes + workloads);
	return text;
}

static void write_method_over_hosts(struct writer *w, const struct compare_table *t)
{
	char what[128];

	write_paragraph(
		w,
		"Ratios are to %s: within each host, then the mean over hosts of their "
		"logarithms, with the interval of Student's t. N counts hosts; with fewer "
		"than %d the interval is that of these hosts, by their boots. P is corrected "
		"for the %s of the plan (Holm), also those not shown here, but "
		"not in exploratory rows. An effect below %.3g %% is treated as negligible. "
		"An inconclusive row says which effect these hosts had a chance of %.0f %% "
		"to find, and how many the smallest effect takes. The kernels are the same "
		"on all hosts, and so is their layout: with several builds of each, the "
		"interval is the wider of that over hosts and that over builds.",
		t->base, HOSTS_MIN, families(t, what, sizeof(what)), 100 * t->smallest_effect,
		100 * POWER);
}

static void write_method(struct writer *w, const struct compare_table *t, const char *unit)
{
	const size_t resizes = t->compared[FAMILY_RESIZES],
		     workloads = t->compared[FAMILY_WORKLOADS],
		     most = resizes > workloads ? resizes : workloads;
	char what[128];

	write_paragraph(w,
			"Ratios are to %s: the median of all ratios of a value to one of the base, "
			"and the interval that inverts the rank test of P. N counts %s. P is "
			"corrected for the %s of the plan (Holm), also those not shown "
			"here, but not in exploratory rows. An effect below %.3g %% is treated as "
			"negligible",
			t->base, unit, families(t, what, sizeof(what)), 100 * t->smallest_effect);
	if (most)
		write_text(w, "; fewer than %zu %s a side cannot show a difference",
			   stats_boots_needed(ALPHA, most), unit);
	write_text(w,
		   ". An inconclusive row says which effect these %s had a chance of %.0f %% to "
		   "find, and "
		   "how many a side the smallest effect takes.",
		   unit, 100 * POWER);
}

static void write_conclusion(struct writer *w, const struct compare_table *t,
			     const struct table *table)
{
	if (table_has_hosts(table, NULL))
		write_method_over_hosts(w, t);
	else
		write_method(w, t, table_unit(table, NULL));
	if (table_has_builds(table, NULL)) {
		write_scatter(w, table);
		return;
	}
	if (!(t->layout_floor > 0))
		return;
	if (isfinite(t->layout_floor))
		write_text(
			w,
			" Kernels of one build each differ by up to %.3g %% by their layout "
			"alone: below that a difference is no verdict (--builds, --layout-floor).",
			100 * t->layout_floor);
	else
		write_text(w, " How much kernels of one build each differ by their layout alone "
			      "has not been measured for this accelerator: no difference between "
			      "kernels is a verdict (--builds, --layout-floor).");
}

/* A control of another variant than the base is compared with that one. */
static void write_controls(struct writer *w, const struct compare_table *t,
			   const struct table *table)
{
	const char *of;
	size_t v;

	for (v = 0; table->variants[v]; v++) {
		of = table_control_of(table, table->variants[v]);
		if (of && strcmp(of, t->base))
			write_paragraph(w, "%s is an A/A control: its ratios are to %s.",
					table->variants[v], of);
	}
}

void compare_print(const struct compare_table *t, const struct table *table)
{
	size_t i = 0;
	struct writer *w = write_open();
	char err[256];

	write_to(w, WRITE_TEXT, stdout, NULL, err, sizeof(err));
	while (i < t->count)
		i = write_scenario(w, t, i, table);
	write_outliers(w, t);
	if (table_has_hosts(table, NULL))
		write_hosts(w, t, table);
	write_conclusion(w, t, table);
	write_controls(w, t, table);
	write_close(w);
}

struct summary {
	int64_t schema_version;
	const char *base, *accel;
	double smallest_effect, layout_floor;
	int64_t compared, compared_workloads;	  /* of each family */
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
	NAMED("ci_confidence", REAL, ratio_interval.confidence),
	NAMED("resolution", REAL, ratio_resolution), FIELD(BOOL, by_polls, .required = true),
	FIELD(REAL, difference),
	NAMED("difference_low", REAL, difference_interval.low),
	NAMED("difference_high", REAL, difference_interval.high),
	FIELD(REAL, p), FIELD(REAL, p_holm),
	FIELD(LIST, hosts, .record = &host_ratio_record),
	FIELD(REAL, hosts_scatter), FIELD(REAL, hosts_p),
	FIELD(CHOICE, verdict, .choices = verdict_names),
	FIELD(TEXT, reason),
	FIELD(REAL, at_least), FIELD(REAL, detectable),
	FIELD(COUNT, boots_for_smallest), FIELD(COUNT, boots_needed));

static RECORD(variant_record, "variant", NULL,
	FIELD(TEXT, scenario), FIELD(TEXT, metric), FIELD(TEXT, unit),
	FIELD(TEXT, variant), FIELD(COUNT, n),
	NAMED("failed", COUNT, counts.failed),
	NAMED("invalid", COUNT, counts.invalid),
	NAMED("missing", COUNT, counts.missing),
	FIELD(REAL, median), FIELD(REAL, resolution),
	NAMED("ci_low", REAL, median_interval.low),
	NAMED("ci_high", REAL, median_interval.high),
	NAMED("ci_confidence", REAL, median_interval.confidence),
	FIELD(NUMBERS, outliers, .required = true));
#undef S

#define S struct summary
static RECORD(summary_record, "summary", NULL,
	FIELD(COUNT, schema_version),
	FIELD(TEXT, base), FIELD(TEXT, accel),
	FIELD(REAL, smallest_effect), FIELD(REAL, layout_floor),
	FIELD(COUNT, compared), FIELD(COUNT, compared_workloads),
	FIELD(LIST, comparisons, .required = true, .record = &comparison_record),
	FIELD(LIST, variants, .required = true, .record = &variant_record));
#undef S

void compare_print_json(const struct compare_table *t, const struct table *table)
{
	struct summary s = { .schema_version = 1,
			     .base = t->base,
			     .accel = table_accel(table),
			     .smallest_effect = t->smallest_effect,
			     .layout_floor = t->layout_floor,
			     .compared = t->compared[FAMILY_RESIZES],
			     .compared_workloads = t->compared[FAMILY_WORKLOADS] };
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (!t->shown[i])
			continue;
		*(struct comparison *)record_append(&variant_record, &s.variants) = t->rows[i];
		if (!is_base(&t->rows[i]))
			*(struct comparison *)record_append(&comparison_record, &s.comparisons) =
				t->rows[i];
	}
	record_print(&summary_record, &s, stdout);
	free(s.comparisons.items);
	free(s.variants.items);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/compare/compare_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/utf8.h"
#include "lib/result.h"
#include "lib/stats.h"

/* JSON knows neither NAN nor infinity. */
static json_t *finite_or_null(double value, bool there)
{
	return there && isfinite(value) ? json_real(value) : json_null();
}

/* Numbers of the boots whose value lies far from the others'. */
static json_t *outliers_to_json(const struct comparison *c, const struct tree *tree)
{
	json_t *list = json_array();
	int *boots = calloc(c->n + 1, sizeof(*boots));
	size_t i, n = boots ? compare_outliers(c, tree, boots) : 0;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_integer(boots[i]));
	free(boots);
	return list;
}

static json_t *variant_to_json(const struct comparison *c, const struct tree *tree)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "scenario",
			 c->scenario, "metric", c->metric->name, "unit", c->metric->unit, "variant",
			 c->variant, "n", (int)c->n, "failed",
			 (int)tree_count(tree, c->scenario, c->variant, RESULT_FAILED), "invalid",
			 (int)tree_count(tree, c->scenario, c->variant, RESULT_INVALID), "missing",
			 (int)tree_count_missing(tree, c->scenario, c->variant), "median",
			 finite_or_null(c->median, c->n), "ci_low",
			 finite_or_null(c->median_interval.low, c->n), "ci_high",
			 finite_or_null(c->median_interval.high, c->n), "outliers",
			 outliers_to_json(c, tree));
}

static json_t *to_json(const struct comparison *c)
{
	bool both = c->n && c->base_n;

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:s, s:s?}",
		"scenario", c->scenario, "metric", c->metric->name, "unit", c->metric->unit, "base",
		c->base, "variant", c->variant, "n", (int)c->n, "base_n", (int)c->base_n, "median",
		finite_or_null(c->median, c->n), "base_median",
		finite_or_null(c->base_median, c->base_n), "ratio", finite_or_null(c->ratio, both),
		"ci_low", finite_or_null(c->ratio_interval.low, both), "ci_high",
		finite_or_null(c->ratio_interval.high, both), "difference",
		finite_or_null(c->difference, both), "difference_low",
		finite_or_null(c->difference_interval.low, both), "difference_high",
		finite_or_null(c->difference_interval.high, both), "p", finite_or_null(c->p, both),
		"p_holm", finite_or_null(c->p_holm, both), "verdict", verdict_name(c->verdict),
		"reason", c->reason);
}

static void print_head(const char *scenario, const struct tree *tree)
{
	size_t missing = tree_count_missing(tree, scenario, NULL);

	printf("%s (%s, %zu boots ok, %zu failed, %zu invalid", printable(scenario),
	       tree_accel(tree), tree_count(tree, scenario, NULL, RESULT_OK),
	       tree_count(tree, scenario, NULL, RESULT_FAILED),
	       tree_count(tree, scenario, NULL, RESULT_INVALID));
	if (missing)
		printf(", %zu planned but without a result", missing);
	printf(")\n");
	printf("  %-22s %-18s %3s %12s %-15s %7s %-16s %7s  %s\n", "METRIC", "VARIANT", "N",
	       "MEDIAN", "UNIT", "RATIO", "95 % INTERVAL", "P", "VERDICT");
}

static bool is_base(const struct comparison *c)
{
	return !strcmp(c->variant, c->base);
}

static void print_row(const struct comparison *c)
{
	const char *why = is_base(c) ? NULL : c->reason;
	char median[32] = "", interval[40] = "", ratio[16] = "", p[16] = "";

	if (c->n)
		snprintf(median, sizeof(median), "%.5g", c->median);
	if (!is_base(c) && isfinite(c->ratio))
		snprintf(ratio, sizeof(ratio), "%.3f", c->ratio);
	if (!is_base(c) && isfinite(c->ratio_interval.low))
		snprintf(interval, sizeof(interval), "[%.3f, %.3f]", c->ratio_interval.low,
			 c->ratio_interval.high);
	if (!is_base(c) && c->n && c->base_n)
		snprintf(p, sizeof(p), "%.4f", c->p_holm);
	printf("  %-22s %-18s %3zu %12s %-15s %7s %-16s %7s  %s%s%s\n", c->metric->name,
	       printable(c->variant), c->n, median, c->metric->unit, ratio, interval, p,
	       is_base(c) ? "base" : verdict_name(c->verdict), why ? ": " : "", why ? why : "");
}

void compare_print_json(const struct compare_table *t, const struct tree *tree)
{
	json_t *rows = json_array(), *variants = json_array(), *all;
	size_t i;

	for (i = 0; i < t->count; i++) {
		json_array_append_new(variants, variant_to_json(&t->rows[i], tree));
		if (!is_base(&t->rows[i]))
			json_array_append_new(rows, to_json(&t->rows[i]));
	}
	all = json_pack("{s:i, s:s, s:s, s:f, s:o, s:o}", "schema_version", 1, "base", t->base,
			"accel", tree_accel(tree), "smallest_effect", t->smallest_effect,
			"comparisons", rows, "variants", variants);
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(all);
}

/* Boots that lie far from the others of their variant. */
static void print_outliers(const struct compare_table *t, const struct tree *tree)
{
	size_t i, k, n, all = 0;
	int *boots;

	for (i = 0; i < t->count; i++) {
		const struct comparison *c = &t->rows[i];

		boots = calloc(c->n + 1, sizeof(*boots));
		n = boots ? compare_outliers(c, tree, boots) : 0;
		if (n)
			printf("%s  %-22s %s/%s:",
			       all ? "" : "\nBoots far from the others, counted all the same\n",
			       c->metric->name, printable(c->scenario), printable(c->variant));
		for (k = 0; k < n; k++)
			printf(" %d", boots[k]);
		fputs(n ? "\n" : "", stdout);
		all += n;
		free(boots);
	}
}

void compare_print(const struct compare_table *t, const struct tree *tree)
{
	size_t i, compared = compare_count(t->family, t->family_count);
	const char *scenario = NULL;

	for (i = 0; i < t->count; i++) {
		if (scenario != t->rows[i].scenario) {
			if (scenario)
				putchar('\n');
			scenario = t->rows[i].scenario;
			print_head(scenario, tree);
		}
		print_row(&t->rows[i]);
	}
	print_outliers(t, tree);
	printf("\nRatios are to %s, intervals BCa bootstrap. P is corrected for the number of "
	       "comparisons\n(Holm). An effect below %.3g %% is of no interest; fewer than %d "
	       "boots "
	       "a side decide nothing",
	       printable(t->base), 100 * t->smallest_effect, BOOTS_MIN);
	if (compared)
		printf(",\nand with %zu comparisons fewer than %zu find nothing", compared,
		       stats_boots_needed(ALPHA, compared));
	puts(".");
}

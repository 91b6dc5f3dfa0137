/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat compare: every variant of a result tree against its base.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/arguments.h"
#include "analysis/commands.h"
#include "analysis/compare.h"
#include "analysis/utf8.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/result.h"

static const struct argp_option option_table[] = {
	{ "base", 'b', "VARIANT", 0, "compare against this one (default: the plan's first)", 0 },
	{ "metric", 'm', "NAME", 0,
	  "may be repeated (default: inflate.duration_ns, deflate.duration_ns)", 0 },
	{ "scenario", 's', "NAME", 0, "only this one; may be repeated", 0 },
	{ "json", 'j', NULL, 0, "machine-readable", 0 },
	{ 0 },
};

static const char doc[] =
	"Compare the variants of a result tree: medians over boots, the ratio to the base with its "
	"95 % bootstrap interval, a permutation test, a verdict."
	"\v"
	"A metric is named by its place in result.json: inflate.duration_ns, deflate.gib_per_s, "
	"touch.duration_ns, ready_ns.\n\n"
	"EXAMPLES\n"
	"  balloonstat compare results/20261121T033000Z-default\n"
	"  balloonstat compare DIR --base list --metric deflate.gib_per_s\n"
	"  balloonstat compare DIR --json\n\n"
	"Exit status: 0 compared, 2 usage, 3 the tree cannot be read, 5 there is nothing to "
	"compare.\n";

struct options {
	const char *dir;
	const char *base;
	const char *metrics[NAMES_MAX];
	size_t metric_count;
	const char *scenarios[NAMES_MAX];
	size_t scenario_count;
	bool json;
	bool traced; /* compare variants that are traced otherwise, too */
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'b':
		o->base = arg;
		break;
	case 'm':
		add_name_once(state, o->metrics, &o->metric_count, arg);
		break;
	case 's':
		add_name_once(state, o->scenarios, &o->scenario_count, arg);
		break;
	case 'j':
		o->json = true;
		break;
	default:
		return parse_one_tree(key, arg, state, &o->dir);
	}
	return 0;
}

static int check_scenarios(struct options *o, const struct tree *tree)
{
	bool all = !o->scenario_count;
	size_t i;

	for (i = 0; all && tree->scenarios[i]; i++) {
		if (i == NAMES_MAX) {
			log_error("%s: more than %d scenarios: name some with --scenario",
				  tree->dir, NAMES_MAX);
			return EXIT_USAGE;
		}
		o->scenarios[o->scenario_count++] = tree->scenarios[i];
	}
	for (i = 0; i < o->scenario_count; i++) {
		if (name_index(tree->scenarios, o->scenarios[i]) >= 0)
			continue;
		log_unknown_name("scenario", o->scenarios[i], tree->scenarios);
		return EXIT_USAGE;
	}
	return 0;
}

static int check_names(struct options *o, const struct tree *tree)
{
	if (!o->base)
		o->base = tree->variants[0];
	/* Where there is no other variant, that is what the run was for. */
	o->traced = tree_compares_levels(tree);
	if (name_index(tree->variants, o->base) < 0) {
		log_unknown_name("variant", o->base, tree->variants);
		return EXIT_USAGE;
	}
	if (!o->metric_count) {
		o->metrics[o->metric_count++] = "inflate.duration_ns";
		o->metrics[o->metric_count++] = "deflate.duration_ns";
	}
	return check_scenarios(o, tree);
}

static int has_values(const struct metric *metric, const struct tree *tree)
{
	const json_t *boot;
	double value;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (metric_of_boot(metric, boot, &value))
			return 1;
	return 0;
}

static int parse_metrics(const struct options *o, const struct tree *tree, struct metric *metrics)
{
	size_t i;

	for (i = 0; i < o->metric_count; i++) {
		if (!metric_parse(&metrics[i], o->metrics[i], tree_accel(tree)) &&
		    (has_values(&metrics[i], tree) || !tree_count(tree, NULL, NULL, RESULT_OK)))
			continue;
		log_error(
			"no boot has the metric '%s'; among those there are: inflate.duration_ns, "
			"inflate.gib_per_s, deflate.duration_ns, deflate.gib_per_s, ready_ns",
			o->metrics[i]);
		return EXIT_USAGE;
	}
	return 0;
}

/* JSON knows neither NAN nor infinity. */
static json_t *finite_or_null(double value, bool there)
{
	return there && isfinite(value) ? json_real(value) : json_null();
}

static json_t *variant_to_json(const struct comparison *c, const struct tree *tree)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:o}", "scenario",
			 c->scenario, "metric", c->metric->name, "unit", c->metric->unit, "variant",
			 c->variant, "n", (int)c->n, "failed",
			 (int)tree_count(tree, c->scenario, c->variant, RESULT_FAILED), "invalid",
			 (int)tree_count(tree, c->scenario, c->variant, RESULT_INVALID), "missing",
			 (int)tree_count_missing(tree, c->scenario, c->variant), "median",
			 finite_or_null(c->median, c->n), "ci_low",
			 finite_or_null(c->median_interval.low, c->n), "ci_high",
			 finite_or_null(c->median_interval.high, c->n));
}

static json_t *to_json(const struct comparison *c)
{
	bool both = c->n && c->base_n;

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s?}",
		"scenario", c->scenario, "metric", c->metric->name, "unit", c->metric->unit, "base",
		c->base, "variant", c->variant, "n", (int)c->n, "base_n", (int)c->base_n, "median",
		finite_or_null(c->median, c->n), "base_median",
		finite_or_null(c->base_median, c->base_n), "ratio", finite_or_null(c->ratio, both),
		"ci_low", finite_or_null(c->ratio_interval.low, both), "ci_high",
		finite_or_null(c->ratio_interval.high, both), "p", finite_or_null(c->p, both),
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
	printf("  %-22s %-12s %3s %12s %-15s %7s %-16s %7s  %s\n", "METRIC", "VARIANT", "N",
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
	printf("  %-22s %-12s %3zu %12s %-15s %7s %-16s %7s  %s%s%s\n", c->metric->name,
	       printable(c->variant), c->n, median, c->metric->unit, ratio, interval, p,
	       is_base(c) ? "base" : verdict_name(c->verdict), why ? ": " : "", why ? why : "");
}

/* All comparisons asked for, by scenario, metric and variant; the family of compare_judge(). */
struct table {
	struct comparison *rows;
	struct comparison **family;
	size_t count;
};

/*
 * Variants that are traced otherwise than the run are compared where the base
 * is such a one too, and a scenario without the base not at all.
 */
static bool is_wanted(const struct tree *tree, const struct options *o, const char *scenario,
		      const char *variant)
{
	return tree_has(tree, scenario, variant) && tree_has(tree, scenario, o->base) &&
	       (!variant_is_traced(variant) || variant_is_traced(o->base) || o->traced);
}

static void make_table(struct table *t, const struct options *o, const struct tree *tree,
		       const struct metric *metrics)
{
	size_t s, m, v, variants = names_count(tree->variants);

	t->count = 0;
	t->rows = calloc(o->scenario_count * o->metric_count * variants, sizeof(*t->rows));
	t->family = calloc(o->scenario_count * o->metric_count * variants, sizeof(*t->family));
	if (!t->rows || !t->family)
		abort();
	for (s = 0; s < o->scenario_count; s++) {
		for (m = 0; m < o->metric_count; m++) {
			for (v = 0; v < variants; v++) {
				if (!is_wanted(tree, o, o->scenarios[s], tree->variants[v]))
					continue;
				t->family[t->count] = &t->rows[t->count];
				compare(&t->rows[t->count++], tree, &metrics[m], o->scenarios[s],
					tree->variants[v], o->base);
			}
		}
	}
	compare_judge(t->family, t->count);
}

static void release_table(struct table *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		compare_release(&t->rows[i]);
	free(t->rows);
	free(t->family);
}

static void print_json(const struct table *t, const char *base, const struct tree *tree)
{
	json_t *rows = json_array(), *variants = json_array(), *all;
	size_t i;

	for (i = 0; i < t->count; i++) {
		json_array_append_new(variants, variant_to_json(&t->rows[i], tree));
		if (!is_base(&t->rows[i]))
			json_array_append_new(rows, to_json(&t->rows[i]));
	}
	all = json_pack("{s:i, s:s, s:s, s:f, s:o, s:o}", "schema_version", 1, "base", base,
			"accel", tree_accel(tree), "smallest_effect", SMALLEST_EFFECT,
			"comparisons", rows, "variants", variants);
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(all);
}

static void print_text(const struct table *t, const struct tree *tree)
{
	const char *scenario = NULL;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (scenario != t->rows[i].scenario) {
			if (scenario)
				putchar('\n');
			scenario = t->rows[i].scenario;
			print_head(scenario, tree);
		}
		print_row(&t->rows[i]);
	}
	printf("\nRatios are to %s. P is corrected for the number of comparisons (Holm). An effect "
	       "below %.0f %%\nis of no interest; fewer than %d boots a side decide nothing.\n",
	       printable(t->rows[0].base), 100 * SMALLEST_EFFECT, BOOTS_MIN);
}

/* How many comparisons have samples on both sides. */
static size_t count_compared(const struct table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->count; i++)
		n += t->rows[i].n && t->rows[i].base_n && !is_base(&t->rows[i]);
	return n;
}

int cmd_compare(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "DIR", doc, NULL, NULL, NULL
	};
	struct metric metrics[NAMES_MAX];
	struct options options = { 0 };
	struct table table;
	struct tree tree;
	char err[1024];
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (tree_load(&tree, options.dir, err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_ENVIRONMENT;
	}
	status = check_names(&options, &tree);
	if (!status)
		status = parse_metrics(&options, &tree, metrics);
	if (status)
		goto out;
	make_table(&table, &options, &tree, metrics);
	if (!table.count) {
		log_error("%s was run in none of these scenarios; name another --base",
			  options.base);
		release_table(&table);
		status = EXIT_USAGE;
		goto out;
	}
	if (options.json)
		print_json(&table, options.base, &tree);
	else
		print_text(&table, &tree);
	if (!count_compared(&table)) {
		log_warn("there is nothing to compare: two variants with boots that are ok are "
			 "needed");
		status = EXIT_INCONCLUSIVE;
	}
	release_table(&table);
out:
	tree_release(&tree);
	return status;
}

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

#include "analysis/data/open_tree.h"
#include "analysis/arguments.h"
#include "analysis/commands.h"
#include "analysis/compare/compare_print.h"
#include "analysis/data/utf8.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/result.h"

enum {
	OPT_SMALLEST_EFFECT = 256,
};

static const struct argp_option option_table[] = {
	{ "base", 'b', "VARIANT", 0, "compare against this one (default: the plan's first)", 0 },
	{ "metric", 'm', "NAME", 0,
	  "may be repeated (default: inflate.duration_ns, deflate.duration_ns)", 0 },
	{ "scenario", 's', "NAME", 0, "only this one; may be repeated", 0 },
	{ "smallest-effect", OPT_SMALLEST_EFFECT, "PERCENT", 0,
	  "an effect below it is of no interest (default: 3%)", 0 },
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
	double smallest_effect;
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
	case OPT_SMALLEST_EFFECT:
		o->smallest_effect = parse_smallest_effect(arg, state);
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

static void add_row(struct compare_table *t, const struct tree *tree, const struct metric *metric,
		    const char *scenario, const char *variant)
{
	struct comparison *row = &t->rows[t->count++];

	compare(row, tree, metric, scenario, variant, t->base);
	/* A twin is there to show noise: it must not make the others' p larger. */
	if (tree_twin_of(tree, variant) && compare_count(&row, 1))
		compare_judge(&row, 1, t->smallest_effect);
	else
		t->family[t->family_count++] = row;
}

static void make_table(struct compare_table *t, const struct options *o, const struct tree *tree,
		       const struct metric *metrics)
{
	size_t s, m, v, variants = names_count(tree->variants);

	*t = (struct compare_table){ .base = o->base, .smallest_effect = o->smallest_effect };
	t->rows = calloc(o->scenario_count * o->metric_count * variants, sizeof(*t->rows));
	t->family = calloc(o->scenario_count * o->metric_count * variants, sizeof(*t->family));
	if (!t->rows || !t->family)
		abort();
	for (s = 0; s < o->scenario_count; s++) {
		for (m = 0; m < o->metric_count; m++) {
			for (v = 0; v < variants; v++) {
				if (!is_wanted(tree, o, o->scenarios[s], tree->variants[v]))
					continue;
				add_row(t, tree, &metrics[m], o->scenarios[s], tree->variants[v]);
			}
		}
	}
	compare_judge(t->family, t->family_count, t->smallest_effect);
}

static void release_table(struct compare_table *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		compare_release(&t->rows[i]);
	free(t->rows);
	free(t->family);
}

/* Whether anything was compared with anything: a twin with its base, for one. */
static bool has_comparison(const struct compare_table *t)
{
	struct comparison *row;
	size_t i;

	for (i = 0; i < t->count; i++) {
		row = &t->rows[i];
		if (compare_count(&row, 1))
			return true;
	}
	return false;
}

int cmd_compare(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "DIR", doc, NULL, NULL, NULL
	};
	struct metric metrics[NAMES_MAX];
	struct options options = { .smallest_effect = SMALLEST_EFFECT };
	struct compare_table table;
	struct tree tree;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	status = open_tree(&tree, options.dir);
	if (status)
		return status;
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
		compare_print_json(&table, &tree);
	else
		compare_print(&table, &tree);
	if (!has_comparison(&table)) {
		log_warn("there is nothing to compare: two variants with boots that are ok are "
			 "needed");
		status = EXIT_INCONCLUSIVE;
	}
	release_table(&table);
out:
	return close_tree(&tree, status);
}

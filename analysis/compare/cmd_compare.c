/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat compare: every variant of a result tree with its base.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/arguments.h"
#include "analysis/compare/compare.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "lib/log.h"

struct options {
	const char *dir, *base;
	struct names metrics, scenarios;
	double smallest_effect;
	bool json;
};

static const struct options defaults = { .smallest_effect = SMALLEST_EFFECT };

#define OPTIONS struct options

static const struct option_row rows[] = {
	ROW_TREE, ROW_BASE, ROW_METRICS, ROW_SCENARIOS, ROW_SMALLEST_EFFECT, ROW_JSON, { 0 },
};

/* All scenarios by default. */
static int check_names(struct options *o, const struct table *table)
{
	size_t i, n = names_count(table->scenarios);

	if (check_base(&o->base, table->variants))
		return EXIT_USAGE;
	if (o->scenarios.count)
		return check_known("scenario", &o->scenarios, table->scenarios);
	if (n > NAMES_MAX) {
		log_error("%s: more than %d scenarios: name some with --scenario", table->dir,
			  NAMES_MAX);
		return EXIT_USAGE;
	}
	for (i = 0; i < n; i++)
		o->scenarios.list[o->scenarios.count++] = table->scenarios[i];
	return 0;
}

static int check_metrics(const struct options *o, const struct measure *measures,
			 const struct table *table)
{
	bool any_ok = table_count(table, NULL, NULL, BOOT_OK);
	size_t i;

	for (i = 0; any_ok && i < o->metrics.count; i++) {
		if (series_exists(table, NULL, NULL, &measures[i]))
			continue;
		log_error("no boot has the metric '%s'; --metric help lists what a boot can have",
			  measures[i].text);
		return EXIT_USAGE;
	}
	return 0;
}

static bool is_wanted(const struct table *table, const struct options *o, const char *scenario,
		      const char *variant)
{
	return table_has(table, scenario, variant) && table_has(table, scenario, o->base) &&
	       table_compares(table, variant, o->base);
}

static void add_row(struct compare_table *t, const struct table *table,
		    const struct measure *measure, const char *scenario, const char *variant)
{
	struct comparison *row = &t->rows[t->count++];

	compare(row, table, measure, scenario, variant, t->base);
	/* An A/A control shows noise: it must not make the others' p larger. */
	if (table_control_of(table, variant) && compare_is_counted(row))
		compare_judge(&row, 1, t->smallest_effect);
	else
		t->family[t->family_count++] = row;
}

static void compare_all(struct compare_table *t, const struct options *o, const struct table *table,
			const struct measure *measures)
{
	size_t s, m, v, room = o->scenarios.count * o->metrics.count * names_count(table->variants);

	*t = (struct compare_table){ .base = o->base, .smallest_effect = o->smallest_effect };
	t->rows = xcalloc(room, sizeof(*t->rows));
	t->family = xcalloc(room, sizeof(*t->family));
	for (s = 0; s < o->scenarios.count; s++)
		for (m = 0; m < o->metrics.count; m++)
			for (v = 0; table->variants[v]; v++)
				if (is_wanted(table, o, o->scenarios.list[s], table->variants[v]))
					add_row(t, table, &measures[m], o->scenarios.list[s],
						table->variants[v]);
	compare_judge(t->family, t->family_count, t->smallest_effect);
}

static int compare_tree(const struct options *o, const struct table *table,
			const struct measure *measures)
{
	struct compare_table compared;
	bool counted = false; /* also an A/A control with its base */
	int status = 0;
	size_t i;

	compare_all(&compared, o, table, measures);
	for (i = 0; i < compared.count; i++)
		counted |= compare_is_counted(&compared.rows[i]);
	if (!compared.count) {
		log_error("%s was run in none of these scenarios; name another --base", o->base);
		status = EXIT_USAGE;
	} else if (o->json) {
		compare_print_json(&compared, table);
	} else {
		compare_print(&compared, table);
	}
	if (!status && !counted) {
		log_warn("there is nothing to compare: two variants with boots that are ok are "
			 "needed");
		status = EXIT_INCONCLUSIVE;
	}
	for (i = 0; i < compared.count; i++)
		compare_release(&compared.rows[i]);
	free(compared.rows);
	free(compared.family);
	return status;
}

static int run(struct command_line *line)
{
	struct measure measures[NAMES_MAX];
	struct options *o = line->options;
	struct table table;
	int status;

	if (o->metrics.count == 1 && !strcmp(o->metrics.list[0], "help")) {
		measure_list(stdout);
		return 0;
	}
	status = parse_measures(&o->metrics, measures);
	if (!status)
		status = open_table(&table, o->dir);
	if (status)
		return status;
	status = check_names(o, &table);
	if (!status)
		status = check_metrics(o, measures, &table);
	if (!status)
		status = compare_tree(o, &table, measures);
	return close_table(&table, status);
}

const struct command compare_command = {
	.name = "compare",
	.purpose = "compare every variant with the base: medians, ratios, verdicts",
	.description =
		"Compare the variants of a result tree: medians over boots, the ratio to the base "
		"with its 95 % bootstrap interval, a permutation test, a verdict.\n"
		"A metric is named by its path in result.json: inflate.duration_ns, "
		"deflate.gib_per_s, touch.duration_ns, ready_ns. --metric help lists them.",
	.examples = "  balloonstat compare results/20261121T033000Z-default\n"
		    "  balloonstat compare DIR --base list --metric deflate.gib_per_s\n"
		    "  balloonstat compare DIR --json\n",
	.exits = "0 compared\n"
		 "2 wrong usage\n"
		 "3 the tree cannot be read, or the output not written\n"
		 "5 there is nothing to compare",
	.rows = rows,
	.defaults = &defaults,
	.size = sizeof(struct options),
	.run = run,
};

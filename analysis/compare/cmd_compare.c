/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat compare: every variant of a result tree with its base.
 */
#include <math.h>
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
	double smallest_effect, layout_floor;
	bool json;
};

static const struct options defaults = { .smallest_effect = SMALLEST_EFFECT, .layout_floor = NAN };

#define OPTIONS struct options

static const struct option_row rows[] = {
	ROW_TREE,	  ROW_BASE, ROW_METRICS, ROW_SCENARIOS, ROW_SMALLEST_EFFECT,
	ROW_LAYOUT_FLOOR, ROW_JSON, { 0 },
};

/* The metrics asked for, then primary ones that were not. */
struct measures {
	struct measure list[2 * NAMES_MAX];
	size_t count, asked;
};

/* All scenarios by default. */
static int check_names(struct options *o, const struct table *table)
{
	if (check_base(&o->base, table->variants))
		return EXIT_USAGE;
	return check_known("scenario", &o->scenarios, table->scenarios);
}

static int check_metrics(const struct measures *measures, const struct table *table)
{
	bool any_ok = table_count(table, NULL, NULL, BOOT_OK);
	size_t i;

	for (i = 0; any_ok && i < measures->asked; i++) {
		if (series_exists(table, NULL, NULL, &measures->list[i]))
			continue;
		log_error("no boot has the metric '%s'; --metric help lists what a boot can have",
			  measures->list[i].text);
		return EXIT_USAGE;
	}
	return 0;
}

static void add_primary(struct measures *all)
{
	size_t i, k;

	for (i = 0; primary_metrics[i]; i++) {
		for (k = 0; k < all->asked; k++)
			if (!strcmp(all->list[k].text, primary_metrics[i]))
				break;
		if (k == all->asked)
			all->list[all->count++] = measure_of("%s", primary_metrics[i]);
	}
}

static bool is_compared(const struct table *table, const char *scenario, const char *variant,
			const char *base)
{
	return table_has(table, scenario, variant) && table_has(table, scenario, base) &&
	       table_compares(table, variant, base);
}

static bool is_shown(const struct options *o, const char *scenario)
{
	return !o->scenarios.count || name_index((char *const *)o->scenarios.list, scenario) >= 0;
}

static void add_rows(struct compare_table *t, const struct table *table, const char *scenario,
		     const struct measure *measure, bool shown)
{
	const char *of;
	size_t v;

	for (v = 0; table->variants[v]; v++) {
		if (!is_compared(table, scenario, table->variants[v], t->base))
			continue;
		t->shown[t->count] = shown;
		of = table_control_of(table, table->variants[v]);
		compare(&t->rows[t->count++], table, measure, scenario, table->variants[v],
			of ? of : t->base);
	}
}

/* Controls show noise: they must not make p of the others larger. */
static void judge_family(struct compare_table *t, const struct table *table,
			 enum compare_family which)
{
	struct comparison **family = xcalloc(t->count + 1, sizeof(*family));
	struct comparison **controls = xcalloc(t->count + 1, sizeof(*controls)), *row;
	size_t i, n = 0, control_count = 0;

	for (i = 0; i < t->count; i++) {
		row = &t->rows[i];
		if (!measure_is_primary(row->measure) || measure_family(row->measure) != which)
			continue;
		if (table_control_of(table, row->variant))
			controls[control_count++] = row;
		else
			family[n++] = row;
	}
	compare_judge(controls, control_count, t->smallest_effect, t->layout_floor);
	compare_judge(family, n, t->smallest_effect, t->layout_floor);
	t->compared[which] = compare_count(family, n);
	free(controls);
	free(family);
}

static void judge_rows(struct compare_table *t, const struct table *table)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (!measure_is_primary(t->rows[i].measure))
			compare_explore(&t->rows[i]);
	for (i = 0; i < FAMILIES; i++)
		judge_family(t, table, i);
}

/* A family has all scenarios, whatever is shown of it. */
static void compare_all(struct compare_table *t, const struct options *o, const struct table *table,
			const struct measures *measures)
{
	size_t s, m,
		room = names_count(table->scenarios) * measures->count *
		       names_count(table->variants);
	bool shown;

	*t = (struct compare_table){
		.base = o->base,
		.smallest_effect = o->smallest_effect,
		.layout_floor = isnan(o->layout_floor) ? layout_floor_of(table) : o->layout_floor,
	};
	t->rows = xcalloc(room, sizeof(*t->rows));
	t->shown = xcalloc(room, sizeof(*t->shown));
	for (s = 0; table->scenarios[s]; s++) {
		for (m = 0; m < measures->count; m++) {
			shown = m < measures->asked && is_shown(o, table->scenarios[s]);
			if (shown || measure_is_primary(&measures->list[m]))
				add_rows(t, table, table->scenarios[s], &measures->list[m], shown);
		}
	}
	judge_rows(t, table);
}

static void release(struct compare_table *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		compare_release(&t->rows[i]);
	free(t->rows);
	free(t->shown);
}

static int compare_tree(const struct options *o, const struct table *table,
			const struct measures *measures)
{
	bool any = false, counted = false; /* also an A/A control with its base */
	struct compare_table compared;
	int status = 0;
	size_t i;

	compare_all(&compared, o, table, measures);
	for (i = 0; i < compared.count; i++) {
		any |= compared.shown[i];
		counted |= compared.shown[i] && compare_is_counted(&compared.rows[i]);
	}
	if (!any) {
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
	release(&compared);
	return status;
}

/* Without a metric: those with verdicts that a boot has. Without a boot: those of a resize. */
static void choose_metrics(struct names *metrics, const struct table *table)
{
	size_t i;

	for (i = 0; primary_metrics[i]; i++) {
		struct measure m = measure_of("%s", primary_metrics[i]);

		if (series_exists(table, NULL, NULL, &m))
			metrics->list[metrics->count++] = primary_metrics[i];
	}
}

static int run(struct command_line *line)
{
	struct options *o = line->options;
	struct measures *measures;
	struct table table;
	int status;

	if (o->metrics.count == 1 && !strcmp(o->metrics.list[0], "help")) {
		measure_list(stdout);
		return 0;
	}
	measures = xcalloc(1, sizeof(*measures));
	status = open_table(&table, o->dir);
	if (status)
		goto out;
	if (!o->metrics.count)
		choose_metrics(&o->metrics, &table);
	status = parse_measures(&o->metrics, measures->list);
	measures->count = measures->asked = o->metrics.count;
	add_primary(measures);
	if (!status)
		status = check_names(o, &table);
	if (!status)
		status = check_metrics(measures, &table);
	if (!status)
		status = compare_tree(o, &table, measures);
	status = close_table(&table, status);
out:
	free(measures);
	return status;
}

const struct command compare_command = {
	.name = "compare",
	.purpose = "compare every variant with the base: medians, ratios, verdicts",
	.description =
		"Compare the variants of a result tree: medians over boots, the ratio to the base "
		"(the median of all ratios of a boot to one of the base) with its 95 % interval, "
		"and a verdict by the rank test that the interval inverts. Where a run has several "
		"builds of each kernel, a value is the mean of a build.\n"
		"The durations of both resizes have verdicts. Their comparisons in all scenarios "
		"are one family: what is shown of it changes no verdict. Footprint and time at "
		"work of workloads that were replayed are another. Other metrics are "
		"exploratory. A ratio that the timers of the resizes know to more than 3 % only "
		"is marked unresolved, and has no verdict; by polls: by the timer that both "
		"sides have.\n"
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plots/gnuplot.h"
#include "analysis/report/markdown.h"
#include "lib/stats.h"

/* Plain variants; all of them where there is but one, for then the levels are compared. */
static int choose_variants(struct report *r)
{
	char *const *all = r->tree->variants;
	bool levels = tree_compares_levels(r->tree);
	size_t i, count = names_count(all);

	r->variants = calloc(count + 1, sizeof(*r->variants));
	if (!r->variants)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		if ((levels || !variant_is_traced(all[i])) && !tree_twin_of(r->tree, all[i]))
			r->variants[r->variant_count++] = all[i];
	return 0;
}

static int make_scenario(struct report *r, struct report_scenario *s, const char *name)
{
	size_t v;

	s->name = name;
	s->variants = calloc(r->variant_count + 1, sizeof(*s->variants));
	s->inflate = calloc(r->variant_count, sizeof(*s->inflate));
	s->deflate = calloc(r->variant_count, sizeof(*s->deflate));
	if (!s->variants || !s->inflate || !s->deflate)
		return -ENOMEM;
	for (v = 0; v < r->variant_count; v++)
		if (tree_has(r->tree, name, r->variants[v]))
			s->variants[s->variant_count++] = r->variants[v];
	for (v = 0; v < s->variant_count; v++) {
		compare(&s->inflate[v], r->tree, &r->inflate, name, s->variants[v], r->variants[0]);
		compare(&s->deflate[v], r->tree, &r->deflate, name, s->variants[v], r->variants[0]);
	}
	return 0;
}

static int judge_all(struct report *r)
{
	struct comparison **family;
	size_t i, v, n = 0;

	family = calloc(2 * r->scenario_count * r->variant_count, sizeof(*family));
	if (!family)
		return -ENOMEM;
	for (i = 0; i < r->scenario_count; i++) {
		for (v = 0; v < r->scenarios[i].variant_count; v++) {
			family[n++] = &r->scenarios[i].inflate[v];
			family[n++] = &r->scenarios[i].deflate[v];
		}
	}
	compare_judge(family, n, r->smallest_effect);
	r->compared = compare_count(family, n);
	free(family);
	return 0;
}

int report_make(struct report *report, const struct report_input *input)
{
	const struct tree *tree = input->tree;
	const char *accel = tree_accel(tree);
	size_t i;
	int err;

	*report = (struct report){ .tree = tree,
				   .instructions = input->instructions,
				   .aa = input->aa,
				   .smallest_effect = input->smallest_effect };
	metric_parse(&report->inflate, "inflate.duration_ns", accel);
	metric_parse(&report->deflate, "deflate.duration_ns", accel);
	err = choose_variants(report);
	report->scenarios = calloc(names_count(tree->scenarios), sizeof(*report->scenarios));
	if (err || !report->scenarios)
		return -ENOMEM;
	for (i = 0; !err && tree->scenarios[i]; i++)
		if (tree_has(tree, tree->scenarios[i], report->variants[0]))
			err = make_scenario(report, &report->scenarios[report->scenario_count++],
					    tree->scenarios[i]);
	return err ? err : judge_all(report);
}

void report_release(struct report *report)
{
	size_t i, v;

	for (i = 0; report->scenarios && i < report->scenario_count; i++) {
		struct report_scenario *s = &report->scenarios[i];

		for (v = 0; s->inflate && s->deflate && v < s->variant_count; v++) {
			compare_release(&s->inflate[v]);
			compare_release(&s->deflate[v]);
		}
		free(s->variants);
		free(s->inflate);
		free(s->deflate);
	}
	free(report->scenarios);
	free(report->variants);
	memset(report, 0, sizeof(*report));
}

/* What the variant's own ok boots moved, of which there is one at least. */
static double moved_gib(const struct report *r, const struct comparison *c, const char *move)
{
	struct metric bytes;
	char name[32];
	double *values, mib;
	size_t n;

	snprintf(name, sizeof(name), "%s.bytes", move);
	metric_parse(&bytes, name, tree_accel(r->tree));
	n = metric_values(&bytes, r->tree, c->scenario, c->variant, &values);
	mib = stats_median(values, n);
	free(values);
	return mib / 1024;
}

double report_rate(const struct report *r, const struct comparison *c, const char *move)
{
	return moved_gib(r, c, move) / (c->median / 1000);
}

void report_plot(FILE *f, const struct report *r, const char *scenario, const char *kind,
		 const char *title)
{
	char name[128];

	if (!r->plots)
		return;
	fputs("![", f);
	markdown_text(f, scenario);
	fprintf(f, ", %s](%s/%s.png)\n\n", title, r->plots,
		plot_name(scenario, kind, name, sizeof(name)));
}

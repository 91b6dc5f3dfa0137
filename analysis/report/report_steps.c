/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/report/markdown.h"

/* What is compared; refault is there in scenarios that touch memory again. */
static const struct {
	const char *what;
	const char *metric;
} looks[] = {
	{ "inflate", "inflate.duration_ns" },
	{ "deflate", "deflate.duration_ns" },
	{ "touch after the deflate", "refault.duration_ns" },
};

#define LOOKS (sizeof(looks) / sizeof(looks[0]))

struct steps {
	struct metric metrics[LOOKS];
	struct comparison *list;
	const char **what; /* of each */
	size_t count;
};

/* The tree's own copy of a name, if there is such a variant in the scenario. */
static const char *find_variant(const struct report_scenario *s, const char *name, size_t length)
{
	size_t v;

	for (v = 0; v < s->variant_count; v++)
		if (strlen(s->variants[v]) == length && !strncmp(s->variants[v], name, length))
			return s->variants[v];
	return NULL;
}

static void add_step(struct steps *steps, const struct report *r, const struct report_scenario *s,
		     const char *variant, const char *base)
{
	size_t i;

	for (i = 0; i < LOOKS; i++) {
		struct comparison *c = &steps->list[steps->count];

		compare(c, r->tree, &steps->metrics[i], s->name, variant, base);
		if (!c->n || !c->base_n) {
			compare_release(c);
			continue;
		}
		steps->what[steps->count++] = looks[i].what;
	}
}

/* Words of "against", at most; variants.ini says two. */
#define AGAINST_MAX 8

static void add_variant(struct steps *steps, const struct report *r,
			const struct report_scenario *s, const char *variant)
{
	const char *at = json_text(tree_planned(r->tree, "variants", variant), "against");
	int words;

	for (words = 0; words < AGAINST_MAX; words++) {
		size_t length;
		const char *base;

		at += strspn(at, " ");
		length = strcspn(at, " ");
		if (!length)
			break;
		base = find_variant(s, at, length);
		if (base)
			add_step(steps, r, s, variant, base);
		at += length;
	}
}

static int collect(struct steps *steps, const struct report *r)
{
	size_t i, v, room = 0;

	for (i = 0; i < LOOKS; i++)
		metric_parse(&steps->metrics[i], looks[i].metric, tree_accel(r->tree));
	for (i = 0; i < r->scenario_count; i++)
		room += r->scenarios[i].variant_count * AGAINST_MAX * LOOKS;
	steps->list = calloc(room + 1, sizeof(*steps->list));
	steps->what = calloc(room + 1, sizeof(*steps->what));
	if (!steps->list || !steps->what)
		return -1;
	for (i = 0; i < r->scenario_count; i++)
		for (v = 0; v < r->scenarios[i].variant_count; v++)
			add_variant(steps, r, &r->scenarios[i], r->scenarios[i].variants[v]);
	return 0;
}

static void judge(struct steps *steps, double smallest_effect)
{
	struct comparison **family = calloc(steps->count + 1, sizeof(*family));
	size_t i;

	for (i = 0; family && i < steps->count; i++)
		family[i] = &steps->list[i];
	if (family)
		compare_judge(family, steps->count, smallest_effect);
	free(family);
}

static void write_step(FILE *f, const struct comparison *c, const char *what)
{
	fputs("| ", f);
	markdown_text(f, c->scenario);
	fprintf(f, " | %s | ", what);
	markdown_text(f, c->variant);
	fputs(" | ", f);
	markdown_text(f, c->base);
	fprintf(f, " | %zu | %.4g | %.4g | ", c->n, c->median, c->base_median);
	if (isfinite(c->ratio))
		fprintf(f, "%.3f", c->ratio);
	if (isfinite(c->ratio_interval.low))
		fprintf(f, " [%.3f, %.3f]", c->ratio_interval.low, c->ratio_interval.high);
	fprintf(f, " | %.4f | %s |\n", c->p_holm, verdict_name(c->verdict));
}

void report_steps(FILE *f, const struct report *r)
{
	struct steps steps = { .count = 0 };
	size_t i;

	if (collect(&steps, r) || !steps.count)
		goto out;
	judge(&steps, r->smallest_effect);
	fprintf(f,
		"## Step by step\n\nEach variant against those that it is a step from "
		"(variants.ini). p is corrected for the comparisons of this table.\n\n"
		"| scenario | what | variant | against | n | median, %s | against, %s | ratio [95 "
		"%%] | p | verdict |\n|---|---|---|---|---:|---:|---:|---|---:|---|\n",
		r->inflate.unit, r->inflate.unit);
	for (i = 0; i < steps.count; i++)
		write_step(f, &steps.list[i], steps.what[i]);
	fputs("\n", f);
out:
	for (i = 0; i < steps.count; i++)
		compare_release(&steps.list[i]);
	free(steps.list);
	free(steps.what);
}

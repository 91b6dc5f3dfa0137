/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_noise.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/report/markdown.h"

/* Comparisons of twins; they are a family of their own. */
struct twins {
	struct comparison *list;
	struct comparison **family;
	size_t count;
};

static void add_twins(struct twins *t, const struct report *r, const struct tree *tree,
		      const char *scenario)
{
	size_t v;

	for (v = 0; tree->variants[v]; v++) {
		const char *of = tree_twin_of(tree, tree->variants[v]);

		if (!of || !tree_has(tree, scenario, tree->variants[v]))
			continue;
		compare(&t->list[t->count++], tree, &r->inflate, scenario, tree->variants[v], of);
		compare(&t->list[t->count++], tree, &r->deflate, scenario, tree->variants[v], of);
	}
}

static void collect(struct twins *t, const struct report *r)
{
	const struct tree *trees[] = { r->tree, r->aa };
	size_t i, s, room = 0;

	for (i = 0; i < 2; i++)
		if (trees[i])
			room += names_count(trees[i]->scenarios) * names_count(trees[i]->variants);
	t->list = calloc(2 * room + 1, sizeof(*t->list));
	t->family = calloc(2 * room + 1, sizeof(*t->family));
	if (!t->list || !t->family)
		abort();
	for (i = 0; i < 2; i++)
		for (s = 0; trees[i] && trees[i]->scenarios[s]; s++)
			add_twins(t, r, trees[i], trees[i]->scenarios[s]);
	for (i = 0; i < t->count; i++)
		t->family[i] = &t->list[i];
	compare_judge(t->family, t->count, r->smallest_effect);
}

static void write_row(FILE *f, const struct report *r, const struct comparison *c)
{
	fputs("| ", f);
	markdown_text(f, c->scenario);
	fprintf(f, " | %s | ", c->metric == &r->inflate ? "inflate" : "deflate");
	markdown_text(f, c->base);
	fprintf(f, " | %zu, %zu | ", c->base_n, c->n);
	if (!isfinite(c->ratio_interval.low)) {
		fprintf(f, "| | | %s |\n", verdict_name(c->verdict));
		return;
	}
	fprintf(f, "%.3f [%.3f, %.3f] | %.1f %% | %.4f | %s |\n", c->ratio, c->ratio_interval.low,
		c->ratio_interval.high,
		100 * fmax(fabs(c->ratio_interval.low - 1), fabs(c->ratio_interval.high - 1)),
		c->p_holm, verdict_name(c->verdict));
}

static void write_table(FILE *f, const struct report *r, const struct twins *t)
{
	size_t i, alarms = 0;

	fputs("One variant was run twice over, as if it were two, in the blocks of the others: "
	      "what differs is noise.",
	      f);
	if (r->aa) {
		fputs(" It was a run of its own, on the same machine, begun ", f);
		markdown_text(f, json_text(r->aa->env, "started_utc"));
		fputs(".", f);
	}
	fputs(" The floor is the farther end of the interval: with boots as noisy as these an "
	      "effect smaller than that is not to be believed, whatever its verdict.\n\n"
	      "| scenario | move | variant | n | ratio to itself [95 %] | floor | p | verdict |\n"
	      "|---|---|---|---:|---|---:|---:|---|\n",
	      f);
	for (i = 0; i < t->count; i++) {
		write_row(f, r, &t->list[i]);
		alarms += t->list[i].verdict == VERDICT_IMPROVE ||
			  t->list[i].verdict == VERDICT_REGRESS;
	}
	fprintf(f, "\nFalse alarms: %zu of %zu.\n\n", alarms, t->count);
}

void report_noise(FILE *f, const struct report *r)
{
	struct twins t = { .count = 0 };
	size_t i;

	fputs("## Noise floor\n\n", f);
	collect(&t, r);
	if (t.count)
		write_table(f, r, &t);
	else
		fputs("It was not measured here: `balloonbench run --aa` runs the first variant "
		      "twice over.\n\n",
		      f);
	for (i = 0; i < t.count; i++)
		compare_release(&t.list[i]);
	free(t.list);
	free(t.family);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/plots/plot_trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plots/gnuplot.h"
#include "analysis/data/latencies.h"
#include "analysis/data/phases.h"
#include "lib/result.h"

/* One line of a list of variants or operations for gnuplot: words and blanks. */
struct words {
	char *text;
	size_t size;
	FILE *f;
	int count;
};

static int words_begin(struct words *w)
{
	*w = (struct words){ .text = NULL };
	w->f = open_memstream(&w->text, &w->size);
	return w->f ? 0 : -1;
}

static void words_add(struct words *w, const char *word)
{
	fputs(w->count++ ? " " : "", w->f);
	plot_word(w->f, word);
}

static void add_variant(struct words *w, struct plot *plot, const struct tree *tree,
			const char *variant)
{
	words_add(w, variant);
	plot_colour(plot, tree_place(tree, variant));
}

static void words_end(struct words *w)
{
	if (w->f)
		fclose(w->f);
	w->f = NULL;
}

/* A row per variant: its name, its n, and the phases' ns per page. */
static int print_phases(FILE *f, const struct tree *tree, const char *scenario, const char *move,
			char *const *variants)
{
	const struct phase *p;
	size_t v, count = names_count(variants);
	int rows = 0;

	fputs("variant", f);
	for (p = phases_of(move); p->key; p++) {
		fputs(" \"", f);
		fputs(p->name, f);
		fputs("\"", f);
	}
	fputs("\n", f);
	for (v = 0; variants[v]; v++) {
		struct estimate e;

		if (!phases_known(tree, scenario, variants[v]))
			continue;
		e = phase_estimate(tree, scenario, variants[v], move, "notify_ns",
				   PHASE_NS_PER_PAGE);
		plot_label(f, variants[v], e.n, count);
		for (p = phases_of(move); p->key; p++) {
			e = phase_estimate(tree, scenario, variants[v], move, p->key,
					   PHASE_NS_PER_PAGE);
			fprintf(f, " %.6g", e.n ? e.median / 1000 : 0);
		}
		fputs("\n", f);
		rows++;
	}
	fputs("\n\n", f);
	return rows;
}

int plot_phases(const struct tree *tree, const char *scenario, char *const *variants,
		const char *output, char *err, size_t err_size)
{
	bool icount = tree_is_icount(tree);
	struct plot plot = { .data = NULL };
	char title[256];
	int status, rows;

	status = plot_begin(&plot);
	if (status)
		goto out;
	rows = print_phases(plot.data, tree, scenario, "inflate", variants);
	print_phases(plot.data, tree, scenario, "deflate", variants);
	if (!rows)
		goto out;
	snprintf(title, sizeof(title), "%s: where the time of a move goes (%s; medians over boots)",
		 scenario, tree_accel(tree));
	status = plot_draw(&plot, "phases.gp", output, title,
			   icount ? "thousand guest instructions per page" : "µs per page", rows,
			   "", err, err_size);
out:
	plot_end(&plot);
	return status;
}

/* Points of a curve to each power of ten. */
#define POINTS 20

/*
 * Percentile curve: x = 1 / (1 - q), so that each power of ten is another nine, y
 * the median over the boots, of which each has its own; to where a boot has ten
 * events left.
 */
static void print_percentiles(FILE *f, const struct latencies *l)
{
	int i;

	for (i = 0;; i++) {
		double x = pow(10, (double)i / POINTS);
		struct estimate e = latencies_quantile(l, 1 - 1 / x);

		if (!e.n)
			break;
		fprintf(f, "%.9g %.9g\n", x, e.median);
	}
	fputs(i ? "\n\n" : "NaN NaN\n\n\n", f);
}

static void add_curve(FILE *f, const struct tree *tree, const char *scenario, const char *variant,
		      const char *path, void (*print)(FILE *f, const struct latencies *l))
{
	struct latencies l = latencies_of(tree, scenario, variant, path);

	if (l.count)
		print(f, &l);
	else
		fputs("NaN NaN\n\n\n", f);
	latencies_release(&l);
}

/* Variants that have a histogram at @path in the scenario. */
static void find_variants(const struct tree *tree, const char *scenario, const char *path,
			  const char **found, size_t *count)
{
	size_t v;

	*count = 0;
	for (v = 0; tree->variants[v]; v++) {
		struct latencies l = latencies_of(tree, scenario, tree->variants[v], path);

		if (l.count)
			found[(*count)++] = tree->variants[v];
		latencies_release(&l);
	}
}

int plot_latencies(const struct tree *tree, const char *scenario, const char *output, char *err,
		   size_t err_size)
{
	static const char *const ops[] = { "enqueue", "dequeue", "finalize", "migrate" };
	const char **variants = calloc(names_count(tree->variants) + 1, sizeof(*variants));
	struct plot plot = { .data = NULL };
	struct words panels = { .f = NULL };
	char title[256], path[64];
	size_t o, v, count;
	int status;

	status = plot_begin(&plot);
	if (!status)
		status = words_begin(&panels);
	if (status)
		goto out;
	find_variants(tree, scenario, "ops.enqueue.histogram", variants, &count);
	for (v = 0; v < count; v++)
		add_variant(&panels, &plot, tree, variants[v]);
	/* Then the panels' names, those that have a curve. */
	for (o = 0; count && o < 4; o++) {
		bool any = false;

		snprintf(path, sizeof(path), "ops.%s.histogram", ops[o]);
		for (v = 0; v < count; v++) {
			struct latencies l = latencies_of(tree, scenario, variants[v], path);

			any |= l.count > 0;
			latencies_release(&l);
		}
		if (!any)
			continue;
		words_add(&panels, ops[o]);
		for (v = 0; v < count; v++)
			add_curve(plot.data, tree, scenario, variants[v], path, print_percentiles);
	}
	words_end(&panels);
	if (!count)
		goto out;
	snprintf(title, sizeof(title),
		 "%s: latency of operations on a page (%s; medians over n = %zu boots)", scenario,
		 tree_accel(tree), tree_count(tree, scenario, variants[0], RESULT_OK));
	status = plot_draw(&plot, "latency.gp", output, title,
			   tree_is_icount(tree) ? "guest instructions" : "ns", count, panels.text,
			   err, err_size);
out:
	words_end(&panels);
	free(panels.text);
	free(variants);
	plot_end(&plot);
	return status;
}

/* Share of the calls per length, at the lowest length of the bucket. */
static void print_lengths(FILE *f, const struct latencies *l)
{
	struct histogram *sum = calloc(1, sizeof(*sum));
	unsigned int i;

	if (!sum)
		abort();
	latencies_merge(l, sum);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (sum->buckets[i])
			fprintf(f, "%.9g %.9g\n", histogram_low(i) / 1024.0,
				100.0 * sum->buckets[i] / sum->count);
	fputs("\n\n", f);
	free(sum);
}

int plot_calls(const struct tree *tree, const char *scenario, const char *output, char *err,
	       size_t err_size)
{
	static const char latency[] = "trace.host.calls.dontneed.latency_ns";
	static const char length[] = "trace.host.calls.dontneed.length_bytes";
	const char **variants = calloc(names_count(tree->variants) + 1, sizeof(*variants));
	struct plot plot = { .data = NULL };
	struct words names = { .f = NULL };
	char title[256];
	size_t v, count;
	int status;

	status = plot_begin(&plot);
	if (!status)
		status = words_begin(&names);
	if (status)
		goto out;
	find_variants(tree, scenario, latency, variants, &count);
	for (v = 0; v < count; v++) {
		add_variant(&names, &plot, tree, variants[v]);
		add_curve(plot.data, tree, scenario, variants[v], latency, print_percentiles);
		add_curve(plot.data, tree, scenario, variants[v], length, print_lengths);
	}
	words_end(&names);
	if (!count)
		goto out;
	snprintf(title, sizeof(title),
		 "%s: madvise(DONTNEED) of QEMU (%s; medians over n = %zu boots; lengths of all)",
		 scenario, tree_accel(tree), tree_count(tree, scenario, variants[0], RESULT_OK));
	status = plot_draw(&plot, "madvise.gp", output, title, "ns", count, names.text, err,
			   err_size);
out:
	words_end(&names);
	free(names.text);
	free(variants);
	plot_end(&plot);
	return status;
}

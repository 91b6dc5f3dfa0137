/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_events.h"

#include <math.h>
#include <string.h>

#include "analysis/data/latencies.h"
#include "analysis/report/markdown.h"

/* An operation of "ops", as the guest's tracer names it. */
static const struct {
	const char *name;
	const char *title;
} ops[] = {
	{ "enqueue", "enqueue" },
	{ "dequeue", "dequeue" },
	{ "finalize", "finalize (delete before cut finalize)" },
	{ "isolate", "isolate" },
	{ "migrate", "migrate" },
	{ "putback", "putback" },
	{ "alloc", "alloc, a batch" },
	{ "tell_inflate", "tell the host, an inflating batch" },
	{ "tell_deflate", "tell the host, a deflating batch" },
	{ "release", "release, a batch" },
};

#define OPS (sizeof(ops) / sizeof(ops[0]))

static struct latencies op_latencies(const struct tree *tree, const char *scenario,
				     const char *variant, const char *op)
{
	char path[64];

	snprintf(path, sizeof(path), "ops.%s.histogram", op);
	return latencies_of(tree, scenario, variant, path);
}

/* One row: n, events a boot, mean and percentiles. */
static void write_latency_row(FILE *f, const char *what, const char *variant,
			      const struct latencies *l)
{
	static const double qs[] = { .5, .99, .999 };
	struct estimate e = latencies_count(l);
	size_t i;

	fprintf(f, "| %s | ", what);
	markdown_text(f, variant);
	fprintf(f, " | %zu | %.0f | ", l->count, e.median);
	e = latencies_mean(l);
	estimate_write(f, &e, "%.0f");
	for (i = 0; i < 3; i++) {
		e = latencies_quantile(l, qs[i]);
		fputs(" | ", f);
		estimate_write(f, &e, "%.0f");
	}
	fprintf(f, " | %.0f |\n", latencies_max(l));
}

static void write_latency_head(FILE *f, const char *first, const char *unit)
{
	fprintf(f,
		"| %s | variant | n | events a boot | mean, %s | p50 | p99 | p99.9 | max |\n"
		"|---|---|---:|---:|---:|---:|---:|---:|---:|\n",
		first, unit);
}

static bool has_page_ops(const struct tree *tree, const char *scenario, const char *variant)
{
	struct latencies l = op_latencies(tree, scenario, variant, "enqueue");
	bool has = l.count > 0;

	latencies_release(&l);
	return has;
}

/* What the number of events alone makes of a p99: the widest of the variants' enqueues. */
static void write_within(FILE *f, const struct tree *tree, const char *scenario)
{
	double widest = 0, between = 0;
	size_t v, i;

	for (v = 0; tree->variants[v]; v++) {
		struct latencies l = op_latencies(tree, scenario, tree->variants[v], "enqueue");
		struct estimate e = latencies_quantile(&l, .99);

		for (i = 0; e.n && i < l.count; i++) {
			struct interval within = latencies_within(&l, i, .99);

			widest = fmax(widest, (within.high - within.low) / 2 / e.median);
		}
		if (e.n > 1)
			between = fmax(between, (e.interval.high - e.interval.low) / 2 / e.median);
		latencies_release(&l);
	}
	if (between > 0)
		fprintf(f,
			" By their number alone the events of one boot would tell the p99 of "
			"enqueue to within %.1f %% (binomial), and boots differ by up to %.0f %%: "
			"hence boots are what is counted.",
			100 * widest, 100 * between);
	fputs("\n\n", f);
}

void report_latencies(FILE *f, const struct report *r, const char *scenario)
{
	const struct tree *tree = r->tree;
	bool begun = false;
	size_t i, v;

	for (i = 0; i < OPS; i++) {
		for (v = 0; tree->variants[v]; v++) {
			struct latencies l;

			if (!has_page_ops(tree, scenario, tree->variants[v]))
				continue;
			if (!begun) {
				fputs("### Latencies, ", f);
				markdown_text(f, scenario);
				fputs("\n\n", f);
				write_latency_head(f, "operation",
						   tree_is_icount(tree) ? "instructions" : "ns");
			}
			begun = true;
			l = op_latencies(tree, scenario, tree->variants[v], ops[i].name);
			if (l.count)
				write_latency_row(f, ops[i].title, tree->variants[v], &l);
			latencies_release(&l);
		}
	}
	if (!begun)
		return;
	fputs("\nn: boots. A percentile is taken in each boot, from a histogram whose error is at "
	      "most 3.2 %; shown are the median over the boots and its 95 % interval, and nothing "
	      "where a boot has fewer than ten events beyond it. Being timed and counted is part "
	      "of what an operation takes here.",
	      f);
	write_within(f, tree, scenario);
	report_plot(f, r, scenario, "latency", "percentiles of the operations by variant");
}

static const char *const advices[] = { "dontneed", "willneed", "remove", "free", "punch_hole" };

void report_calls(FILE *f, const struct report *r, const char *scenario)
{
	const struct tree *tree = r->tree;
	bool begun = false;
	char path[64];
	size_t a, v;

	for (a = 0; a < sizeof(advices) / sizeof(advices[0]); a++) {
		for (v = 0; tree->variants[v]; v++) {
			struct latencies l;

			snprintf(path, sizeof(path), "trace.host.calls.%s.latency_ns", advices[a]);
			l = latencies_of(tree, scenario, tree->variants[v], path);
			if (l.count && !begun) {
				fputs("### madvise on the host, ", f);
				markdown_text(f, scenario);
				fputs("\n\n", f);
				write_latency_head(f, "advice", "ns");
				begun = true;
			}
			if (l.count)
				write_latency_row(f, advices[a], tree->variants[v], &l);
			latencies_release(&l);
		}
	}
	if (!begun)
		return;
	fputs("\nThe calls of QEMU, all its threads, by tracepoints at entry and return, whose own "
	      "cost is in the latencies.\n\n",
	      f);
	report_plot(f, r, scenario, "madvise", "latency and length of madvise calls by variant");
}

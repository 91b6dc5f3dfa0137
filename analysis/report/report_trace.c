/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/report/markdown.h"
#include "analysis/data/phases.h"
#include "analysis/report/report_events.h"
#include "analysis/report/report_host.h"
#include "lib/result.h"

#define PAGES_PER_MIB 256
#define TOP_SHOWN 12

static const char *const moves[] = { "inflate", "deflate" };

static void write_phase_cell(FILE *f, const struct tree *tree, const char *scenario,
			     const char *variant, const char *move, const char *key)
{
	struct estimate per_page, percent;

	per_page = phase_estimate(tree, scenario, variant, move, key, PHASE_NS_PER_PAGE);
	percent = phase_estimate(tree, scenario, variant, move, key, PHASE_PERCENT);
	fputs(" | ", f);
	if (!per_page.n) {
		fputs("not observed", f);
		return;
	}
	if (!tree_is_icount(tree)) {
		per_page.median /= 1000;
		per_page.interval.low /= 1000;
		per_page.interval.high /= 1000;
	}
	estimate_write(f, &per_page, tree_is_icount(tree) ? "%.1f" : "%.3f");
	fprintf(f, " · %.1f %%", percent.median);
}

/* Whether a guest had to wait for pages: most never do, and need no row for it. */
static bool puffed(const struct report *r, const struct report_scenario *s)
{
	size_t v;

	for (v = 0; v < s->variant_count; v++)
		if (phase_estimate(r->tree, s->name, s->variants[v], "inflate", "puff_ns",
				   PHASE_NS_PER_PAGE)
			    .median > 0)
			return true;
	return false;
}

static void write_phase_table(FILE *f, const struct report *r, const struct report_scenario *s,
			      const char *move)
{
	const struct phase *p;
	size_t v, n = 0;

	fprintf(f, "| %s |", move);
	for (v = 0; v < s->variant_count; v++) {
		struct estimate e = phase_estimate(r->tree, s->name, s->variants[v], move,
						   "notify_ns", PHASE_PERCENT);

		fputs(" ", f);
		markdown_text(f, s->variants[v]);
		fputs(" |", f);
		n = e.n > n ? e.n : n;
	}
	fputs("\n|---|", f);
	for (v = 0; v < s->variant_count; v++)
		fputs("---:|", f);
	fputs("\n", f);
	for (p = phases_of(move); p->key; p++) {
		if (!strcmp(p->key, "puff_ns") && !puffed(r, s))
			continue;
		fprintf(f, "| %s", p->name);
		for (v = 0; v < s->variant_count; v++)
			write_phase_cell(f, r->tree, s->name, s->variants[v], move, p->key);
		fputs(" |\n", f);
	}
	fputs("\n", f);
}

void report_phases(FILE *f, const struct report *r, const struct report_scenario *s)
{
	size_t v, known = 0;

	for (v = 0; v < s->variant_count; v++)
		known += phases_known(r->tree, s->name, s->variants[v]);
	if (!known)
		return;
	fprintf(f,
		"Where the time went: %s per page of 4 KiB, median over the boots [95 %%], and the "
		"share of the move. The boots and their number are those of the table above.\n\n",
		tree_is_icount(r->tree) ? "guest instructions" : "µs");
	write_phase_table(f, r, s, "inflate");
	write_phase_table(f, r, s, "deflate");
	report_plot(f, r, s->name, "phases", "phases of a move by variant");
}

/* Duration of a move per page: ns, or instructions under icount. */
static struct estimate per_page(const struct tree *tree, const char *move, const char *scenario,
				const char *variant, double **values, size_t *n)
{
	double *copy = calloc(json_array_size(tree->boots) + 1, sizeof(*copy));
	double *bytes;
	struct metric metric;
	char name[32];
	size_t i;

	snprintf(name, sizeof(name), "%s.duration_ns", move);
	metric_parse(&metric, name, tree_accel(tree));
	*n = metric_values(&metric, tree, scenario, variant, values);
	snprintf(name, sizeof(name), "%s.bytes", move);
	metric_parse(&metric, name, tree_accel(tree));
	metric_values(&metric, tree, scenario, variant, &bytes);
	/* Millions per MiB, of which a page is the 256th part. */
	for (i = 0; copy && i < *n; i++)
		copy[i] = (*values)[i] *= 1e6 / (bytes[i] * PAGES_PER_MIB);
	free(bytes);
	return estimate_of(copy, *n);
}

/* A variant's level against the same variant untraced, in one tree. */
static void write_cost_row(FILE *f, const struct tree *tree, const char *move, const char *scenario,
			   const char *variant, const char *base)
{
	struct interval ratio = { NAN, NAN };
	struct estimate mine, theirs;
	double *a, *b;
	size_t n, m;

	mine = per_page(tree, move, scenario, variant, &a, &n);
	theirs = per_page(tree, move, scenario, base, &b, &m);
	if (!n || !m)
		goto out;
	fputs("| ", f);
	markdown_text(f, scenario);
	fprintf(f, " | %s | ", move);
	markdown_text(f, variant);
	fputs(" | ", f);
	markdown_text(f, base);
	fprintf(f, " | %zu | ", n);
	estimate_write(f, &mine, "%.1f");
	fprintf(f, " %s | %+.1f | %.4f", tree_is_icount(tree) ? "instructions" : "ns",
		mine.median - theirs.median, mine.median / theirs.median);
	if (n > 1 && m > 1)
		ratio = bootstrap_ratio(a, n, b, m);
	if (isfinite(ratio.low))
		fprintf(f, " [%.4f, %.4f]", ratio.low, ratio.high);
	fputs(" |\n", f);
out:
	free(a);
	free(b);
}

static const char *find_variant(const struct tree *tree, const char *name)
{
	int i = name_index(tree->variants, name);

	return i < 0 ? NULL : tree->variants[i];
}

/* The untraced arm of a variant, "finalize+off" of "finalize+pages". */
static const char *untraced(const struct tree *tree, const char *variant)
{
	char name[128];

	snprintf(name, sizeof(name), "%.*s+off", (int)strcspn(variant, "+"), variant);
	return find_variant(tree, name);
}

static void write_cost_rows(FILE *f, const struct tree *tree, const char *scenario)
{
	const char *stock = find_variant(tree, "stock+off");
	const char *traced = find_variant(tree, "traced+off");
	size_t v, m;

	for (m = 0; m < 2; m++) {
		if (stock && traced)
			write_cost_row(f, tree, moves[m], scenario, traced, stock);
		for (v = 0; tree->variants[v]; v++) {
			const char *base = untraced(tree, tree->variants[v]);

			if (base && strcmp(base, tree->variants[v]))
				write_cost_row(f, tree, moves[m], scenario, tree->variants[v],
					       base);
		}
	}
}

static bool has_arms(const struct tree *tree)
{
	size_t v;

	for (v = 0; tree && tree->variants[v]; v++)
		if (variant_is_traced(tree->variants[v]))
			return true;
	return false;
}

static void write_cost(FILE *f, const struct report *r)
{
	const struct tree *trees[] = { r->tree, r->instructions };
	size_t t, s;

	if (!has_arms(r->tree) && !has_arms(r->instructions))
		return;
	fputs("### What tracing costs\n\n"
	      "NAME+LEVEL is the variant traced at that level, NAME alone as the run is: at level ",
	      f);
	markdown_text(f, json_text(r->tree->env, "trace"));
	fputs(". traced+off against stock+off is what the trace events cost while they are off; "
	      "the "
	      "rest is what the tracers cost, with all that they do in the guest and on the "
	      "host.\n\n"
	      "| scenario | move | variant | against | n | a page, median [95 %] | difference | "
	      "ratio "
	      "[95 %] |\n|---|---|---|---|---:|---:|---:|---|\n",
	      f);
	for (t = 0; t < 2; t++)
		for (s = 0; trees[t] && trees[t]->scenarios[s]; s++)
			write_cost_rows(f, trees[t], trees[t]->scenarios[s]);
	if (r->instructions)
		fputs("\nInstructions: a run under icount, where the guest's clock counts the "
		      "guest's own "
		      "instructions; what the host does is not in them.\n",
		      f);
	fputs("\n", f);
}

/* Checks of all ok boots, and what the tracers lost. */
static void write_trust(FILE *f, const struct report *r)
{
	const json_t *boot;
	size_t i, boots = 0, checks = 0;
	long long lost = 0;

	json_array_foreach (r->tree->boots, i, boot) {
		if (strcmp(json_text(boot, "status"), RESULT_OK))
			continue;
		boots++;
		checks += json_array_size(json_at(boot, "trust.checks"));
		lost += json_integer_value(json_at(boot, "trace.guest.counters.lost_records")) +
			json_integer_value(json_at(boot, "trace.guest.counters.lost_pairs")) +
			json_integer_value(json_at(boot, "trace.host.counters.lost_records")) +
			json_integer_value(json_at(boot, "trace.host.counters.lost_pairs"));
	}
	fprintf(f,
		"### Trust\n\nIn the %zu boots that are used, %zu counts were compared with each "
		"other and none disagreed: pages by the device, vmstat, MemTotal, the guest's "
		"batches and operations, QEMU's batches and the host's calls; and the phases of "
		"each move with its duration, within 2 %%. Records lost by the tracers: %lld.\n\n",
		boots, checks, lost);
}

/* What some boot could not observe, each thing once with its reason. */
static void write_unobserved(FILE *f, const struct report *r)
{
	static const char *const sides[] = { "guest", "host" };
	const json_t *boot, *list, *o;
	json_t *told = json_object();
	char path[64], line[512];
	size_t i, j, side;

	json_array_foreach (r->tree->boots, i, boot) {
		for (side = 0; side < 2; side++) {
			snprintf(path, sizeof(path), "trace.%s.observations", sides[side]);
			list = json_at(boot, path);
			json_array_foreach (list, j, o) {
				const char *why = json_text(o, "why_not");

				if (!*why)
					continue;
				snprintf(line, sizeof(line), "%s, %s: %s (level %s)", sides[side],
					 json_text(o, "what"), why,
					 json_string_value(json_at(boot, "trace.level")));
				if (json_object_get(told, line))
					continue;
				json_object_set_new(told, line, json_true());
			}
			snprintf(path, sizeof(path), "trace.%s.error", sides[side]);
			if (json_at(boot, path)) {
				snprintf(line, sizeof(line), "%s: %s", sides[side],
					 json_string_value(json_at(boot, path)));
				json_object_set_new(told, line, json_true());
			}
		}
	}
	if (json_object_size(told)) {
		const char *key;
		json_t *value;

		fputs("### Not observed\n\n", f);
		json_object_foreach (told, key, value) {
			fputs("- ", f);
			markdown_text(f, key);
			fputs("\n", f);
		}
		fputs("\n", f);
	}
	json_decref(told);
}

/* The profile of the first boot of each scenario and variant that has one. */
static void write_profile(FILE *f, const struct tree *tree, const char *scenario,
			  const char *variant)
{
	const json_t *boot, *perf = NULL, *item;
	double samples;
	size_t i;

	json_array_foreach (tree->boots, i, boot) {
		perf = tree_is_ok(boot, scenario, variant) ? json_object_get(boot, "perf") : NULL;
		if (perf)
			break;
	}
	if (!perf)
		return;
	samples = json_number_value(json_object_get(perf, "samples"));
	fputs("### QEMU's profile, ", f);
	markdown_text(f, scenario);
	fputs("/", f);
	markdown_text(f, variant);
	fprintf(f, " boot %lld\n\n%.0f samples of ",
		(long long)json_integer_value(json_object_get(boot, "boot")), samples);
	markdown_text(f, json_text(perf, "event"));
	fprintf(f, " at %lld Hz.\n\n| share | function |\n|---:|---|\n",
		(long long)json_integer_value(json_object_get(perf, "frequency_hz")));
	json_array_foreach (json_object_get(perf, "top"), i, item) {
		if (i == TOP_SHOWN)
			break;
		fprintf(f, "| %.1f %% | ",
			100 * json_number_value(json_object_get(item, "samples")) / samples);
		markdown_text(f, json_text(item, "symbol"));
		fputs(" |\n", f);
	}
	fputs("\n", f);
}

static bool was_traced(const struct tree *tree)
{
	const json_t *boot;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (json_object_get(boot, "trace"))
			return true;
	return false;
}

void report_tracing(FILE *f, const struct report *r)
{
	const struct tree *tree = r->tree;
	size_t s, v;

	if (was_traced(tree)) {
		fputs("## Tracing\n\n", f);
		write_trust(f, r);
		for (s = 0; tree->scenarios[s]; s++)
			report_latencies(f, r, tree->scenarios[s]);
		report_host(f, r);
		for (s = 0; tree->scenarios[s]; s++)
			report_calls(f, r, tree->scenarios[s]);
		write_cost(f, r);
		write_unobserved(f, r);
	}
	for (s = 0; tree->scenarios[s]; s++)
		for (v = 0; tree->variants[v]; v++)
			write_profile(f, tree, tree->scenarios[s], tree->variants[v]);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_host.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analysis/data/estimate.h"
#include "analysis/report/markdown.h"

#define PAGES_PER_GIB (1 << 18)

static const char *const moves[] = { "inflate", "deflate" };

/* What was moved in the boots' cycles. */
static double boot_gib(const json_t *boot, const char *move)
{
	const json_t *cycle;
	double bytes = 0;
	size_t i;

	json_array_foreach (json_object_get(boot, "cycles"), i, cycle)
		bytes += json_number_value(json_at(json_object_get(cycle, move), "bytes"));
	return bytes / (1ULL << 30);
}

/* A sum over the cycles, per GiB that they moved. */
static struct estimate per_gib(const struct tree *tree, const char *scenario, const char *variant,
			       const char *move, const char *key)
{
	double *values = calloc(json_array_size(tree->boots) + 1, sizeof(*values));
	const json_t *boot, *cycle, *found;
	size_t i, j, n = 0;

	json_array_foreach (tree->boots, i, boot) {
		double sum = 0, gib = boot_gib(boot, move);
		bool known = false;

		if (!values || !tree_is_ok(boot, scenario, variant) || gib <= 0)
			continue;
		json_array_foreach (json_object_get(boot, "cycles"), j, cycle) {
			found = json_at(json_object_get(cycle, move), key);
			sum += json_number_value(found);
			known |= json_is_number(found);
		}
		if (known)
			values[n++] = sum / gib;
	}
	return estimate_of(values, n);
}

static void write_host_row(FILE *f, const struct tree *tree, const char *scenario,
			   const char *variant, int move)
{
	static const char *const keys[2][2] = { { "host.discard_calls", "host.discard_bytes" },
						{ "host.willneed_calls", "host.willneed_bytes" } };
	struct estimate calls = per_gib(tree, scenario, variant, moves[move], keys[move][0]);
	struct estimate bytes = per_gib(tree, scenario, variant, moves[move], keys[move][1]);

	if (!calls.n)
		return;
	fputs("| ", f);
	markdown_text(f, scenario);
	fprintf(f, " | %s | %s | ", moves[move], move ? "willneed" : "discard");
	markdown_text(f, variant);
	fprintf(f, " | %zu | ", calls.n);
	estimate_write(f, &calls, "%.0f");
	bytes.median /= 1 << 20;
	bytes.interval.low /= 1 << 20;
	bytes.interval.high /= 1 << 20;
	fputs(" | ", f);
	estimate_write(f, &bytes, "%.4g");
	fputs(" |\n", f);
}

static void write_host(FILE *f, const struct report *r)
{
	const struct tree *tree = r->tree;
	size_t s, v;
	int move;

	fputs("### What the host was asked for\n\n"
	      "| scenario | move | advice | variant | n | calls per GiB moved | MiB advised per "
	      "GiB "
	      "moved |\n|---|---|---|---|---:|---:|---:|\n",
	      f);
	for (s = 0; tree->scenarios[s]; s++)
		for (move = 0; move < 2; move++)
			for (v = 0; v < r->variant_count; v++)
				write_host_row(f, tree, tree->scenarios[s], r->variants[v], move);
	fprintf(f, "\nOne call per 4 KiB page is %d calls per GiB.\n\n", PAGES_PER_GIB);
}

static void write_told_row(FILE *f, const struct tree *tree, const char *scenario,
			   const char *variant, const char *move)
{
	struct estimate kicks = per_gib(tree, scenario, variant, move, "kicks");
	struct estimate entries = per_gib(tree, scenario, variant, move, "entries.count");

	if (!kicks.n || !entries.n)
		return;
	fputs("| ", f);
	markdown_text(f, scenario);
	fprintf(f, " | %s | ", move);
	markdown_text(f, variant);
	fprintf(f, " | %zu | ", entries.n);
	estimate_write(f, &kicks, "%.4g");
	fputs(" | ", f);
	estimate_write(f, &entries, "%.0f");
	fprintf(f, " | %.4g |\n", PAGES_PER_GIB / entries.median);
}

static void write_told(FILE *f, const struct report *r)
{
	const struct tree *tree = r->tree;
	size_t s, v, move;

	fputs("### What the host was told\n\n"
	      "| scenario | move | variant | n | kicks per GiB moved | entries per GiB moved | "
	      "pages an entry |\n|---|---|---|---:|---:|---:|---:|\n",
	      f);
	for (s = 0; tree->scenarios[s]; s++)
		for (move = 0; move < 2; move++)
			for (v = 0; v < r->variant_count; v++)
				write_told_row(f, tree, tree->scenarios[s], r->variants[v],
					       moves[move]);
	fputs("\nAn entry is a PFN, a {pfn|length} chunk or a descriptor. How long the ranges are "
	      "is drawn where the host's calls are, of which there is one to a range.\n\n",
	      f);
}

#define ORDERS_SHOWN 16

/* Pages of an order, in % of all that the ok boots inflated. */
static double order_percent(const struct tree *tree, const char *scenario, const char *variant,
			    size_t order, bool *any)
{
	double pages = 0, all = 0;
	const json_t *boot, *list;
	size_t i;

	json_array_foreach (tree->boots, i, boot) {
		if (!tree_is_ok(boot, scenario, variant))
			continue;
		list = json_at(boot, "trace.guest.blocks.allocations");
		pages += json_number_value(json_array_get(list, order)) * (1 << order);
		all += boot_gib(boot, "inflate") * PAGES_PER_GIB;
	}
	*any |= pages > 0;
	return all > 0 ? 100 * pages / all : 0;
}

static bool write_orders_row(FILE *f, const struct tree *tree, const char *scenario,
			     const char *variant, bool header)
{
	double percent[ORDERS_SHOWN], single = 100;
	bool any = false;
	size_t order;

	for (order = 0; order < ORDERS_SHOWN; order++) {
		percent[order] = order_percent(tree, scenario, variant, order, &any);
		single -= percent[order];
	}
	if (!any)
		return false;
	if (header)
		fputs("### Orders\n\nThe balloon's pages by the order in which they were "
		      "allocated, in % of all that was inflated.\n\n"
		      "| scenario | variant | by order |\n|---|---|---|\n",
		      f);
	fputs("| ", f);
	markdown_text(f, scenario);
	fputs(" | ", f);
	markdown_text(f, variant);
	fputs(" |", f);
	for (order = ORDERS_SHOWN - 1; order > 0; order--)
		if (percent[order] > 0)
			fprintf(f, " %zu: %.2f %%;", order, percent[order]);
	fprintf(f, " 0: %.2f %% |\n", fmax(single, 0));
	return true;
}

static void write_orders(FILE *f, const struct report *r)
{
	const struct tree *tree = r->tree;
	bool written = false;
	size_t s, v;

	for (s = 0; tree->scenarios[s]; s++)
		for (v = 0; v < r->variant_count; v++)
			written |= write_orders_row(f, tree, tree->scenarios[s], r->variants[v],
						    !written);
	if (written)
		fputs("\n", f);
}

void report_host(FILE *f, const struct report *r)
{
	write_told(f, r);
	write_host(f, r);
	write_orders(f, r);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/plot_memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/data/estimate.h"
#include "analysis/data/figure.h"
#include "analysis/plots/sheet.h"
#include "lib/histogram.h"
#include "lib/result.h"

#define GIB (1ULL << 30)
#define PAGE_SHIFT 12
/* Of 4 KiB, 8 KiB, ... to 4 MiB, the largest block there is; what is longer is in the last. */
#define BINS 11

/* One plot while it is made. */
struct drawing {
	const struct report *report;
	const struct report_scenario *scenario;
	struct sheet sheet;
};

const char *memory_plot_kind(enum memory_plot plot)
{
	return plot == MEMORY_PLOT_RUNS ? "runs" : "host-memory";
}

const char *memory_plot_title(enum memory_plot plot)
{
	return plot == MEMORY_PLOT_RUNS
		       ? "runs of free memory, and lengths of the calls made of them"
		       : "huge pages and RSS of QEMU, before, inflated, deflated, touched again";
}

static void add_variant(struct drawing *d, const char *variant)
{
	sheet_add_word(&d->sheet, variant);
	d->sheet.count++;
	plot_colour(&d->sheet.plot, tree_place(d->report->tree, variant));
}

/* A boot's share of memory that lies in a bin, in per cent. */
typedef bool (*share_fn)(const json_t *boot, size_t bin, double *percent);

/* Of the memory that is free before the first inflate. */
static bool share_of_blocks(const json_t *boot, size_t bin, double *percent)
{
	const json_t *cycle = json_array_get(json_object_get(boot, "cycles"), 0), *pages;
	const json_t *orders = json_at(cycle, "fragmentation.before.free_pages");
	double all = 0, mine = 0;
	size_t order;

	json_array_foreach (orders, order, pages) {
		all += json_number_value(pages);
		if (order == bin || (order > bin && bin == BINS - 1))
			mine += json_number_value(pages);
	}
	*percent = 100 * mine / all;
	return all > 0;
}

static size_t bin_of(uint64_t bytes)
{
	size_t bin = 0;

	while (bin < BINS - 1 && bytes >> (PAGE_SHIFT + bin + 1))
		bin++;
	return bin;
}

/* Of the memory that QEMU gave back. */
static bool share_of_calls(const json_t *boot, size_t bin, double *percent)
{
	struct histogram h;
	double all = 0, mine = 0;
	unsigned int i;

	if (histogram_from_json(&h, json_at(boot, "trace.host.calls.dontneed.length_bytes")))
		return false;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double bytes = h.buckets[i] ? histogram_low(i) * (double)h.buckets[i] : 0;

		all += bytes;
		mine += h.buckets[i] && bin_of(histogram_low(i)) == bin ? bytes : 0;
	}
	*percent = 100 * mine / all;
	return all > 0;
}

static struct estimate estimate_share(const struct drawing *d, const char *variant, share_fn share,
				      size_t bin)
{
	const struct tree *tree = d->report->tree;
	double *values = calloc(json_array_size(tree->boots) + 1, sizeof(*values));
	const json_t *boot;
	size_t i, n = 0;

	if (!values)
		abort();
	json_array_foreach (tree->boots, i, boot)
		n += tree_is_ok(boot, d->scenario->name, variant) && share(boot, bin, &values[n]);
	return estimate_of(values, n);
}

static bool has_share(const struct drawing *d, const char *variant, share_fn share)
{
	return estimate_share(d, variant, share, 0).n;
}

/*
 * The arm of a variant whose calls were seen one by one: itself, or "VARIANT+pages". NULL:
 * none.
 */
static const char *arm_of(const struct drawing *d, const char *variant)
{
	const struct tree *tree = d->report->tree;
	size_t n = strlen(variant), v;

	for (v = 0; tree->variants[v]; v++) {
		const char *arm = tree->variants[v];

		if (!strncmp(arm, variant, n) && (!arm[n] || arm[n] == '+') &&
		    has_share(d, arm, share_of_calls))
			return arm;
	}
	return NULL;
}

static void print_estimate(FILE *f, const struct estimate *e)
{
	bool known = isfinite(e->interval.low);

	fprintf(f, " %.9g %.9g %.9g", e->median, known ? e->interval.low : e->median,
		known ? e->interval.high : e->median);
}

/* A block of a row for each bin; of nothing where there is no such variant. */
static void print_shares(const struct drawing *d, const char *variant, share_fn share)
{
	FILE *f = d->sheet.plot.data;
	size_t bin;

	for (bin = 0; variant && bin < BINS; bin++) {
		struct estimate e = estimate_share(d, variant, share, bin);

		if (!e.n)
			continue;
		fprintf(f, "%zu", bin);
		print_estimate(f, &e);
		fputs("\n", f);
	}
	fputs("NaN NaN NaN NaN\n\n\n", f);
}

static bool is_run_variant(const struct drawing *d, size_t v)
{
	return has_share(d, d->scenario->variants[v], share_of_blocks);
}

static const char *make_runs(void *drawing)
{
	struct drawing *d = drawing;
	bool any = false;
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++) {
		const char *variant = d->scenario->variants[v], *arm = arm_of(d, variant);

		if (!is_run_variant(d, v))
			continue;
		any = any || arm;
		add_variant(d, variant);
		print_shares(d, variant, share_of_blocks);
		print_shares(d, arm, share_of_calls);
	}
	snprintf(d->sheet.title, sizeof(d->sheet.title),
		 "%s: free memory, and what the host is told of it (%s; medians over boots, bars: "
		 "95 %% intervals)",
		 d->scenario->name, tree_accel(d->report->tree));
	d->sheet.unit = any ? "calls" : "";
	return "runs.gp";
}

static const char *const moments[] = { "before", "plateau", "deflated", "refaulted" };

#define MOMENTS (sizeof(moments) / sizeof(moments[0]))

static struct estimate estimate_memory(const struct drawing *d, const char *variant,
				       const char *moment, const char *key)
{
	struct figure figure = { .scale = 1.0 / GIB };
	char path[64];
	double *values;
	size_t n;

	snprintf(path, sizeof(path), "host_memory.%s.%s", moment, key);
	figure.metric = path;
	n = figure_values(&figure, d->report->tree, d->scenario->name, variant, &values);
	return estimate_of(values, n);
}

static bool is_host_variant(const struct drawing *d, size_t v)
{
	size_t m;

	for (m = 0; m < MOMENTS; m++)
		if (estimate_memory(d, d->scenario->variants[v], moments[m], "rss_bytes").n)
			return true;
	return false;
}

static void print_memory(const struct drawing *d, const char *variant)
{
	FILE *f = d->sheet.plot.data;
	size_t m;

	for (m = 0; m < MOMENTS; m++) {
		struct estimate huge = estimate_memory(d, variant, moments[m], "anon_huge_bytes");
		struct estimate rss = estimate_memory(d, variant, moments[m], "rss_bytes");

		if (!huge.n || !rss.n)
			continue;
		fprintf(f, "%zu", m + 1);
		print_estimate(f, &huge);
		print_estimate(f, &rss);
		fputs("\n", f);
	}
	fputs("NaN NaN NaN NaN NaN NaN NaN\n\n\n", f);
}

static const char *make_host(void *drawing)
{
	struct drawing *d = drawing;
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++) {
		if (!is_host_variant(d, v))
			continue;
		add_variant(d, d->scenario->variants[v]);
		print_memory(d, d->scenario->variants[v]);
	}
	snprintf(d->sheet.title, sizeof(d->sheet.title),
		 "%s: QEMU's memory on the host (%s; medians over boots, bars: 95 %% intervals)",
		 d->scenario->name, tree_accel(d->report->tree));
	d->sheet.unit = "GiB";
	return "host-memory.gp";
}

static bool is_known(enum memory_plot plot, const struct drawing *d)
{
	size_t v;

	for (v = 0; v < d->scenario->variant_count; v++)
		if (plot == MEMORY_PLOT_RUNS ? is_run_variant(d, v) : is_host_variant(d, v))
			return true;
	return false;
}

bool memory_plot_known(enum memory_plot plot, const struct report *report,
		       const struct report_scenario *scenario)
{
	const struct drawing d = { .report = report, .scenario = scenario };

	return is_known(plot, &d);
}

int memory_plot_draw(enum memory_plot plot, const struct report *report,
		     const struct report_scenario *scenario, const char *output, char *err,
		     size_t err_size)
{
	struct drawing d = { .report = report, .scenario = scenario };

	if (!is_known(plot, &d))
		return 0;
	return sheet_draw(&d.sheet, plot == MEMORY_PLOT_RUNS ? make_runs : make_host, &d, output,
			  err, err_size);
}

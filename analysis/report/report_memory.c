/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_memory.h"

#include <stdlib.h>

#include "analysis/data/estimate.h"
#include "analysis/data/figure.h"
#include "analysis/report/markdown.h"
#include "analysis/report/plot_memory.h"

#define MIB (1 << 20)
#define PAGE 4096

static const struct {
	const char *state; /* told where a boot has this; NULL: wherever it is */
	struct figure figure;
	const char *what;
	const char *format;
} rows[] = {
	{ NULL,
	  { "fragmentation.before.share_order4", NULL, 100 },
	  "free memory in blocks of 64 KiB and above, before the inflate, %",
	  "%.1f" },
	{ NULL,
	  { "fragmentation.plateau.share_order4", NULL, 100 },
	  "the same with the balloon inflated, %",
	  "%.1f" },
	{ "fragmentation.before.share_order4",
	  { "inflate.bytes", "inflate.entries.count", 1.0 / PAGE },
	  "pages of an entry that the host is told, on average",
	  "%.2f" },
	{ NULL,
	  { "compaction.migrated_pages", NULL, 1 },
	  "balloon pages that compaction moved",
	  "%.0f" },
	{ NULL,
	  { "compaction.round_trips", "compaction.migrated_pages", 1 },
	  "round trips to the host for each of them",
	  "%.2f" },
	{ NULL,
	  { "compaction.migrate_again", NULL, 1 },
	  "of these refused with -EAGAIN at first",
	  "%.0f" },
	{ NULL, { "compaction.duration_ns", NULL, 1e-6 }, "compaction, ms", "%.1f" },
	{ NULL, { "pressure.out_of_puff", NULL, 1 }, "times out of puff", "%.0f" },
	{ NULL,
	  { "pressure.growth.oom_deflated_pages", NULL, 1 },
	  "pages that a guest short of memory took back",
	  "%.0f" },
	{ NULL,
	  { "host_memory.before.anon_huge_bytes", NULL, 1.0 / MIB },
	  "host's huge pages before, MiB",
	  "%.0f" },
	{ NULL,
	  { "host_memory.plateau.anon_huge_bytes", NULL, 1.0 / MIB },
	  "the same with the balloon inflated, MiB",
	  "%.0f" },
	{ NULL,
	  { "host_memory.deflated.anon_huge_bytes", NULL, 1.0 / MIB },
	  "the same deflated, MiB",
	  "%.0f" },
	{ NULL,
	  { "host_memory.refaulted.anon_huge_bytes", NULL, 1.0 / MIB },
	  "the same touched again, MiB",
	  "%.0f" },
	{ NULL,
	  { "host_memory.before.rss_bytes", NULL, 1.0 / MIB },
	  "QEMU's memory (RSS) before, MiB",
	  "%.0f" },
	{ NULL,
	  { "host_memory.plateau.rss_bytes", NULL, 1.0 / MIB },
	  "the same with the balloon inflated, MiB",
	  "%.0f" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct estimate estimate_row(const struct report *r, const char *scenario,
				    const char *variant, size_t row)
{
	const struct figure state = { rows[row].state, NULL, 1 };
	double *values = NULL;
	size_t n;

	if (state.metric && !figure_values(&state, r->tree, scenario, variant, &values)) {
		n = 0;
	} else {
		free(values);
		n = figure_values(&rows[row].figure, r->tree, scenario, variant, &values);
	}
	return estimate_of(values, n);
}

static bool has_row(const struct report *r, const struct report_scenario *s, size_t row)
{
	size_t v;

	for (v = 0; v < s->variant_count; v++)
		if (estimate_row(r, s->name, s->variants[v], row).n)
			return true;
	return false;
}

static void write_row(FILE *f, const struct report *r, const struct report_scenario *s, size_t row)
{
	size_t v;

	fprintf(f, "| %s |", rows[row].what);
	for (v = 0; v < s->variant_count; v++) {
		struct estimate e = estimate_row(r, s->name, s->variants[v], row);

		fputs(" ", f);
		estimate_write(f, &e, rows[row].format);
		fputs(" |", f);
	}
	fputs("\n", f);
}

static void write_head(FILE *f, const struct report *r, const struct report_scenario *s)
{
	size_t v;

	fputs("#### ", f);
	markdown_text(f, s->name);
	fputs(": memory\n\n| |", f);
	for (v = 0; v < s->variant_count; v++) {
		fputs(" ", f);
		markdown_text(f, s->variants[v]);
		fprintf(f, ", n = %zu |", tree_count(r->tree, s->name, s->variants[v], RESULT_OK));
	}
	fputs("\n|---|", f);
	for (v = 0; v < s->variant_count; v++)
		fputs("---|", f);
	fputs("\n", f);
}

static bool is_known(const struct report *r, const struct report_scenario *s)
{
	size_t row;

	for (row = 0; row < ROWS; row++)
		if (has_row(r, s, row))
			return true;
	return false;
}

bool report_memory_known(const struct report *r)
{
	size_t i;

	for (i = 0; i < r->scenario_count; i++)
		if (is_known(r, &r->scenarios[i]))
			return true;
	return false;
}

static void write_scenario(FILE *f, const struct report *r, const struct report_scenario *s)
{
	size_t row;
	int plot;

	write_head(f, r, s);
	for (row = 0; row < ROWS; row++)
		if (has_row(r, s, row))
			write_row(f, r, s, row);
	fputs("\n", f);
	for (plot = 0; plot < MEMORY_PLOTS; plot++)
		if (memory_plot_known(plot, r, s))
			report_plot(f, r, s->name, memory_plot_kind(plot), memory_plot_title(plot));
}

void report_memory(FILE *f, const struct report *r)
{
	size_t i;

	if (!report_memory_known(r))
		return;
	fputs("### State of memory\n\n"
	      "What ballooning finds, and what it leaves behind: how long the runs of free memory "
	      "are and what becomes of them, and how much of QEMU's memory the host keeps in huge "
	      "pages. Median of the cycles of a boot; of these the median over boots [95 %]. Free "
	      "memory is told by the guest's page allocator, in aligned blocks: a run is at least "
	      "as long as its largest block. The lengths of calls are those of boots that were "
	      "traced at level pages.\n\n",
	      f);
	for (i = 0; i < r->scenario_count; i++)
		if (is_known(r, &r->scenarios[i]))
			write_scenario(f, r, &r->scenarios[i]);
}

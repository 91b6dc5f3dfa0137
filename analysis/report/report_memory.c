/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_memory.h"

#include "analysis/data/estimate.h"
#include "analysis/report/markdown.h"

#define MIB (1 << 20)

static const struct {
	const char *metric; /* as stored, in a cycle */
	const char *what;
	double scale;
	const char *format;
} rows[] = {
	{ "fragmentation.before.share_order4",
	  "free memory in blocks of 64 KiB and above, before the inflate, %", 100, "%.1f" },
	{ "fragmentation.plateau.share_order4", "the same with the balloon inflated, %", 100,
	  "%.1f" },
	{ "compaction.migrated_pages", "balloon pages that compaction moved", 1, "%.0f" },
	{ "compaction.migrate_again", "of these refused with -EAGAIN at first", 1, "%.0f" },
	{ "compaction.duration_ns", "compaction, ms", 1e-6, "%.1f" },
	{ "pressure.out_of_puff", "times out of puff", 1, "%.0f" },
	{ "pressure.growth.oom_deflated_pages", "pages that a guest short of memory took back", 1,
	  "%.0f" },
	{ "host_memory.before.anon_huge_bytes", "host's huge pages before, MiB", 1.0 / MIB,
	  "%.0f" },
	{ "host_memory.plateau.anon_huge_bytes", "the same with the balloon inflated, MiB",
	  1.0 / MIB, "%.0f" },
	{ "host_memory.deflated.anon_huge_bytes", "the same deflated, MiB", 1.0 / MIB, "%.0f" },
	{ "host_memory.refaulted.anon_huge_bytes", "the same touched again, MiB", 1.0 / MIB,
	  "%.0f" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct estimate estimate_row(const struct report *r, const char *scenario,
				    const char *variant, size_t row)
{
	struct metric metric = { .name = rows[row].metric, .scale = rows[row].scale };
	double *values;
	size_t n = metric_values(&metric, r->tree, scenario, variant, &values);

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

	fputs("### ", f);
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

void report_memory(FILE *f, const struct report *r)
{
	bool any = false;
	size_t i, row;

	for (i = 0; i < r->scenario_count; i++) {
		const struct report_scenario *s = &r->scenarios[i];

		if (!is_known(r, s))
			continue;
		if (!any)
			fputs("## State of memory\n\nMedian of the cycles of a boot; of these the "
			      "median over boots [95 %].\n\n",
			      f);
		any = true;
		write_head(f, r, s);
		for (row = 0; row < ROWS; row++)
			if (has_row(r, s, row))
				write_row(f, r, s, row);
		fputs("\n", f);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenarios one by one: durations of the resizes, and the time of each phase. */
#include "analysis/compare/floor.h"
#include "analysis/report/report.h"
#include "lib/stats.h"

static void write_intro(struct writer *w, const struct report *r, const char *name)
{
	const struct document *s = table_planned(r->table, "scenarios", name);
	const char *config = report_config(r, name);
	char memory[32], inflate[32];

	write_heading(w, 3, "%s", name);
	if (!s)
		return;
	write_paragraph(
		w, "%s. Guest: %s, %lld vCPUs, memory %s, THP %s; balloon: %s; %lld cycles a boot.",
		document_text(s, "description"),
		format_bytes(document_integer(s, "memory_bytes"), memory, sizeof(memory)),
		(long long)document_integer(s, "vcpus"), document_text(s, "backing"),
		document_is_true(s, "thp") ? "on" : "off",
		format_bytes(document_integer(s, "inflate_bytes"), inflate, sizeof(inflate)),
		(long long)document_integer(s, "cycles"));
	if (config)
		write_text(w, " Kernel configuration: %s.", config);
	if (document_number(s, "scale") < 1) {
		write_text(w, " ");
		write_strong(w, "Scaled by %.2f to fit the machine.", document_number(s, "scale"));
	}
}

/* The inflate as a multiple of the floor of its scenario. */
static void cell_floor(struct writer *w, const struct report *r, const struct comparison *c)
{
	struct comparison floor;

	floor_compare(&floor, r->table, &r->durations[INFLATE], c->scenario, c->variant);
	write_interval(w, "%.4g", floor.ratio_resolution, floor.ratio, &floor.ratio_interval, 1);
	compare_release(&floor);
}

/* What the multiples are of. */
static void write_floor(struct writer *w, const struct report *r, const char *scenario,
			const char *variant)
{
	struct comparison c;
	char *median;

	compare(&c, r->table, &r->durations[INFLATE], scenario, variant, NULL);
	median = rounded_text("%.4g", c.resolution, c.median, c.median_interval.low,
			      c.median_interval.high);
	write_paragraph(w,
			"The floor (%s) is the host discarding the same memory without a balloon, "
			"by the fewest calls: %s %s (n = %zu).",
			variant, median, r->unit, c.n);
	free(median);
	compare_release(&c);
}

static void write_resize(struct writer *w, const struct report *r, const struct comparison *c,
			 enum direction direction, bool floor)
{
	write_row_texts(w, direction_names[direction], c->variant, NULL);
	if (c->absent) {
		write_cells(w, "—", 4);
		write_cells(w, "", 1);
		write_cells(w, "—", 1 + floor);
		return;
	}
	write_count(w, c->n);
	if (!c->n) {
		write_cells(w, "", 4);
		write_verdict(w, "invalid");
		write_cells(w, "—", floor);
		return;
	}
	cell_median(w, "%.4g", c, true);
	cell_rate(w, r, c, direction);
	cells_judged(w, c);
	if (floor && direction == INFLATE)
		cell_floor(w, r, c);
	else
		write_cells(w, "—", floor);
}

static void write_resizes(struct writer *w, const struct report *r, const struct report_scenario *s)
{
	const struct comparison *inflate = s->resizes[INFLATE];
	const char *floor = floor_of(r->table, s->name);
	bool compared = s->variant_count > 1 && inflate[0].n && inflate[1].n;
	size_t v, d;

	write_table_of(w, "resize|variant|n");
	write_column(w, "median [95 %%], %s", r->unit);
	write_column(w, "%s", report_rate_unit(r));
	write_columns(w, "ratio [95 %]|p|verdict");
	if (floor)
		write_columns(w, "times the floor [95 %]");
	for (d = 0; d < DIRECTIONS; d++)
		for (v = 0; v < s->variant_count; v++)
			write_resize(w, r, &s->resizes[d][v], d, floor);
	write_table_end(w);
	if (floor)
		write_floor(w, r, s->name, floor);
	if (table_has_hosts(r->table, s->name)) {
		write_paragraph(
			w,
			"n: hosts. ratio: within each host, then the mean over hosts of their "
			"logarithms. p: Student's t over hosts, corrected for the %zu "
			"comparisons of this report to the base.",
			r->compared);
		return;
	}
	write_paragraph(w,
			"n: %s. ratio: the median of all ratios of a value to one of the base. p: "
			"rank test, corrected for the %zu comparisons of this report to the base; "
			"uncorrected, these n allow none below %.2g; fewer than n = %zu find "
			"nothing.",
			table_unit(r->table, s->name), r->compared,
			compared ? stats_smallest_p(inflate[1].n, inflate[0].n) : 1,
			stats_boots_needed(ALPHA, r->compared));
}

static struct estimate outside_estimate(const struct report *r, const struct report_scenario *s,
					size_t variant, enum direction direction)
{
	struct measure m = measure_of("%s.polled.outside_ns.per_page", direction_names[direction]);

	return estimate(r->table, s->name, s->variants[variant], &m);
}

static bool outside_is_known(const struct report *r, const struct report_scenario *s,
			     enum direction direction)
{
	size_t v;

	for (v = 0; v < s->variant_count; v++)
		if (outside_estimate(r, s, v, direction).n)
			return true;
	return false;
}

/* No phase: not a part of the duration. */
static void write_outside(struct writer *w, const struct report *r, const struct report_scenario *s,
			  size_t variant, enum direction direction)
{
	const bool icount = table_is_icount(r->table);

	cell_estimate(w, icount ? "%.1f" : "%.3f", outside_estimate(r, s, variant, direction),
		      icount ? 1 : 1e-3);
}

static void write_phases(struct writer *w, const struct report *r, const struct report_scenario *s,
			 enum direction direction)
{
	const struct field *phase, *shown[32];
	bool icount = table_is_icount(r->table);
	bool outside = outside_is_known(r, s, direction);
	size_t v, i, n = 0;

	for (phase = phases_record.fields; phase->name && n < 32; phase++)
		if (phase_is_shown(r, s, direction, phase))
			shown[n++] = phase;
	write_table_of(w, direction_names[direction]);
	for (i = 0; i < n; i++)
		write_columns(w, shown[i]->phase);
	if (outside)
		write_columns(w, "outside");
	for (v = 0; v < s->variant_count; v++) {
		write_row_texts(w, s->variants[v], NULL);
		for (i = 0; i < n; i++) {
			struct estimate share = phase_estimate(r, s->name, s->variants[v],
							       direction, shown[i], "percent");

			cell_estimate(w, icount ? "%.1f" : "%.3f",
				      phase_estimate(r, s->name, s->variants[v], direction,
						     shown[i], "per_page"),
				      icount ? 1 : 1e-3);
			if (share.n && is_resolved(share.resolution))
				write_more(w, " · %.1f %%", share.median);
		}
		if (outside)
			write_outside(w, r, s, v, direction);
	}
	write_table_end(w);
}

void section_results(struct writer *w, struct report *r)
{
	const struct report_scenario *s;
	const struct field *phase;
	size_t d;

	if (!r->scenario_count && r->replay_count)
		return;
	write_heading(w, 2, "Results");
	report_for_each_scenario (r, s) {
		const struct plot_of of = { .report = r, .scenario = s };

		write_intro(w, r, s->name);
		write_resizes(w, r, s);
		report_plot(w, r, PLOT_DURATION, of);
		report_plot(w, r, PLOT_PROGRESS, of);
		for (phase = phases_record.fields; phase->name; phase++)
			if (phase_is_shown(r, s, INFLATE, phase))
				break;
		if (!phase->name)
			continue;
		write_paragraph(w,
				"Time by phase: %s per page of 4 KiB, median over the boots "
				"[95 %%], and the share of the resize; -: not observed. The boots "
				"are those of the table above.",
				table_is_icount(r->table) ? table_instructions(r->table) : "µs");
		if (outside_is_known(r, s, INFLATE) || outside_is_known(r, s, DEFLATE))
			write_text(w, " outside: before the first batch and after the last one, by "
				      "the polls; no part of the resize.");
		for (d = 0; d < DIRECTIONS; d++)
			write_phases(w, r, s, d);
		report_plot(w, r, PLOT_PHASES, of);
	}
}

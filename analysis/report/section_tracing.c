/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tracers measured: cross-checks, latencies of operations and calls, requests between
 * guest and host, what was not observed, profiles. */
#include "analysis/report/report.h"

#define PAGE 4096.0

/* The error of a p99 by the number of events alone: the largest of the variants' enqueues. */
static void write_within(struct writer *w, const struct report *r, const char *scenario)
{
	struct measure p99 = measure_of("ops.enqueue.p99");
	double widest = 0, between = 0;
	size_t v, i;

	for (v = 0; r->table->variants[v]; v++) {
		struct estimate e = estimate(r->table, scenario, r->table->variants[v], &p99);
		struct series s = series(r->table, scenario, r->table->variants[v], &p99);

		for (i = 0; e.n && i < s.n; i++) {
			struct interval within = series_within(r->table, s.boots[i], &p99);

			widest = fmax(widest, (within.high - within.low) / 2 / e.median);
		}
		if (e.n > 1)
			between = fmax(between, (e.interval.high - e.interval.low) / 2 / e.median);
		series_release(&s);
	}
	if (between > 0)
		write_text(w,
			   " By their number alone the events of one boot give the p99 of enqueue "
			   "to within %.1f %% (binomial), and boots differ by up to %.0f %%: hence "
			   "n counts boots.",
			   100 * widest, 100 * between);
}

/* Checks of all ok boots, and what the tracers lost. */
static void write_checks(struct writer *w, const struct report *r)
{
	static const char *const lost[] = { "trace.guest.counters.lost_records",
					    "trace.guest.counters.lost_pairs",
					    "trace.host.counters.lost_records",
					    "trace.host.counters.lost_pairs" };
	const struct table *t = r->table;
	size_t i, k, boots = 0, checks = 0;
	double records = 0, n;

	table_for_each (t, i, NULL, NULL, BOOT_OK) {
		boots++;
		checks += t->boots[i].check_count;
		for (k = 0; k < sizeof(lost) / sizeof(lost[0]); k++) {
			n = table_number(table_column(t, lost[k]), &t->boots[i], 0);
			records += isfinite(n) ? n : 0;
		}
	}
	write_heading(w, 3, "Cross-checks");
	write_paragraph(w,
			"In the %zu boots that are used, %zu counts were compared with each other "
			"and none disagreed: pages by the device, vmstat, MemTotal, the guest's "
			"batches and operations, QEMU's batches and the host's calls; and the "
			"phases of each resize with its duration, within 2 %%. Records lost by the "
			"tracers: %.0f.",
			boots, checks, records);
}

/* What some boot could not observe, each thing once with its reason. */
static void find_unobserved(struct report *r)
{
	static const char *const sides[] = { "guest", "host" };
	static const char seen[] = "observations.";
	const struct table *t = r->table;
	const char *what, *why, *side;
	size_t i, c, s, n;
	char prefix[32];

	for (s = 0; s < 2; s++) {
		side = sides[s];
		n = snprintf(prefix, sizeof(prefix), "trace.%s.", side);
		for (i = 0; i < t->boot_count; i++)
			for (c = 0; c < t->column_count; c++) {
				if (strncmp(t->columns[c]->name, prefix, n))
					continue;
				what = t->columns[c]->name + n;
				if (strncmp(what, seen, strlen(seen)) && strcmp(what, "error"))
					continue;
				why = table_text(t, &t->boots[i], t->columns[c]->name);
				if (*why && *what == 'e')
					report_gap(r, "Traced on the %s: %s", side, why);
				else if (*why)
					report_gap(r, "Traced on the %s, %s: %s (level %s)", side,
						   what + strlen(seen), why,
						   table_text(t, &t->boots[i], "trace.level"));
			}
	}
}

#define ORDERS_SHOWN 16

/* Pages of each order, in % of all that the ok boots inflated; false if nothing was observed. */
static bool find_orders(const struct table *t, const char *scenario, const char *variant,
			double *percent)
{
	const struct column *column, *bytes = table_column(t, "inflate.bytes");
	double all = 0, n;
	bool any = false;
	char name[64];
	size_t i, c, order;

	table_for_each (t, i, scenario, variant, BOOT_OK)
		for (c = 0; c < t->boots[i].cycle_count; c++) {
			n = table_number(bytes, &t->boots[i], c) / PAGE;
			all += n > 0 ? n : 0;
		}
	percent[0] = 100;
	for (order = 0; order < ORDERS_SHOWN; order++) {
		snprintf(name, sizeof(name), "trace.guest.blocks.allocations.%zu", order);
		column = table_column(t, name);
		if (order)
			percent[order] = 0;
		table_for_each (t, i, scenario, variant, BOOT_OK) {
			n = table_number(column, &t->boots[i], 0);
			any |= n > 0;
			if (order && n > 0 && all > 0)
				percent[order] += 100 * n * (1 << order) / all;
		}
		if (order)
			percent[0] -= percent[order];
	}
	percent[0] = fmax(percent[0], 0);
	return any;
}

static void write_orders(struct writer *w, const struct report *r)
{
	double percent[ORDERS_SHOWN];
	size_t s, v, order;
	bool begun = false;

	for (s = 0; r->table->scenarios[s]; s++) {
		for (v = 0; v < r->variant_count; v++) {
			if (!find_orders(r->table, r->table->scenarios[s], r->variants[v], percent))
				continue;
			if (!begun) {
				write_topic(w, r, 3, "orders", NULL);
				write_table_of(w, "scenario|variant|by order");
			}
			begun = true;
			write_row_texts(w, r->table->scenarios[s], r->variants[v], NULL);
			write_cells(w, "", 1);
			for (order = ORDERS_SHOWN - 1; order > 0; order--)
				if (percent[order] > 0)
					write_more(w, "%zu: %.2f %%; ", order, percent[order]);
			write_more(w, "0: %.2f %%", percent[0]);
		}
	}
	if (begun)
		write_table_end(w);
}

void section_tracing(struct writer *w, struct report *r)
{
	const struct table *t = r->table;
	struct plot_of of = { .report = r };
	size_t s;

	if (!table_column(t, "trace.level")) {
		report_gap(r,
			   "Tracing: `balloonbench run --trace phases` traces the phases of each "
			   "resize");
		return;
	}
	write_heading(w, 2, "Tracing");
	write_checks(w, r);
	for (s = 0; t->scenarios[s]; s++) {
		of.scenario_name = t->scenarios[s];
		if (!write_latency_topic(w, r, "ops", of.scenario_name, "operation",
					 table_is_icount(t) ? "instructions" : "ns"))
			continue;
		write_within(w, r, of.scenario_name);
		report_plot(w, r, PLOT_LATENCY, of);
	}
	for (s = 0; t->scenarios[s]; s++) {
		of.scenario_name = t->scenarios[s];
		if (write_latency_topic(w, r, "calls", of.scenario_name, "advice",
					table_in_instructions(t, CLOCK_HOST) ? "instructions"
									     : "ns"))
			report_plot(w, r, PLOT_MADVISE, of);
	}
	find_unobserved(r);
	write_resize_topic(w, r, 3, "told");
	write_resize_topic(w, r, 3, "asked");
	write_orders(w, r);
}

#define TOP_SHOWN 12

static void write_profile(struct writer *w, const struct table_boot *boot,
			  const struct perf_result *perf)
{
	const struct perf_symbol *top = perf->top.items;
	size_t i;

	write_heading(w, 3, "QEMU's profile, %s/%s boot %lld", boot->scenario, boot->variant,
		      (long long)boot->number);
	write_paragraph(w, "%lld samples of %s at %lld Hz.", (long long)perf->samples, perf->event,
			(long long)perf->frequency_hz);
	write_table_of(w, "share, %|function");
	for (i = 0; i < perf->top.count && i < TOP_SHOWN; i++) {
		write_row(w);
		write_number(w, "%.1f", 100.0 * top[i].samples / perf->samples);
		write_cell(w, "%s", top[i].symbol);
	}
	write_table_end(w);
}

/* Of the first boot of each scenario and variant that has a profile. */
void section_profiles(struct writer *w, struct report *r)
{
	const struct table *t = r->table;
	const struct column *samples = table_column(t, "perf.samples");
	struct boot_result result;
	char err[512];
	size_t s, v, i;

	for (s = 0; t->scenarios[s]; s++)
		for (v = 0; t->variants[v]; v++)
			table_for_each (t, i, t->scenarios[s], t->variants[v], BOOT_OK) {
				if (!(table_number(samples, &t->boots[i], 0) > 0))
					continue;
				if (!table_reread(&t->boots[i], &result, err, sizeof(err)))
					write_profile(w, &t->boots[i], &result.perf);
				record_release(&boot_record, &result);
				break;
			}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report_qos.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/report/markdown.h"
#include "analysis/report/plot_qos.h"
#include "analysis/report/report_memory.h"
#include "analysis/data/victims.h"
#include "lib/result.h"
#include "lib/units.h"

static const char *const moves[] = { "inflate", "deflate" };

/* A variant's figure during a move against the base's. */
struct shift {
	struct comparison comparison;
	struct metric metric;		  /* what the comparison is of, for its verdict */
	const struct victim_level *level; /* NULL: too few values on a side, nothing is compared */
};

/* A figure in a scenario. */
struct part {
	const struct report_scenario *scenario;
	struct victim_figure figure;
	struct shift *shifts[2]; /* by move: one for each variant */
};

struct qos {
	const struct report *report;
	struct part *parts;
	size_t count;
};

static struct victim_sample sample_of(const struct qos *q, const struct part *p, size_t variant,
				      const char *phase)
{
	return (struct victim_sample){ q->report->tree, p->scenario->name,
				       p->scenario->variants[variant], &p->figure, phase };
}

/* At the first headline that both sides carry. */
static void compare_shift(const struct qos *q, const struct part *p, size_t variant,
			  const char *move, struct shift *shift)
{
	struct victim_sample mine = sample_of(q, p, variant, move), base = mine;
	struct comparison *c = &shift->comparison;
	const struct victim_level *level;

	base.variant = q->report->variants[0];
	shift->metric =
		(struct metric){ .name = p->figure.name, .higher_is_better = p->figure.is_rate };
	for (level = victim_headlines(&p->figure); level->name; level++) {
		*c = (struct comparison){ .scenario = mine.scenario,
					  .variant = mine.variant,
					  .base = base.variant,
					  .metric = &shift->metric };
		c->n = victim_values(&mine, level->share, false, &c->values);
		c->base_n = victim_values(&base, level->share, false, &c->base_values);
		if (c->n && c->base_n)
			break;
		compare_release(c);
	}
	shift->level = level->name ? level : NULL;
	if (shift->level)
		compare_samples(c);
}

static void add_part(struct qos *q, const struct report_scenario *s,
		     const struct victim_figure *figure)
{
	struct part *longer = reallocarray(q->parts, q->count + 1, sizeof(*longer)), *p;
	size_t m, v;

	if (!longer)
		abort();
	q->parts = longer;
	p = &longer[q->count++];
	*p = (struct part){ .scenario = s, .figure = *figure };
	for (m = 0; m < 2; m++) {
		p->shifts[m] = calloc(s->variant_count, sizeof(*p->shifts[m]));
		if (!p->shifts[m])
			abort();
		for (v = 0; v < s->variant_count; v++)
			compare_shift(q, p, v, moves[m], &p->shifts[m][v]);
	}
}

static void collect(struct qos *q)
{
	struct victim_figure *figures;
	size_t i, k, count;

	for (i = 0; i < q->report->scenario_count; i++) {
		const struct report_scenario *s = &q->report->scenarios[i];

		count = victim_figures(q->report->tree, s->name, &figures);
		for (k = 0; k < count; k++)
			add_part(q, s, &figures[k]);
		free(figures);
	}
}

/* All that is compared here is one family. Returns how many that are. */
static size_t judge(const struct qos *q)
{
	struct comparison **family;
	size_t i, m, v, n = 0;

	family = calloc(2 * q->count * q->report->variant_count + 1, sizeof(*family));
	if (!family)
		abort();
	for (i = 0; i < q->count; i++)
		for (m = 0; m < 2; m++)
			for (v = 0; v < q->parts[i].scenario->variant_count; v++)
				if (q->parts[i].shifts[m][v].level)
					family[n++] = &q->parts[i].shifts[m][v].comparison;
	compare_judge(family, n, q->report->smallest_effect);
	n = compare_count(family, n);
	free(family);
	return n;
}

static void release(struct qos *q)
{
	size_t i, m, v;

	for (i = 0; i < q->count; i++)
		for (m = 0; m < 2; m++) {
			for (v = 0; v < q->parts[i].scenario->variant_count; v++)
				compare_release(&q->parts[i].shifts[m][v].comparison);
			free(q->parts[i].shifts[m]);
		}
	free(q->parts);
}

static bool counts_instructions(const struct qos *q, const struct part *p)
{
	return tree_is_icount(q->report->tree) && !strcmp(p->figure.side, "guest");
}

/* As stored, times this, is as shown. */
static double scale_of(const struct part *p)
{
	return p->figure.is_rate ? 1.0 / (1 << 30) : 1e-3;
}

static const char *unit_of(const struct qos *q, const struct part *p)
{
	if (p->figure.is_rate)
		return counts_instructions(q, p) ? "GiB/G instr." : "GiB/s";
	return counts_instructions(q, p) ? "thousand guest instructions" : "µs";
}

/* Three digits, and no powers of ten; the ends of an interval have as many as the median. */
static const char *format_of(double value)
{
	value = fabs(value);
	if (value >= 100)
		return "%.0f";
	if (value >= 10)
		return "%.1f";
	return value >= 1 ? "%.2f" : "%.3f";
}

static void write_estimate(FILE *f, struct estimate e, double scale)
{
	e.median *= scale;
	e.interval.low *= scale;
	e.interval.high *= scale;
	estimate_write(f, &e, format_of(e.median));
}

/* Whether a variant has no such move at all, as one that only gives memory has no deflate. */
static bool lacks_move(const struct part *p, size_t variant, const char *phase)
{
	return (!strcmp(phase, "inflate") && p->scenario->inflate[variant].absent) ||
	       ((!strcmp(phase, "deflate") || !strcmp(phase, "after")) &&
		p->scenario->deflate[variant].absent);
}

/*
 * At the headline, or, where the sample does not carry it, at the next that it does
 * carry, which is then said.
 */
static void write_headline(FILE *f, const struct qos *q, const struct part *p, size_t variant,
			   const char *phase, bool over_before)
{
	struct victim_sample s = sample_of(q, p, variant, phase);
	const struct victim_level *wanted = victim_headlines(&p->figure), *level;
	struct estimate e = { .n = 0 };

	for (level = wanted; level->name; level++) {
		e = over_before ? victim_over_before(&s, level->share)
				: victim_quantile(&s, level->share);
		if (e.n)
			break;
	}
	fputs(" ", f);
	if (!e.n && lacks_move(p, variant, phase))
		fputs("—", f);
	else
		write_estimate(f, e, over_before ? 1 : scale_of(p));
	if (e.n && level != wanted)
		fprintf(f, " (%s)", level->name);
	fputs(" |", f);
}

static void write_headlines(FILE *f, const struct qos *q, const struct part *p)
{
	const char *wanted = victim_headlines(&p->figure)->name, *const * phase;
	size_t v, m;

	fprintf(f,
		"%s by phase, %s, median over boots [95 %%], and what it is over that of the "
		"same boot before:\n\n| variant | n |",
		wanted, unit_of(q, p));
	for (phase = victim_phases; *phase; phase++)
		fprintf(f, " %s |", *phase);
	fputs(" inflate / before | deflate / before |\n|---|---:|---|---|---|---|---|---|---|\n",
	      f);
	for (v = 0; v < p->scenario->variant_count; v++) {
		struct victim_sample s = sample_of(q, p, v, "before");

		fputs("| ", f);
		markdown_text(f, s.variant);
		fprintf(f, " | %zu |", victim_events(&s).n);
		for (phase = victim_phases; *phase; phase++)
			write_headline(f, q, p, v, *phase, false);
		for (m = 0; m < 2; m++)
			write_headline(f, q, p, v, moves[m], true);
		fputs("\n", f);
	}
	fputs("\n", f);
}

static void write_shift(FILE *f, const struct shift *shift)
{
	const struct comparison *c = &shift->comparison;

	if (!shift->level) {
		fputs("- | | | |", f);
		return;
	}
	fprintf(f, "%s | ", shift->level->name);
	if (!strcmp(c->variant, c->base)) {
		fputs("1 | | base |", f);
		return;
	}
	if (isfinite(c->ratio))
		fprintf(f, "%.3f", c->ratio);
	if (isfinite(c->ratio_interval.low))
		fprintf(f, " [%.3f, %.3f]", c->ratio_interval.low, c->ratio_interval.high);
	fprintf(f, " | %.4f | %s |", c->p_holm, verdict_name(c->verdict));
}

static void write_shifts(FILE *f, const struct qos *q, const struct part *p)
{
	const char *how = p->figure.is_rate ? "low" : "late";
	size_t m, v;

	fprintf(f,
		"For how long, and against the base:\n\n"
		"| move | variant | n | %s, s a move [95 %%] | %s, %% of the move [95 %%] | "
		"percentile | ratio to the base [95 %%] | p | verdict |\n"
		"|---|---|---:|---|---|---|---|---:|---|\n",
		how, how);
	for (m = 0; m < 2; m++) {
		for (v = 0; v < p->scenario->variant_count; v++) {
			struct victim_sample s = sample_of(q, p, v, moves[m]);
			struct victim_disturbed d = victim_disturbed(&s);

			fprintf(f, "| %s | ", moves[m]);
			markdown_text(f, s.variant);
			if (!d.seconds.n && lacks_move(p, v, moves[m])) {
				fputs(" | — | — | — | — | — | | |\n", f);
				continue;
			}
			fprintf(f, " | %zu | ", d.seconds.n);
			write_estimate(f, d.seconds, 1);
			fputs(" | ", f);
			estimate_write(f, &d.percent, "%.1f");
			fputs(" | ", f);
			write_shift(f, &p->shifts[m][v]);
			fputs("\n", f);
		}
	}
	fputs("\n", f);
}

static void write_levels(FILE *f, const struct qos *q, const struct part *p)
{
	const struct victim_level *levels = victim_levels(&p->figure), *level;
	const char *const *phase;
	size_t v;

	fprintf(f, "All of it, %s:\n\n| variant | phase | n | values a boot |", unit_of(q, p));
	for (level = levels; level->name; level++)
		fprintf(f, " %s |", level->name);
	fprintf(f, " %s |\n|---|---|---:|---:|---|---|---|---|---:|\n",
		p->figure.is_rate ? "lowest" : "max");
	for (v = 0; v < p->scenario->variant_count; v++) {
		for (phase = victim_phases; *phase; phase++) {
			struct victim_sample s = sample_of(q, p, v, *phase);
			struct estimate events = victim_events(&s);
			double worst = victim_worst(&s) * scale_of(p);

			fputs("| ", f);
			markdown_text(f, s.variant);
			if (!(events.median > 0) && lacks_move(p, v, *phase)) {
				fprintf(f, " | %s | — | — |", *phase);
				for (level = levels; level->name; level++)
					fputs(" — |", f);
				fputs(" — |\n", f);
				continue;
			}
			fprintf(f, " | %s | %zu | %.0f | ", *phase, events.n,
				events.n ? events.median : 0);
			for (level = levels; level->name; level++) {
				write_estimate(f, victim_quantile(&s, level->share), scale_of(p));
				fputs(" | ", f);
			}
			if (isfinite(worst))
				fprintf(f, format_of(worst), worst);
			else
				fputs("-", f);
			fputs(" |\n", f);
		}
	}
	fputs("\n", f);
}

static const struct {
	const char *name;
	const char *what;
} kinds[] = {
	{ "fault_ns", "the first touch of a page" },
	{ "sched_ns", "being woken by a timer" },
	{ "syscall_ns", "a byte into a pipe and out of it" },
	{ "request_ns", "a sum over 256 KiB, and an answer" },
	{ "bandwidth_bytes_per_s", "bytes that STREAM's triad goes through" },
};

/* No period is an hour long. */
#define LONGEST_NS 3600e9

/* How often it is due: of the first boot that says so. */
static double period_of(const struct qos *q, const struct part *p)
{
	char path[128];
	const json_t *boot, *ns;
	size_t i;

	victim_path(&p->figure, "period_ns", path, sizeof(path));
	json_array_foreach (q->report->tree->boots, i, boot) {
		ns = tree_is_ok(boot, p->scenario->name, NULL) ? json_at(boot, path) : NULL;
		if (json_number_value(ns) > 0)
			return json_number_value(ns);
	}
	return 0;
}

static void write_part_intro(FILE *f, const struct qos *q, const struct part *p)
{
	double period = period_of(q, p);
	char text[32];
	size_t i;

	fputs("### ", f);
	markdown_text(f, p->scenario->name);
	fprintf(f, ": %s %s\n\n", p->figure.name, victim_where(&p->figure));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, p->figure.name))
			continue;
		fprintf(f, "What is measured is %s", kinds[i].what);
		if (period > 0 && period < LONGEST_NS)
			fprintf(f, ", %s %s", p->figure.is_rate ? "in each" : "due each",
				format_duration(period, text, sizeof(text)));
		fputs(". ", f);
	}
}

static void write_part(FILE *f, const struct qos *q, const struct part *p)
{
	char kind[96];
	int plot;

	write_part_intro(f, q, p);
	write_headlines(f, q, p);
	write_shifts(f, q, p);
	for (plot = 0; plot < QOS_PLOTS; plot++)
		if (qos_plot_known(plot, q->report, p->scenario, &p->figure))
			report_plot(f, q->report, p->scenario->name,
				    qos_plot_kind(plot, &p->figure, kind, sizeof(kind)),
				    qos_plot_title(plot));
	write_levels(f, q, p);
}

static void write_method(FILE *f, const struct qos *q, size_t compared)
{
	fprintf(f,
		"What ballooning does to the work beside it: victims, small pieces of work in the "
		"guest or beside QEMU, before the balloon moves, while it inflates, while it stays "
		"(*plateau*), while it deflates, and after. A piece is due at fixed times, whether "
		"or not the last one is done, and its latency counts from then. Percentiles are "
		"taken in each boot; shown is their median over boots with its 95 %% interval. A "
		"boot with fewer than %d values beyond a percentile does not carry it: that is -, "
		"or, in the first two tables, the next lower one that all boots carry, which is "
		"then named; — is a move that a variant does not make. Ratios to *before* are of "
		"the same boot. The maximum is that of all "
		"boots.\n\n",
		HISTOGRAM_BEYOND_MIN);
	fprintf(f,
		"*late*: the time in those stretches (the points of the plots) whose worst latency "
		"is beyond that of %.0f %% of the stretches of the same boot before; work that "
		"nothing disturbs is late for %.0f %% of the time. *low*: the time with less than "
		"%.0f %% of the same boot's median before. p is corrected for the %zu comparisons "
		"of this part. Where the time of the moves themselves went stands with the "
		"scenario, above.\n\n",
		100 * (1 - VICTIM_LATE_SHARE), 100 * VICTIM_LATE_SHARE, 100 * VICTIM_LOW_PART,
		compared);
	fputs("A victim is not free. All but `sched` wait for their time by looking at the clock, "
	      "or never wait, and take their CPU whole, before as well as meanwhile. Before is "
	      "always the first thing of a boot: where *after* is as far from it as the moves are, "
	      "the host has changed, and the ratios need not be the balloon's.\n\n",
	      f);
	if (!strcmp(tree_accel(q->report->tree), "tcg"))
		fputs("Under TCG the guest's latencies are those of an emulated path, and QEMU's "
		      "threads share the host's CPUs with all else on it: they say nothing of the "
		      "microseconds under KVM. What can be compared is the ratio within a boot, "
		      "and variants with each other.\n\n",
		      f);
	else if (tree_is_icount(q->report->tree))
		fputs("Under icount the guest's clock counts instructions: its figures are work "
		      "between two looks at the clock, not latency.\n\n",
		      f);
}

void report_qos(FILE *f, const struct report *report)
{
	struct qos q = { .report = report };
	size_t i;

	collect(&q);
	if (q.count || report_memory_known(report))
		fputs("## Quality of service\n\n", f);
	if (q.count) {
		write_method(f, &q, judge(&q));
		for (i = 0; i < q.count; i++)
			write_part(f, &q, &q.parts[i]);
	}
	report_memory(f, report);
	release(&q);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quality of service: the impact on victims, the co-located workloads. */
#include "analysis/report/report.h"
#include "lib/alloc.h"

#define LEVELS_MAX 4

/* A victim in a scenario. */
struct part {
	const struct report *report;
	const struct report_scenario *scenario;
	struct victim victim;
	bool in_instructions;
	double scale; /* a stored value times this is as shown */
	/* Its headlines during the resizes, against the base's. */
	struct measure measures[DIRECTIONS][LEVELS_MAX];
	const struct comparison *shifts; /* by direction, then variant */
};

static const enum result_victim_phase resize_phases[DIRECTIONS] = { PHASE_INFLATE, PHASE_DEFLATE };

static struct measure measure_victim(const struct victim *victim, const char *statistic,
				     enum result_victim_phase phase)
{
	return measure_of("%s.%s.%s during %s", victim->side, victim->name, statistic,
			  victim_phase_names[phase]);
}

struct estimate victim_estimate(const struct report *r, const char *scenario, const char *variant,
				const struct victim *victim, const char *statistic,
				enum result_victim_phase phase, bool over_before)
{
	struct measure m = measure_victim(victim, statistic, phase);

	m.over_before = over_before;
	return estimate(r->table, scenario, variant, &m);
}

static struct estimate estimate_part(const struct part *p, size_t variant, const char *statistic,
				     enum result_victim_phase phase)
{
	return victim_estimate(p->report, p->scenario->name, p->scenario->variants[variant],
			       &p->victim, statistic, phase, false);
}

/* At the first headline that both sides carry; without values where there is none. */
static void compare_shift(struct comparisons *all, struct part *p, size_t variant,
			  enum direction direction)
{
	const struct victim_level *level = victim_headlines(&p->victim);
	struct measure *m = p->measures[direction];

	do {
		*m = measure_victim(&p->victim, level->name, resize_phases[direction]);
	} while (!add_comparison(all, p->report->table, m++, p->scenario->name,
				 p->scenario->variants[variant], p->report->variants[0],
				 level[1].name) &&
		 (++level)->name);
}

static struct part *collect(const struct report *r, size_t *count)
{
	const struct report_scenario *s;
	struct victim *victims;
	struct part *list = NULL;
	size_t k, found;

	report_for_each_scenario (r, s) {
		found = victims_of(r->table, s->name, &victims);
		list = xreallocarray(list, *count + found + 1, sizeof(*list));
		for (k = 0; k < found; k++)
			list[(*count)++] = (struct part){
				.report = r,
				.scenario = s,
				.victim = victims[k],
				.in_instructions =
					table_in_instructions(r->table, victim_clock(&victims[k])),
				.scale = victims[k].is_rate ? 1 / GIB_BYTES : 1e-3,
			};
		free(victims);
	}
	return list;
}

static const char *unit_of(const struct part *p)
{
	if (p->victim.is_rate)
		return p->in_instructions ? "GiB/G instr." : "GiB/s";
	return p->in_instructions ? "thousand instructions" : "µs";
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

static void write_scaled(struct writer *w, struct estimate e, double scale)
{
	cell_estimate(w, format_of(e.median * scale), e, scale);
}

/* Whether a variant has no such resize at all, as one that only gives memory has no deflate. */
static bool lacks_resize(const struct part *p, size_t variant, enum result_victim_phase phase)
{
	return (phase == PHASE_INFLATE && p->scenario->resizes[INFLATE][variant].absent) ||
	       ((phase == PHASE_DEFLATE || phase == PHASE_AFTER) &&
		p->scenario->resizes[DEFLATE][variant].absent);
}

/* At the headline, or, where a boot has too few values for it, at the next that all boots carry,
 * which is then named. */
static void write_headline(struct writer *w, const struct part *p, size_t variant,
			   enum result_victim_phase phase, bool over_before)
{
	const struct victim_level *wanted = victim_headlines(&p->victim), *level;
	struct estimate e = { .n = 0 };

	for (level = wanted; level->name && !e.n; level++)
		e = victim_estimate(p->report, p->scenario->name, p->scenario->variants[variant],
				    &p->victim, level->name, phase, over_before);
	if (!e.n && lacks_resize(p, variant, phase))
		write_cells(w, "—", 1);
	else
		write_scaled(w, e, over_before ? 1 : p->scale);
	if (e.n && level - 1 != wanted)
		write_more(w, " (%s)", level[-1].name);
}

static void write_headlines(struct writer *w, const struct part *p)
{
	size_t v, d;
	int phase;

	write_paragraph(w,
			"%s by phase, %s, median over boots [95 %%], and its ratio to that of the "
			"same boot before:",
			victim_headlines(&p->victim)->name, unit_of(p));
	write_table_of(w, "variant|n");
	for (phase = 0; phase < VICTIM_PHASES; phase++)
		write_column(w, "%s", victim_phase_names[phase]);
	write_columns(w, "inflate / before|deflate / before");
	for (v = 0; v < p->scenario->variant_count; v++) {
		write_row_texts(w, p->scenario->variants[v], NULL);
		write_count(w, estimate_part(p, v, "count", PHASE_BEFORE).n);
		for (phase = 0; phase < VICTIM_PHASES; phase++)
			write_headline(w, p, v, phase, false);
		for (d = 0; d < DIRECTIONS; d++)
			write_headline(w, p, v, resize_phases[d], true);
	}
	write_table_end(w);
}

/* Which percentile was compared, and how. */
static void write_shift(struct writer *w, const struct part *p, const struct comparison *c)
{
	const struct victim_level *level = victim_headlines(&p->victim);

	if (!c->n || !c->base_n) {
		write_cells(w, "-", 1);
		write_cells(w, "", 3);
		return;
	}
	while (level->share != c->measure->quantile && level[1].name)
		level++;
	write_cell(w, "%s", level->name);
	cells_judged(w, c);
}

static void write_excess(struct writer *w, const struct part *p, size_t variant,
			 enum direction direction)
{
	enum result_victim_phase phase = resize_phases[direction];
	struct estimate ns = estimate_part(p, variant, "excess_ns", phase);

	write_row_texts(w, direction_names[direction], p->scenario->variants[variant], NULL);
	if (!ns.n && lacks_resize(p, variant, phase)) {
		write_cells(w, "—", 5);
		write_cells(w, "", 2);
		return;
	}
	write_count(w, ns.n);
	write_scaled(w, ns, 1e-9);
	cell_estimate(w, "%.1f", estimate_part(p, variant, "excess_percent", phase), 1);
	write_shift(w, p, &p->shifts[direction * p->scenario->variant_count + variant]);
}

static void write_shifts(struct writer *w, const struct part *p)
{
	const char *how = p->victim.is_rate ? "low" : "late";
	size_t d, v;

	write_paragraph(w, "For how much longer than at rest, and against the base:");
	write_table_of(w, "resize|variant|n");
	write_column(w, "%s beyond rest, s a resize [95 %%]", how);
	write_column(w, "%s beyond rest, %% of the resize [95 %%]", how);
	write_columns(w, "percentile|ratio to the base [95 %]|p|verdict");
	for (d = 0; d < DIRECTIONS; d++)
		for (v = 0; v < p->scenario->variant_count; v++)
			write_excess(w, p, v, d);
	write_table_end(w);
}

/* A row of a variant and phase; the worst value is the largest of all boots, of a rate the
 * lowest. */
static void write_phase(struct writer *w, const struct part *p, size_t variant,
			enum result_victim_phase phase, const struct victim_level *levels)
{
	const char *name = p->scenario->variants[variant];
	struct measure m = measure_victim(&p->victim, p->victim.is_rate ? "min" : "max", phase);
	struct series s = series(p->report->table, p->scenario->name, name, &m);
	struct estimate count = estimate_part(p, variant, "count", phase);
	double worst = NAN;
	size_t i;

	for (i = 0; i < s.n; i++)
		worst = p->victim.is_rate ? fmin(worst, s.values[i]) : fmax(worst, s.values[i]);
	worst *= p->scale;
	series_release(&s);
	write_row_texts(w, name, victim_phase_names[phase], NULL);
	if (!(count.median > 0) && lacks_resize(p, variant, phase)) {
		for (i = 0; levels[i].name; i++)
			;
		write_cells(w, "—", 3 + i);
		return;
	}
	write_count(w, count.n);
	write_number(w, "%.0f", count.n ? count.median : 0);
	for (; levels->name; levels++)
		write_scaled(w, estimate_part(p, variant, levels->name, phase), p->scale);
	write_number(w, format_of(worst), worst);
}

static void write_levels(struct writer *w, const struct part *p)
{
	const struct victim_level *levels = victim_levels(&p->victim), *level;
	size_t v;
	int phase;

	write_paragraph(w, "All of it, %s:", unit_of(p));
	write_table_of(w, "variant|phase|n|values a boot");
	for (level = levels; level->name; level++)
		write_column(w, "%s", level->name);
	write_columns(w, p->victim.is_rate ? "lowest" : "max");
	for (v = 0; v < p->scenario->variant_count; v++)
		for (phase = 0; phase < VICTIM_PHASES; phase++)
			write_phase(w, p, v, phase, levels);
	write_table_end(w);
}

/* No period is an hour long. */
#define LONGEST_NS 3600e9

static void write_part_intro(struct writer *w, const struct part *p)
{
	const struct topic *kinds = topics_find(&p->report->topics, "victims");
	struct measure m = measure_of("victims.%s.%s.period_ns", p->victim.side, p->victim.name);
	double period = estimate(p->report->table, p->scenario->name, NULL, &m).median;
	const struct topic_item *kind;
	char text[32];

	write_heading(w, 3, "%s: %s %s", p->scenario->name, p->victim.name,
		      victim_where(&p->victim));
	topic_for_each_item (kinds, kind) {
		if (strcmp(kind->name, p->victim.name))
			continue;
		write_paragraph(w, "What is measured is %s", kind->says);
		if (period > 0 && period < LONGEST_NS)
			write_text(w, ", %s %s", p->victim.is_rate ? "in each" : "due each",
				   format_duration(period, text, sizeof(text)));
		write_text(w, ".");
	}
}

static void write_part(struct writer *w, struct report *r, const struct part *p)
{
	const struct plot_of of = { .report = r, .scenario = p->scenario, .victim = &p->victim };
	enum report_plot plot;

	write_part_intro(w, p);
	write_headlines(w, p);
	write_shifts(w, p);
	for (plot = PLOT_VICTIM_TIME; plot <= PLOT_VICTIM_TRADE_OFF; plot++)
		report_plot(w, r, plot, of);
	write_levels(w, p);
}

static bool all_have_stalls(const struct part *parts, size_t count)
{
	while (count && victim_has_stalls(parts[count - 1].report->table, &parts[count - 1].victim))
		count--;
	return !count;
}

static void write_method(struct writer *w, const struct report *r, bool has_stalls)
{
	const struct topic *t = write_topic(w, r, 2, "qos", NULL);

	write_paragraph(
		w,
		"Late: the time in those stretches (the points of the plots) whose worst latency "
		"is beyond that of %.0f %% of the stretches of the same boot before. Low: the time "
		"with less than %.0f %% of the same boot's median before. Beyond rest: without the "
		"time that as long a part of the same boot before was late or low; work that a "
		"resize does not disturb has 0, and by chance less. p is not corrected: "
		"these ratios are exploratory, claims judge.",
		100 * (1 - VICTIM_LATE_SHARE), 100 * VICTIM_LOW_PART);
	if (!has_stalls)
		write_paragraph(w, "These boots do not say which values are of one stall: ten "
				   "values beyond a percentile suffice, which a single stall has.");
	write_note(w, t);
	write_note(w, topics_find(&r->topics, r->table->accel == RESULT_TCG ? "qos-tcg"
					      : table_is_icount(r->table)   ? "qos-icount"
									    : ""));
}

void section_victims(struct writer *w, struct report *r)
{
	struct comparisons all = { NULL, 0 };
	size_t i, d, v, count = 0;
	struct part *parts = collect(r, &count);
	const struct comparison *next;

	if (!count)
		report_gap(r, "The impact on co-located workloads: no scenario of this run has "
			      "victims");
	for (i = 0; i < count; i++)
		for (d = 0; d < DIRECTIONS; d++)
			for (v = 0; v < parts[i].scenario->variant_count; v++)
				compare_shift(&all, &parts[i], v, d);
	judge_comparisons(&all, r);
	if (count)
		write_method(w, r, all_have_stalls(parts, count));
	for (i = 0, next = all.list; i < count; i++) {
		parts[i].shifts = next;
		next += DIRECTIONS * parts[i].scenario->variant_count;
		write_part(w, r, &parts[i]);
	}
	release_comparisons(&all);
	free(parts);
}

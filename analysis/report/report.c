/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/report/report.h"

#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/log.h"

/* Plain variants; all of them if there is but one, for then the levels are compared. */
static void choose_variants(struct report *r)
{
	char *const *all = r->table->variants;
	size_t i;

	r->variants = xcalloc(names_count(all) + 1, sizeof(*r->variants));
	for (i = 0; all[i]; i++)
		if (table_compares(r->table, all[i], NULL) && !table_control_of(r->table, all[i]))
			r->variants[r->variant_count++] = all[i];
}

/* Whether the boots of a scenario replayed a workload; without a plan, what they have tells. */
static bool is_replayed(const struct report *r, const char *name)
{
	const struct document *s = table_planned(r->table, "scenarios", name);
	struct measure duration = measure_of("replay.duration_ns");

	return s ? document_at(s, "workload") != NULL
		 : series_exists(r->table, name, NULL, &duration);
}

static void make_scenario(struct report *r, struct report_scenario *s, const char *name,
			  const struct measure measures[DIRECTIONS])
{
	size_t v, d;

	s->name = name;
	s->variants = xcalloc(r->variant_count + 1, sizeof(*s->variants));
	for (v = 0; v < r->variant_count; v++)
		if (table_has(r->table, name, r->variants[v]))
			s->variants[s->variant_count++] = r->variants[v];
	for (d = 0; d < DIRECTIONS; d++) {
		s->resizes[d] = xcalloc(s->variant_count + 1, sizeof(*s->resizes[d]));
		for (v = 0; v < s->variant_count; v++)
			compare(&s->resizes[d][v], r->table, &measures[d], name, s->variants[v],
				r->variants[0]);
	}
}

/* One family; returns how many of it have values on both sides. */
static size_t judge_all(const struct report *r, struct report_scenario *list, size_t count)
{
	struct comparison **family;
	struct report_scenario *s;
	size_t v, d, n = 0, compared;

	family = xcalloc(DIRECTIONS * count * r->variant_count + 1, sizeof(*family));
	for (s = list; s < list + count; s++)
		for (v = 0; v < s->variant_count; v++)
			for (d = 0; d < DIRECTIONS; d++)
				family[n++] = &s->resizes[d][v];
	compare_judge(family, n, r->smallest_effect, r->layout_floor);
	compared = compare_count(family, n);
	free(family);
	return compared;
}

const char *report_config(const struct report *r, const char *scenario)
{
	const struct document *plan = r->table->plan, *s;
	bool any = false;
	size_t i;

	for (i = 0; (s = document_item(plan, "scenarios", i, NULL)); i++) {
		if (!*document_text(s, "config"))
			continue;
		if (!strcmp(document_text(s, "name"), scenario))
			return document_text(s, "config");
		any = true;
	}
	return any ? "lean" : NULL;
}

void report_make(struct report *r)
{
	const struct table *t = r->table;
	size_t i, d;

	for (d = 0; d < DIRECTIONS; d++)
		r->durations[d] = measure_of("%s.duration_ns", direction_names[d]);
	r->unit = measure_shown(&r->durations[INFLATE], t->accel).name;
	if (isnan(r->layout_floor))
		r->layout_floor = layout_floor_of(t);
	choose_variants(r);
	r->replayed[FOOTPRINT] = measure_of("replay.footprint_gib_minutes");
	r->replayed[WORK] = measure_of("replay.work_ns");
	r->scenarios = xcalloc(names_count(t->scenarios) + 1, sizeof(*r->scenarios));
	r->replays = xcalloc(names_count(t->scenarios) + 1, sizeof(*r->replays));
	for (i = 0; t->scenarios[i]; i++) {
		if (!table_has(t, t->scenarios[i], r->variants[0]))
			continue;
		if (is_replayed(r, t->scenarios[i]))
			make_scenario(r, &r->replays[r->replay_count++], t->scenarios[i],
				      r->replayed);
		else
			make_scenario(r, &r->scenarios[r->scenario_count++], t->scenarios[i],
				      r->durations);
	}
	r->compared = judge_all(r, r->scenarios, r->scenario_count);
	r->replays_compared = judge_all(r, r->replays, r->replay_count);
}

static void release_scenarios(struct report_scenario *list, size_t count)
{
	struct report_scenario *s;
	size_t v, d;

	for (s = list; s < list + count; s++) {
		for (d = 0; d < DIRECTIONS; d++) {
			for (v = 0; v < s->variant_count; v++)
				compare_release(&s->resizes[d][v]);
			free(s->resizes[d]);
		}
		free(s->variants);
	}
	free(list);
}

void report_release(struct report *r)
{
	release_scenarios(r->scenarios, r->scenario_count);
	release_scenarios(r->replays, r->replay_count);
	record_release_texts(&r->gaps);
	free(r->variants);
	topics_release(&r->topics);
	memset(r, 0, sizeof(*r));
}

void report_write(struct report *r, struct writer *w)
{
	static section_fn *const sections[] = {
		section_summary,   section_elastic, section_results, section_steps,
		section_questions, section_victims, section_memory,  section_claims,
		section_cpu,	   section_host,    section_noise,   section_builds,
		section_fleet,	   section_tracing, section_cost,    section_profiles,
		section_stress,	   section_setup,   section_method,  section_boots,
	};
	char path[PATH_MAX], err[1024];
	size_t i;

	data_path("analysis", "report/report.ini", path, sizeof(path));
	if (topics_load(&r->topics, path, err, sizeof(err)))
		log_warn("%s; the report lacks tables", err);
	write_heading(w, 1, "What the balloon's patches do");
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		sections[i](w, r);
	if (r->gaps.count)
		write_heading(w, 2, "Not measured");
	for (i = 0; i < r->gaps.count; i++)
		write_item(w, "%s.", ((char **)r->gaps.items)[i]);
}

void report_gap(struct report *r, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	record_append_once(&r->gaps, text, strlen(text));
	free(text);
}

const char *report_rate_unit(const struct report *r)
{
	return table_is_icount(r->table) ? "GiB/G instr." : "GiB/s";
}

struct estimate phase_estimate(const struct report *r, const char *scenario, const char *variant,
			       enum direction direction, const struct field *phase,
			       const char *relative)
{
	struct measure m =
		measure_of("%s.phases.%s.%s", direction_names[direction], phase->name, relative);

	return estimate(r->table, scenario, variant, &m);
}

bool phase_is_shown(const struct report *r, const struct report_scenario *s,
		    enum direction direction, const struct field *phase)
{
	bool even_zero = strcmp(phase->name, "alloc_retry_ns");
	struct estimate e;
	size_t v;

	for (v = 0; v < s->variant_count; v++) {
		e = phase_estimate(r, s->name, s->variants[v], direction, phase, "per_page");
		if (e.n && (even_zero || e.median > 0))
			return true;
	}
	return false;
}

bool add_comparison(struct comparisons *all, const struct table *table,
		    const struct measure *measure, const char *scenario, const char *variant,
		    const char *base, bool known)
{
	struct comparison *c;

	all->list = xreallocarray(all->list, all->count + 1, sizeof(*all->list));
	c = &all->list[all->count];
	compare(c, table, measure, scenario, variant, base);
	if (known && (!c->n || !c->base_n)) {
		compare_release(c);
		return false;
	}
	all->count++;
	return true;
}

void judge_comparisons(struct comparisons *all, const struct report *r)
{
	struct comparison **family = xcalloc(all->count + 1, sizeof(*family));
	size_t i, n = 0;

	for (i = 0; i < all->count; i++) {
		if (measure_is_primary(all->list[i].measure))
			family[n++] = &all->list[i];
		else
			compare_explore(&all->list[i]);
	}
	compare_judge(family, n, r->smallest_effect, r->layout_floor);
	free(family);
}

void release_comparisons(struct comparisons *all)
{
	while (all->count)
		compare_release(&all->list[--all->count]);
	free(all->list);
}

const struct topic *write_topic(struct writer *w, const struct report *r, int level,
				const char *name, const char *scenario)
{
	const struct topic *t = topics_find(&r->topics, name);

	if (t->heading)
		write_heading(w, level, "%s%s%s", t->heading, scenario ? ", " : "",
			      scenario ? scenario : "");
	if (t->intro)
		write_paragraph(w, "%s", t->intro);
	return t;
}

void write_note(struct writer *w, const struct topic *t)
{
	if (t->note)
		write_paragraph(w, "%s", t->note);
}

void cell_estimate(struct writer *w, const char *format, struct estimate e, double factor)
{
	write_interval(w, format, e.resolution, e.n ? e.median : NAN, &e.interval, factor);
}

void cell_median(struct writer *w, const char *format, const struct comparison *c,
		 bool with_interval)
{
	const struct interval none = NO_INTERVAL;

	write_interval(w, format, c->resolution, c->median,
		       with_interval ? &c->median_interval : &none, 1);
}

void cell_rate(struct writer *w, const struct report *r, const struct comparison *c,
	       enum direction direction)
{
	struct measure bytes = measure_of("%s.bytes", direction_names[direction]);
	struct estimate e = estimate(r->table, c->scenario, c->variant, &bytes);

	if (is_resolved(c->resolution))
		write_rounded(w, "%.3g", c->resolution, e.median / GIB_BYTES / (c->median / 1000),
			      NAN, NAN);
	else
		write_cells(w, UNRESOLVED, 1);
}

char *ratio_text(const struct comparison *c)
{
	return rounded_text("%.3f", c->ratio_resolution, c->ratio, c->ratio_interval.low,
			    c->ratio_interval.high);
}

void cell_ratio(struct writer *w, const struct comparison *c)
{
	if (is_base(c))
		write_count(w, 1);
	else if (isfinite(c->ratio))
		write_interval(w, "%.3f", c->ratio_resolution, c->ratio, &c->ratio_interval, 1);
	else
		write_cells(w, "", 1);
	if (!is_base(c) && isfinite(c->ratio) && c->by_polls)
		write_more(w, " by polls");
}

void cells_judged(struct writer *w, const struct comparison *c)
{
	cell_ratio(w, c);
	if (is_base(c) || !c->n || !c->base_n)
		write_cells(w, "", 1);
	else
		write_number(w, "%.4f", c->p_holm);
	write_verdict(w, is_base(c) ? "base" : verdict_names[c->verdict]);
	if (isfinite(c->at_least))
		write_percent(w, " by ", c->at_least, " at least");
	if (isfinite(c->detectable))
		write_percent(w, ", detectable: ", c->detectable, "");
	if (c->boots_for_smallest)
		write_more(w, "; %.3g %% takes n = %zu", 100 * c->smallest_effect,
			   c->boots_for_smallest);
}

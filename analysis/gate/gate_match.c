/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which scenarios and variants of a tree a claim is about.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/utf8.h"
#include "analysis/gate/gate.h"
#include "lib/alloc.h"
#include "lib/log.h"

/* A claim that is being matched. */
struct match {
	struct gate *gate;
	const struct table *table;
	const struct claim *claim;
	const char *reference;	/* variant, or NULL */
	size_t first, err_size; /* row of this claim */
	bool only_measured;
	char *err;
};

/* @why the row, of what the tree does not have, is inconclusive; NULL: it is to be judged. */
static void add_row(const struct match *m, const char *scenario, const char *variant,
		    const char *why)
{
	struct gate *g = m->gate;

	if (why && m->only_measured)
		return;
	g->rows = xreallocarray(g->rows, g->count + 1, sizeof(*g->rows));
	g->rows[g->count] = (struct gate_row){ .claim = m->claim,
					       .scenario = scenario,
					       .variant = variant,
					       .reference = m->reference,
					       .median = NAN,
					       .reference_median = NAN,
					       .value = NAN,
					       .interval = NO_INTERVAL,
					       .p = NAN,
					       .p_holm = NAN,
					       .verdict = GATE_INCONCLUSIVE };
	snprintf(g->rows[g->count++].reason, sizeof(g->rows->reason), "%s", why ? why : "");
}

static bool has_metric(const struct match *m, const char *scenario, const char *variant)
{
	return series_exists(m->table, scenario, variant, &m->claim->measure) ||
	       !table_count(m->table, scenario, variant, BOOT_OK);
}

static bool wants_scenario(const struct match *m, const char *scenario)
{
	if (m->claim->scenarios)
		return name_index(m->claim->scenarios, scenario) >= 0;
	return (!m->reference || table_has(m->table, scenario, m->reference)) &&
	       has_metric(m, scenario, NULL);
}

static bool wants_variant(const struct match *m, const char *variant)
{
	if (m->reference && !strcmp(variant, m->reference))
		return false;
	if (m->claim->variants)
		return name_index(m->claim->variants, variant) >= 0;
	return !table_control_of(m->table, variant) &&
	       (m->claim->measure.is_traced || table_compares(m->table, variant, m->reference));
}

/*
 * A variant whose every boot failed must not drop out of the gate; the claim is not about one
 * that was not traced for its histogram.
 */
static void match_variant(const struct match *m, const char *scenario, const char *variant)
{
	const struct claim *c = m->claim;

	if (!table_has(m->table, scenario, variant)) {
		if (c->variants && c->scenarios)
			add_row(m, scenario, variant, "was not run here");
	} else if (m->reference && !table_has(m->table, scenario, m->reference)) {
		add_row(m, scenario, variant, "the reference was not run here");
	} else if (c->variants || !c->measure.is_traced || has_metric(m, scenario, variant)) {
		add_row(m, scenario, variant, NULL);
	}
}

static bool has_row(const struct match *m, const char *scenario, const char *variant)
{
	const struct gate *g = m->gate;
	size_t i;

	for (i = m->first; i < g->count; i++)
		if (!strcmp(g->rows[i].scenario, scenario) || !strcmp(g->rows[i].variant, variant))
			return true;
	return false;
}

/* A name that fits nothing while others fit has a row that says so. */
static void add_named(const struct match *m)
{
	char *const *name;

	for (name = m->claim->scenarios; name && *name; name++)
		if (!has_row(m, *name, ""))
			add_row(m, *name, "-", "was not run, or not with these variants");
	for (name = m->claim->variants; name && *name; name++)
		if (!has_row(m, "", *name) && (!m->reference || strcmp(*name, m->reference)))
			add_row(m, "-", *name, "was not run where this can be judged");
}

/* FILE:LINE: [section] claim: */
static __attribute__((format(printf, 2, 3))) int refuse_claim(const struct match *m,
							      const char *fmt, ...)
{
	const struct claim *c = m->claim;
	char what[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (c->file)
		return refuse(m->err, m->err_size, "%s:%u: [%s] claim: %s", c->file, c->line,
			      printable(c->name), what);
	return refuse(m->err, m->err_size, "--%s: %s", printable(c->name), what);
}

/* Also if the claim has no names: that means all. */
static bool any_known(char *const *names, char *const *there)
{
	char *const *name;

	for (name = names; name && *name; name++)
		if (name_index(there, *name) >= 0)
			return true;
	return !names;
}

static bool lacks_reference(const struct gate *g, const struct claim *c)
{
	return c->reference == REFERENCE_VARIANT &&
	       name_index(g->table->variants, c->reference_variant) < 0;
}

static int refuse_unmatched(const struct match *m)
{
	char scenarios[400], variants[400];
	const struct claim *c = m->claim;

	const bool has_scenario = any_known(c->scenarios, m->table->scenarios);

	names_list(m->table->scenarios, scenarios, sizeof(scenarios));
	names_list(m->table->variants, variants, sizeof(variants));
	if (!has_scenario || !any_known(c->variants, m->table->variants))
		return refuse_claim(m, "none of its %s ('%s') is in the results; there are: %s",
				    has_scenario ? "variants" : "scenarios",
				    printable(has_scenario ? *c->variants : *c->scenarios),
				    has_scenario ? variants : scenarios);
	if (m->reference)
		return refuse_claim(m,
				    "nothing to compare with '%s': no other variant was run in a "
				    "scenario with it and %s; variants: %s; scenarios: %s",
				    printable(m->reference), c->measure.name, variants, scenarios);
	return refuse_claim(m, "no variant fits it; variants: %s; scenarios: %s", variants,
			    scenarios);
}

/* Whether the run was traced at level pages. */
static bool has_pages(const struct table *t)
{
	size_t i;

	table_for_each (t, i, NULL, NULL, BOOT_OK)
		if (!strcmp(table_text(t, &t->boots[i], "trace.level"), "pages"))
			return true;
	return false;
}

/* Whether boots have items by name (ops, calls, victims), but not that of the measure. */
static bool is_misnamed(const struct table *t, const struct measure *m, char *why, size_t size)
{
	static const char *const maps[] = { "ops.", "trace.host.calls.", "victims.guest.",
					    "victims.host.", "perf.stat." };
	struct record_list names = { 0 };
	size_t i = 0, n = 0, column;
	char wanted[160], list[512];
	bool misnamed;

	while (i < sizeof(maps) / sizeof(maps[0]) &&
	       strncmp(m->column, maps[i], n = strlen(maps[i])))
		i++;
	if (i == sizeof(maps) / sizeof(maps[0]) || (m->is_traced && !has_pages(t)))
		return false;
	for (column = 0; column < t->column_count; column++) {
		const char *name = t->columns[column]->name;

		if (!strncmp(name, maps[i], n) && strcspn(name + n, "."))
			record_append_once(&names, name + n, strcspn(name + n, "."));
	}
	record_append_text(&names, NULL);
	snprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(m->column + n, "."), m->column + n);
	misnamed = names.count > 1 && name_index(names.items, wanted) < 0;
	snprintf(why, size, "no boot has '%s%s'; in %.*s there are: %s", maps[i], wanted,
		 (int)n - 1, maps[i], names_list(names.items, list, sizeof(list)));
	record_release_texts(&names);
	return misnamed;
}

/*
 * 0 if any ok boot has the measure; else a reason, and -ENODATA if another run could have it,
 * -EINVAL if boots have others of its kind.
 */
static int check_measure(const struct table *t, const struct measure *m, char *why, size_t size)
{
	if (series_exists(t, NULL, NULL, m))
		return 0;
	if (is_misnamed(t, m, why, size))
		return -EINVAL;
	snprintf(why, size,
		 strncmp(m->column, "vmstat.", strlen("vmstat."))
			 ? "no boot has %s: not traced for it, or not part of these scenarios"
			 : "%s changed in no boot, or there is no such counter",
		 m->column);
	return -ENODATA;
}

int gate_match(struct gate *gate, const struct claim *claim, bool only_measured, char *err,
	       size_t err_size)
{
	const struct table *t = gate->table;
	struct match m = { gate,	t,	  claim,	 claim->reference_variant,
			   gate->count, err_size, only_measured, NULL };
	char why[800];
	size_t s, v;
	int known;

	m.err = err;
	if (only_measured &&
	    (!any_known(claim->scenarios, t->scenarios) ||
	     !any_known(claim->variants, t->variants) || lacks_reference(gate, claim)))
		return 0;
	if (claim->reference == REFERENCE_BASE)
		m.reference = gate->base;
	if (lacks_reference(gate, claim))
		return refuse_claim(&m,
				    "no variant '%s' in the results to compare with; there are: "
				    "%s, and 'base', 'idle'",
				    printable(m.reference), names_list(t->variants, why, 512));
	known = check_measure(t, &claim->measure, why, sizeof(why));
	if (!known && claim->reference == REFERENCE_ITS)
		known = check_measure(t, &claim->its, why, sizeof(why));
	if (known == -EINVAL)
		return refuse_claim(&m, "%s", why);
	/* Without any ok boot, each variant has a row that says so. */
	if (known && table_count(t, NULL, NULL, BOOT_OK)) {
		/* Where a scenario that the claim names was run, its metric should be there. */
		m.only_measured &= !claim->scenarios;
		add_row(&m, "-", "-", why);
		return 0;
	}
	for (s = 0; t->scenarios[s]; s++)
		if (wants_scenario(&m, t->scenarios[s]))
			for (v = 0; t->variants[v]; v++)
				if (wants_variant(&m, t->variants[v]))
					match_variant(&m, t->scenarios[s], t->variants[v]);
	if (gate->count > m.first)
		add_named(&m);
	else if (!only_measured)
		return refuse_unmatched(&m);
	return 0;
}

/* Append the names that are not there; returns whether there are any. */
static bool need_absent(struct record_list *needed, char *const *names, char *const *there)
{
	bool any = false;

	for (; names && *names; names++) {
		if (name_index(there, *names) >= 0)
			continue;
		record_append_once(needed, *names, strlen(*names));
		any = true;
	}
	return any;
}

char *gate_needs(const struct gate *g)
{
	enum { SCENARIOS, VARIANTS, METRICS, KINDS };
	static const char *const titles[] = { "scenarios:", "variants:", "boots with:" };
	struct record_list needs[KINDS] = { 0 };
	char *text = NULL;
	size_t size, i, k;
	FILE *f = xmemstream(&text, &size);

	/* The scenarios if they are absent, else the variants, else the metric. */
	for (i = 0; i < g->unmeasured_count; i++) {
		const struct claim *c = g->unmeasured[i];
		char *reference[] = { c->reference_variant, NULL };
		char *metric[] = { (char *)c->measure.name, NULL }, *none[] = { NULL };
		bool lacks;

		if (!any_known(c->scenarios, g->table->scenarios)) {
			need_absent(&needs[SCENARIOS], c->scenarios, g->table->scenarios);
			continue;
		}
		lacks = need_absent(&needs[VARIANTS], c->variants, g->table->variants);
		lacks |= need_absent(&needs[VARIANTS], reference, g->table->variants);
		if (!lacks)
			need_absent(&needs[METRICS], metric, none);
	}
	for (k = 0; k < KINDS; k++) {
		if (needs[k].count)
			fprintf(f, "%s%s ", ftell(f) ? "; " : "", titles[k]);
		for (i = 0; i < needs[k].count; i++)
			fprintf(f, "%s%s", i ? ", " : "", printable(((char **)needs[k].items)[i]));
		record_release_texts(&needs[k]);
	}
	fclose(f);
	return text;
}

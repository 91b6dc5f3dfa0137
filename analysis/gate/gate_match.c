/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which scenarios and variants of a tree a claim is about.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/gate/gate.h"
#include "analysis/data/utf8.h"
#include "lib/result.h"

/* A claim as it is matched. */
struct match {
	struct gate *gate;
	const struct claim *claim;
	const char *reference; /* variant, or NULL */
	size_t first;	       /* row of this claim */
	bool only_measured;
};

static struct gate_row *add_row(const struct match *m, const char *scenario, const char *variant)
{
	struct gate_row *longer, *row;
	struct gate *g = m->gate;

	longer = reallocarray(g->rows, g->count + 1, sizeof(*longer));
	if (!longer)
		abort();
	g->rows = longer;
	row = &longer[g->count++];
	*row = (struct gate_row){ .claim = m->claim,
				  .scenario = scenario,
				  .variant = variant,
				  .reference = m->reference,
				  .median = NAN,
				  .reference_median = NAN,
				  .value = NAN,
				  .interval = { NAN, NAN },
				  .p = NAN,
				  .p_holm = NAN };
	return row;
}

static void add_inconclusive(const struct match *m, const char *scenario, const char *variant,
			     const char *reason)
{
	struct gate_row *row = add_row(m, scenario, variant);

	row->verdict = GATE_INCONCLUSIVE;
	snprintf(row->reason, sizeof(row->reason), "%s", reason);
}

/* Of what the claim names and the tree does not have. */
static void add_unanswered(const struct match *m, const char *scenario, const char *variant,
			   const char *reason)
{
	if (!m->only_measured)
		add_inconclusive(m, scenario, variant, reason);
}

static bool has_figure(const struct match *m, const char *scenario, const char *variant)
{
	const struct tree *tree = m->gate->tree;
	const json_t *boot;
	double value;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (tree_is_ok(boot, scenario, variant) &&
		    quantity_of_boot(&m->claim->quantity, boot, &value) != QUANTITY_ABSENT)
			return true;
	return false;
}

static bool wants_scenario(const struct match *m, const char *scenario)
{
	const struct tree *tree = m->gate->tree;

	if (m->claim->scenarios)
		return name_index(m->claim->scenarios, scenario) >= 0;
	if (m->reference && !tree_has(tree, scenario, m->reference))
		return false;
	return has_figure(m, scenario, NULL) || !tree_count(tree, scenario, NULL, RESULT_OK);
}

/* Variants that are traced otherwise are left out as compare does it. */
static bool wants_variant(const struct match *m, const char *variant)
{
	const struct tree *tree = m->gate->tree;

	if (m->reference && !strcmp(variant, m->reference))
		return false;
	if (m->claim->variants)
		return name_index(m->claim->variants, variant) >= 0;
	if (tree_twin_of(tree, variant))
		return false;
	return !variant_is_traced(variant) || m->claim->quantity.traced ||
	       (m->reference && variant_is_traced(m->reference)) || tree_compares_levels(tree);
}

/*
 * A variant whose every boot failed must not drop out of the gate; one that was
 * not traced for a histogram is not what the claim is about.
 */
static bool wants_pair(const struct match *m, const char *scenario, const char *variant)
{
	const struct tree *tree = m->gate->tree;

	return m->claim->variants || !m->claim->quantity.traced ||
	       has_figure(m, scenario, variant) || !tree_count(tree, scenario, variant, RESULT_OK);
}

static void match_scenario(const struct match *m, const char *scenario)
{
	const struct tree *tree = m->gate->tree;
	bool named = m->claim->variants && m->claim->scenarios;
	size_t v;

	for (v = 0; tree->variants[v]; v++) {
		const char *variant = tree->variants[v];

		if (!wants_variant(m, variant))
			continue;
		if (!tree_has(tree, scenario, variant)) {
			if (named)
				add_unanswered(m, scenario, variant, "was not run here");
			continue;
		}
		if (m->reference && !tree_has(tree, scenario, m->reference))
			add_unanswered(m, scenario, variant, "the reference was not run here");
		else if (wants_pair(m, scenario, variant))
			add_row(m, scenario, variant);
	}
}

static bool has_row(const struct match *m, const char *scenario, const char *variant)
{
	size_t i;

	for (i = m->first; i < m->gate->count; i++)
		if ((scenario && !strcmp(m->gate->rows[i].scenario, scenario)) ||
		    (variant && !strcmp(m->gate->rows[i].variant, variant)))
			return true;
	return false;
}

/* A name that fits nothing while others fit is not passed over in silence. */
static void add_named(const struct match *m)
{
	char *const *name;

	for (name = m->claim->scenarios; name && *name; name++)
		if (!has_row(m, *name, NULL))
			add_unanswered(m, *name, "-", "was not run, or not with these variants");
	for (name = m->claim->variants; name && *name; name++)
		if (!has_row(m, NULL, *name) && (!m->reference || strcmp(*name, m->reference)))
			add_unanswered(m, "-", *name, "was not run where this can be judged");
}

static void list_names(char *const *names, char *list, size_t size)
{
	size_t n = 0;

	snprintf(list, size, "none");
	for (; *names && n < size; names++)
		n += snprintf(list + n, size - n, "%s%s", n ? ", " : "", printable(*names));
}

/* FILE:LINE: [section] claim: */
static void tell(const struct claim *claim, const char *what, char *err, size_t err_size)
{
	if (claim->file)
		snprintf(err, err_size, "%s:%u: [%s] claim: %s", claim->file, claim->line,
			 printable(claim->name), what);
	else
		snprintf(err, err_size, "--%s: %s", printable(claim->name), what);
}

static bool any_known(char *const *names, char *const *there)
{
	for (; *names; names++)
		if (name_index(there, *names) >= 0)
			return true;
	return false;
}

static int tell_unmatched(const struct match *m, char *err, size_t err_size)
{
	const struct tree *tree = m->gate->tree;
	char scenarios[400], variants[400], what[1200];
	const struct claim *c = m->claim;

	list_names(tree->scenarios, scenarios, sizeof(scenarios));
	list_names(tree->variants, variants, sizeof(variants));
	if (c->scenarios && !any_known(c->scenarios, tree->scenarios))
		snprintf(what, sizeof(what),
			 "none of its scenarios ('%s') is in the results; there are: %s",
			 printable(c->scenarios[0]), scenarios);
	else if (c->variants && !any_known(c->variants, tree->variants))
		snprintf(what, sizeof(what),
			 "none of its variants ('%s') is in the results; there are: %s",
			 printable(c->variants[0]), variants);
	else if (m->reference)
		snprintf(what, sizeof(what),
			 "nothing to hold against '%s': no other variant was run with it where %s "
			 "is; there are: %s; in the scenarios: %s",
			 printable(m->reference), c->quantity.name, variants, scenarios);
	else
		snprintf(what, sizeof(what),
			 "no variant fits it; there are: %s; in the scenarios: %s", variants,
			 scenarios);
	tell(c, what, err, err_size);
	return -EINVAL;
}

/* Whether the tree has a scenario, a variant and the reference that the claim is about. */
static bool is_measured(const struct gate *g, const struct claim *c)
{
	return (!c->scenarios || any_known(c->scenarios, g->tree->scenarios)) &&
	       (!c->variants || any_known(c->variants, g->tree->variants)) &&
	       (c->reference != REFERENCE_VARIANT ||
		name_index(g->tree->variants, c->reference_variant) >= 0);
}

/* The variant that a claim refers to. */
static int find_reference(struct match *m, char *err, size_t err_size)
{
	const struct claim *c = m->claim;
	char list[512], what[800];

	if (c->reference == REFERENCE_BASE)
		m->reference = m->gate->base;
	if (c->reference != REFERENCE_VARIANT)
		return 0;
	m->reference = c->reference_variant;
	if (name_index(m->gate->tree->variants, m->reference) >= 0)
		return 0;
	list_names(m->gate->tree->variants, list, sizeof(list));
	snprintf(what, sizeof(what),
		 "no variant '%s' in the results to compare with; there are: %s, and 'base', "
		 "'idle'",
		 printable(m->reference), list);
	tell(c, what, err, err_size);
	return -EINVAL;
}

/* Of the claim's own quantity, and of the one that it is held against. */
static int check_quantities(const struct gate *g, const struct claim *c, char *why, size_t size)
{
	int known = quantity_check(&c->quantity, g->tree, why, size);

	if (!known && c->reference == REFERENCE_ITS)
		known = quantity_check(&c->its, g->tree, why, size);
	return known;
}

int gate_match(struct gate *gate, const struct claim *claim, bool only_measured, char *err,
	       size_t err_size)
{
	struct match m = {
		.gate = gate, .claim = claim, .first = gate->count, .only_measured = only_measured
	};
	char why[800];
	size_t s;
	int known;

	if (only_measured && !is_measured(gate, claim))
		return 0;
	if (find_reference(&m, err, err_size))
		return -EINVAL;
	known = check_quantities(gate, claim, why, sizeof(why));
	if (known == -EINVAL) {
		tell(claim, why, err, err_size);
		return -EINVAL;
	}
	/* Where none has it, it is none's in particular; but a variant without an ok boot is told.
	 */
	if (known && tree_count(gate->tree, NULL, NULL, RESULT_OK)) {
		/* A scenario of its own that has run tells that something is amiss. */
		if (!only_measured || claim->scenarios)
			add_inconclusive(&m, "-", "-", why);
		return 0;
	}
	for (s = 0; gate->tree->scenarios[s]; s++)
		if (wants_scenario(&m, gate->tree->scenarios[s]))
			match_scenario(&m, gate->tree->scenarios[s]);
	if (gate->count == m.first)
		return only_measured ? 0 : tell_unmatched(&m, err, err_size);
	add_named(&m);
	return 0;
}

/* Names that claims lack, each once, by what they are the names of. */
struct needs {
	json_t *scenarios;
	json_t *variants;
	json_t *quantities;
};

static void need(json_t *names, const char *name)
{
	json_object_set_new(names, printable(name), json_true());
}

static void need_absent(json_t *needed, char *const *names, char *const *there)
{
	for (; names && *names; names++)
		if (name_index(there, *names) < 0)
			need(needed, *names);
}

/* The scenarios, where that is it; else the variants; else what it measures. */
static void need_of(struct needs *needs, const struct gate *g, const struct claim *c)
{
	size_t before = json_object_size(needs->variants);
	bool lacks_variant = c->reference == REFERENCE_VARIANT &&
			     name_index(g->tree->variants, c->reference_variant) < 0;

	if (c->scenarios && !any_known(c->scenarios, g->tree->scenarios)) {
		need_absent(needs->scenarios, c->scenarios, g->tree->scenarios);
		return;
	}
	need_absent(needs->variants, c->variants, g->tree->variants);
	if (lacks_variant)
		need(needs->variants, c->reference_variant);
	if (json_object_size(needs->variants) == before && !lacks_variant)
		need(needs->quantities, c->quantity.name);
}

/* "scenarios a, b" */
static void write_needs(FILE *f, const char *what, json_t *names)
{
	const char *name, *comma = "";
	json_t *item;

	if (json_object_size(names))
		fprintf(f, "%s%s ", ftell(f) ? "; " : "", what);
	json_object_foreach (names, name, item) {
		fprintf(f, "%s%s", comma, name);
		comma = ", ";
	}
	json_decref(names);
}

char *gate_needs(const struct gate *gate)
{
	struct needs needs = { json_object(), json_object(), json_object() };
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	for (i = 0; i < gate->unmeasured_count; i++)
		need_of(&needs, gate, gate->unmeasured[i]);
	write_needs(f, "scenarios:", needs.scenarios);
	write_needs(f, "variants:", needs.variants);
	write_needs(f, "boots with:", needs.quantities);
	fclose(f);
	return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/plan.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>
#include <string.h>

/*
 * GSL's generators take an unsigned long and give the same stream on every
 * machine; 31 bits are what this one gives at a time.
 */
static uint64_t draw_seed(gsl_rng *rng)
{
	uint64_t high = gsl_rng_get(rng), low = gsl_rng_get(rng);

	return ((high << 32) ^ low) & INT64_MAX;
}

static void reverse(size_t *order, size_t count)
{
	size_t i;

	for (i = 0; i < count / 2; i++) {
		size_t other = order[i];

		order[i] = order[count - 1 - i];
		order[count - 1 - i] = other;
	}
}

static void add_block(struct plan *plan, size_t scenario, const size_t *order, size_t variants,
		      unsigned int boot, gsl_rng *rng)
{
	size_t i;

	for (i = 0; i < variants; i++)
		plan->entries[plan->count++] = (struct plan_entry){
			.scenario = scenario,
			.variant = order[i],
			.boot = boot,
			.seed = draw_seed(rng),
		};
}

int plan_make(struct plan *plan, size_t scenarios, size_t variants, unsigned int boots,
	      uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	size_t *order = calloc(variants, sizeof(*order));
	size_t scenario, i;
	unsigned int boot;

	*plan = (struct plan){ .seed = seed, .boots = boots };
	plan->entries = calloc(scenarios * variants * boots, sizeof(*plan->entries));
	if (!rng || !order || !plan->entries) {
		plan_release(plan);
		plan = NULL;
		goto out;
	}
	gsl_rng_set(rng, seed);
	for (i = 0; i < variants; i++)
		order[i] = i;
	for (scenario = 0; scenario < scenarios; scenario++) {
		for (boot = 1; boot <= boots; boot++) {
			if (boot % 2)
				gsl_ran_shuffle(rng, order, variants, sizeof(*order));
			else
				reverse(order, variants);
			add_block(plan, scenario, order, variants, boot, rng);
		}
	}
out:
	if (rng)
		gsl_rng_free(rng);
	free(order);
	return plan ? 0 : -ENOMEM;
}

void plan_keep(struct plan *plan, bool (*wanted)(const struct plan_entry *entry, void *context),
	       void *context)
{
	size_t i, kept = 0;

	for (i = 0; i < plan->count; i++)
		if (wanted(&plan->entries[i], context))
			plan->entries[kept++] = plan->entries[i];
	plan->count = kept;
}

int plan_add_block(struct plan *plan, const struct plan *from, size_t scenario, unsigned int boot)
{
	struct plan_entry *longer;
	size_t i, added = 0;

	for (i = 0; i < from->count; i++)
		added += from->entries[i].scenario == scenario && from->entries[i].boot == boot;
	longer = reallocarray(plan->entries, plan->count + added + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	plan->entries = longer;
	for (i = 0; i < from->count; i++)
		if (from->entries[i].scenario == scenario && from->entries[i].boot == boot)
			plan->entries[plan->count++] = from->entries[i];
	return added;
}

void plan_release(struct plan *plan)
{
	free(plan->entries);
	memset(plan, 0, sizeof(*plan));
}

/* What only some scenarios have. */
static void put_states(json_t *json, const struct scenario *s)
{
	const struct pressure *p = &s->pressure;

	if (s->rate_bytes_per_s)
		json_object_set_new(json, "rate_bytes_per_s", json_integer(s->rate_bytes_per_s));
	if (s->deflate_on_oom)
		json_object_set_new(json, "deflate_on_oom", json_true());
	if (s->state == PREPARED_FRAGMENTED)
		json_object_set_new(json, "longest_run", json_integer(s->longest_run));
	if (s->compaction_rounds)
		json_object_set_new(json, "compaction",
				    json_pack("{s:i, s:I}", "rounds", (int)s->compaction_rounds,
					      "slice_bytes",
					      (json_int_t)s->compaction_slice_bytes));
	if (p->cache_bytes)
		json_object_set_new(json, "pressure",
				    json_pack("{s:I, s:I, s:I, s:I}", "hold_bytes",
					      (json_int_t)p->hold_bytes, "cache_bytes",
					      (json_int_t)p->cache_bytes, "growth_bytes",
					      (json_int_t)p->growth_bytes, "patience_ns",
					      (json_int_t)p->patience_ns));
}

static json_t *scenario_to_json(const struct scenario *s)
{
	json_t *json = json_pack(
		"{s:s, s:s, s:I, s:i, s:s, s:b, s:b, s:b, s:I, s:I, s:s, s:i, s:f, s:O*, s:O*, "
		"s:I}",
		"name", s->name, "description", s->description ? s->description : "",
		"memory_bytes", (json_int_t)s->memory_bytes, "vcpus", (int)s->vcpus, "backing",
		backing_name(s->backing), "thp", s->thp, "prealloc", s->prealloc, "refault",
		s->refault, "inflate_bytes", (json_int_t)s->inflate_bytes, "step_bytes",
		(json_int_t)s->step_bytes, "state", prepared_state_name(s->state), "cycles",
		(int)s->cycles, "scale", s->scale, "guest_victims", s->guest_victims,
		"host_victims", s->host_victims, "calm_ns", (json_int_t)s->calm_ns);

	put_states(json, s);
	return json;
}

static json_t *variant_to_json(const struct variant *v)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s*}", "name", v->name,
			 "description", v->description ? v->description : "", "cut", v->cut,
			 "mover", method_name(v->method), "device", v->device ? v->device : "",
			 "against", v->against ? v->against : "", "trace", v->trace, "twin_of",
			 v->twin_of);
}

json_t *plan_to_json(const struct plan *plan, const struct scenario *scenarios,
		     size_t scenario_count, const struct variant *const *variants,
		     size_t variant_count)
{
	json_t *order = json_array(), *all_scenarios = json_array(), *all_variants = json_array();
	size_t i;

	for (i = 0; i < scenario_count; i++)
		json_array_append_new(all_scenarios, scenario_to_json(&scenarios[i]));
	for (i = 0; i < variant_count; i++)
		json_array_append_new(all_variants, variant_to_json(variants[i]));
	for (i = 0; i < plan->count; i++) {
		const struct plan_entry *e = &plan->entries[i];

		json_array_append_new(order, json_pack("{s:s, s:s, s:i, s:I}", "scenario",
						       scenarios[e->scenario].name, "variant",
						       variants[e->variant]->name, "boot",
						       (int)e->boot, "seed", (json_int_t)e->seed));
	}
	return json_pack("{s:i, s:I, s:i, s:o, s:o, s:o}", "schema_version", 1, "seed",
			 (json_int_t)plan->seed, "boots", (int)plan->boots, "scenarios",
			 all_scenarios, "variants", all_variants, "order", order);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/plan.h"

#include <errno.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>
#include <string.h>

#include "bench/victim/victims.h"
#include "lib/alloc.h"
#include "lib/record_table.h"
#include "lib/result.h"

/* GSL's generators give the same numbers on every machine; this one gives 32 bits. */
static uint64_t draw_seed(gsl_rng *rng)
{
	uint64_t high = gsl_rng_get(rng), low = gsl_rng_get(rng);

	return ((high << 32) ^ low) & INT64_MAX;
}

static void reverse(size_t *order, size_t count)
{
	size_t i, j, other;

	for (i = 0, j = count; i + 1 < j; i++) {
		other = order[--j];
		order[j] = order[i];
		order[i] = other;
	}
}

void plan_make(struct plan *plan, size_t scenarios, size_t variants, unsigned int boots,
	       uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	size_t *order = xcalloc(variants, sizeof(*order)), scenario, i;
	unsigned int boot;

	*plan = (struct plan){ .seed = seed, .boots = boots };
	plan->entries = xcalloc(scenarios * variants * boots, sizeof(*plan->entries));
	gsl_rng_set(rng, seed);
	for (i = 0; i < variants; i++)
		order[i] = i;
	for (scenario = 0; scenario < scenarios; scenario++) {
		for (boot = 1; boot <= boots; boot++) {
			if (boot % 2)
				gsl_ran_shuffle(rng, order, variants, sizeof(*order));
			else
				reverse(order, variants);
			for (i = 0; i < variants; i++)
				plan->entries[plan->count++] =
					(struct plan_entry){ .scenario = scenario,
							     .variant = order[i],
							     .boot = boot,
							     .seed = draw_seed(rng) };
		}
	}
	gsl_rng_free(rng);
	free(order);
}

size_t plan_add_block(struct plan *plan, const struct plan *from, size_t scenario,
		      unsigned int boot)
{
	size_t before = plan->count;
	const struct plan_entry *e;

	for (e = from->entries; e < from->entries + from->count; e++) {
		if (e->scenario != scenario || e->boot != boot)
			continue;
		plan->entries =
			xreallocarray(plan->entries, plan->count + 1, sizeof(*plan->entries));
		plan->entries[plan->count++] = *e;
	}
	return plan->count - before;
}

static unsigned int most_boots(const struct plan *plan, size_t scenario)
{
	const struct plan_entry *e;
	unsigned int most = 0;

	for (e = plan->entries; e < plan->entries + plan->count; e++)
		if (e->scenario == scenario && e->boot > most)
			most = e->boot;
	return most;
}

void plan_divide(struct plan *plan, unsigned int shards)
{
	size_t scenario = SIZE_MAX;
	struct plan_entry *e;
	unsigned int boots = 0;

	for (e = plan->entries; e < plan->entries + plan->count; e++) {
		if (e->scenario != scenario)
			boots = most_boots(plan, e->scenario);
		scenario = e->scenario;
		e->shard = ((e->boot - 1) * shards / boots + scenario) % shards + 1;
	}
}

struct plan plan_shard(const struct plan *plan, unsigned int shard)
{
	struct plan own = *plan;
	const struct plan_entry *e;

	own.entries = xcalloc(plan->count, sizeof(*own.entries));
	own.count = 0;
	for (e = plan->entries; e < plan->entries + plan->count; e++)
		if (e->shard == shard)
			own.entries[own.count++] = *e;
	return own;
}

void plan_release(struct plan *plan)
{
	free(plan->entries);
	memset(plan, 0, sizeof(*plan));
}

/* NULL of 0: the key is left out. */
static json_t *unless_0(uint64_t value)
{
	return value ? json_integer(value) : NULL;
}

/* Sizes and times are far below INT64_MAX. */
#define S struct scenario
static RECORD(scenario_fields, "scenario", NULL,
	FIELD(TEXT, name), FIELD(TEXT, config), FIELD(TEXT, kernel_args), FIELD(COUNT, memory_bytes), FIELD(COUNT, inflate_bytes),
	FIELD(COUNT, step_bytes), FIELD(COUNT, calm_ns), FIELD(REAL, scale),
	FIELD(BOOL, thp, .required = true), FIELD(BOOL, prealloc, .required = true),
	FIELD(BOOL, refault, .required = true), FIELD(BOOL, deflate_on_oom), FIELD(BOOL, busy),
	FIELD(CHOICE, backing, .choices = backing_names),
	FIELD(CHOICE, state, .choices = prepared_state_names),
	FIELD(LIST, guest_victims, .record = &victim_spec_record),
	FIELD(LIST, host_victims, .record = &victim_spec_record));
#undef S

#define S struct pressure
static RECORD(pressure_fields, "pressure", NULL,
	FIELD(COUNT, hold_bytes), FIELD(COUNT, cache_bytes), FIELD(COUNT, growth_bytes),
	FIELD(COUNT, patience_ns));
#undef S

#define S struct replay_plan
static RECORD(replay_fields, "workload", NULL,
	FIELD(TEXT, file), FIELD(REAL, speed), FIELD(REAL, size), FIELD(COUNT, stagger_ns),
	FIELD(COUNT, sample_ns), FIELD(COUNT, period_ns), FIELD(COUNT, headroom_bytes), FIELD(COUNT, step_bytes));
#undef S

static json_t *scenario_to_json(const struct scenario *s)
{
	json_t *json = record_encode(&scenario_fields, s), *compaction = NULL, *pressure = NULL;
	json_t *workload = s->replay.file ? record_encode(&replay_fields, &s->replay) : NULL;

	if (s->compaction_rounds)
		compaction = json_pack("{s:i, s:I}", "rounds", (int)s->compaction_rounds,
				       "slice_bytes", (json_int_t)s->compaction_slice_bytes);
	if (s->pressure.cache_bytes)
		pressure = record_encode(&pressure_fields, &s->pressure);
	json_object_update_new(
		json, json_pack("{s:s, s:i, s:i, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*}",
				"description", s->description ? s->description : "", "vcpus",
				(int)s->vcpus, "cycles", (int)s->cycles, "rate_bytes_per_s",
				unless_0(s->rate_bytes_per_s), "longest_run",
				unless_0(s->state == PREPARED_FRAGMENTED ? s->longest_run : 0),
				"compaction", compaction, "pressure", pressure, "workload",
				workload, "vms", unless_0(s->vms > 1 ? s->vms : 0)));
	return json;
}

static json_t *variant_to_json(const struct variant *v)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}", "name",
		v->name, "description", v->description ? v->description : "", "cut", v->cut,
		"method", method_names[v->method], "device", v->device ? v->device : "", "against",
		v->against ? v->against : "", "qemu", v->qemu, "kernel_args", v->kernel_args,
		"config", v->config, "trace", v->trace, "control_of", v->control_of, "policy",
		v->policy == POLICY_NONE ? NULL : policy_names[v->policy], "program", v->program);
}

json_t *plan_to_json(const struct plan *plan, const struct scenario *scenarios,
		     size_t scenario_count, const struct variant *const *variants,
		     size_t variant_count)
{
	json_t *order = json_array(), *all_scenarios = json_array(), *all_variants = json_array();
	const struct plan_entry *e;
	size_t i;

	for (i = 0; i < scenario_count; i++)
		json_array_append_new(all_scenarios, scenario_to_json(&scenarios[i]));
	for (i = 0; i < variant_count; i++)
		json_array_append_new(all_variants, variant_to_json(variants[i]));
	for (e = plan->entries; e < plan->entries + plan->count; e++)
		json_array_append_new(
			order, json_pack("{s:s, s:s, s:i, s:o*, s:o*, s:I}", "scenario",
					 scenarios[e->scenario].name, "variant",
					 variants[e->variant]->name, "boot", (int)e->boot, "build",
					 plan->builds > 1 ? json_integer(e->build) : NULL, "shard",
					 unless_0(e->shard), "seed", (json_int_t)e->seed));
	return json_pack("{s:i, s:I, s:i, s:o*, s:o, s:o, s:o}", "schema_version",
			 RESULT_SCHEMA_VERSION, "seed", (json_int_t)plan->seed, "boots",
			 (int)plan->boots, "builds", unless_0(plan->builds > 1 ? plan->builds : 0),
			 "scenarios", all_scenarios, "variants", all_variants, "order", order);
}

json_t *plan_entry_to_json(const struct plan_entry *e)
{
	return json_pack("{s:I, s:I, s:i, s:i, s:I}", "scenario", (json_int_t)e->scenario,
			 "variant", (json_int_t)e->variant, "boot", e->boot, "build", e->build,
			 "seed", (json_int_t)e->seed);
}

int plan_entry_from_json(struct plan_entry *e, const json_t *json)
{
	json_int_t scenario, variant, boot, build, seed;

	if (json_unpack((json_t *)json, "{s:I, s:I, s:I, s:I, s:I}", "scenario", &scenario,
			"variant", &variant, "boot", &boot, "build", &build, "seed", &seed))
		return -EINVAL;
	*e = (struct plan_entry){
		.scenario = scenario, .variant = variant, .boot = boot, .build = build, .seed = seed
	};
	return 0;
}

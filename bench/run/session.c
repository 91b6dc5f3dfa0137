/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/run.h"
#include "bench/vm/vm.h"
#include "lib/alloc.h"
#include "lib/units.h"

/* Choose the variant at an index of the suite. */
static int choose_variant(struct session *s, size_t i)
{
	const char *name = s->options.suite.variants[i];
	const struct variant *v = variants_find(&s->variants, name);
	bool is_control = s->options.aa && i == SUITE_CONTROL;

	if (is_control && v)
		return fails(EXIT_USAGE,
			     "--aa: the A/A control of %s would be %s, which is a variant of %s; "
			     "rename that one",
			     s->chosen[0]->name, name, path_variants());
	if (is_control)
		v = variants_add_control(&s->variants, s->chosen[0], name);
	if (!v)
		return fails(EXIT_USAGE, "no variant '%s' in %s; `balloonbench list` shows them",
			     name, path_variants());
	if (!images_find(&s->images, v->cut))
		return fails(EXIT_ENVIRONMENT,
			     "variant %s needs the kernel of cut '%s', which %s does not have: "
			     "make all",
			     v->name, v->cut, path_images());
	s->chosen[i] = v;
	return 0;
}

static int load_variants(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	char err[1024];
	int status = 0;
	size_t i;

	if (variants_load(&s->variants, path_variants(), err, sizeof(err)))
		return fails(EXIT_USAGE, "%s", err);
	s->chosen = xcalloc(suite->variant_count, sizeof(*s->chosen));
	for (i = 0; !status && i < suite->variant_count; i++)
		status = choose_variant(s, i);
	return status;
}

/* If the guest is too large, scale shipped scenarios down and refuse the user's own. */
static int fit_memory(struct scenario *scenario, const char *given)
{
	uint64_t limit = host_guest_memory_limit();
	char want[32], have[32];

	if (scenario->memory_bytes <= limit)
		return 0;
	format_bytes(scenario->memory_bytes, want, sizeof(want));
	format_bytes(limit, have, sizeof(have));
	if (strchr(given, '/') || limit < GUEST_MIN_BYTES)
		return fails(EXIT_UNSUPPORTED,
			     "%s: a guest of %s does not fit: this machine can back %s; reduce "
			     "it, or free memory",
			     scenario->path, want, have);
	scenario_scale(scenario, limit);
	log_warn("scenario %s: a guest of %s does not fit, this machine can back %s: all sizes are "
		 "scaled by %.2f",
		 scenario->name, want, have, scenario->scale);
	return 0;
}

static int load_scenarios(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	struct scenario *scenario;
	char err[1024];
	int status = 0;
	size_t i;

	s->scenarios = xcalloc(suite->scenario_count, sizeof(*s->scenarios));
	for (i = 0; !status && i < suite->scenario_count; i++) {
		scenario = &s->scenarios[s->scenario_count];
		if (scenario_load(scenario, suite->scenarios[i], path_scenarios(), err,
				  sizeof(err)))
			return fails(EXIT_USAGE, "%s", err);
		s->scenario_count++;
		if (s->options.cycles)
			scenario->cycles = s->options.cycles;
		if (s->options.rate_bytes_per_s)
			scenario->rate_bytes_per_s = s->options.rate_bytes_per_s;
		status = fit_memory(scenario, suite->scenarios[i]);
	}
	return status;
}

/* Draw the order of all boots, and keep those that the suite runs. */
static void draw_plan(const struct session *s, struct plan *plan, unsigned int boots)
{
	const struct suite *suite = &s->options.suite;
	struct plan_entry *e, *kept;

	plan_make(plan, s->scenario_count, suite->variant_count, boots, s->options.seed);
	kept = plan->entries;
	for (e = plan->entries; e < plan->entries + plan->count; e++)
		if (suite_runs(suite, suite->scenarios[e->scenario], e->variant, e->boot))
			*kept++ = *e;
	plan->count = kept - plan->entries;
}

static void make_plan(struct session *s)
{
	const struct until_ci_goal *goal = &s->options.until;
	struct suite *suite = &s->options.suite;
	unsigned int boots = goal->half_width ? goal->max_boots : suite->boots;

	draw_plan(s, &s->plan, boots);
	s->plan.boots = suite->boots;
	if (goal->half_width) {
		suite_set_boots(suite, boots);
		draw_plan(s, &s->longer, boots);
	}
	until_ci_init(&s->until, goal, &s->plan, s->scenario_count, suite->variant_count);
}

static int choose_accel(struct session *s)
{
	int err = accel_choose(s->options.accel, &s->images, &s->accel, s->accel_reason,
			       sizeof(s->accel_reason));

	if (err == -EINTR)
		return EXIT_INTERRUPTED;
	if (err)
		return fails(EXIT_UNSUPPORTED, "%s", s->accel_reason);
	log_info("accelerator: %s (%s)", accel_names[s->accel], s->accel_reason);
	return 0;
}

/* Refuse what cannot be measured before anything runs. */
static int check_methods(const struct session *s)
{
	const struct plan_entry *e;
	const char *why;

	for (e = s->plan.entries; e < s->plan.entries + s->plan.count; e++) {
		why = method_refuses(s->chosen[e->variant]->method, &s->scenarios[e->scenario],
				     s->accel);
		if (why)
			return fails(EXIT_USAGE, "scenario %s with variant %s: %s",
				     s->scenarios[e->scenario].name, s->chosen[e->variant]->name,
				     why);
	}
	return 0;
}

int session_resolve(struct session *s)
{
	char err[1024];
	int status;

	if (s->options.perf && perf_available(err, sizeof(err)))
		return fails(EXIT_ENVIRONMENT, "%s", err);
	status = images_load(&s->images, path_images(), err, sizeof(err));
	if (status)
		return fails(status == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT, "%s", err);
	status = load_variants(s) ?: load_scenarios(s);
	if (status)
		return status;
	make_plan(s);
	return choose_accel(s) ?: check_methods(s);
}

struct boot session_boot(const struct session *s, const struct plan_entry *entry)
{
	const struct variant *variant = s->chosen[entry->variant];
	struct boot boot = {
		.images = &s->images,
		.scenario = &s->scenarios[entry->scenario],
		.variant = variant,
		.number = entry->boot,
		.seed = entry->seed,
		.accel = s->accel,
		.trace = s->options.trace,
		.perf = s->options.perf,
		.pin = CPU_COUNT(&s->options.pin) ? &s->options.pin : NULL,
	};

	if (variant->trace)
		trace_level_parse(variant->trace, &boot.trace);
	return boot;
}

const char *boot_name(const struct boot *boot)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s/%s boot %u", boot->scenario->name, boot->variant->name,
		 boot->number);
	return name;
}

void session_release(struct session *s)
{
	results_close(&s->results);
	plan_release(&s->plan);
	plan_release(&s->longer);
	until_ci_release(&s->until);
	while (s->scenario_count)
		scenario_release(&s->scenarios[--s->scenario_count]);
	free(s->scenarios);
	free(s->chosen);
	variants_release(&s->variants);
	images_release(&s->images);
	resume_release(&s->options.resume);
	suite_release(&s->options.suite);
}

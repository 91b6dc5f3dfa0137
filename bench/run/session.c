/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/host.h"
#include "bench/config/paths.h"
#include "bench/boot/perf.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

/* Below this a guest has no room for a kernel and a balloon. */
#define GUEST_MIN_BYTES (256ULL << 20)

/* The variant that the suite has at a place; NULL after a message. */
static const struct variant *find_variant(struct session *s, size_t i)
{
	const char *name = s->options.suite.variants[i];
	const struct variant *v = variants_find(&s->variants, name);

	if (s->options.aa && i == SUITE_TWIN) {
		if (!v)
			return variants_add_twin(&s->variants, s->chosen[0], name);
		log_error("--aa: the twin of %s would be %s, which is a variant of %s already; "
			  "rename that one",
			  s->chosen[0]->name, name, path_variants());
		return NULL;
	}
	if (!v)
		log_error("no variant '%s' in %s; `balloonbench list` shows them", name,
			  path_variants());
	return v;
}

static int load_variants(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	char err[1024];
	size_t i;

	if (variants_load(&s->variants, path_variants(), err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_USAGE;
	}
	s->chosen = calloc(suite->variant_count, sizeof(*s->chosen));
	for (i = 0; i < suite->variant_count; i++) {
		const struct variant *v = find_variant(s, i);

		if (!v)
			return EXIT_USAGE;
		if (!images_find(&s->images, v->cut)) {
			log_error("variant %s needs the kernel of cut '%s', which %s does not "
				  "have: make all",
				  v->name, v->cut, path_images());
			return EXIT_ENVIRONMENT;
		}
		s->chosen[i] = v;
	}
	return 0;
}

/*
 * A guest larger than the machine: the shipped scenarios shrink, with a line
 * that says so; a file of the user's own is run as it is or not at all.
 */
static int fit_memory(struct scenario *scenario, const char *given)
{
	uint64_t limit = host_guest_memory_limit();
	char want[32], have[32];

	if (scenario->memory_bytes <= limit)
		return 0;
	format_bytes(scenario->memory_bytes, want, sizeof(want));
	format_bytes(limit, have, sizeof(have));
	if (strchr(given, '/') || limit < GUEST_MIN_BYTES) {
		log_error("%s: a guest of %s does not fit: this machine can back %s; make it "
			  "smaller, or free memory",
			  scenario->path, want, have);
		return EXIT_UNSUPPORTED;
	}
	scenario_scale(scenario, limit);
	log_warn("scenario %s: a guest of %s does not fit, this machine can back %s: all sizes are "
		 "scaled by %.2f",
		 scenario->name, want, have, scenario->scale);
	return 0;
}

static int load_scenarios(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	char err[1024];
	int status;
	size_t i;

	s->scenarios = calloc(suite->scenario_count, sizeof(*s->scenarios));
	for (i = 0; i < suite->scenario_count; i++) {
		struct scenario *scenario = &s->scenarios[i];

		if (scenario_load(scenario, suite->scenarios[i], path_scenarios(), err,
				  sizeof(err))) {
			log_error("%s", err);
			return EXIT_USAGE;
		}
		s->scenario_count++;
		if (s->options.cycles)
			scenario->cycles = s->options.cycles;
		if (s->options.rate_bytes_per_s)
			scenario->rate_bytes_per_s = s->options.rate_bytes_per_s;
		status = fit_memory(scenario, suite->scenarios[i]);
		if (status)
			return status;
	}
	return 0;
}

static int choose_accel(struct session *s)
{
	int err;

	err = accel_choose(s->options.accel, &s->images, &s->accel, s->accel_reason,
			   sizeof(s->accel_reason));
	if (err == -EINTR)
		return EXIT_INTERRUPTED;
	if (err) {
		log_error("%s", s->accel_reason);
		return err == -EINVAL ? EXIT_USAGE : EXIT_UNSUPPORTED;
	}
	log_info("accelerator: %s (%s)", accel_name(s->accel), s->accel_reason);
	return 0;
}

/* What cannot be measured is told before anything runs. */
static int check_movers(const struct session *s)
{
	const struct plan_entry *e;
	const char *why;
	size_t i;

	for (i = 0; i < s->plan.count; i++) {
		e = &s->plan.entries[i];
		why = method_refuses(s->chosen[e->variant]->method, &s->scenarios[e->scenario],
				     s->accel);
		if (!why)
			continue;
		log_error("scenario %s with variant %s: %s", s->scenarios[e->scenario].name,
			  s->chosen[e->variant]->name, why);
		return EXIT_USAGE;
	}
	return 0;
}

static bool is_wanted(const struct plan_entry *entry, void *context)
{
	const struct session *s = context;

	return suite_runs(&s->options.suite, s->options.suite.scenarios[entry->scenario],
			  entry->variant, entry->boot);
}

/* The same, of the plan that goes on to the most boots there may be. */
static bool may_be_wanted(const struct plan_entry *entry, void *context)
{
	const struct session *s = context;

	return suite_runs(&s->options.suite, s->options.suite.scenarios[entry->scenario],
			  entry->variant, 1);
}

static int make_plan(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	bool open = s->options.until.half_width;
	unsigned int boots = open ? s->options.until.max_boots : suite->boots;
	int err;

	err = plan_make(&s->plan, s->scenario_count, suite->variant_count, boots, s->options.seed);
	if (!err && open)
		err = plan_make(&s->longer, s->scenario_count, suite->variant_count, boots,
				s->options.seed);
	if (!err) {
		plan_keep(&s->plan, is_wanted, s);
		plan_keep(&s->longer, may_be_wanted, s);
		s->plan.boots = suite->boots;
		err = until_ci_init(&s->until, &s->options.until, &s->plan, s->scenario_count,
				    suite->variant_count);
	}
	if (!err)
		return 0;
	log_error("out of memory");
	return EXIT_ENVIRONMENT;
}

static int resolve(struct session *s)
{
	char err[1024];
	int status, e;

	if (s->options.perf && perf_available(err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_ENVIRONMENT;
	}
	e = images_load(&s->images, path_images(), err, sizeof(err));
	if (e) {
		log_error("%s", err);
		return e == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT;
	}
	status = load_variants(s);
	if (!status)
		status = load_scenarios(s);
	return status ? status : make_plan(s);
}

int session_resolve(struct session *s)
{
	int status = resolve(s);

	if (!status)
		status = choose_accel(s);
	return status ? status : check_movers(s);
}

static enum trace_level trace_level(const struct session *s, const struct variant *variant)
{
	enum trace_level level = s->options.trace;

	if (variant->trace)
		trace_level_parse(variant->trace, &level);
	return level;
}

struct boot session_boot(const struct session *s, const struct plan_entry *entry, const char *dir)
{
	return (struct boot){
		.images = &s->images,
		.scenario = &s->scenarios[entry->scenario],
		.variant = s->chosen[entry->variant],
		.number = entry->boot,
		.seed = entry->seed,
		.accel = s->accel,
		.trace = trace_level(s, s->chosen[entry->variant]),
		.perf = s->options.perf,
		.pin = s->options.pinned ? &s->options.pin : NULL,
		.directory = dir,
	};
}

void session_release(struct session *s)
{
	size_t i;

	results_close(&s->results);
	json_decref(s->arguments);
	plan_release(&s->plan);
	plan_release(&s->longer);
	until_ci_release(&s->until);
	for (i = 0; i < s->scenario_count; i++)
		scenario_release(&s->scenarios[i]);
	free(s->scenarios);
	free(s->chosen);
	variants_release(&s->variants);
	images_release(&s->images);
	run_options_release(&s->options);
}

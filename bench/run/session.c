/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/kernel_args.h"
#include "bench/run/inside.h"
#include "bench/run/run.h"
#include "bench/vm/vm.h"
#include "lib/alloc.h"
#include "lib/units.h"

static void say_replaced(const struct variant *by, const char *file)
{
	log_info("variant %s of %s replaces that of %s", by->name, by->file, file);
}

int load_variant_files(struct variants *variants, const char *file)
{
	char err[1024];

	if (variants_load(variants, path_variants(), err, sizeof(err)) ||
	    (file && variants_add_file(variants, file, say_replaced, err, sizeof(err))))
		return fails(EXIT_USAGE, "%s", err);
	return 0;
}

static void warn(const char *message)
{
	log_warn("%s", message);
}

int load_images(struct images *images, bool required)
{
	char err[1024];
	int status = images_load(images, path_images(), err, sizeof(err));

	if (status && (required || status != -ENOENT))
		return fails(status == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT, "%s", err);
	images_add_registered(images, path_cache(), warn);
	return 0;
}

const struct image_cut *session_cut(const struct session *s, const struct variant *variant)
{
	return images_find(&s->images, variant->cut);
}

const struct image_cut *session_kernel(const struct session *s, const struct variant *variant,
				       const struct scenario *scenario)
{
	const struct image_cut *cut = session_cut(s, variant);

	return cut ? images_find_config(&s->images, cut, variant_config(variant, scenario)) : NULL;
}

const struct image_qemu *session_qemu(const struct session *s, const struct variant *variant)
{
	return images_find_qemu(&s->images, variant->qemu);
}

/* Say that another kernel with the same name is not used. */
static void warn_of_hidden(const struct session *s, const struct variant *v)
{
	const struct image_cut *hidden = images_hidden(&s->images, v->cut), *same;
	char name[VARIANT_SPEC_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(v->name, ",@+"), v->name);
	same = images_find(&s->images, name);
	if (same && strcmp(name, v->cut) != 0)
		log_warn("variant %s is that of %s, which boots the cut '%s', not the cut '%s' of "
			 "%s; build that one again with another --name to use it",
			 v->name, v->file, v->cut, name, same->file);
	if (hidden)
		log_warn("variant %s boots the shipped cut '%s', not that of %s; build that one "
			 "again with another --name to use it",
			 v->name, v->cut, hidden->file);
}

/* Check that the cut and the QEMU of a variant are known. */
static int check_names(const struct session *s, const struct variant *v)
{
	if (!session_cut(s, v))
		return fails(EXIT_ENVIRONMENT,
			     "variant %s needs the kernel of cut '%s', which is neither in %s nor "
			     "registered: make all builds the shipped ones, `balloonbench build` "
			     "yours",
			     v->name, v->cut, path_images());
	if (v->qemu && !session_qemu(s, v))
		return fails(EXIT_ENVIRONMENT,
			     "variant %s needs the QEMU '%s', which is not registered: "
			     "`balloonbench build --qemu PATH --name %s` does that",
			     v->name, v->qemu, v->qemu);
	warn_of_hidden(s, v);
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Whether variant number @v runs in scenario number @i. */
static bool runs_in(const struct session *s, size_t v, size_t i)
{
	return suite_runs(&s->options.suite, s->options.suite.scenarios[i], v, 1);
}

/*
 * The most builds of variant number @v in scenarios that have the configuration of scenario number
 * @i; 0 if an earlier one of them stands for all, or none runs it.
 */
static unsigned int most_builds_of(const struct session *s, size_t v, size_t i)
{
	const struct suite *suite = &s->options.suite;
	unsigned int most = 0, builds;
	size_t j;

	for (j = 0; j < s->scenario_count; j++) {
		if (!runs_in(s, v, j) || !same_text(variant_config(s->chosen[v], &s->scenarios[j]),
						    variant_config(s->chosen[v], &s->scenarios[i])))
			continue;
		if (j < i)
			return 0;
		builds = suite_builds(suite, suite->scenarios[j]);
		most = builds > most ? builds : most;
	}
	return most;
}

/* Check that what a variant needs in a scenario is there, and lock it. */
static int use_images(struct session *s, const struct variant *v, const struct scenario *scenario,
		      unsigned int builds)
{
	const struct image_cut *cut = session_kernel(s, v, scenario);
	const char *config = variant_config(v, scenario);
	char err[2048], advice[1024];

	if (!cut)
		return fails(
			EXIT_ENVIRONMENT,
			"%s %s boots kernels of the configuration '%s', and cut '%s' was not built "
			"with it: %s",
			scenario->config ? "scenario" : "variant",
			scenario->config ? scenario->name : v->name, config, v->cut,
			images_advise_config(&s->images, session_cut(s, v), config, advice,
					     sizeof(advice)));
	if (images_use(&s->images, cut, session_qemu(s, v), err, sizeof(err)) ||
	    images_use_builds(&s->images, cut, builds, err, sizeof(err)))
		return fails(EXIT_ENVIRONMENT, "%s", err);
	return 0;
}

static int use_all_images(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	unsigned int builds;
	int status = 0;
	size_t v, i;

	for (v = 0; !status && v < suite->variant_count; v++)
		for (i = 0; !status && i < s->scenario_count; i++) {
			builds = most_builds_of(s, v, i);
			if (builds)
				status = use_images(s, s->chosen[v], &s->scenarios[i], builds);
		}
	return status;
}

/* Choose the variant at an index of the suite. */
static int choose_variant(struct session *s, size_t i)
{
	const char *name = s->options.suite.variants[i];
	bool is_control = s->options.aa && i == SUITE_CONTROL;
	const struct variant *named;
	char err[1024];

	if (!is_control) {
		s->chosen[i] = variants_find(&s->variants, &s->images, name, err, sizeof(err));
		return s->chosen[i] ? 0 : fails(EXIT_USAGE, "%s", err);
	}
	named = variants_named(&s->variants, &s->images, name);
	if (named)
		return fails(EXIT_USAGE,
			     "--aa: the A/A control of %s would be %s, which is a variant of %s; "
			     "rename that one",
			     s->chosen[0]->name, name, named->file);
	s->chosen[i] = variants_add_control(&s->variants, s->chosen[0], name);
	return 0;
}

/*
 * Builds that the suite has and nobody asked for: where they are not there, one of each runs; but
 * not in a shard, because other hosts may have them.
 */
static int fit_builds(struct session *s)
{
	struct suite *suite = &s->options.suite;
	const size_t count = s->options.builds ? 0 : suite->variant_count * s->scenario_count;
	const struct image_cut *cut;
	unsigned int wanted;
	size_t i, v, n;

	for (n = 0; n < count; n++) {
		v = n / s->scenario_count;
		i = n % s->scenario_count;
		cut = session_kernel(s, s->chosen[v], &s->scenarios[i]);
		wanted = most_builds_of(s, v, i);
		if (!cut || wanted <= cut->builds.count + 1)
			continue;
		if (s->options.shard.of)
			return fails(EXIT_ENVIRONMENT,
				     "suite %s has %u builds of each kernel, and cut '%s' has %zu: "
				     "`balloonbench build --suite %s` builds them, --builds 1 does "
				     "without; the same on each host",
				     suite->name, wanted, cut->name, cut->builds.count + 1,
				     suite->name);
		log_warn("suite %s has %u builds of each kernel, and cut '%s' has %zu: one of each "
			 "runs, so small differences get no verdict; `balloonbench build --suite "
			 "%s` builds them, make bench does",
			 suite->name, wanted, cut->name, cut->builds.count + 1, suite->name);
		suite_set_builds(suite, 1);
		return 0;
	}
	return 0;
}

static int load_variants(struct session *s)
{
	const struct suite *suite = &s->options.suite;
	int status = load_variant_files(&s->variants, s->options.variants_file);
	size_t i;

	if (status)
		return status;
	s->chosen = xcalloc(suite->variant_count, sizeof(*s->chosen));
	for (i = 0; !status && i < suite->variant_count; i++)
		status = choose_variant(s, i);
	for (i = 0; !status && i < suite->variant_count; i++)
		if (!s->options.aa || i != SUITE_CONTROL)
			status = check_names(s, s->chosen[i]);
	return status;
}

/*
 * If the guest is too large, scale shipped scenarios down and refuse the user's own, and all that
 * are @shared with other hosts: these would measure something else.
 */
static int fit_memory(struct scenario *scenario, const char *given, uint64_t limit, bool shared)
{
	char want[32], have[32];

	if (scenario->memory_bytes <= limit)
		return 0;
	format_bytes(scenario->memory_bytes, want, sizeof(want));
	format_bytes(limit, have, sizeof(have));
	if (strchr(given, '/') || limit < GUEST_MIN_BYTES || shared)
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
		status = fit_memory(scenario, suite->scenarios[i], s->memory_limit,
				    s->options.shard.of);
	}
	return status;
}

/* A box takes a part of the memory of this machine; inside it, the outer one has decided. */
static void set_memory_limit(struct session *s)
{
	bool boxed = false;
	size_t i;

	if (inside_box()) {
		s->memory_limit = inside_box()->memory_limit;
		return;
	}
	for (i = 0; i < s->options.suite.variant_count; i++)
		boxed |= session_host(s, s->chosen[i]) != NULL;
	s->memory_limit = host_guest_memory_limit();
	if (!boxed)
		return;
	s->memory_limit =
		s->memory_limit > hosts_overhead() ? s->memory_limit - hosts_overhead() : 0;
}

/* Draw the order of all boots, and keep those that the suite runs. */
static void draw_plan(const struct session *s, struct plan *plan, unsigned int boots)
{
	const struct suite *suite = &s->options.suite;
	struct plan_entry *e, *kept;
	const char *scenario;

	plan_make(plan, s->scenario_count, suite->variant_count, boots, s->options.seed);
	kept = plan->entries;
	for (e = plan->entries; e < plan->entries + plan->count; e++) {
		scenario = suite->scenarios[e->scenario];
		e->build = suite_build(suite, scenario, e->boot);
		if (suite_runs(suite, scenario, e->variant, e->boot))
			*kept++ = *e;
	}
	plan->count = kept - plan->entries;
}

static unsigned int most_builds(const struct suite *suite)
{
	unsigned int most = 1, builds;
	size_t i;

	for (i = 0; i < suite->variant_count; i++) {
		builds = suite_most_builds(suite, i);
		most = builds > most ? builds : most;
	}
	return most;
}

static void make_plan(struct session *s)
{
	const struct until_ci_goal *goal = &s->options.until;
	struct suite *suite = &s->options.suite;
	unsigned int boots = goal->half_width ? goal->max_boots : suite->boots;

	draw_plan(s, &s->plan, boots);
	s->plan.boots = suite->boots;
	s->plan.builds = most_builds(suite);
	if (goal->half_width) {
		suite_set_boots(suite, boots);
		draw_plan(s, &s->longer, boots);
	}
	until_ci_init(&s->until, goal, &s->plan, s->scenario_count, suite->variant_count);
}

/* Put together the arguments for the kernel of each variant in each scenario. */
static int join_kernel_args(struct session *s)
{
	const size_t count = s->options.suite.variant_count;
	size_t i;

	s->kernel_args = xcalloc(s->scenario_count * count, sizeof(*s->kernel_args));
	for (i = 0; count && i < s->scenario_count * count; i++) {
		const struct scenario *scenario = &s->scenarios[i / count];
		const struct variant *variant = s->chosen[i % count];
		const char *const texts[] = { scenario->kernel_args, variant->kernel_args,
					      s->options.kernel_args };

		s->kernel_args[i] = kernel_args_join(texts, 3);
		if (s->kernel_args[i] && strlen(s->kernel_args[i]) > KERNEL_ARGS_MAX)
			return fails(EXIT_USAGE,
				     "scenario %s with variant %s: %zu characters of kernel_args; "
				     "the kernel takes no more than %d",
				     scenario->name, variant->name, strlen(s->kernel_args[i]),
				     KERNEL_ARGS_MAX);
	}
	return 0;
}

/* It is tried with a kernel that the run boots, and the base's QEMU: others need not be there. */
static int choose_accel(struct session *s)
{
	const struct plan_entry *first = s->plan.entries;
	const struct images base = {
		.initramfs = s->images.initramfs,
		.qemu = session_qemu(s, s->chosen[0])->path,
		.cuts = (struct image_cut *)session_kernel(s, s->chosen[first->variant],
							   &s->scenarios[first->scenario]),
		.cut_count = 1,
	};
	int err = 0;

	if (!s->hosts.count)
		err = accel_choose(inside_box() ? accel_names[RESULT_KVM] : s->options.accel, &base,
				   inside_box() ? ACCEL_TRY_EMULATED_NS : ACCEL_TRY_NS, &s->accel,
				   s->accel_reason, sizeof(s->accel_reason));

	if (err == -EINTR)
		return EXIT_INTERRUPTED;
	if (err)
		return fails(EXIT_UNSUPPORTED, "%s", s->accel_reason);
	if (inside_box())
		s->accel = inside_box()->accel;
	else
		log_info("accelerator: %s (%s)", accel_names[s->accel], s->accel_reason);
	return 0;
}

/* Refuse what cannot be measured before anything runs. */
static int check_method(const struct session *s, const struct variant *v,
			const struct scenario *scenario)
{
	const char *why = method_refuses(v->method, scenario, s->accel);

	if (why)
		return fails(EXIT_USAGE, "scenario %s with variant %s: %s", scenario->name, v->name,
			     why);
	if (arch_is_foreign(arch_of_config(variant_config(v, scenario))) &&
	    s->accel != RESULT_TCG)
		return fails(EXIT_USAGE,
			     "variant %s boots a machine of another architecture, which only TCG "
			     "runs; use --accel tcg",
			     v->name);
	if (v->config && !same_text(v->config, variant_config(v, scenario)))
		return fails(EXIT_USAGE,
			     "scenario %s with variant %s: the one boots kernels of the "
			     "configuration '%s', the other of '%s'; use another scenario",
			     scenario->name, v->name, scenario->config, v->config);
	return 0;
}

static int check_methods(const struct session *s)
{
	const struct plan_entry *e;
	int status = 0;

	for (e = s->plan.entries; !status && e < s->plan.entries + s->plan.count; e++)
		status = check_method(s, s->chosen[e->variant], &s->scenarios[e->scenario]);
	return status;
}

/* The kernels in the lean configuration, or 0 if one of them is of the shipped series. */
static size_t count_registered(const struct images *images)
{
	const struct image_cut *cut;
	size_t n = 0;

	for (cut = images->cuts; cut < images->cuts + images->cut_count; cut++) {
		if (!strcmp(cut->file ?: "", images->file ?: ""))
			return 0;
		n += !cut->config;
	}
	return n;
}

/* Where nothing of the shipped series is built, as after an installation, run what is. */
static void choose_registered(struct session *s)
{
	struct suite *suite = &s->options.suite;
	const size_t count = s->options.variants.count ? 0 : count_registered(&s->images);
	const struct image_cut *cut;

	if (!count)
		return;
	log_info("nothing of the shipped series is built: the variants are the kernels that are");
	while (suite->variant_count)
		free(suite->variants[--suite->variant_count]);
	suite->variants = xreallocarray(suite->variants, count, sizeof(*suite->variants));
	for (cut = s->images.cuts; suite->variant_count < count; cut++)
		if (!cut->config)
			suite->variants[suite->variant_count++] = xstrdup(cut->name);
	suite_drop_lists(suite);
	suite->common_count = count;
	if (s->options.aa)
		suite_add_control(suite);
}

int session_resolve(struct session *s)
{
	char err[1024];
	int status;

	if (s->options.perf && perf_available(err, sizeof(err)))
		return fails(EXIT_ENVIRONMENT, "%s", err);
	if (s->options.kernel_args && kernel_args_check(s->options.kernel_args, err, sizeof(err)))
		return fails(EXIT_USAGE, "--kernel-args: %s", err);
	status = load_images(&s->images, true);
	if (status)
		return status;
	choose_registered(s);
	status = load_variants(s);
	if (status)
		return status;
	set_memory_limit(s);
	status = load_scenarios(s);
	if (status)
		return status;
	status = fit_builds(s) ?: use_all_images(s) ?: join_kernel_args(s);
	if (status)
		return status;
	make_plan(s);
	status = shard_take(s);
	if (status)
		return status;
	if (inside_box())
		return choose_accel(s);
	return check_qemus(s) ?: hosts_resolve(s) ?: choose_accel(s) ?: check_methods(s);
}

struct boot session_boot(const struct session *s, const struct plan_entry *entry)
{
	const struct variant *variant = s->chosen[entry->variant];
	struct boot boot = {
		.images = &s->images,
		.scenario = &s->scenarios[entry->scenario],
		.variant = variant,
		.kernel_args = s->kernel_args[entry->scenario * s->options.suite.variant_count +
					      entry->variant],
		.number = entry->boot,
		.build = entry->build,
		.builds = suite_builds(&s->options.suite,
				       s->options.suite.scenarios[entry->scenario]),
		.seed = entry->seed,
		.accel = s->accel,
		.trace = s->options.trace,
		.perf = s->options.perf,
		.pin = CPU_COUNT(&s->options.pin) ? &s->options.pin : NULL,
	};

	if (variant->trace)
		trace_setting_parse(variant->trace, &boot.trace);
	return boot;
}

const char *boot_name(const struct boot *boot)
{
	static char name[NAME_MAX + VARIANT_SPEC_MAX + 48];
	int n = snprintf(name, sizeof(name), "%s/%s boot %u", boot->scenario->name,
			 boot->variant->name, boot->number);

	if (boot->builds > 1)
		snprintf(name + n, sizeof(name) - n, " of build %u", boot->build);
	return name;
}

void session_release(struct session *s)
{
	const size_t count = s->scenario_count * s->options.suite.variant_count;
	size_t i;

	results_close(&s->results);
	hosts_release(&s->hosts);
	plan_release(&s->plan);
	plan_release(&s->longer);
	plan_release(&s->whole);
	until_ci_release(&s->until);
	for (i = 0; s->kernel_args && i < count; i++)
		free(s->kernel_args[i]);
	free(s->kernel_args);
	while (s->scenario_count)
		scenario_release(&s->scenarios[--s->scenario_count]);
	free(s->scenarios);
	free(s->chosen);
	variants_release(&s->variants);
	images_release(&s->images);
	resume_release(&s->options.resume);
	suite_release(&s->options.suite);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench run: settle what is to be run, then run it boot by boot.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/accel.h"
#include "bench/boot.h"
#include "bench/commands.h"
#include "bench/host.h"
#include "bench/images.h"
#include "bench/interrupt.h"
#include "bench/paths.h"
#include "bench/perf.h"
#include "bench/plan.h"
#include "bench/progress.h"
#include "bench/qemu_argv.h"
#include "bench/results.h"
#include "bench/run_options.h"
#include "lib/clock.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

/* Below this a guest has no room for a kernel and a balloon. */
#define GUEST_MIN_BYTES (256ULL << 20)

/* Everything that a run is made of, resolved. */
struct session {
	struct run_options options;
	struct images images;
	struct variants variants; /* all there are */
	const struct variant **chosen;
	struct scenario *scenarios;
	size_t scenario_count;
	struct plan plan;
	enum accel accel;
	char accel_reason[1024];
	char command[4096];
	struct results results;
	struct progress progress;
	unsigned int ok, failed, invalid;
};

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
		const struct variant *v = variants_find(&s->variants, suite->variants[i]);

		if (!v) {
			log_error("no variant '%s' in %s; `balloonbench list` shows them",
				  suite->variants[i], path_variants());
			return EXIT_USAGE;
		}
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

static bool is_wanted(const struct plan_entry *entry, void *context)
{
	const struct session *s = context;

	return suite_runs(&s->options.suite, s->options.suite.scenarios[entry->scenario],
			  entry->variant, entry->boot);
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
	if (status)
		return status;
	if (plan_make(&s->plan, s->scenario_count, s->options.suite.variant_count,
		      s->options.suite.boots, s->options.seed)) {
		log_error("out of memory");
		return EXIT_ENVIRONMENT;
	}
	plan_keep(&s->plan, is_wanted, s);
	return 0;
}

static enum trace_level trace_level(const struct session *s, const struct variant *variant)
{
	enum trace_level level = s->options.trace;

	if (variant->trace)
		trace_level_parse(variant->trace, &level);
	return level;
}

static struct boot make_boot(struct session *s, const struct plan_entry *entry, const char *dir)
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

static int show_plan(struct session *s)
{
	char name[128], **argv, **arg;
	size_t i;

	printf("seed %llu, %zu boots\n", (unsigned long long)s->plan.seed, s->plan.count);
	for (i = 0; i < s->plan.count; i++) {
		struct boot boot = make_boot(s, &s->plan.entries[i], ".");
		struct qemu_config config = boot_qemu_config(&boot);

		snprintf(name, sizeof(name), "%s/%s boot %u", boot.scenario->name,
			 boot.variant->name, boot.number);
		printf("\n[%zu/%zu] %s\n", i + 1, s->plan.count, name);
		argv = qemu_argv(&config, 3, 4);
		for (arg = argv; arg && *arg; arg++)
			printf("%s%s", arg == argv ? "  " : " ", *arg);
		putchar('\n');
		qemu_argv_free(argv);
	}
	return EXIT_FINE;
}

static json_t *cuts_to_json(const struct session *s)
{
	json_t *cuts = json_object();
	size_t i;

	for (i = 0; i < s->options.suite.variant_count; i++) {
		const struct image_cut *cut = images_find(&s->images, s->chosen[i]->cut);

		json_object_set_new(cuts, cut->name,
				    json_pack("{s:s, s:s, s:s}", "release", cut->release, "key",
					      cut->key, "patches_sha256", cut->patches_sha256));
	}
	return cuts;
}

static json_t *env_to_json(const struct session *s)
{
	char now[32];

	return json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:{s:s}, s:{s:s, s:s, s:s}, s:o}",
		"schema_version", 1, "suite", s->options.suite.name, "started_utc", utc_now(now),
		"accel", accel_name(s->accel), "accel_reason", s->accel_reason, "trace",
		trace_level_name(s->options.trace), "command", s->command, "host", host_to_json(),
		"qemu", "path", s->images.qemu, "kernel", "source", s->images.source, "compiler",
		s->images.compiler, "config_sha256", s->images.config_sha256, "cuts",
		cuts_to_json(s));
}

static int open_results(struct session *s)
{
	char dir[256], stamp[32];
	json_t *env, *plan;
	time_t now = time(NULL);
	int err;

	if (!s->options.output) {
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
		snprintf(dir, sizeof(dir), "results/%s-%s", stamp, s->options.suite.name);
		s->options.output = strdup(dir);
	}
	env = env_to_json(s);
	plan = plan_to_json(&s->plan, s->scenarios, s->scenario_count, s->chosen,
			    s->options.suite.variant_count);
	err = results_create(&s->results, s->options.output);
	if (!err)
		err = results_write(&s->results, "env.json", env);
	if (!err)
		err = results_write(&s->results, "plan.json", plan);
	if (!err)
		err = results_journal(&s->results, json_pack("{s:s}", "event", "start"));
	json_decref(env);
	json_decref(plan);
	if (!err)
		return 0;
	log_error("%s", results_error(&s->results));
	return err == -EEXIST ? EXIT_USAGE : EXIT_ENVIRONMENT;
}

static void show_what(const char *what, void *context)
{
	progress_what(context, what);
}

/* Mean over the cycles, for the progress line: "1.81 s", or instructions under icount. */
static const char *mean_duration(const json_t *result, const char *move, enum accel accel,
				 char *text, size_t size)
{
	const json_t *cycles = json_object_get(result, "cycles"), *cycle;
	double sum = 0;
	size_t i;

	json_array_foreach (cycles, i, cycle)
		sum += json_integer_value(
			json_object_get(json_object_get(cycle, move), "duration_ns"));
	sum = i ? sum / i : 0;
	if (accel == ACCEL_ICOUNT)
		snprintf(text, size, "%.4g M instructions", sum / 1e6);
	else
		format_duration(sum, text, size);
	return text;
}

/* Count the boot and say in one line how it went. */
static void account(struct session *s, const struct plan_entry *entry, const json_t *result)
{
	const char *status = json_string_value(json_object_get(result, "status"));
	const char *reason = json_string_value(json_object_get(result, "reason"));
	char line[256], inflate[64], deflate[64];

	if (!strcmp(status, "ok")) {
		s->ok++;
		snprintf(line, sizeof(line), "ok, inflate %s, deflate %s",
			 mean_duration(result, "inflate", s->accel, inflate, sizeof(inflate)),
			 mean_duration(result, "deflate", s->accel, deflate, sizeof(deflate)));
	} else {
		s->failed += !strcmp(status, "failed");
		s->invalid += !strcmp(status, "invalid");
		snprintf(line, sizeof(line), "%s", status);
	}
	progress_done(&s->progress, line);
	if (reason)
		log_warn("%s/%s boot %u is %s: %s", s->scenarios[entry->scenario].name,
			 s->chosen[entry->variant]->name, entry->boot, status, reason);
}

static int store(struct session *s, const struct plan_entry *entry, const char *path,
		 const json_t *result, const json_t *records)
{
	json_t *line;
	int err;

	err = results_commit_boot(&s->results, path, result, records);
	if (err)
		return err;
	line = json_pack("{s:s, s:s, s:s, s:i, s:O, s:O}", "event", "boot", "scenario",
			 s->scenarios[entry->scenario].name, "variant",
			 s->chosen[entry->variant]->name, "boot", (int)entry->boot, "status",
			 json_object_get(result, "status"), "reason",
			 json_object_get(result, "reason"));
	return results_journal(&s->results, line);
}

/* 0, or an exit status that ends the run. */
static int run_entry(struct session *s, const struct plan_entry *entry)
{
	char path[PATH_MAX], item[128];
	json_t *result = NULL, *records = NULL;
	struct boot boot;
	int err;

	if (results_begin_boot(&s->results, s->scenarios[entry->scenario].name,
			       s->chosen[entry->variant]->name, entry->boot, path))
		goto disk;
	boot = make_boot(s, entry, path);
	boot.progress = show_what;
	boot.context = &s->progress;
	snprintf(item, sizeof(item), "%s/%s boot %u", boot.scenario->name, boot.variant->name,
		 boot.number);
	progress_item(&s->progress, item);
	err = boot_run(&boot, &result, &records);
	if (err) {
		results_discard_boot(path);
		if (err == -EINTR)
			return EXIT_INTERRUPTED;
		if (err == -ENOSPC || err == -EDQUOT || err == -EROFS) {
			results_cannot_write(&s->results, err, path);
			goto disk;
		}
		progress_end(&s->progress);
		log_error("%s: cannot run %s: %s", item, s->images.qemu, strerror(-err));
		return EXIT_ENVIRONMENT;
	}
	err = store(s, entry, path, result, records);
	if (!err)
		account(s, entry, result);
	json_decref(result);
	json_decref(records);
	if (!err)
		return 0;
	results_discard_boot(path);
disk:
	progress_end(&s->progress);
	log_error("%s", results_error(&s->results));
	return EXIT_ENVIRONMENT;
}

static int run_all(struct session *s)
{
	int status = 0;
	size_t i;

	progress_begin(&s->progress, s->plan.count, s->options.quiet);
	for (i = 0; !status && i < s->plan.count; i++)
		status = interrupted() ? EXIT_INTERRUPTED : run_entry(s, &s->plan.entries[i]);
	progress_end(&s->progress);
	results_journal(&s->results, json_pack("{s:s, s:s}", "event", "end", "status",
					       status == EXIT_INTERRUPTED ? "interrupted"
					       : status			  ? "failed"
									  : "complete"));
	if (status == EXIT_INTERRUPTED)
		log_warn("interrupted; %u finished boots are in %s", s->ok + s->failed + s->invalid,
			 s->results.dir);
	else
		log_info("%u boots ok, %u failed, %u invalid; results in %s", s->ok, s->failed,
			 s->invalid, s->results.dir);
	if (!status && s->failed + s->invalid)
		status = EXIT_ENVIRONMENT;
	return status;
}

static void release(struct session *s)
{
	size_t i;

	results_close(&s->results);
	plan_release(&s->plan);
	for (i = 0; i < s->scenario_count; i++)
		scenario_release(&s->scenarios[i]);
	free(s->scenarios);
	free(s->chosen);
	variants_release(&s->variants);
	images_release(&s->images);
	run_options_release(&s->options);
}

static void join_command(char *text, size_t size, int argc, char **argv)
{
	size_t n = 0;
	int i;

	for (i = 0; i < argc && n < size; i++)
		n += snprintf(text + n, size - n, "%s%s", i ? " " : "", argv[i]);
}

int cmd_run(int argc, char **argv)
{
	struct session s = { .results.journal_fd = -1 };
	int status;

	join_command(s.command, sizeof(s.command), argc, argv);
	status = run_options_parse(&s.options, argc, argv);
	if (status)
		return status;
	log_setup("balloonbench", s.options.quiet     ? LOG_ERROR
				  : s.options.verbose ? LOG_DEBUG
						      : LOG_INFO);
	status = interrupt_setup() ? EXIT_ENVIRONMENT : 0;
	if (!status)
		status = resolve(&s);
	if (!status)
		status = choose_accel(&s);
	if (!status && s.options.dry_run) {
		status = show_plan(&s);
		goto out;
	}
	if (!status)
		status = open_results(&s);
	if (!status)
		status = run_all(&s);
out:
	release(&s);
	return status;
}

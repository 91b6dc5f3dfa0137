/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/run/run_plan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/run/host.h"
#include "bench/vm/interrupt.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/result.h"
#include "lib/units.h"

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
		"{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:{s:s}, s:{s:s, s:s, s:s}, s:o}",
		"schema_version", 1, "suite", s->options.suite.name, "started_utc", utc_now(now),
		"accel", accel_name(s->accel), "accel_reason", s->accel_reason, "trace",
		trace_level_name(s->options.trace), "command", s->command, "arguments",
		s->arguments, "host", host_to_json(), "qemu", "path", s->images.qemu, "kernel",
		"source", s->images.source, "compiler", s->images.compiler, "config_sha256",
		s->images.config_sha256, "cuts", cuts_to_json(s));
}

static json_t *make_plan(const struct session *s)
{
	json_t *plan = plan_to_json(&s->plan, s->scenarios, s->scenario_count, s->chosen,
				    s->options.suite.variant_count);

	if (s->options.until.half_width)
		json_object_set_new(plan, "until_ci", until_ci_to_json(&s->until, s->scenarios));
	return plan;
}

static int write_plan(struct session *s)
{
	json_t *plan = make_plan(s);
	int err;

	err = results_write(&s->results, "plan.json", plan);
	json_decref(plan);
	return err;
}

static int begin(struct session *s)
{
	char dir[256], stamp[32];
	json_t *env = env_to_json(s);
	time_t now = time(NULL);
	int err;

	if (!s->options.output) {
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
		snprintf(dir, sizeof(dir), "results/%s-%s", stamp, s->options.suite.name);
		s->options.output = strdup(dir);
	}
	err = results_create(&s->results, s->options.output);
	if (!err)
		err = results_write(&s->results, "env.json", env);
	if (!err)
		err = write_plan(s);
	if (!err)
		err = results_journal(&s->results, json_pack("{s:s}", "event", "start"));
	json_decref(env);
	if (!err)
		return 0;
	log_error("%s", results_error(&s->results));
	results_abandon(&s->results);
	return err == -EEXIST ? EXIT_USAGE : EXIT_ENVIRONMENT;
}

static int go_on(struct session *s)
{
	json_t *env = env_to_json(s), *plan = make_plan(s);
	int status = resume_check(&s->options.resume, env, plan);

	json_decref(env);
	json_decref(plan);
	if (status)
		return status;
	if (!results_reopen(&s->results, s->options.output) &&
	    !results_journal(&s->results, json_pack("{s:s}", "event", "resume")))
		return 0;
	log_error("%s", results_error(&s->results));
	return EXIT_ENVIRONMENT;
}

int run_plan_open(struct session *s)
{
	return s->options.resume.dir ? go_on(s) : begin(s);
}

static void show_what(const char *what, void *context)
{
	progress_what(context, what);
}

/* Mean over the cycles, for the progress line: "1.81 s", or instructions under icount. */
static const char *mean_duration(const json_t *result, const char *move, enum accel accel,
				 char *text, size_t size)
{
	const json_t *cycles = json_object_get(result, "cycles"), *cycle, *moved;
	size_t i, count = 0;
	double sum = 0;

	json_array_foreach (cycles, i, cycle) {
		moved = json_object_get(cycle, move);
		sum += json_integer_value(json_object_get(moved, "duration_ns"));
		count += moved != NULL;
	}
	sum = count ? sum / count : 0;
	if (!count)
		snprintf(text, size, "none");
	else if (accel == ACCEL_ICOUNT)
		snprintf(text, size, "%.4g M instructions", sum / 1e6);
	else
		format_duration(sum, text, size);
	return text;
}

static void count(struct session *s, const char *status)
{
	s->ok += !strcmp(status, RESULT_OK);
	s->failed += !strcmp(status, RESULT_FAILED);
	s->invalid += !strcmp(status, RESULT_INVALID);
}

/* Count the boot and say in one line how it went. */
static void account(struct session *s, const struct plan_entry *entry, const json_t *result)
{
	const char *status = json_string_value(json_object_get(result, "status"));
	const char *reason = json_string_value(json_object_get(result, "reason"));
	char line[256], inflate[64], deflate[64];

	count(s, status);
	if (!strcmp(status, RESULT_OK)) {
		snprintf(line, sizeof(line), "ok, inflate %s, deflate %s",
			 mean_duration(result, "inflate", s->accel, inflate, sizeof(inflate)),
			 mean_duration(result, "deflate", s->accel, deflate, sizeof(deflate)));
	} else {
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

/* For --until-ci; 0, or an exit status where it can never be told. */
static int take_note(struct session *s, const struct plan_entry *entry, const json_t *result)
{
	if (!s->options.until.half_width || !until_ci_add(&s->until, entry, result))
		return 0;
	progress_end(&s->progress);
	log_error("--until-metric %s: %s/%s boot %u has no such number in its result.json; "
		  "inflate.duration_ns is one, as are deflate.gib_per_s and ready_ns",
		  s->options.until.metric, s->scenarios[entry->scenario].name,
		  s->chosen[entry->variant]->name, entry->boot);
	return EXIT_USAGE;
}

/* A boot that was finished before the run was stopped; @found says whether it is one. */
static int take_finished(struct session *s, const struct plan_entry *entry, bool *found)
{
	json_t *result = NULL;
	int status = 0;

	*found = false;
	if (!s->options.resume.dir)
		return 0;
	if (results_find_boot(&s->results, s->scenarios[entry->scenario].name,
			      s->chosen[entry->variant]->name, entry->boot, &result)) {
		log_error("%s", results_error(&s->results));
		return EXIT_ENVIRONMENT;
	}
	if (result) {
		*found = true;
		count(s, json_string_value(json_object_get(result, "status")));
		progress_skip(&s->progress);
		status = take_note(s, entry, result);
	}
	json_decref(result);
	return status;
}

/* 0, or an exit status that ends the run. */
static int run_entry(struct session *s, const struct plan_entry *entry)
{
	char path[PATH_MAX], item[128];
	json_t *result = NULL, *records = NULL;
	struct boot boot;
	int err, status = 0;

	if (results_begin_boot(&s->results, s->scenarios[entry->scenario].name,
			       s->chosen[entry->variant]->name, entry->boot, path))
		goto disk;
	boot = session_boot(s, entry, path);
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
	if (!err) {
		account(s, entry, result);
		status = take_note(s, entry, result);
	}
	json_decref(result);
	json_decref(records);
	if (!err)
		return status;
	results_discard_boot(path);
disk:
	progress_end(&s->progress);
	log_error("%s", results_error(&s->results));
	return EXIT_ENVIRONMENT;
}

static void show_width(const struct session *s, size_t scenario)
{
	const struct until_ci_scenario *u = &s->until.scenarios[scenario];
	const char *name = s->scenarios[scenario].name, *widest = s->chosen[u->widest]->name;
	double wanted = 100 * s->until.goal.half_width;

	if (until_ci_is_reached(&s->until, scenario))
		log_info("%s: all intervals are within +- %.3g %% after %u boots", name, wanted,
			 u->boots);
	else if (isfinite(u->half_width))
		log_info("%s: after %u boots %s is known to +- %.3g %%, +- %.3g %% is wanted%s",
			 name, u->boots, widest, 100 * u->half_width, wanted,
			 u->boots < s->until.goal.max_boots ? "" : ": no more boots");
	else
		log_info("%s: after %u boots %s has too few that are ok for an interval%s", name,
			 u->boots, widest,
			 u->boots < s->until.goal.max_boots ? "" : ": no more boots");
}

/* A block more where an interval is too wide. 0, or an exit status that ends the run. */
static int extend(struct session *s)
{
	struct until_ci_scenario *u;
	int added;
	size_t i;

	for (i = 0; i < s->scenario_count; i++) {
		u = &s->until.scenarios[i];
		if (!u->open)
			continue;
		until_ci_look(&s->until, i);
		show_width(s, i);
		if (!u->open)
			continue;
		added = plan_add_block(&s->plan, &s->longer, i, ++u->boots);
		if (added < 0) {
			log_error("out of memory");
			return EXIT_ENVIRONMENT;
		}
		s->progress.total += added;
	}
	if (!write_plan(s))
		return 0;
	log_error("%s", results_error(&s->results));
	return EXIT_ENVIRONMENT;
}

/*
 * The plan grows while it is run, and its file with it before anything else
 * can happen: a run that is stopped too early lacks a boot of its plan.
 */
static int run_entries(struct session *s)
{
	bool found;
	int status = 0;
	size_t i = 0;

	while (!status && i < s->plan.count) {
		status = interrupted() ? EXIT_INTERRUPTED
				       : take_finished(s, &s->plan.entries[i], &found);
		if (!status && !found)
			status = run_entry(s, &s->plan.entries[i]);
		if (!status && ++i == s->plan.count && s->options.until.half_width)
			status = extend(s);
	}
	return status;
}

int run_plan(struct session *s)
{
	int status;

	progress_begin(&s->progress, s->plan.count, s->options.quiet);
	status = run_entries(s);
	progress_end(&s->progress);
	results_journal(&s->results, json_pack("{s:s, s:s}", "event", "end", "status",
					       status == EXIT_INTERRUPTED ? "interrupted"
					       : status			  ? "failed"
									  : "complete"));
	if (status == EXIT_INTERRUPTED)
		log_warn("interrupted; %u finished boots are in %s; run --resume %s goes on",
			 s->ok + s->failed + s->invalid, s->results.dir, s->results.dir);
	else
		log_info("%u boots ok, %u failed, %u invalid; results in %s", s->ok, s->failed,
			 s->invalid, s->results.dir);
	if (!status && s->failed + s->invalid)
		status = EXIT_ENVIRONMENT;
	return status;
}

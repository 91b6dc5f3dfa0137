/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/run/run.h"
#include "bench/vm/interrupt.h"
#include "lib/alloc.h"
#include "lib/command_text.h"
#include "lib/units.h"

#define RESERVE_BYTES (512ULL << 20)

const char *host_file_value(const char *path, const char *key, const char *separators, char *value,
			    size_t size)
{
	FILE *f = fopen(path, "re");
	char line[512], *rest = line + strlen(key);

	value[0] = '\0';
	while (f && !value[0] && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) || (*key && !strchr(separators, *rest)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", rest + strspn(rest, separators));
	}
	if (f)
		fclose(f);
	return value;
}

static uint64_t meminfo_bytes(const char *key)
{
	char kib[64];

	host_file_value("/proc/meminfo", key, ": \t", kib, sizeof(kib));
	return strtoull(kib, NULL, 10) << 10;
}

uint64_t host_guest_memory_limit(void)
{
	uint64_t available = meminfo_bytes("MemAvailable");

	return available > RESERVE_BYTES ? available - RESERVE_BYTES : 0;
}

json_t *host_to_json(void)
{
	char model[256], distribution[256];
	struct utsname uts;

	uname(&uts);
	host_file_value("/proc/cpuinfo", "model name", "\t: ", model, sizeof(model));
	host_file_value("/etc/os-release", "PRETTY_NAME", "=\"", distribution,
			sizeof(distribution));
	distribution[strcspn(distribution, "\"")] = '\0';
	return json_pack("{s:s, s:i, s:I, s:s, s:s}", "cpu_model", model, "cpus",
			 (int)sysconf(_SC_NPROCESSORS_ONLN), "memory_bytes",
			 (json_int_t)meminfo_bytes("MemTotal"), "kernel_release", uts.release,
			 "distribution", distribution);
}

static void add_cut(const struct session *s, json_t *cuts, struct image_cut cut)
{
	/* Those that the run boots; two variants of a cut may differ in that. */
	if (cut.builds.count >= s->plan.builds)
		cut.builds.count = s->plan.builds - 1;
	json_object_set_new(cuts, cut.name, record_encode(&image_cut_record, &cut));
}

/* The cuts of the variants, and the kernels of other configurations that are booted. */
static json_t *cuts_to_json(const struct session *s)
{
	json_t *cuts = json_object();
	const struct plan_entry *e;
	size_t i;

	for (i = 0; i < s->options.suite.variant_count; i++)
		add_cut(s, cuts, *session_cut(s, s->chosen[i]));
	for (e = s->plan.entries; e < s->plan.entries + s->plan.count; e++)
		if (variant_config(s->chosen[e->variant], &s->scenarios[e->scenario]))
			add_cut(s, cuts,
				*session_kernel(s, s->chosen[e->variant],
						&s->scenarios[e->scenario]));
	return cuts;
}

/* With the version that it says itself, if it does. */
static json_t *qemu_to_json(const struct image_qemu *qemu)
{
	json_t *json = record_encode(&image_qemu_record, qemu);
	char version[256];

	if (*qemu_version_line(qemu->path, version, sizeof(version)))
		json_object_set_new(json, "version", json_string(version));
	return json;
}

/* By name; those that variants use. */
static json_t *qemus_to_json(const struct session *s)
{
	const struct image_qemu *qemu;
	json_t *qemus = json_object();
	size_t i;

	for (i = 0; i < s->options.suite.variant_count; i++) {
		qemu = session_qemu(s, s->chosen[i]);
		if (!json_object_get(qemus, qemu->name))
			json_object_set_new(qemus, qemu->name, qemu_to_json(qemu));
	}
	return qemus;
}

static json_t *make_env(const struct session *s)
{
	const struct image_cut *base = session_cut(s, s->chosen[0]);
	json_t *arguments = json_array(), *qemus = qemus_to_json(s), *env;
	const char *qemu = session_qemu(s, s->chosen[0])->name;
	char now[32], trace[TRACE_SETTING_TEXT],
		*command = command_text(s->line->argc, s->line->argv);
	int i;

	/* The command is for people to read, the arguments are for --resume. */
	for (i = 0; i < s->line->argc; i++)
		json_array_append_new(arguments, json_string(s->line->argv[i]));
	/* "qemu" and "kernel" are those of the base. */
	env = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:o, s:{s:s*, s:s*, "
			"s:s*}, s:o}",
			"schema_version", RESULT_SCHEMA_VERSION, "suite", s->options.suite.name,
			"started_utc", utc_now(UTC_ISO, now), "accel", accel_names[s->accel],
			"accel_reason", s->accel_reason, "trace",
			trace_setting_text(&s->options.trace, trace), "command", command,
			"arguments", arguments, "host", host_to_json(), "qemu",
			json_object_get(qemus, qemu), "qemus", qemus, "kernel", "source",
			base->source, "compiler", base->compiler, "config_sha256",
			base->config_sha256, "cuts", cuts_to_json(s));
	if (s->hosts.count) {
		json_object_set_new(env, "hosts", hosts_to_json(s));
		json_object_set_new(env, "box", hosts_box_to_json(s));
	}
	if (s->options.shard.of)
		shard_add_host(env, s->options.resume.env);
	free(command);
	return env;
}

/* Of a shard the order is that of all shards: it tells which plan the shard is of. */
static json_t *make_plan(const struct session *s)
{
	const struct shard *shard = &s->options.shard;
	json_t *plan = plan_to_json(shard->of ? &s->whole : &s->plan, s->scenarios,
				    s->scenario_count, s->chosen, s->options.suite.variant_count);

	if (shard->of)
		json_object_set_new(plan, "shard",
				    json_pack("{s:i, s:i}", "number", (int)shard->number, "of",
					      (int)shard->of));
	if (s->options.kernel_args)
		json_object_set_new(plan, "kernel_args", json_string(s->options.kernel_args));
	if (s->options.until.half_width)
		json_object_set_new(plan, "until_ci", until_ci_to_json(&s->until, s->scenarios));
	return plan;
}

static int create(struct session *s, const json_t *env, const json_t *plan)
{
	struct results *results = &s->results;
	const struct shard *shard = &s->options.shard;
	char stamp[32], part[32] = "";
	int status;

	if (shard->of)
		snprintf(part, sizeof(part), "-%u-of-%u", shard->number, shard->of);
	if (!s->options.output)
		s->options.output = xasprintf("results/%s-%s%s", utc_now("%Y%m%dT%H%M%SZ", stamp),
					      s->options.suite.name, part);
	status = results_create(results, s->options.output) ?:
			 results_write(results, "env.json", env) ?:
			 results_write(results, "plan.json", plan) ?:
			 results_journal(results, "start", NULL, NULL);
	if (status && results->journal_fd >= 0)
		results_abandon(results);
	return status;
}

/* Resumed on another host, a shard has boots of both; the rest of env.json is as it began. */
static int add_host(const struct session *s, const json_t *env)
{
	const json_t *fleet = json_object_get(env, "fleet");
	json_t *begun = s->options.resume.env;

	if (!fleet || json_object_get(json_object_get(begun, "fleet"), shard_host_name()))
		return 0;
	json_object_set(begun, "fleet", (json_t *)fleet);
	return results_write(&s->results, "env.json", begun);
}

int run_plan_open(struct session *s)
{
	json_t *env = make_env(s), *plan = make_plan(s);
	int status;

	if (s->options.resume.dir)
		status = resume_check(&s->options.resume, env, plan) ?:
				 results_reopen(&s->results, s->options.output) ?:
				 add_host(s, env) ?: results_journal(&s->results, "resume", NULL, NULL);
	else
		status = create(s, env, plan);
	json_decref(env);
	json_decref(plan);
	return status;
}

/* Mean over the cycles, for the progress line: "1.81 s", or instructions under icount. */
static const char *mean_duration(const struct boot_result *result, enum direction direction,
				 char *text, size_t size)
{
	size_t i,
		count = result_deflates(result) || direction == INFLATE ? result->cycles.count : 0;
	double sum = 0;

	for (i = 0; i < count; i++)
		sum += cycle_resize(result_cycle(result, i), direction)->duration_ns;
	if (!count)
		snprintf(text, size, "none");
	else if (accel_is_icount(result->accel))
		snprintf(text, size, "%.4g M instructions", sum / count / 1e6);
	else
		format_duration(sum / count, text, size);
	return text;
}

static void describe_resizes(const struct boot_result *result, char *line, size_t size)
{
	char text[64];
	int direction;
	size_t n = 0;

	for (direction = 0; direction < DIRECTIONS && n < size; direction++)
		n += snprintf(line + n, size - n, ", %s %s", direction_names[direction],
			      mean_duration(result, direction, text, sizeof(text)));
}

static void describe_replay(const struct replay_result *r, char *line, size_t size)
{
	char text[64];

	snprintf(line, size, ", replay %s, footprint %.4g GiB min",
		 format_duration(r->duration_ns, text, sizeof(text)), r->footprint_gib_minutes);
}

/* Report a boot in one line. */
static void report(const struct boot *boot, const struct boot_result *result)
{
	const struct replay_result *replay =
		result->cycles.count ? &result_cycle(result, 0)->replay : NULL;
	char line[256];
	int n;

	n = snprintf(line, sizeof(line), "%s", status_names[result->status]);
	if (result->status == BOOT_OK && replay && !record_is_absent(&replay_record, replay))
		describe_replay(replay, line + n, sizeof(line) - n);
	else if (result->status == BOOT_OK)
		describe_resizes(result, line + n, sizeof(line) - n);
	progress_done(line);
	if (result->reason)
		log_warn("%s is %s: %s", boot_name(boot), status_names[result->status],
			 result->reason);
}

/* boot_run() of this process; an exit status. */
static int run_here(const struct session *s, const struct boot *boot, const char *shown,
		    struct boot_result *result)
{
	int err = boot_run(boot, result);

	if (!err)
		return 0;
	if (err == -EINTR)
		return EXIT_INTERRUPTED;
	if (err == -ENOSPC || err == -EDQUOT || err == -EROFS)
		return results_fail(err, "write into", shown);
	return fails(EXIT_ENVIRONMENT, "%s: cannot run %s: %s", boot_name(boot),
		     session_qemu(s, boot->variant)->path, strerror(-err));
}

/* Run a boot and store its result. 0, or an exit status that ends the run. */
static int run_boot(struct session *s, const struct plan_entry *entry, struct boot *boot,
		    struct boot_result *result)
{
	struct boot_directory directory;
	int status = results_begin_boot(&directory, &s->results, boot);

	if (status)
		return status;
	boot->directory = directory.path;
	boot->name = directory.shown;
	boot->progress = progress_step;
	progress_boot(boot);
	log_debug("logs in %s", directory.shown);
	if (session_host(s, boot->variant))
		status = hosts_run_boot(s, entry, boot, result);
	else
		status = run_here(s, boot, directory.shown, result);
	if (!status && s->options.shard.of)
		record_set_text(&result->host_name, shard_host_name());
	if (!status)
		status = results_commit_boot(&directory, result)
				 ?: results_journal(&s->results, "boot", result, NULL);
	if (status)
		results_discard_boot(&directory);
	else
		report(boot, result);
	return status;
}

/* Run a boot, unless it had finished before --resume. 0, or an exit status that ends the run. */
static int run_entry(struct session *s, const struct plan_entry *entry)
{
	struct boot boot = session_boot(s, entry);
	struct boot_result result;
	bool found = false;
	int status = 0;

	record_init(&boot_record, &result);
	if (s->options.resume.dir)
		status = results_find_boot(&s->results, &boot, &result, &found);
	if (found)
		progress_skip();
	else if (!status)
		status = run_boot(s, entry, &boot, &result);
	if (!status)
		s->boots[result.status]++;
	if (!status && s->options.until.half_width && until_ci_add(&s->until, entry, &result))
		status = fails(EXIT_USAGE,
			       "--until-metric %s: %s: no such number in result.json; write one "
			       "as in inflate.duration_ns, deflate.gib_per_s or ready_ns",
			       s->options.until.metric, boot_name(&boot));
	record_release(&boot_record, &result);
	return status;
}

static void show_width(const struct session *s, size_t scenario)
{
	const struct until_ci_scenario *u = &s->until.scenarios[scenario];
	const char *name = s->scenarios[scenario].name, *widest = s->chosen[u->widest]->name;
	const char *end = u->boots < s->until.goal.max_boots ? "" : "; no more boots";
	double wanted = 100 * s->until.goal.half_width;

	if (u->reached)
		log_info("%s: all intervals are within +- %.3g %% after %u boots", name, wanted,
			 u->boots);
	else if (isfinite(u->half_width))
		log_info("%s: after %u boots the interval of %s is +- %.3g %%, the goal is +- %.3g "
			 "%%%s",
			 name, u->boots, widest, 100 * u->half_width, wanted, end);
	else
		log_info("%s: after %u boots %s has too few ok boots for an interval%s", name,
			 u->boots, widest, end);
}

/* Add a block for each interval that is too wide. 0, or an exit status that ends the run. */
static int extend(struct session *s)
{
	struct until_ci_scenario *u;
	json_t *plan;
	int status;
	size_t i;

	for (i = 0; i < s->scenario_count; i++) {
		u = &s->until.scenarios[i];
		if (!u->open)
			continue;
		until_ci_update(&s->until, i);
		show_width(s, i);
		if (u->open)
			plan_add_block(&s->plan, &s->longer, i, ++u->boots);
	}
	plan = make_plan(s);
	status = results_write(&s->results, "plan.json", plan);
	json_decref(plan);
	return status;
}

/* plan.json is written before the boots of a new block, so that --resume knows of them. */
static int run_entries(struct session *s)
{
	int status = 0;
	size_t i = 0;

	while (!status && i < s->plan.count) {
		status = interrupted() ? EXIT_INTERRUPTED : run_entry(s, &s->plan.entries[i]);
		if (!status && ++i == s->plan.count && s->options.until.half_width)
			status = extend(s);
	}
	return status;
}

int run_plan(struct session *s)
{
	const unsigned int *boots = s->boots;
	const char *dir = s->results.dir;
	int status;

	progress_begin(&s->plan.count, s->options.quiet);
	status = run_entries(s);
	progress_end();
	if (results_journal(&s->results, "end", NULL,
			    status == EXIT_INTERRUPTED ? "interrupted"
			    : status		       ? "failed"
						       : "complete") &&
	    !status)
		status = EXIT_ENVIRONMENT;
	if (status == EXIT_INTERRUPTED)
		log_warn("interrupted: %u finished boots are in %s; run --resume %s runs the rest",
			 boots[BOOT_OK] + boots[BOOT_FAILED] + boots[BOOT_INVALID], dir, dir);
	else
		log_info("%u boots ok, %u failed, %u invalid; results in %s", boots[BOOT_OK],
			 boots[BOOT_FAILED], boots[BOOT_INVALID], dir);
	if (!status && boots[BOOT_FAILED] + boots[BOOT_INVALID])
		status = EXIT_ENVIRONMENT;
	return status;
}

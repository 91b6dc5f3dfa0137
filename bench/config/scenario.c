/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/images.h"
#include "bench/config/kernel_args.h"
#include "bench/config/keys.h"
#include "bench/guest/messages.h"
#include "bench/victim/victims.h"
#include "lib/alloc.h"
#include "lib/log.h"
#include "lib/units.h"

#define MIB (1ULL << 20)
/* Left for the kernel, its page structures and the agent. */
#define GUEST_REST_BYTES (128 * MIB)
#define SUFFIX ".ini"
#define WORKLOAD_SUFFIX ".workload"

/* Longer runs of free pages would hold blocks of 64 KiB. */
#define LONGEST_RUN_MAX 15
/* A workload that takes this many times as long as it should hangs. */
#define SLOWDOWN_MAX 10

const char *const backing_names[] = { "anonymous", "memfd", "hugetlb", NULL };
const char *const prepared_state_names[] = { "idle", "touched", "fragmented", NULL };

/* A word of "fault@1 sched@0": kind and CPU. */
static int add_victim(const struct ini_entry *e, const char *word, struct record_list *list)
{
	const char *at = strchr(word, '@');
	struct victim_spec *spec;
	char kind[32];
	uint64_t cpu;

	snprintf(kind, sizeof(kind), "%.*s", (int)(at ? at - word : (int)strlen(word)), word);
	if (!victim_work(kind))
		return ini_fail(e, "'%s': no such victim; there are: " VICTIM_KINDS, kind);
	if (!at || parse_count(at + 1, 0, 1023, &cpu))
		return ini_fail(e, "'%s': expected its CPU, as in %s@1", word, kind);
	if (list->count == VICTIMS_MAX)
		return ini_fail(e, "more than %d victims", VICTIMS_MAX);
	spec = record_append(&victim_spec_record, list);
	record_set_text(&spec->kind, kind);
	spec->cpu = cpu;
	return 0;
}

static int set_victims(const struct ini_entry *e, const struct key *key, void *field)
{
	char *words = xstrdup(e->value), *word, *save;
	int err = 0;

	(void)key;
	record_release_list(&victim_spec_record, field);
	for (word = strtok_r(words, " ", &save); word && !err; word = strtok_r(NULL, " ", &save))
		err = add_victim(e, word, field);
	free(words);
	return err;
}

#define S struct scenario
static const struct key keys[] = {
	KEY("scenario", "description", key_set_text, description),
	KEY("guest", "memory", key_set_memory, memory_bytes),
	KEY("guest", "vcpus", key_set_number, vcpus, .max = 16),
	KEY("guest", "vms", key_set_number, vms, .max = 16),
	KEY("guest", "backing", key_set_choice, backing, .choices = backing_names),
	KEY("guest", "thp", key_set_switch, thp),
	KEY("guest", "prealloc", key_set_switch, prealloc),
	KEY("guest", "config", key_set_config, config),
	KEY("guest", "kernel_args", key_set_kernel_args, kernel_args),
	KEY("balloon", "inflate", key_set_memory, inflate_bytes),
	KEY("balloon", "step", key_set_memory, step_bytes),
	KEY("balloon", "deflate_on_oom", key_set_switch, deflate_on_oom),
	KEY("prepare", "state", key_set_choice, state, .choices = prepared_state_names),
	KEY("prepare", "busy", key_set_switch, busy),
	KEY("prepare", "longest_run", key_set_number, longest_run, .max = LONGEST_RUN_MAX),
	KEY("compaction", "rounds", key_set_number, compaction_rounds, .max = 1000),
	KEY("compaction", "slice", key_set_memory, compaction_slice_bytes),
	KEY("pressure", "hold", key_set_memory, pressure.hold_bytes),
	KEY("pressure", "cache", key_set_memory, pressure.cache_bytes),
	KEY("pressure", "growth", key_set_memory, pressure.growth_bytes),
	KEY("pressure", "patience", key_set_time, pressure.patience_ns),
	KEY("workload", "file", key_set_text, replay.file),
	KEY("workload", "speed", key_set_factor, replay.speed),
	KEY("workload", "size", key_set_factor, replay.size),
	KEY("workload", "stagger", key_set_time, replay.stagger_ns),
	KEY("workload", "sample", key_set_time, replay.sample_ns),
	KEY("policy", "period", key_set_time, replay.period_ns),
	KEY("policy", "headroom", key_set_memory, replay.headroom_bytes),
	KEY("policy", "step", key_set_memory, replay.step_bytes),
	KEY("victims", "guest", set_victims, guest_victims),
	KEY("victims", "host", set_victims, host_victims),
	KEY("victims", "calm", key_set_time, calm_ns),
	KEY("run", "cycles", key_set_number, cycles, .max = CYCLES_MAX),
	KEY("run", "refault", key_set_switch, refault),
	KEY("run", "rate", key_set_rate, rate_bytes_per_s),
	KEY("run", "boot_timeout", key_set_time, boot_timeout_ns),
	KEY("run", "resize_timeout", key_set_time, resize_timeout_ns),
	{ .section = "run", .name = "move_timeout", .renamed = "resize_timeout" },
	{ .name = NULL },
};
#undef S

/* Free memory after one page of each run is pinned. */
static uint64_t fragmented_bytes(const struct scenario *s)
{
	double mean_run = (1 + s->longest_run) / 2.0;

	return (s->memory_bytes - GUEST_REST_BYTES) * (mean_run / (mean_run + 1));
}

/* -EINVAL with a message if the scenario cannot be run. */
static int check(const struct scenario *s, char *err, size_t err_size)
{
	const struct pressure *p = &s->pressure;
	uint64_t slices = s->compaction_rounds * s->compaction_slice_bytes;
	uint64_t used = p->hold_bytes + p->cache_bytes;
	bool fragmented = s->state == PREPARED_FRAGMENTED;
	const bool replays = s->replay.file;
	char memory[32], inflate[32], step[32], unpinned[32], sliced[32], run[16], rounds[16];
	char peak[32];
	/* The first broken one is reported, with these texts in place of its %s. */
	const struct {
		bool broken;
		const char *message;
		const char *text, *other;
	} rules[] = {
		{ !s->memory_bytes, "[guest] memory is not set; write one, as in memory = 8 GiB",
		  NULL, NULL },
		{ !s->inflate_bytes,
		  "[balloon] inflate is not set; write one, as in inflate = 7 GiB", NULL, NULL },
		{ s->memory_bytes < GUEST_MIN_BYTES,
		  "[guest] memory: %s is too little, a guest needs 256 MiB", memory, NULL },
		{ s->inflate_bytes > s->memory_bytes,
		  "[balloon] inflate: %s is more than [guest] memory = %s", inflate, memory },
		{ s->memory_bytes - s->inflate_bytes < GUEST_REST_BYTES,
		  "[balloon] inflate: %s of %s leaves the guest less than the 128 MiB it needs "
		  "to run",
		  inflate, memory },
		{ s->step_bytes > s->inflate_bytes,
		  "[balloon] step: %s is more than [balloon] inflate = %s", step, inflate },
		{ s->cycles > 1 && s->state != PREPARED_IDLE &&
			  (s->guest_victims.count || s->host_victims.count),
		  "[run] cycles: expected 1 with victims and state = %s: the next cycle would "
		  "touch memory beside the victims",
		  prepared_state_names[s->state], NULL },
		{ fragmented && s->inflate_bytes > fragmented_bytes(s),
		  "[balloon] inflate: with state = fragmented and runs of 1 to %s pages no more "
		  "than %s are free",
		  run, unpinned },
		{ s->busy && s->vcpus < 2,
		  "[prepare] busy: the driver needs a vCPU beside the busy one; set [guest] vcpus "
		  "= 2",
		  NULL, NULL },
		{ s->busy && s->guest_victims.count,
		  "[prepare] busy: the guest's victims keep a vCPU busy, too; leave out one of the "
		  "two",
		  NULL, NULL },
		{ s->compaction_rounds && s->state != PREPARED_IDLE,
		  "[compaction] rounds: they arrange memory themselves; leave [prepare] "
		  "state = idle",
		  NULL, NULL },
		{ s->inflate_bytes + slices + GUEST_REST_BYTES > s->memory_bytes,
		  "[compaction] slice: %s rounds need %s, more than the balloon leaves free",
		  rounds, sliced },
		{ !p->cache_bytes && used + p->growth_bytes,
		  "[pressure] cache is not set; write one, as in cache = 384 MiB", NULL, NULL },
		{ p->cache_bytes && used + GUEST_REST_BYTES > s->memory_bytes,
		  "[pressure] hold and cache leave the guest less than the 128 MiB it needs to "
		  "run",
		  NULL, NULL },
		{ p->cache_bytes && used + s->inflate_bytes <= s->memory_bytes,
		  "[pressure] hold, cache and [balloon] inflate fit into the guest's memory: "
		  "there would be no pressure",
		  NULL, NULL },
		{ p->growth_bytes && !s->deflate_on_oom,
		  "[pressure] growth: the guest would kill the process, because it cannot take "
		  "memory back; set [balloon] deflate_on_oom = on",
		  NULL, NULL },
		{ !replays && s->vms > 1,
		  "[guest] vms: several guests replay a workload; write one, as in [workload] file "
		  "= "
		  "gcc-lto",
		  NULL, NULL },
		{ replays && s->cycles != 1,
		  "[run] cycles: expected 1 with a workload: it is replayed once in a boot", NULL,
		  NULL },
		{ replays && (s->state != PREPARED_IDLE || s->busy || s->compaction_rounds ||
			      p->cache_bytes || s->refault),
		  "[workload] file: the workload itself uses the guest's memory; leave out "
		  "[prepare], [compaction], [pressure] and [run] refault",
		  NULL, NULL },
		{ replays && replay_peak_bytes(&s->replay) + GUEST_REST_BYTES > s->memory_bytes,
		  "[workload] size: the workload takes up to %s; with the 128 MiB that the guest "
		  "needs to run that is more than [guest] memory = %s",
		  peak, memory },
		{ replays && s->replay.workload.count > REPLAY_ROWS_MAX,
		  "[workload] file: more than 20000 rows; record it with a longer --period", NULL,
		  NULL },
	};
	char why[512];
	size_t i;

	format_bytes(s->memory_bytes, memory, sizeof(memory));
	format_bytes(s->inflate_bytes, inflate, sizeof(inflate));
	format_bytes(s->step_bytes, step, sizeof(step));
	format_bytes(fragmented_bytes(s), unpinned, sizeof(unpinned));
	format_bytes(slices, sliced, sizeof(sliced));
	format_bytes(replays ? replay_peak_bytes(&s->replay) : 0, peak, sizeof(peak));
	snprintf(run, sizeof(run), "%u", s->longest_run);
	snprintf(rounds, sizeof(rounds), "%u", s->compaction_rounds);
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].broken)
			continue;
		snprintf(why, sizeof(why), rules[i].message, rules[i].text, rules[i].other);
		return refuse(err, err_size, "%s: %s", s->path, why);
	}
	return 0;
}

static bool has_suffix(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(SUFFIX) && !strcmp(name + len - strlen(SUFFIX), SUFFIX);
}

static int set_entry(const struct ini_entry *e, void *scenario)
{
	return key_set(keys, e, scenario);
}

uint64_t replay_peak_bytes(const struct replay_plan *replay)
{
	return ceil(workload_peak_bytes(&replay->workload) * replay->size);
}

uint64_t replay_planned_ns(const struct replay_plan *replay)
{
	return llround((double)workload_duration_ns(&replay->workload) / replay->speed);
}

uint64_t replay_limit_ns(const struct replay_plan *replay)
{
	return SLOWDOWN_MAX * replay_planned_ns(replay);
}

/* "gcc-lto" of ours, or a path. */
static int load_workload(struct scenario *s, char *err, size_t err_size)
{
	struct replay_plan *replay = &s->replay;
	const size_t length = strlen(replay->file), suffix = strlen(WORKLOAD_SUFFIX);
	const bool is_path =
		strchr(replay->file, '/') ||
		(length > suffix && !strcmp(replay->file + length - suffix, WORKLOAD_SUFFIX));
	char *path = is_path ? xstrdup(replay->file)
			     : xasprintf("%s/%s" WORKLOAD_SUFFIX, path_workloads(), replay->file);
	char why[512];
	int status = workload_load(&replay->workload, path, why, sizeof(why));

	free(path);
	/* -ENOENT would say that there is no such scenario. */
	return status ? refuse(err, err_size, "%s: [workload] file: %s", s->path, why) : 0;
}

static int load_file(struct scenario *s, char *err, size_t err_size)
{
	const char *slash = strrchr(s->path, '/');
	int status;

	/* "idle" from ".../idle.ini"; result trees have a directory of that name. */
	s->name = xstrdup(slash ? slash + 1 : s->path);
	if (has_suffix(s->name))
		s->name[strlen(s->name) - strlen(SUFFIX)] = '\0';
	if (!is_plain_name(s->name))
		return refuse(err, err_size,
			      "%s: expected a file name of letters, digits, '.', '_' and '-'",
			      s->path);
	status = ini_file_parse(s->path, set_entry, s, err, err_size);
	if (!status && s->replay.file)
		status = load_workload(s, err, err_size);
	if (!s->cycles)
		s->cycles = s->replay.file ? 1 : 2;
	if (!status)
		status = check(s, err, err_size);
	if (!s->step_bytes)
		s->step_bytes = s->inflate_bytes;
	return status;
}

int scenario_load(struct scenario *scenario, const char *name, const char *dir, char *err,
		  size_t err_size)
{
	struct record_list names;
	char known[512];
	int status;

	*scenario = (struct scenario){
		.vcpus = 2,
		.vms = 1,
		.backing = BACKING_ANONYMOUS,
		.thp = true,
		.state = PREPARED_IDLE,
		.longest_run = 4,
		.compaction_slice_bytes = 16 * MIB,
		.pressure.patience_ns = 3000000000ULL,
		.replay = { .speed = 1,
			    .size = 1,
			    .stagger_ns = 1000000000,
			    .sample_ns = 20000000,
			    .period_ns = 100000000,
			    .headroom_bytes = 64 * MIB,
			    .step_bytes = 4 * MIB },
		.calm_ns = 2000000000ULL,
		.boot_timeout_ns = 30000000000ULL,
		.resize_timeout_ns = 300000000000ULL,
		.scale = 1,
	};
	if (strchr(name, '/') || has_suffix(name))
		scenario->path = xstrdup(name);
	else
		scenario->path = xasprintf("%s/%s" SUFFIX, dir, name);
	status = load_file(scenario, err, err_size);
	if (status == -ENOENT) {
		names = scenario_names(dir);
		join_names(names.items, names.count, known, sizeof(known));
		record_release_texts(&names);
		snprintf(err, err_size, "no scenario '%s' (%s does not exist); there are: %s", name,
			 scenario->path, known);
	}
	if (status)
		scenario_release(scenario);
	return status;
}

void scenario_release(struct scenario *scenario)
{
	free(scenario->name);
	free(scenario->path);
	free(scenario->config);
	free(scenario->kernel_args);
	keys_release(keys, scenario);
	workload_release(&scenario->replay.workload);
	record_release_list(&victim_spec_record, &scenario->guest_victims);
	record_release_list(&victim_spec_record, &scenario->host_victims);
	memset(scenario, 0, sizeof(*scenario));
}

static uint64_t scale_bytes(uint64_t bytes, double factor)
{
	uint64_t mib = floor((double)bytes / MIB * factor);

	return (mib ? mib : 1) * MIB;
}

/* What the guest needs to run does not shrink: the workload has to shrink the more. */
static void fit_workload(struct scenario *s)
{
	/* Less what rounding adds. */
	const double room = (double)s->memory_bytes - GUEST_REST_BYTES - MIB;
	double peak;

	if (!s->replay.file)
		return;
	peak = replay_peak_bytes(&s->replay);
	if (peak > room)
		s->replay.size *= room / peak;
}

bool scenario_scale(struct scenario *scenario, uint64_t limit_bytes)
{
	struct pressure *pressure = &scenario->pressure;
	uint64_t *const sizes[] = {
		&scenario->memory_bytes,      &scenario->inflate_bytes,
		&scenario->step_bytes,	      &scenario->compaction_slice_bytes,
		&pressure->hold_bytes,	      &pressure->cache_bytes,
		&pressure->growth_bytes,      &scenario->replay.headroom_bytes,
		&scenario->replay.step_bytes,
	};
	double factor = (double)limit_bytes / scenario->memory_bytes;
	size_t i;

	if (scenario->memory_bytes <= limit_bytes)
		return false;
	scenario->scale *= factor;
	scenario->replay.size *= factor;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (*sizes[i])
			*sizes[i] = scale_bytes(*sizes[i], factor);
	if (scenario->memory_bytes < scenario->inflate_bytes + GUEST_REST_BYTES &&
	    scenario->memory_bytes > GUEST_REST_BYTES)
		scenario->inflate_bytes = scenario->memory_bytes - GUEST_REST_BYTES;
	if (scenario->step_bytes > scenario->inflate_bytes)
		scenario->step_bytes = scenario->inflate_bytes;
	fit_workload(scenario);
	return true;
}

static int is_ini(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && has_suffix(entry->d_name);
}

struct record_list scenario_names(const char *dir)
{
	struct record_list names = { .count = 0 };
	struct dirent **entries = NULL;
	int i, count = scandir(dir, &entries, is_ini, alphasort);

	for (i = 0; i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
		record_append_text(&names, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return names;
}

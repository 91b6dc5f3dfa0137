/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/scenario_keys.h"
#include "lib/ini_file.h"
#include "lib/units.h"

#define MIB (1ULL << 20)
#define GUEST_MIN_BYTES (256 * MIB)
/* A kernel, its page structures and the agent live in what is left. */
#define GUEST_REST_BYTES (128 * MIB)
#define SUFFIX ".ini"

static const char *const accel_names[] = {
	[ACCEL_KVM] = "kvm",
	[ACCEL_TCG] = "tcg",
	[ACCEL_ICOUNT] = "icount",
};

const char *accel_name(enum accel accel)
{
	return accel_names[accel];
}

static int check_sizes(const struct scenario *s, char *err, size_t err_size)
{
	char memory[32], inflate[32], step[32];

	format_bytes(s->memory_bytes, memory, sizeof(memory));
	format_bytes(s->inflate_bytes, inflate, sizeof(inflate));
	format_bytes(s->step_bytes, step, sizeof(step));
	if (!s->memory_bytes)
		snprintf(err, err_size,
			 "%s: [guest] memory is not set; write one, as in memory = 8 GiB", s->path);
	else if (!s->inflate_bytes)
		snprintf(err, err_size,
			 "%s: [balloon] inflate is not set; write one, as in inflate = 7 GiB",
			 s->path);
	else if (s->memory_bytes < GUEST_MIN_BYTES)
		snprintf(err, err_size,
			 "%s: [guest] memory: %s is too little, a guest needs 256 MiB", s->path,
			 memory);
	else if (s->inflate_bytes > s->memory_bytes)
		snprintf(err, err_size,
			 "%s: [balloon] inflate: %s is more than the guest has ([guest] memory = "
			 "%s)",
			 s->path, inflate, memory);
	else if (s->memory_bytes - s->inflate_bytes < GUEST_REST_BYTES)
		snprintf(err, err_size,
			 "%s: [balloon] inflate: %s of %s leaves the guest less than the 128 MiB "
			 "it needs to run",
			 s->path, inflate, memory);
	else if (s->step_bytes > s->inflate_bytes)
		snprintf(err, err_size,
			 "%s: [balloon] step: %s is more than the whole move ([balloon] inflate = "
			 "%s)",
			 s->path, step, inflate);
	else if (s->cycles > 1 && s->state != PREPARED_IDLE &&
		 (s->guest_victims || s->host_victims))
		snprintf(err, err_size,
			 "%s: [run] cycles: with victims and state = %s there can be but one, "
			 "for the touching would be beside them too",
			 s->path, prepared_state_name(s->state));
	else
		return 0;
	return -EINVAL;
}

/* What is free where one page of each run stays. */
static uint64_t fragmented_bytes(const struct scenario *s)
{
	double mean_run = (1 + s->longest_run) / 2.0;

	return (s->memory_bytes - GUEST_REST_BYTES) * (mean_run / (mean_run + 1));
}

/* What is done to memory needs room, too. */
static int check_states(const struct scenario *s, char *err, size_t err_size)
{
	const struct pressure *p = &s->pressure;
	uint64_t held = s->compaction_rounds * s->compaction_slice_bytes;
	char text[32];

	if (s->state == PREPARED_FRAGMENTED && s->inflate_bytes > fragmented_bytes(s))
		snprintf(err, err_size,
			 "%s: [balloon] inflate: with state = fragmented and runs of 1 to %u pages "
			 "no more than %s are free",
			 s->path, s->longest_run,
			 format_bytes(fragmented_bytes(s), text, sizeof(text)));
	else if (s->compaction_rounds && s->state != PREPARED_IDLE)
		snprintf(err, err_size,
			 "%s: [compaction] rounds: they arrange memory by themselves; leave "
			 "[prepare] state = idle",
			 s->path);
	else if (s->inflate_bytes + held + GUEST_REST_BYTES > s->memory_bytes)
		snprintf(err, err_size,
			 "%s: [compaction] slice: %u rounds of it need %s, and beside the balloon "
			 "there is no room for that",
			 s->path, s->compaction_rounds, format_bytes(held, text, sizeof(text)));
	else if (!p->cache_bytes && (p->hold_bytes || p->growth_bytes))
		snprintf(err, err_size,
			 "%s: [pressure] cache is not set; write one, as in cache = 384 MiB",
			 s->path);
	else if (p->cache_bytes &&
		 p->hold_bytes + p->cache_bytes + GUEST_REST_BYTES > s->memory_bytes)
		snprintf(err, err_size,
			 "%s: [pressure] hold and cache leave the guest less than the 128 MiB it "
			 "needs to run",
			 s->path);
	else if (p->cache_bytes &&
		 p->hold_bytes + p->cache_bytes + s->inflate_bytes <= s->memory_bytes)
		snprintf(err, err_size,
			 "%s: [pressure] hold, cache and [balloon] inflate are no more than the "
			 "guest has: there would be no pressure",
			 s->path);
	else if (p->growth_bytes && !s->deflate_on_oom)
		snprintf(err, err_size,
			 "%s: [pressure] growth: a guest that cannot take memory back would kill "
			 "the process; set [balloon] deflate_on_oom = on",
			 s->path);
	else
		return 0;
	return -EINVAL;
}

/* "idle" from ".../idle.ini"; it names a directory of the results, so it must be able to. */
static int set_name(struct scenario *s, char *err, size_t err_size)
{
	const char *base = strrchr(s->path, '/');
	size_t len;

	base = base ? base + 1 : s->path;
	len = strlen(base);
	if (len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX))
		len -= strlen(SUFFIX);
	s->name = strndup(base, len);
	if (!s->name)
		return -ENOMEM;
	if (s->name[0] == '.' || s->name[strspn(s->name, "abcdefghijklmnopqrstuvwxyz"
							 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							 "0123456789._-")]) {
		snprintf(err, err_size,
			 "%s: a scenario's file name is made of letters, digits, '.', '_' and '-'",
			 s->path);
		return -EINVAL;
	}
	return 0;
}

static void list_names(const char *dir, char *text, size_t size)
{
	char **names = scenario_names(dir), **name;
	size_t n = 0;

	text[0] = '\0';
	for (name = names; name && *name && n < size; name++)
		n += snprintf(text + n, size - n, "%s%s", n ? ", " : "", *name);
	scenario_names_free(names);
}

static int load_file(struct scenario *s, char *err, size_t err_size)
{
	int status;

	status = set_name(s, err, err_size);
	if (!status)
		status = ini_file_parse(s->path, scenario_set, s, err, err_size);
	if (!status)
		status = check_sizes(s, err, err_size);
	if (!status)
		status = check_states(s, err, err_size);
	if (!status && !s->step_bytes)
		s->step_bytes = s->inflate_bytes;
	return status;
}

int scenario_load(struct scenario *scenario, const char *name, const char *dir, char *err,
		  size_t err_size)
{
	size_t len = strlen(name);
	char known[512];
	int status;

	*scenario = (struct scenario){
		.vcpus = 2,
		.backing = BACKING_ANONYMOUS,
		.thp = true,
		.state = PREPARED_IDLE,
		.longest_run = 4,
		.compaction_slice_bytes = 16 * MIB,
		.pressure.patience_ns = 3000000000ULL,
		.cycles = 2,
		.calm_ns = 2000000000ULL,
		.boot_timeout_ns = 30000000000ULL,
		.move_timeout_ns = 300000000000ULL,
		.scale = 1,
	};
	snprintf(err, err_size, "out of memory");
	if (strchr(name, '/') ||
	    (len > strlen(SUFFIX) && !strcmp(name + len - strlen(SUFFIX), SUFFIX)))
		status = asprintf(&scenario->path, "%s", name);
	else
		status = asprintf(&scenario->path, "%s/%s" SUFFIX, dir, name);
	if (status < 0) {
		scenario->path = NULL;
		return -ENOMEM;
	}
	status = load_file(scenario, err, err_size);
	if (status == -ENOENT) {
		list_names(dir, known, sizeof(known));
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
	free(scenario->description);
	json_decref(scenario->guest_victims);
	json_decref(scenario->host_victims);
	memset(scenario, 0, sizeof(*scenario));
}

static uint64_t scale_bytes(uint64_t bytes, double factor)
{
	uint64_t mib = floor((double)bytes / MIB * factor);

	return (mib ? mib : 1) * MIB;
}

static void scale_pressure(struct pressure *pressure, double factor)
{
	if (!pressure->cache_bytes)
		return;
	pressure->hold_bytes = scale_bytes(pressure->hold_bytes, factor);
	pressure->cache_bytes = scale_bytes(pressure->cache_bytes, factor);
	if (pressure->growth_bytes)
		pressure->growth_bytes = scale_bytes(pressure->growth_bytes, factor);
}

bool scenario_scale(struct scenario *scenario, uint64_t limit_bytes)
{
	double factor;

	if (scenario->memory_bytes <= limit_bytes)
		return false;
	factor = (double)limit_bytes / scenario->memory_bytes;
	scenario->scale *= factor;
	scenario->memory_bytes = scale_bytes(scenario->memory_bytes, factor);
	scenario->inflate_bytes = scale_bytes(scenario->inflate_bytes, factor);
	scenario->step_bytes = scale_bytes(scenario->step_bytes, factor);
	scenario->compaction_slice_bytes = scale_bytes(scenario->compaction_slice_bytes, factor);
	scale_pressure(&scenario->pressure, factor);
	if (scenario->memory_bytes < scenario->inflate_bytes + GUEST_REST_BYTES &&
	    scenario->memory_bytes > GUEST_REST_BYTES)
		scenario->inflate_bytes = scenario->memory_bytes - GUEST_REST_BYTES;
	if (scenario->step_bytes > scenario->inflate_bytes)
		scenario->step_bytes = scenario->inflate_bytes;
	return true;
}

static int is_ini(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

char **scenario_names(const char *dir)
{
	struct dirent **entries = NULL;
	int i, count = scandir(dir, &entries, is_ini, alphasort);
	char **names = calloc(count > 0 ? count + 1 : 1, sizeof(*names));

	for (i = 0; i < count; i++) {
		if (names)
			names[i] = strndup(entries[i]->d_name,
					   strlen(entries[i]->d_name) - strlen(SUFFIX));
		free(entries[i]);
	}
	free(entries);
	return names;
}

void scenario_names_free(char **names)
{
	char **name;

	for (name = names; name && *name; name++)
		free(*name);
	free(names);
}

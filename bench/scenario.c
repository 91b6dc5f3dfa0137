/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ini_file.h"
#include "lib/units.h"

#define MIB (1ULL << 20)
#define GUEST_MIN_BYTES (256 * MIB)
#define GUEST_MAX_BYTES (1ULL << 44)
/* A kernel, its page structures and the agent live in what is left. */
#define GUEST_REST_BYTES (128 * MIB)
#define SUFFIX ".ini"

static const char *const backing_names[] = {
	[BACKING_ANONYMOUS] = "anonymous",
	[BACKING_MEMFD] = "memfd",
	[BACKING_HUGETLB] = "hugetlb",
};

static const char *const state_names[] = {
	[PREPARED_IDLE] = "idle",
	[PREPARED_TOUCHED] = "touched",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *backing_name(enum backing backing)
{
	return backing_names[backing];
}

const char *prepared_state_name(enum prepared_state state)
{
	return state_names[state];
}

static int set_text(const struct ini_entry *e, char **text)
{
	*text = strdup(e->value);
	return *text ? 0 : -ENOMEM;
}

static int set_memory(const struct ini_entry *e, uint64_t *bytes)
{
	int err = parse_bytes(e->value, bytes);

	if (err == -EINVAL)
		return ini_fail(e, "'%s' is no size; write a number with its unit, as in 8 GiB",
				e->value);
	if (err || !*bytes || *bytes % MIB || *bytes > GUEST_MAX_BYTES)
		return ini_fail(e, "%s: a whole number of MiB is wanted, at most 16 TiB", e->value);
	return 0;
}

static int set_time(const struct ini_entry *e, uint64_t *ns)
{
	if (parse_duration(e->value, ns) || !*ns)
		return ini_fail(e, "'%s' is no time; write a number with its unit, as in 30 s",
				e->value);
	return 0;
}

static int set_number(const struct ini_entry *e, unsigned int max, unsigned int *number)
{
	uint64_t value;

	if (parse_count(e->value, 1, max, &value))
		return ini_fail(e, "'%s': a whole number from 1 to %u is wanted", e->value, max);
	*number = value;
	return 0;
}

static int set_switch(const struct ini_entry *e, bool *flag)
{
	int on;

	if (parse_switch(e->value, &on))
		return ini_fail(e, "'%s': on or off is wanted", e->value);
	*flag = on;
	return 0;
}

static int set_choice(const struct ini_entry *e, const char *const *names, size_t count,
		      int *choice)
{
	char list[256] = "";
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		if (!strcmp(e->value, names[i])) {
			*choice = i;
			return 0;
		}
		n += snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", names[i]);
	}
	return ini_fail(e, "'%s' is unknown; there are: %s", e->value, list);
}

static int set_backing(const struct ini_entry *e, enum backing *backing)
{
	int choice = 0, err = set_choice(e, backing_names, COUNT(backing_names), &choice);

	*backing = choice;
	return err;
}

static int set_state(const struct ini_entry *e, enum prepared_state *state)
{
	int choice = 0, err = set_choice(e, state_names, COUNT(state_names), &choice);

	*state = choice;
	return err;
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct scenario *s = context;
	char name[128];

	snprintf(name, sizeof(name), "%s.%s", e->section, e->key);
	if (!strcmp(name, "scenario.description"))
		return set_text(e, &s->description);
	if (!strcmp(name, "guest.memory"))
		return set_memory(e, &s->memory_bytes);
	if (!strcmp(name, "guest.vcpus"))
		return set_number(e, 16, &s->vcpus);
	if (!strcmp(name, "guest.backing"))
		return set_backing(e, &s->backing);
	if (!strcmp(name, "guest.thp"))
		return set_switch(e, &s->thp);
	if (!strcmp(name, "guest.prealloc"))
		return set_switch(e, &s->prealloc);
	if (!strcmp(name, "balloon.inflate"))
		return set_memory(e, &s->inflate_bytes);
	if (!strcmp(name, "balloon.step"))
		return set_memory(e, &s->step_bytes);
	if (!strcmp(name, "prepare.state"))
		return set_state(e, &s->state);
	if (!strcmp(name, "run.cycles"))
		return set_number(e, 1000, &s->cycles);
	if (!strcmp(name, "run.refault"))
		return set_switch(e, &s->refault);
	if (!strcmp(name, "run.boot_timeout"))
		return set_time(e, &s->boot_timeout_ns);
	if (!strcmp(name, "run.move_timeout"))
		return set_time(e, &s->move_timeout_ns);
	return ini_fail(e, "unknown key; there are: scenario.description; guest.memory, vcpus, "
			   "backing, thp, prealloc; balloon.inflate, step; prepare.state; "
			   "run.cycles, refault, boot_timeout, move_timeout");
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
		status = ini_file_parse(s->path, set_entry, s, err, err_size);
	if (!status)
		status = check_sizes(s, err, err_size);
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
		.cycles = 2,
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
	memset(scenario, 0, sizeof(*scenario));
}

static uint64_t scale_bytes(uint64_t bytes, double factor)
{
	uint64_t mib = floor((double)bytes / MIB * factor);

	return (mib ? mib : 1) * MIB;
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

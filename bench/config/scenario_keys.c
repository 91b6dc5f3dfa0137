/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/scenario_keys.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/victim/victims.h"
#include "lib/units.h"

#define MIB (1ULL << 20)
#define GUEST_MAX_BYTES (1ULL << 44)

static const char *const backing_names[] = {
	[BACKING_ANONYMOUS] = "anonymous",
	[BACKING_MEMFD] = "memfd",
	[BACKING_HUGETLB] = "hugetlb",
};

static const char *const state_names[] = {
	[PREPARED_IDLE] = "idle",
	[PREPARED_TOUCHED] = "touched",
	[PREPARED_FRAGMENTED] = "fragmented",
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

static int set_text(const struct ini_entry *e, void *field)
{
	char **text = field;

	*text = strdup(e->value);
	return *text ? 0 : -ENOMEM;
}

static int set_memory(const struct ini_entry *e, void *field)
{
	uint64_t *bytes = field;
	int err = parse_bytes(e->value, bytes);

	if (err == -EINVAL)
		return ini_fail(e, "'%s' is no size; write a number with its unit, as in 8 GiB",
				e->value);
	if (err || !*bytes || *bytes % MIB || *bytes > GUEST_MAX_BYTES)
		return ini_fail(e, "%s: a whole number of MiB is wanted, at most 16 TiB", e->value);
	return 0;
}

static int set_time(const struct ini_entry *e, void *field)
{
	uint64_t *ns = field;

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

static int set_switch(const struct ini_entry *e, void *field)
{
	bool *flag = field;
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

static int set_backing(const struct ini_entry *e, void *field)
{
	enum backing *backing = field;
	int choice = 0, err = set_choice(e, backing_names, COUNT(backing_names), &choice);

	*backing = choice;
	return err;
}

static int set_state(const struct ini_entry *e, void *field)
{
	enum prepared_state *state = field;
	int choice = 0, err = set_choice(e, state_names, COUNT(state_names), &choice);

	*state = choice;
	return err;
}

static int set_vcpus(const struct ini_entry *e, void *field)
{
	return set_number(e, 16, field);
}

static int set_thousand(const struct ini_entry *e, void *field)
{
	return set_number(e, 1000, field);
}

/* Longer ones would hold blocks of 64 KiB: no longer what fragmented means here. */
static int set_run(const struct ini_entry *e, void *field)
{
	return set_number(e, LONGEST_RUN_MAX, field);
}

static int set_rate(const struct ini_entry *e, void *field)
{
	if (parse_rate(e->value, field))
		return ini_fail(e, "'%s' is no rate; write a size and a time, as in 1 GiB/s",
				e->value);
	return 0;
}

/* One of "fault@1 sched@0": a kind, and the CPU that it keeps to. */
static int add_victim(const struct ini_entry *e, const char *word, json_t *list)
{
	char kind[32];
	uint64_t cpu;
	const char *at = strchr(word, '@');

	snprintf(kind, sizeof(kind), "%.*s", (int)(at ? at - word : (int)strlen(word)), word);
	if (!victim_is_kind(kind))
		return ini_fail(e, "'%s' is no victim; there are: " VICTIM_KINDS, kind);
	if (!at || parse_count(at + 1, 0, 1023, &cpu))
		return ini_fail(e, "'%s': which CPU it keeps to is wanted, as in %s@1", word, kind);
	if (json_array_size(list) == VICTIMS_MAX)
		return ini_fail(e, "more than %d victims", VICTIMS_MAX);
	json_array_append_new(list, json_pack("{s:s, s:I}", "kind", kind, "cpu", (json_int_t)cpu));
	return 0;
}

static int set_victims(const struct ini_entry *e, void *field)
{
	json_t **list = field;
	char *words = strdup(e->value), *word, *save;
	int err = words ? 0 : -ENOMEM;

	json_decref(*list);
	*list = json_array();
	for (word = words ? strtok_r(words, " ", &save) : NULL; word && !err;
	     word = strtok_r(NULL, " ", &save))
		err = add_victim(e, word, *list);
	free(words);
	return err;
}

#define FIELD(member) offsetof(struct scenario, member)

static const struct key {
	const char *section;
	const char *name;
	int (*set)(const struct ini_entry *e, void *field);
	size_t field;
} keys[] = {
	{ "scenario", "description", set_text, FIELD(description) },
	{ "guest", "memory", set_memory, FIELD(memory_bytes) },
	{ "guest", "vcpus", set_vcpus, FIELD(vcpus) },
	{ "guest", "backing", set_backing, FIELD(backing) },
	{ "guest", "thp", set_switch, FIELD(thp) },
	{ "guest", "prealloc", set_switch, FIELD(prealloc) },
	{ "balloon", "inflate", set_memory, FIELD(inflate_bytes) },
	{ "balloon", "step", set_memory, FIELD(step_bytes) },
	{ "balloon", "deflate_on_oom", set_switch, FIELD(deflate_on_oom) },
	{ "prepare", "state", set_state, FIELD(state) },
	{ "prepare", "longest_run", set_run, FIELD(longest_run) },
	{ "compaction", "rounds", set_thousand, FIELD(compaction_rounds) },
	{ "compaction", "slice", set_memory, FIELD(compaction_slice_bytes) },
	{ "pressure", "hold", set_memory, FIELD(pressure.hold_bytes) },
	{ "pressure", "cache", set_memory, FIELD(pressure.cache_bytes) },
	{ "pressure", "growth", set_memory, FIELD(pressure.growth_bytes) },
	{ "pressure", "patience", set_time, FIELD(pressure.patience_ns) },
	{ "victims", "guest", set_victims, FIELD(guest_victims) },
	{ "victims", "host", set_victims, FIELD(host_victims) },
	{ "victims", "calm", set_time, FIELD(calm_ns) },
	{ "run", "cycles", set_thousand, FIELD(cycles) },
	{ "run", "refault", set_switch, FIELD(refault) },
	{ "run", "rate", set_rate, FIELD(rate_bytes_per_s) },
	{ "run", "boot_timeout", set_time, FIELD(boot_timeout_ns) },
	{ "run", "move_timeout", set_time, FIELD(move_timeout_ns) },
};

/* "there are: guest.memory, vcpus; balloon.inflate, ..." */
static int fail_unknown(const struct ini_entry *e)
{
	const char *section = "";
	char list[512] = "";
	size_t i, n = 0;

	for (i = 0; i < COUNT(keys) && n < sizeof(list); i++) {
		bool same = !strcmp(section, keys[i].section);

		n += snprintf(list + n, sizeof(list) - n, "%s%s%s%s",
			      same ? ", "
			      : i  ? "; "
				   : "",
			      same ? "" : keys[i].section, same ? "" : ".", keys[i].name);
		section = keys[i].section;
	}
	return ini_fail(e, "unknown key; there are: %s", list);
}

int scenario_set(const struct ini_entry *e, void *context)
{
	size_t i;

	for (i = 0; i < COUNT(keys); i++)
		if (!strcmp(e->section, keys[i].section) && !strcmp(e->key, keys[i].name))
			return keys[i].set(e, (char *)context + keys[i].field);
	return fail_unknown(e);
}

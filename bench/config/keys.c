/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/keys.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/images.h"
#include "lib/alloc.h"
#include "lib/record.h"
#include "lib/units.h"
#include "lib/utf8.h"

#define MIB (1ULL << 20)
#define MEMORY_MAX_BYTES (1ULL << 44)
#define FACTOR_MIN 0.001
#define FACTOR_MAX 1000
/* A deadline is a time from now on. */
#define TIME_MAX_NS (1000 * 3600 * 1000000000ULL)

int key_set_text(const struct ini_entry *e, const struct key *key, void *member)
{
	(void)key;
	if (!utf8_is_valid(e->value))
		return ini_fail(e, "not UTF-8; convert the file, as with iconv");
	record_set_text(member, e->value);
	return 0;
}

int key_set_memory(const struct ini_entry *e, const struct key *key, void *member)
{
	uint64_t *bytes = member;
	int err = parse_bytes(e->value, bytes);

	(void)key;
	if (err == -EINVAL)
		return ini_fail(e, "'%s': expected a size with its unit, as in 8 GiB", e->value);
	if (err || !*bytes || *bytes % MIB || *bytes > MEMORY_MAX_BYTES)
		return ini_fail(e, "%s: expected a whole number of MiB, at most 16 TiB", e->value);
	return 0;
}

int key_set_time(const struct ini_entry *e, const struct key *key, void *member)
{
	uint64_t *ns = member;

	(void)key;
	if (parse_duration(e->value, ns) || !*ns)
		return ini_fail(e, "'%s': expected a time with its unit, as in 30 s", e->value);
	if (*ns > TIME_MAX_NS)
		return ini_fail(e, "%s: expected at most 1000 h", e->value);
	return 0;
}

int key_set_rate(const struct ini_entry *e, const struct key *key, void *member)
{
	(void)key;
	if (parse_rate(e->value, member))
		return ini_fail(e, "'%s': expected a rate, as in 1 GiB/s", e->value);
	return 0;
}

int key_set_factor(const struct ini_entry *e, const struct key *key, void *member)
{
	char *end;
	const double factor = strtod(e->value, &end);

	(void)key;
	if (end == e->value || *end || !(factor >= FACTOR_MIN && factor <= FACTOR_MAX))
		return ini_fail(e, "'%s': expected a factor from 0.001 to 1000, as in 2.5",
				e->value);
	*(double *)member = factor;
	return 0;
}

int key_set_number(const struct ini_entry *e, const struct key *key, void *member)
{
	uint64_t value;

	if (parse_count(e->value, 1, key->max, &value))
		return ini_fail(e, "'%s': expected an integer in [1, %u]", e->value, key->max);
	*(unsigned int *)member = value;
	return 0;
}

int key_set_switch(const struct ini_entry *e, const struct key *key, void *member)
{
	int on;

	(void)key;
	if (parse_switch(e->value, &on))
		return ini_fail(e, "'%s': expected on or off", e->value);
	*(bool *)member = on;
	return 0;
}

int key_set_choice(const struct ini_entry *e, const struct key *key, void *member)
{
	char list[256];
	int i;

	for (i = 0; key->choices[i]; i++) {
		if (strcmp(e->value, key->choices[i]))
			continue;
		*(int *)member = i;
		return 0;
	}
	join_names(key->choices, i, list, sizeof(list));
	return ini_fail(e, "'%s' is unknown; there are: %s", e->value, list);
}

/* "there are: guest.memory, vcpus; balloon.inflate, ..." */
static int fail_unknown(const struct key *keys, const struct ini_entry *e)
{
	const char *section = "";
	char list[512] = "";
	size_t n = 0;

	for (; keys->name && n < sizeof(list); keys++) {
		const char *its = keys->section ? keys->section : "";
		bool same = !strcmp(section, its);

		if (!keys->set)
			continue;
		n += snprintf(list + n, sizeof(list) - n, "%s%s%s%s",
			      !n     ? ""
			      : same ? ", "
				     : "; ",
			      same ? "" : its, same ? "" : ".", keys->name);
		section = its;
	}
	return ini_fail(e, "unknown key; there are: %s", list);
}

int key_set(const struct key *keys, const struct ini_entry *e, void *object)
{
	const struct key *k;

	for (k = keys; k->name; k++) {
		if (strcmp(e->key, k->name) || (k->section && strcmp(e->section, k->section)))
			continue;
		return k->set ? k->set(e, k, (char *)object + k->at)
			      : ini_fail(e, "renamed; write %s", k->renamed);
	}
	return fail_unknown(keys, e);
}

void keys_release(const struct key *keys, void *object)
{
	for (; keys->name; keys++)
		if (keys->set == key_set_text)
			free(*(char **)((char *)object + keys->at));
}

bool is_plain_name(const char *text)
{
	return *text && *text != '.' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

int key_set_config(const struct ini_entry *e, const struct key *key, void *member)
{
	if (!is_config_name(e->value))
		return ini_fail(e,
				"'%s': expected the name of a configuration, as `balloonbench "
				"build --config NAME` takes it",
				e->value);
	return key_set_text(e, key, member);
}

void join_names(const char *const *names, size_t count, char *text, size_t size)
{
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < count && n < size; i++)
		n += snprintf(text + n, size - n, "%s%s", i ? ", " : "", names[i]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void *find_named(const void *list, size_t count, size_t size, const char *name)
{
	return lfind(&name, list, &count, size, compare_names);
}

void *find_or_add_named(void *list, size_t *count, size_t size, const char *name)
{
	void *item = find_named(list, *count, size, name);

	if (item)
		return item;
	item = memset((char *)list + *count * size, 0, size);
	*(char **)item = xstrdup(name);
	++*count;
	return item;
}

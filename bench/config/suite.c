/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/keys.h"
#include "lib/alloc.h"
#include "lib/log.h"

struct search {
	struct suite *suite;
	char **sections; /* for the message */
	size_t count;
};

static void append(char ***words, size_t *count, const char *word)
{
	*words = xreallocarray(*words, *count + 1, sizeof(**words));
	(*words)[(*count)++] = xstrdup(word);
}

/* Append the words of a text to a list. */
static void split(const char *text, char ***words, size_t *count)
{
	char *copy = xstrdup(text), *save, *word;

	for (word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		append(words, count, word);
	free(copy);
}

static void free_words(char **words, size_t count)
{
	while (count)
		free(words[--count]);
	free(words);
}

static bool has_word(char *const *words, size_t count, const char *word)
{
	return find_named(words, count, sizeof(*words), word);
}

static struct suite_own *find_own(const struct suite *suite, const char *scenario)
{
	return find_named(suite->own, suite->own_count, sizeof(*suite->own), scenario);
}

/* Put all variants of the suite into one list, the common ones first. */
static void unite(struct suite *suite)
{
	size_t o, i;

	suite->common_count = suite->variant_count;
	for (o = 0; o < suite->own_count; o++) {
		const struct suite_own *own = &suite->own[o];

		for (i = 0; i < own->count; i++)
			if (!has_word(suite->variants, suite->variant_count, own->variants[i]))
				append(&suite->variants, &suite->variant_count, own->variants[i]);
	}
}

static unsigned int boots_in(const struct suite *suite, const char *scenario)
{
	const struct suite_own *own = find_own(suite, scenario);

	return own && own->boots ? own->boots : suite->boots;
}

unsigned int suite_builds(const struct suite *suite, const char *scenario)
{
	const struct suite_own *own = find_own(suite, scenario);

	return own && own->builds ? own->builds : suite->builds;
}

unsigned int suite_build(const struct suite *suite, const char *scenario, unsigned int boot)
{
	return (boot - 1) % suite_builds(suite, scenario);
}

unsigned int suite_most_builds(const struct suite *suite, size_t variant)
{
	unsigned int most = 1, builds;
	size_t i;

	for (i = 0; i < suite->scenario_count; i++) {
		builds = suite_builds(suite, suite->scenarios[i]);
		if (builds > most && suite_runs(suite, suite->scenarios[i], variant, 1))
			most = builds;
	}
	return most;
}

int suite_check_builds(const struct suite *suite, char *err, size_t err_size)
{
	unsigned int boots, builds;
	size_t i;

	for (i = 0; i < suite->scenario_count; i++) {
		boots = boots_in(suite, suite->scenarios[i]);
		builds = suite_builds(suite, suite->scenarios[i]);
		if (boots < builds)
			return refuse(err, err_size,
				      "scenario %s: %u boots do not boot each of %u builds; raise "
				      "--boots to a multiple of %u, or lower --builds",
				      suite->scenarios[i], boots, builds, builds);
	}
	return 0;
}

unsigned int suite_most_boots(const struct suite *suite)
{
	unsigned int most = 0, boots;
	size_t i;

	for (i = 0; i < suite->scenario_count; i++) {
		boots = boots_in(suite, suite->scenarios[i]);
		most = most < boots ? boots : most;
	}
	return most;
}

bool suite_runs(const struct suite *suite, const char *scenario, size_t variant, unsigned int boot)
{
	const struct suite_own *own = find_own(suite, scenario);

	if (boot > boots_in(suite, scenario))
		return false;
	return own && own->count ? has_word(own->variants, own->count, suite->variants[variant])
				 : variant < suite->common_count;
}

static bool is_key(const char *name, const char *key, size_t length)
{
	return length == strlen(name) && !strncmp(key, name, length);
}

/* "variants.SCENARIO", "boots.SCENARIO" and "builds.SCENARIO" replace the common ones. */
static int set_entry(const struct ini_entry *e, void *context)
{
	static const struct key boots = { .max = BOOTS_MAX }, builds = { .max = BUILDS_MAX };
	struct search *search = context;
	struct suite *suite = search->suite;
	const char *dot = strchrnul(e->key, '.');
	const size_t size = sizeof(*suite->own), length = dot - e->key;
	struct suite_own *own = NULL;

	if (*e->section && !has_word(search->sections, search->count, e->section))
		append(&search->sections, &search->count, e->section);
	if (strcmp(e->section, suite->name))
		return 0;
	if (*dot) {
		suite->own = xreallocarray(suite->own, suite->own_count + 1, size);
		own = find_or_add_named(suite->own, &suite->own_count, size, dot + 1);
	}
	if (!strcmp(e->key, "scenarios"))
		split(e->value, &suite->scenarios, &suite->scenario_count);
	else if (is_key("boots", e->key, length))
		return key_set_number(e, &boots, own ? &own->boots : &suite->boots);
	else if (is_key("builds", e->key, length))
		return key_set_number(e, &builds, own ? &own->builds : &suite->builds);
	else if (is_key("variants", e->key, length))
		split(e->value, own ? &own->variants : &suite->variants,
		      own ? &own->count : &suite->variant_count);
	else
		return ini_fail(e, "unknown key; there are: scenarios, variants, "
				   "variants.SCENARIO, boots, boots.SCENARIO, builds, "
				   "builds.SCENARIO");
	return 0;
}

int suite_load(struct suite *suite, const char *name, const char *path, char *err, size_t err_size)
{
	struct search search = { .suite = suite };
	char known[256];
	int status;

	*suite = (struct suite){ .boots = 5, .builds = 1, .name = xstrdup(name) };
	status = ini_file_parse(path, set_entry, &search, err, err_size);
	join_names((const char *const *)search.sections, search.count, known, sizeof(known));
	if (!status && !has_word(search.sections, search.count, name)) {
		snprintf(err, err_size, "no suite '%s' in %s; there are: %s", name, path, known);
		status = -ENOENT;
	} else if (!status && (!suite->scenario_count || !suite->variant_count)) {
		status = refuse(err, err_size, "%s: [%s] needs scenarios and variants", path, name);
	}
	free_words(search.sections, search.count);
	if (status)
		suite_release(suite);
	else
		unite(suite);
	return status;
}

void suite_add_control(struct suite *suite)
{
	const char *base = suite->variants[0];
	char *name = xasprintf("%s-again", base);
	size_t i;

	for (i = 0; i < suite->own_count; i++) {
		struct suite_own *own = &suite->own[i];

		if (has_word(own->variants, own->count, base))
			append(&own->variants, &own->count, name);
	}
	suite->common_count++;
	append(&suite->variants, &suite->variant_count, name);
	free(name);
	name = suite->variants[suite->variant_count - 1];
	memmove(suite->variants + SUITE_CONTROL + 1, suite->variants + SUITE_CONTROL,
		(suite->variant_count - 1 - SUITE_CONTROL) * sizeof(*suite->variants));
	suite->variants[SUITE_CONTROL] = name;
}

void suite_drop_lists(struct suite *suite)
{
	size_t i;

	for (i = 0; i < suite->own_count; i++) {
		free_words(suite->own[i].variants, suite->own[i].count);
		suite->own[i].variants = NULL;
		suite->own[i].count = 0;
	}
}

void suite_set_boots(struct suite *suite, unsigned int boots)
{
	size_t i;

	suite->boots = boots;
	for (i = 0; i < suite->own_count; i++)
		suite->own[i].boots = 0;
}

void suite_set_builds(struct suite *suite, unsigned int builds)
{
	size_t i;

	suite->builds = builds;
	for (i = 0; i < suite->own_count; i++)
		suite->own[i].builds = 0;
}

void suite_release(struct suite *suite)
{
	suite_drop_lists(suite);
	while (suite->own_count)
		free(suite->own[--suite->own_count].scenario);
	free(suite->own);
	free(suite->name);
	free_words(suite->scenarios, suite->scenario_count);
	free_words(suite->variants, suite->variant_count);
	memset(suite, 0, sizeof(*suite));
}

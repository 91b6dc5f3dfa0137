/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/config/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ini_file.h"
#include "lib/units.h"

#define BOOTS_MAX 999

struct search {
	struct suite *suite;
	char known[256]; /* the sections seen, for the message */
	char last[64];
	int found;
};

static int split(const char *text, char ***words, size_t *count)
{
	char *copy = strdup(text), *save, *word;

	if (!copy)
		return -ENOMEM;
	for (word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		char **longer = reallocarray(*words, *count + 1, sizeof(*longer));

		if (!longer)
			break;
		*words = longer;
		longer[*count] = strdup(word);
		if (!longer[*count])
			break;
		(*count)++;
	}
	free(copy);
	return word ? -ENOMEM : 0;
}

static void note_section(struct search *search, const char *section)
{
	size_t n = strlen(search->known);

	if (!strcmp(search->last, section))
		return;
	snprintf(search->last, sizeof(search->last), "%s", section);
	snprintf(search->known + n, sizeof(search->known) - n, "%s%s", n ? ", " : "", section);
}

static void free_words(char **words, size_t count)
{
	while (count)
		free(words[--count]);
	free(words);
}

/* "variants.SCENARIO = NAME...": what runs there in place of the common ones. */
static int add_list(struct suite *suite, const char *scenario, const char *value)
{
	struct suite_list *longer, *list;

	longer = reallocarray(suite->lists, suite->list_count + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	suite->lists = longer;
	list = &suite->lists[suite->list_count++];
	*list = (struct suite_list){ .scenario = strdup(scenario) };
	return list->scenario ? split(value, &list->variants, &list->count) : -ENOMEM;
}

static bool has_word(char *const *words, size_t count, const char *word)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

/* All variants of the suite in one list, the common ones first. */
static int unite(struct suite *suite)
{
	size_t l, i;
	int err = 0;

	suite->common_count = suite->variant_count;
	for (l = 0; l < suite->list_count; l++) {
		const struct suite_list *list = &suite->lists[l];

		for (i = 0; !err && i < list->count; i++)
			if (!has_word(suite->variants, suite->variant_count, list->variants[i]))
				err = split(list->variants[i], &suite->variants,
					    &suite->variant_count);
	}
	return err;
}

static unsigned int boots_in(const struct suite *suite, const char *scenario)
{
	size_t i;

	for (i = 0; i < suite->limit_count; i++)
		if (!strcmp(suite->limits[i].scenario, scenario))
			return suite->limits[i].boots;
	return suite->boots;
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
	size_t l;

	if (boot > boots_in(suite, scenario))
		return false;
	for (l = 0; l < suite->list_count; l++)
		if (!strcmp(suite->lists[l].scenario, scenario))
			return has_word(suite->lists[l].variants, suite->lists[l].count,
					suite->variants[variant]);
	return variant < suite->common_count;
}

static int set_boots(const struct ini_entry *e, unsigned int *boots)
{
	uint64_t value;

	if (parse_count(e->value, 1, BOOTS_MAX, &value))
		return ini_fail(e, "'%s': a whole number from 1 to %d is wanted", e->value,
				BOOTS_MAX);
	*boots = value;
	return 0;
}

static int add_limit(struct suite *suite, const struct ini_entry *e)
{
	struct suite_limit *longer, *limit;

	longer = reallocarray(suite->limits, suite->limit_count + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	suite->limits = longer;
	limit = &suite->limits[suite->limit_count++];
	*limit = (struct suite_limit){ .scenario = strdup(strchr(e->key, '.') + 1) };
	return limit->scenario ? set_boots(e, &limit->boots) : -ENOMEM;
}

static int set_entry(const struct ini_entry *e, void *context)
{
	struct search *search = context;
	struct suite *suite = search->suite;

	note_section(search, e->section);
	if (strcmp(e->section, suite->name))
		return 0;
	search->found = 1;
	if (!strcmp(e->key, "scenarios"))
		return split(e->value, &suite->scenarios, &suite->scenario_count);
	if (!strcmp(e->key, "variants"))
		return split(e->value, &suite->variants, &suite->variant_count);
	if (!strncmp(e->key, "variants.", 9))
		return add_list(suite, e->key + 9, e->value);
	if (!strncmp(e->key, "boots.", 6))
		return add_limit(suite, e);
	if (strcmp(e->key, "boots"))
		return ini_fail(e, "unknown key; there are: scenarios, variants, "
				   "variants.SCENARIO, boots, boots.SCENARIO");
	return set_boots(e, &suite->boots);
}

int suite_load(struct suite *suite, const char *name, const char *path, char *err, size_t err_size)
{
	struct search search = { .suite = suite };
	int status;

	memset(suite, 0, sizeof(*suite));
	suite->boots = 5;
	suite->name = strdup(name);
	if (!suite->name)
		return -ENOMEM;
	status = ini_file_parse(path, set_entry, &search, err, err_size);
	if (!status && !search.found) {
		snprintf(err, err_size, "no suite '%s' in %s; there are: %s", name, path,
			 search.known);
		status = -ENOENT;
	} else if (!status && (!suite->scenario_count || !suite->variant_count)) {
		snprintf(err, err_size, "%s: [%s] needs scenarios and variants", path, name);
		status = -EINVAL;
	}
	if (!status)
		status = unite(suite);
	if (status)
		suite_release(suite);
	return status;
}

/* Put a copy of @word at place @at of a list. */
static int insert(char ***words, size_t *count, size_t at, const char *word)
{
	int err = split(word, words, count);
	char *last;

	if (err)
		return err;
	last = (*words)[*count - 1];
	memmove(*words + at + 1, *words + at, (*count - 1 - at) * sizeof(**words));
	(*words)[at] = last;
	return 0;
}

int suite_add_twin(struct suite *suite)
{
	const char *base = suite->variants[0];
	char name[256];
	size_t l;
	int err;

	snprintf(name, sizeof(name), "%s-again", base);
	for (l = 0; l < suite->list_count; l++) {
		struct suite_list *list = &suite->lists[l];

		if (!has_word(list->variants, list->count, base))
			continue;
		err = insert(&list->variants, &list->count, list->count, name);
		if (err)
			return err;
	}
	suite->common_count++;
	return insert(&suite->variants, &suite->variant_count, SUITE_TWIN, name);
}

void suite_drop_lists(struct suite *suite)
{
	while (suite->list_count) {
		struct suite_list *list = &suite->lists[--suite->list_count];

		free(list->scenario);
		free_words(list->variants, list->count);
	}
	free(suite->lists);
	suite->lists = NULL;
}

void suite_set_boots(struct suite *suite, unsigned int boots)
{
	suite->boots = boots;
	while (suite->limit_count)
		free(suite->limits[--suite->limit_count].scenario);
	free(suite->limits);
	suite->limits = NULL;
}

void suite_release(struct suite *suite)
{
	suite_set_boots(suite, 0);
	suite_drop_lists(suite);
	free(suite->name);
	free_words(suite->scenarios, suite->scenario_count);
	free_words(suite->variants, suite->variant_count);
	memset(suite, 0, sizeof(*suite));
}

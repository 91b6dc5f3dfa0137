/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ini_file.h"
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

static int set_entry(const struct ini_entry *e, void *context)
{
	struct search *search = context;
	struct suite *suite = search->suite;
	uint64_t boots;

	note_section(search, e->section);
	if (strcmp(e->section, suite->name))
		return 0;
	search->found = 1;
	if (!strcmp(e->key, "scenarios"))
		return split(e->value, &suite->scenarios, &suite->scenario_count);
	if (!strcmp(e->key, "variants"))
		return split(e->value, &suite->variants, &suite->variant_count);
	if (strcmp(e->key, "boots"))
		return ini_fail(e, "unknown key; there are: scenarios, variants, boots");
	if (parse_count(e->value, 1, BOOTS_MAX, &boots))
		return ini_fail(e, "'%s': a whole number from 1 to %d is wanted", e->value,
				BOOTS_MAX);
	suite->boots = boots;
	return 0;
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
	if (status)
		suite_release(suite);
	return status;
}

static void free_words(char **words, size_t count)
{
	while (count)
		free(words[--count]);
	free(words);
}

void suite_release(struct suite *suite)
{
	free(suite->name);
	free_words(suite->scenarios, suite->scenario_count);
	free_words(suite->variants, suite->variant_count);
	memset(suite, 0, sizeof(*suite));
}

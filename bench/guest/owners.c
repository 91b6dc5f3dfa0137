/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/owners.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STACKS "/sys/kernel/debug/page_owner_stacks/show_stacks"

static bool has_word(const char *line, const json_t *words)
{
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		if (json_is_string(word) && strstr(line, json_string_value(word)))
			return true;
	return false;
}

/* A stack is a function a line, and then the number of its pages. */
int owners_count(const json_t *words, uint64_t *pages)
{
	unsigned long long count;
	bool theirs = false;
	char line[256];
	FILE *f;

	f = fopen(STACKS, "re");
	if (!f)
		return -errno;
	*pages = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "nr_base_pages: %llu", &count) != 1) {
			theirs = theirs || has_word(line, words);
			continue;
		}
		*pages += theirs ? count : 0;
		theirs = false;
	}
	fclose(f);
	return 0;
}

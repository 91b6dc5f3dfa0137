/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/slug.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Skip "[PATCH v2 1/5] [RFC] ", but not all that there is. */
static const char *after_brackets(const char *subject)
{
	const char *at = subject, *end;

	while (*at == '[' && (end = strchr(at, ']'))) {
		at = end + 1;
		at += strspn(at, " \t");
	}
	return *at ? at : subject;
}

/* Append words, joined by '-', as far as whole words fit; a part of the first one. */
static void append_words(char *name, size_t size, const char *text)
{
	size_t used = strlen(name), start = used, word = used;

	for (; *text; text++) {
		if (!isalnum((unsigned char)*text)) {
			word = used;
			continue;
		}
		if (used + 1 + (used == word) >= size)
			break;
		if (used == word)
			name[used++] = '-';
		name[used++] = (char)tolower((unsigned char)*text);
	}
	if (*text && word > start)
		used = word;
	name[used] = '\0';
}

void cut_slug(const char *prefix, size_t number, size_t total, const char *subject,
	      char name[CUT_NAME_SIZE])
{
	snprintf(name, CUT_NAME_SIZE, "%s%s%0*zu", prefix ?: "", prefix ? "-" : "",
		 total > 99 ? 3 : 2, number);
	append_words(name, CUT_NAME_SIZE, number ? after_brackets(subject ?: "") : "base");
}

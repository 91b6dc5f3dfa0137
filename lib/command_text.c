/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/command_text.h"

#include <string.h>

void command_text_add(FILE *f, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-,=@+/:%";
	const char *quote = word[strspn(word, plain)] || !*word ? "'" : "";

	fprintf(f, " %s", quote);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", f);
		else
			fputc(*word, f);
	fputs(quote, f);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/command_text.h"

#include <string.h>

#include "lib/alloc.h"

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

char *command_text(int argc, char *const *argv)
{
	char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	int i;

	fputs(argv[0], f);
	for (i = 1; i < argc; i++)
		command_text_add(f, argv[i]);
	fclose(f);
	return text;
}

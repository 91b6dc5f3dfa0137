/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A document with the input as every text, as names from a result tree are. The output
 * must have no elements but ours, no Markdown and no terminal commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/export/export.h"
#include "analysis/write/write.h"
#include "tests/fuzz/input.h"
#include "tests/helpers/everywhere.h"

static const char *const ours[] = {
	"a",   "code",	 "div",	  "figcaption", "figure", "h1", "h2",	 "li", "p",
	"pre", "strong", "table", "tbody",	"td",	  "th", "thead", "tr", "ul",
};

static int is_ours(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strlen(ours[i]) == n && !strncmp(ours[i], name, n))
			return 1;
	return 0;
}

static char *written(enum write_format format, const char *text)
{
	const struct write_options options = { .columns = 72,
					       .ascii = true,
					       .pictures = "/nowhere" };
	struct writer *w = write_open();
	char *output = NULL, err[1024];
	size_t size;
	FILE *f = open_memstream(&output, &size);

	FUZZ_HOLDS(!write_to(w, format, f, &options, err, sizeof(err)));
	write_everywhere(w, text);
	write_close(w);
	fclose(f);
	return output;
}

/* Everything between the two is made of the text. */
static void check_page(const char *page)
{
	const char *at = strstr(page, "<main>"), *end = strstr(page, "</main>");

	FUZZ_HOLDS(at && end && !strstr(end + 1, "</main>"));
	for (at = strchr(at + 1, '<'); at && at < end; at = strchr(at + 1, '<')) {
		const char *name = at + 1 + (at[1] == '/');

		FUZZ_HOLDS(is_ours(name, strspn(name, "abcdefghijklmnopqrstuvwxyz123456")));
	}
}

/* Lines of code are as they are; elsewhere there is no tag, and no link but the picture. */
static void check_markdown(char *markdown)
{
	char *line, *save, *at;

	/* The first line is the license. */
	strtok_r(markdown, "\n", &save);
	while ((line = strtok_r(NULL, "\n", &save))) {
		if (!strncmp(line, "    ", 4))
			continue;
		FUZZ_HOLDS(!strchr(line, '<'));
		for (at = line; (at = strstr(at, "](")); at++)
			FUZZ_HOLDS((at > line && at[-1] == '\\') ||
				   !strcmp(at, "](/nowhere/gone.png)"));
	}
}

static void check_text(const char *text)
{
	for (; *text; text++)
		FUZZ_HOLDS(*text == '\n' || (*text >= ' ' && *text <= '~'));
}

static void check_csv(const char *text)
{
	char *cell;
	size_t size;
	FILE *f = open_memstream(&cell, &size);

	export_csv_text(f, text);
	fclose(f);
	FUZZ_HOLDS(*cell != '"' || (size > 1 && cell[size - 1] == '"'));
	free(cell);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *output;

	output = written(WRITE_HTML, text);
	check_page(output);
	free(output);
	output = written(WRITE_MARKDOWN, text);
	check_markdown(output);
	free(output);
	output = written(WRITE_TEXT, text);
	check_text(output);
	free(output);
	check_csv(text);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as a page, of a Markdown text that means ill: no element comes out of it but
 * those that Markdown knows. With a first byte of '#' the text is taken for a name from
 * a result tree, of which nothing may take effect at all.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/html/html_page.h"
#include "analysis/report/markdown.h"
#include "tests/fuzz/input.h"

static const char *const harmless[] = {
	"a",	  "blockquote", "br", "button", "code", "del",	"details", "div",     "em",
	"figure", "figcaption", "h1", "h2",	"h3",	"h4",	"h5",	   "h6",      "hr",
	"input",  "li",		"ol", "p",	"pre",	"span", "strong",  "summary", "table",
	"tbody",  "td",		"th", "thead",	"tr",	"ul",
};

static int is_harmless(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strlen(harmless[i]) == n && !strncmp(harmless[i], name, n))
			return 1;
	return 0;
}

/* Everything between the two is made of the text. */
static void check(const char *page)
{
	const char *at = strstr(page, "<main>"), *end = strstr(page, "</main>");

	FUZZ_HOLDS(at && end && !strstr(end + 1, "</main>"));
	for (at = strchr(at + 1, '<'); at && at < end; at = strchr(at + 1, '<')) {
		const char *name = at + 1 + (at[1] == '/');
		size_t n =
			strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456");

		/* cmark leaves a comment where there was HTML. */
		FUZZ_HOLDS(!strncmp(at, "<!-- raw HTML omitted -->", 25) || is_harmless(name, n));
	}
}

static char *as_name(const char *text, size_t *size)
{
	char *markdown = NULL;
	FILE *f = open_memstream(&markdown, size);

	fputs("# Report\n\n| a | b |\n|---|---|\n| ", f);
	markdown_text(f, text);
	fputs(" | 1 |\n", f);
	fclose(f);
	return markdown;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *markdown = text, *page = NULL, err[1024];
	size_t length = strlen(text), page_size;
	FILE *f = open_memstream(&page, &page_size);
	int status;

	if (*text == '#')
		markdown = as_name(text + 1, &length);
	status = html_page(f, markdown, length, "/nowhere", err, sizeof(err));
	fclose(f);
	FUZZ_HOLDS(!status);
	check(page);
	if (markdown != text)
		free(markdown);
	free(page);
	free(text);
	return 0;
}

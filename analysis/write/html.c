/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/write/backend.h"
#include "lib/alloc.h"
#include "lib/directory.h"
#include "lib/json_file.h"

/* Headings of these levels are in the table of contents. */
#define CONTENTS_FIRST 2
#define CONTENTS_LAST 3

/* The contents precede the body, so both are written at the end. */
struct page {
	char *style;
	char *script;
	char *title;
	char *section; /* the last heading */
	struct text_stream contents, body;
};

static const struct escapes html = {
	.control = " ",
	.bad = "\xef\xbf\xbd", /* U+FFFD */
	.chars = "<>&\"",
	.instead = { "&lt;", "&gt;", "&amp;", "&quot;" },
};

/* The id of a heading, for links to it: its letters and digits, with dashes between them. */
static void slug(const char *text, char *id, size_t size)
{
	size_t n = 0;

	for (; *text && n + 2 < size; text++) {
		if (isascii(*text) && isalnum((unsigned char)*text))
			id[n++] = tolower((unsigned char)*text);
		else if (n && id[n - 1] != '-')
			id[n++] = '-';
	}
	while (n && id[n - 1] == '-')
		n--;
	id[n] = '\0';
	if (!n)
		snprintf(id, size, "section");
}

static void write_heading_block(struct page *p, const struct block *b)
{
	const char *text = b->runs[0].text;
	char base[64], id[96], link[112];
	unsigned int n = 1;

	slug(text, base, sizeof(base));
	snprintf(id, sizeof(id), "%s", base);
	/* All headings are in the body, with their names. */
	fflush(p->body.f);
	while (snprintf(link, sizeof(link), " id=\"%s\">", id) && strstr(p->body.text, link))
		snprintf(id, sizeof(id), "%s-%u", base, ++n);
	fprintf(p->body.f, "<h%d id=\"%s\">", b->level, id);
	write_escaped(p->body.f, text, &html);
	fprintf(p->body.f,
		"<a class=\"here\" href=\"#%s\" aria-label=\"Link to this part\">#</a></h%d>\n", id,
		b->level);
	free(p->section);
	p->section = xstrdup(text);
	if (!p->title)
		p->title = xstrdup(text);
	if (b->level < CONTENTS_FIRST || b->level > CONTENTS_LAST)
		return;
	fprintf(p->contents.f, "<li%s><a href=\"#%s\">",
		b->level > CONTENTS_FIRST ? " class=\"inner\"" : "", id);
	write_escaped(p->contents.f, text, &html);
	fputs("</a></li>\n", p->contents.f);
}

static void write_base64(FILE *f, const void *data, size_t size)
{
	char *text = xcalloc(1, BASE64_ENCODE_RAW_LENGTH(size) + 1);

	base64_encode_raw(text, size, data);
	fwrite(text, 1, BASE64_ENCODE_RAW_LENGTH(size), f);
	free(text);
}

/*
 * What a Content-Security-Policy allows of a style or script, by its hash:
 * https://www.w3.org/TR/CSP3/#grammardef-hash-source. A script in a text of
 * the tree has another hash.
 */
static void write_source(FILE *f, const char *text)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(text), (const uint8_t *)text);
	sha256_digest(&ctx, sizeof(digest), digest);
	fputs("'sha256-", f);
	write_base64(f, digest, sizeof(digest));
	fputs("'", f);
}

/* As an image, in which no browser runs a script or loads anything. */
static void write_figure(struct page *p, const char *pictures, const struct block *b)
{
	char path[PATH_MAX], *svg;
	FILE *f = p->body.f;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s.svg", pictures, b->name);
	/* No symbolic link of a tree that is not trusted. */
	svg = regular_file_read(path, O_NOFOLLOW, &size);
	if (!svg) {
		fputs("<figure class=\"absent\"><figcaption>Not drawn: ", f);
	} else {
		fputs("<figure><img alt=\"", f);
		write_escaped(f, b->runs[0].text, &html);
		fputs("\" src=\"data:image/svg+xml;base64,", f);
		write_base64(f, svg, size);
		fputs("\"><figcaption>", f);
	}
	write_escaped(f, b->runs[0].text, &html);
	fputs("</figcaption></figure>\n", f);
	free(svg);
}

static void write_runs(FILE *f, const struct block *b)
{
	size_t i;

	for (i = 0; i < b->run_count; i++) {
		fputs(b->runs[i].strong ? "<strong>" : "", f);
		write_escaped(f, b->runs[i].text, &html);
		fputs(b->runs[i].strong ? "</strong>" : "", f);
	}
}

/* What is open around items, or lines of code. */
static void go_on(struct output *o, enum block_kind kind)
{
	struct page *p = o->own;

	if (kind == o->last)
		return;
	if (o->last == BLOCK_ITEM)
		fputs("</ul>\n", p->body.f);
	else if (o->last == BLOCK_CODE)
		fputs("</code></pre>\n", p->body.f);
	if (kind == BLOCK_ITEM)
		fputs("<ul>\n", p->body.f);
	else if (kind == BLOCK_CODE)
		fputs("<pre><code>", p->body.f);
}

static void html_block(struct output *o, const struct block *b)
{
	const char *tag = b->kind == BLOCK_PARAGRAPH ? "p" : "li";
	struct page *p = o->own;

	go_on(o, b->kind);
	if (b->kind == BLOCK_HEADING) {
		write_heading_block(p, b);
	} else if (b->kind == BLOCK_PICTURE) {
		if (o->options.pictures)
			write_figure(p, o->options.pictures, b);
	} else if (b->kind == BLOCK_CODE) {
		write_runs(p->body.f, b);
		fputs("\n", p->body.f);
	} else {
		fprintf(p->body.f, "<%s>", tag);
		write_runs(p->body.f, b);
		fprintf(p->body.f, "</%s>\n", tag);
	}
}

static void write_titles(FILE *f, const struct table_block *t)
{
	size_t i;

	fputs("<thead><tr>", f);
	for (i = 0; i < t->column_count; i++) {
		fprintf(f, "<th scope=\"col\"%s>",
			column_is_numeric(t, i) ? " class=\"number\"" : "");
		write_escaped(f, t->titles[i], &html);
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n", f);
}

static void write_cell_of(FILE *f, const struct table_block *t, size_t i)
{
	const struct cell *c = &t->cells[i];
	bool numeric = column_is_numeric(t, i % t->column_count);
	bool names_row = !t->titles && i % t->column_count == 0;

	fputs(names_row ? "<th scope=\"row\"" : "<td", f);
	if (numeric || c->verdict)
		fprintf(f, " class=\"%s%s%s%s\"", numeric ? "number" : "",
			numeric && c->verdict ? " " : "", c->verdict ? "verdict " : "",
			c->verdict ? c->verdict : "");
	if (numeric && isfinite(c->number))
		fprintf(f, " data-sort=\"%.9g\"", c->number);
	fputs(">", f);
	write_escaped(f, c->text, &html);
	fputs(names_row ? "</th>" : "</td>", f);
}

static void html_table(struct output *o, const struct table_block *t)
{
	struct page *p = o->own;
	size_t i;

	go_on(o, BLOCK_TABLE);
	/* A table that scrolls must be reachable by keyboard. */
	fputs("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Table: ",
	      p->body.f);
	write_escaped(p->body.f, p->section ? p->section : "", &html);
	fprintf(p->body.f, "\"><table class=\"%s\">\n", t->titles ? "sortable" : "facts");
	if (t->titles)
		write_titles(p->body.f, t);
	fputs("<tbody>\n", p->body.f);
	for (i = 0; i < t->cell_count; i++) {
		fputs(i % t->column_count ? "" : "<tr>", p->body.f);
		write_cell_of(p->body.f, t, i);
		fputs((i + 1) % t->column_count ? "" : "</tr>\n", p->body.f);
	}
	fputs("</tbody></table></div>\n", p->body.f);
}

static void write_head(const struct page *p, FILE *f)
{
	fputs("<!DOCTYPE html>\n<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n"
	      "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "img-src data:; style-src ",
	      f);
	write_source(f, p->style);
	fputs("; script-src ", f);
	write_source(f, p->script);
	fputs("; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	      f);
	write_escaped(f, p->title ? p->title : "Report", &html);
	fprintf(f, "</title>\n<style>%s</style>\n</head>\n", p->style);
}

static void release(struct page *p)
{
	free(p->title);
	free(p->section);
	free(p->contents.text);
	free(p->body.text);
	free(p->style);
	free(p->script);
	free(p);
}

static void html_end(struct output *o)
{
	struct page *p = o->own;

	go_on(o, BLOCK_NONE);
	fclose(p->contents.f);
	fclose(p->body.f);
	write_head(p, o->f);
	fprintf(o->f,
		"<body>\n<nav aria-label=\"Contents\"><details "
		"open><summary>Contents</summary><ol>\n"
		"%s</ol></details></nav>\n<main>\n",
		p->contents.text);
	fwrite(p->body.text, 1, p->body.size, o->f);
	fprintf(o->f, "</main>\n<script>%s</script>\n</body>\n</html>\n", p->script);
	release(p);
}

/* A style sheet or script of analysis/write; NULL, and a message, where there is none. */
static char *load(const char *name, char *err, size_t err_size)
{
	char path[PATH_MAX], *text;
	size_t size;

	data_path("analysis", name, path, sizeof(path));
	text = regular_file_read(path, 0, &size);
	if (!text)
		snprintf(err, err_size,
			 "cannot read %s: %s; `make install` installs it, --no-html does without",
			 path, strerror(errno));
	return text;
}

static int html_begin(struct output *o, char *err, size_t err_size)
{
	struct page *p = o->own = xcalloc(1, sizeof(*p));

	p->style = load("write/report.css", err, err_size);
	p->script = p->style ? load("write/report.js", err, err_size) : NULL;
	if (!p->script) {
		release(p);
		return -ENOENT;
	}
	p->contents.f = xmemstream(&p->contents.text, &p->contents.size);
	p->body.f = xmemstream(&p->body.text, &p->body.size);
	return 0;
}

const struct backend html_backend = {
	.begin = html_begin,
	.block = html_block,
	.table = html_table,
	.end = html_end,
};

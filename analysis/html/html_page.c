/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/html/html_page.h"

#include <assert.h>
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/html/html_embed.h"
#include "analysis/html/html_table.h"
#include "analysis/html/html_text.h"

/* Headings of this level and the next are in the table of contents. */
#define CONTENTS_LEVEL 2

struct heading {
	cmark_node *node;
	char *text;
	char *id;
};

struct page {
	FILE *f;
	const char *plots;
	cmark_node *document;
	struct heading *headings;
	size_t heading_count;
	size_t at; /* the heading that is written next */
};

static cmark_node *parse(const char *markdown, size_t size)
{
	cmark_parser *parser;
	cmark_node *document;

	cmark_gfm_core_extensions_ensure_registered();
	parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
	cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension("table"));
	cmark_parser_feed(parser, markdown, size);
	document = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	return document;
}

/* What a text is called in a link: its letters and figures, with dashes between them. */
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

static bool id_is_taken(const struct page *p, const char *id)
{
	size_t i;

	for (i = 0; i < p->heading_count; i++)
		if (!strcmp(p->headings[i].id, id))
			return true;
	return false;
}

static char *new_id(const struct page *p, const char *text)
{
	char base[64], id[96];
	unsigned int n = 1;

	slug(text, base, sizeof(base));
	snprintf(id, sizeof(id), "%s", base);
	while (id_is_taken(p, id))
		snprintf(id, sizeof(id), "%s-%u", base, ++n);
	return strdup(id);
}

static int add_heading(struct page *p, cmark_node *node)
{
	struct heading *list, h = { .node = node, .text = html_plain(node) };

	if (!h.text)
		return -ENOMEM;
	h.id = new_id(p, h.text);
	list = realloc(p->headings, (p->heading_count + 1) * sizeof(*list));
	if (list)
		p->headings = list;
	if (!h.id || !list) {
		free(h.text);
		free(h.id);
		return -ENOMEM;
	}
	list[p->heading_count++] = h;
	return 0;
}

static int find_headings(struct page *p)
{
	cmark_node *node;
	int err = 0;

	for (node = cmark_node_first_child(p->document); node && !err; node = cmark_node_next(node))
		if (cmark_node_get_type(node) == CMARK_NODE_HEADING)
			err = add_heading(p, node);
	return err;
}

static void free_headings(struct page *p)
{
	size_t i;

	for (i = 0; i < p->heading_count; i++) {
		free(p->headings[i].text);
		free(p->headings[i].id);
	}
	free(p->headings);
}

static void write_contents(const struct page *p)
{
	size_t i;

	fputs("<nav aria-label=\"Contents\"><details open><summary>Contents</summary><ol>\n", p->f);
	for (i = 0; i < p->heading_count; i++) {
		const struct heading *h = &p->headings[i];
		int level = cmark_node_get_heading_level(h->node) - CONTENTS_LEVEL;

		if (level < 0 || level > 1)
			continue;
		fprintf(p->f, "<li%s><a href=\"#%s\">", level ? " class=\"inner\"" : "", h->id);
		html_escaped(p->f, h->text);
		fputs("</a></li>\n", p->f);
	}
	fputs("</ol></details></nav>\n", p->f);
}

static void write_heading(struct page *p, cmark_node *node)
{
	const struct heading *h = &p->headings[p->at];
	int level = cmark_node_get_heading_level(node);

	assert(p->at < p->heading_count); /* find_headings() has seen them all */
	p->at++;
	fprintf(p->f, "<h%d id=\"%s\">", level, h->id);
	html_children(p->f, node);
	fprintf(p->f, "<a class=\"here\" href=\"#%s\" aria-label=\"Link to this part\">#</a>",
		h->id);
	fprintf(p->f, "</h%d>\n", level);
}

/* What the report links is the PNG; whatever its path, the SVG is looked for among the plots. */
static void write_figure(const struct page *p, cmark_node *image)
{
	const char *url = cmark_node_get_url(image), *name = strrchr(url, '/');
	char *caption = html_plain(image), path[PATH_MAX];
	const char *ending;

	name = name ? name + 1 : url;
	ending = strrchr(name, '.');
	snprintf(path, sizeof(path), "%s/%.*s.svg", p->plots,
		 (int)(ending ? (size_t)(ending - name) : strlen(name)), name);
	html_figure(p->f, path, caption ? caption : "");
	free(caption);
}

/* The image that a paragraph consists of, or NULL. */
static cmark_node *only_image(cmark_node *node)
{
	cmark_node *child = cmark_node_first_child(node);

	if (cmark_node_get_type(node) != CMARK_NODE_PARAGRAPH || !child || cmark_node_next(child) ||
	    cmark_node_get_type(child) != CMARK_NODE_IMAGE)
		return NULL;
	return child;
}

static bool is_html(cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	return type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE;
}

/*
 * Within a block tags go, and of an image, which would have to be loaded, the
 * words stay. A node is changed at the last that the walk sees of it.
 */
static void drop_foreign(cmark_node *block)
{
	cmark_iter *iter = cmark_iter_new(block);
	cmark_event_type event;

	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter), *child;
		bool image =
			event == CMARK_EVENT_EXIT && cmark_node_get_type(node) == CMARK_NODE_IMAGE;

		if (node == block || !(image || is_html(node)))
			continue;
		while (image && (child = cmark_node_first_child(node)))
			cmark_node_insert_before(node, child);
		cmark_node_free(node);
	}
	cmark_iter_free(iter);
}

static const char *part_of(const struct page *p)
{
	return p->at ? p->headings[p->at - 1].text : "";
}

static void write_block(struct page *p, cmark_node *node)
{
	cmark_node *image = only_image(node);

	if (image) {
		write_figure(p, image);
		return;
	}
	drop_foreign(node);
	if (cmark_node_get_type(node) == CMARK_NODE_HEADING)
		write_heading(p, node);
	else if (html_is_table(node))
		html_table(p->f, node, part_of(p));
	else if (!is_html(node))
		html_node(p->f, node);
}

static void write_head(const struct page *p, const struct html_asset *style,
		       const struct html_asset *script)
{
	fputs("<!DOCTYPE html>\n<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n"
	      "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "img-src data:; style-src ",
	      p->f);
	html_asset_source(p->f, style);
	fputs("; script-src ", p->f);
	html_asset_source(p->f, script);
	fputs("; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	      p->f);
	html_escaped(p->f, p->heading_count ? p->headings[0].text : "Report");
	fprintf(p->f, "</title>\n<style>%s</style>\n</head>\n", style->text);
}

static void write_body(struct page *p, const struct html_asset *script)
{
	cmark_node *node;

	fputs("<body>\n", p->f);
	write_contents(p);
	fputs("<main>\n", p->f);
	for (node = cmark_node_first_child(p->document); node; node = cmark_node_next(node))
		write_block(p, node);
	fprintf(p->f, "</main>\n<script>%s</script>\n</body>\n</html>\n", script->text);
}

int html_page(FILE *f, const char *markdown, size_t size, const char *plots, char *err,
	      size_t err_size)
{
	struct page page = { .f = f, .plots = plots };
	struct html_asset style = { NULL, 0 }, script = { NULL, 0 };
	int status;

	status = html_asset_load(&style, "report.css", err, err_size);
	if (!status)
		status = html_asset_load(&script, "report.js", err, err_size);
	if (status)
		goto out;
	page.document = parse(markdown, size);
	status = find_headings(&page);
	if (status) {
		snprintf(err, err_size, "%s", strerror(-status));
		goto out;
	}
	write_head(&page, &style, &script);
	write_body(&page, &script);
out:
	free_headings(&page);
	if (page.document)
		cmark_node_free(page.document);
	html_asset_release(&style);
	html_asset_release(&script);
	return status;
}

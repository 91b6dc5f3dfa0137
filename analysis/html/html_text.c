/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/html/html_text.h"

#include <stdlib.h>

static void plain_node(FILE *f, cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE)
		fputs(cmark_node_get_literal(node), f);
	else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
		fputc(' ', f);
}

char *html_plain(cmark_node *node)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	cmark_event_type event;
	cmark_iter *iter;

	if (!f)
		return NULL;
	iter = cmark_iter_new(node);
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
		if (event == CMARK_EVENT_ENTER)
			plain_node(f, cmark_iter_get_node(iter));
	cmark_iter_free(iter);
	fclose(f);
	return text;
}

void html_escaped(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			fputc(*text, f);
		}
	}
}

void html_node(FILE *f, cmark_node *node)
{
	char *text = cmark_render_html(node, CMARK_OPT_SAFE, NULL);

	fputs(text, f);
	free(text);
}

void html_children(FILE *f, cmark_node *node)
{
	cmark_node *child;

	for (child = cmark_node_first_child(node); child; child = cmark_node_next(child))
		html_node(f, child);
}

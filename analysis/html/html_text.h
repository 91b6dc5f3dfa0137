/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HTML_TEXT_H
#define ANALYSIS_HTML_TEXT_H

#include <cmark-gfm.h>
#include <stdio.h>

/*
 * What a node of a parsed Markdown text becomes in HTML. Whatever it says,
 * only elements that Markdown knows come out of it: tags that it holds and
 * links that would run a script are left out.
 */

/* The words of a node and all below it, without markup; to be freed; NULL without memory. */
char *html_plain(cmark_node *node);

/* Text as content of an element, or of an attribute in double quotes. */
void html_escaped(FILE *f, const char *text);

/* A node, or what is in it. */
void html_node(FILE *f, cmark_node *node);
void html_children(FILE *f, cmark_node *node);

#endif

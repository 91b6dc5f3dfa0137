/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HTML_PAGE_H
#define ANALYSIS_HTML_PAGE_H

#include <stddef.h>
#include <stdio.h>

/**
 * html_page() - a Markdown text as a page that is one file
 * @f: where it goes
 * @markdown: GitHub's, with tables; hostile text in it stays text
 * @size: bytes of it
 * @plots: directory of the SVGs that are shown where the text has PNGs of the
 *         same name
 * @err: what is wrong, in words
 *
 * Style and script are those of analysis/html. The script only adds to what is
 * there: without it nothing of the content is missing. Nothing is loaded from
 * anywhere.
 *
 * Return: 0 or -errno; then @f has part of a page.
 */
int html_page(FILE *f, const char *markdown, size_t size, const char *plots, char *err,
	      size_t err_size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HTML_EMBED_H
#define ANALYSIS_HTML_EMBED_H

#include <stddef.h>
#include <stdio.h>

/*
 * What a page has in itself, so that it is one file.
 */

/* A style sheet or script of analysis/html, whole. */
struct html_asset {
	char *text;
	size_t size;
};

/* By its name; 0, or -errno and a message that names the file. */
int html_asset_load(struct html_asset *asset, const char *name, char *err, size_t err_size);
void html_asset_release(struct html_asset *asset);

/*
 * What a Content-Security-Policy allows of it, by its hash:
 * https://www.w3.org/TR/CSP3/#grammardef-hash-source. A script that a text of
 * the tree might bring along has another.
 */
void html_asset_source(FILE *f, const struct html_asset *asset);

/**
 * html_figure() - an SVG with its caption
 * @path: of the SVG; where it cannot be read the caption says so
 *
 * As an image, in which no browser runs a script or loads anything.
 */
void html_figure(FILE *f, const char *path, const char *caption);

#endif

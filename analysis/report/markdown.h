/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_MARKDOWN_H
#define ANALYSIS_MARKDOWN_H

#include <stdio.h>

/* A text of the result tree, of which nothing takes effect as Markdown or HTML. */
void markdown_text(FILE *f, const char *text);

#endif

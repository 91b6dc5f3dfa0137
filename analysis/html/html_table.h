/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_HTML_TABLE_H
#define ANALYSIS_HTML_TABLE_H

#include <cmark-gfm.h>
#include <stdbool.h>
#include <stdio.h>

bool html_is_table(cmark_node *node);

/**
 * html_table() - a table that scrolls, and that a script can sort
 * @table: of which html_is_table() is true
 * @label: what it belongs to, for those who do not see where it stands
 *
 * A column whose cells begin with a number ("1.23 [1.20, 1.25]"), or say that
 * there is none, is one of numbers: set to the right, with the number itself
 * in data-sort. Cells below the title "verdict" have the verdict as a class.
 * Without any titles the table is a list of facts, which nobody sorts.
 */
void html_table(FILE *f, cmark_node *table, const char *label);

#endif

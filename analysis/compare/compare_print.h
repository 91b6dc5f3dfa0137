/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_COMPARE_PRINT_H
#define ANALYSIS_COMPARE_PRINT_H

#include "analysis/compare/compare.h"

/* All comparisons asked for, by scenario, metric and variant, and judged. */
struct compare_table {
	struct comparison *rows;
	size_t count;
	struct comparison **family; /* those that are judged together; twins are by themselves */
	size_t family_count;
	const char *base;
	double smallest_effect;
};

/* As text for people; there is a row at least. */
void compare_print(const struct compare_table *table, const struct tree *tree);

/* As one JSON object, for programs. */
void compare_print_json(const struct compare_table *table, const struct tree *tree);

#endif

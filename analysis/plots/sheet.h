/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_SHEET_H
#define ANALYSIS_SHEET_H

#include <stdio.h>

#include "analysis/plots/gnuplot.h"

/* A plot while it is made, and all that plot_draw() is told of it. */
struct sheet {
	struct plot plot;
	char title[256];
	const char *unit;
	int count;
	FILE *words; /* the names of what is in the data, in their order */
	char *names;
	size_t names_size;
};

/**
 * sheet_draw() - make a plot, and draw it
 * @sheet: starts zeroed
 * @make: writes the data, sets title, unit and count; returns the script's name
 * @context: of make
 *
 * Return: as plot_draw(), or -ENOMEM.
 */
int sheet_draw(struct sheet *sheet, const char *(*make)(void *context), void *context,
	       const char *output, char *err, size_t err_size);

/* One thing more that is in the data, by a name that may be a tree's. */
void sheet_add_word(struct sheet *sheet, const char *word);

#endif

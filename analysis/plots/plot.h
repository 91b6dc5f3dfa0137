/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_PLOT_H
#define ANALYSIS_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * A plot, drawn by gnuplot as SVG and PNG. A script of analysis/, "report/forest.gp",
 * draws it; it is run with the arguments
 *
 *   STYLE DATA OUTPUT TITLE UNIT COUNT NAMES COLOURS
 *
 * of which style.gp makes use too. Text of a result tree reaches gnuplot as data and as
 * arguments, never as part of a command or of a shell's. gnuplot may write into a private
 * directory only, where the kernel has Landlock.
 *
 * Out of memory ends the process.
 */
struct plot {
	const char *script;
	char title[256];
	char unit[96];
	int count;   /* of plot_variant() */
	FILE *data;  /* what is drawn; see the script */
	FILE *names; /* words with blanks between them, by plot_variant() and plot_word() */
	char colours[256];
	char *data_text, *names_text;
	size_t data_size, names_size;
};

/* Ended by plot_close(), drawn or not. */
void plot_open(struct plot *plot, const char *script);
void plot_close(struct plot *plot);

/* A variant in the data, whose name may be a tree's; it is the @place-th of the plan, from 0, and
 * has the colour of that in every plot. */
void plot_variant(struct plot *plot, const char *variant, size_t place);
/* A name of something else: a panel. */
void plot_word(struct plot *plot, const char *name);
/* A variant's label, quoted, as data: its n below the name, or beside it where style.gp rotates. */
void plot_label(struct plot *plot, const char *variant, size_t n, size_t variants);
/* The end of a block of data, an "index" of gnuplot. */
void plot_block_end(struct plot *plot);
/* A value and its interval, " 1 0.9 1.1"; a missing interval is a point. */
void plot_estimate(struct plot *plot, double value, double low, double high);

/* Run gnuplot. @output: path without ending; the files are whole or absent, and an old one stays.
 * Returns 0; -ENOENT without gnuplot; -EIO where it fails; another -errno; and a message. */
int plot_draw(struct plot *plot, const char *output, char *err, size_t err_size);

/* The file name of a plot, without ending; @scenario: NULL: of none; @kind: "duration". Whatever
 * the scenario is called, it stays in its directory and needs no escape in a link. */
const char *plot_file_name(const char *scenario, const char *kind, char *name, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_GNUPLOT_H
#define ANALYSIS_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

#define PLOT_PATH_MAX 512

/*
 * A plot being made by gnuplot, as SVG and PNG: a private directory with its
 * data, gnuplot's log and what it drew, which is the only place gnuplot may
 * write into where the kernel has Landlock. Text of a result tree reaches gnuplot only as data
 * and as arguments, never as part of a command or of a shell's.
 */
struct plot {
	char dir[PLOT_PATH_MAX - 16];
	char data_path[PLOT_PATH_MAX];
	char log_path[PLOT_PATH_MAX];
	char colours[256]; /* by plot_colour() */
	FILE *data;	   /* to be written between plot_begin() and plot_draw() */
};

/* 0 or -errno. To be followed by plot_end() in every case. */
int plot_begin(struct plot *plot);
void plot_end(struct plot *plot);

/**
 * plot_draw() - run a script of analysis/plots on the data
 * @script: its name
 * @output: path without ending; the files are whole or absent, and an old one stays
 * @title, @unit: texts in the plot
 * @count: how many things are in the data, and @names what they are called
 *
 * Return: 0; -ENOENT where there is no gnuplot; -EIO where it fails, with a
 * message in @err; another -errno.
 */
int plot_draw(struct plot *plot, const char *script, const char *output, const char *title,
	      const char *unit, int count, const char *names, char *err, size_t err_size);

/*
 * The next variant drawn is the @place-th of the plan, from 0, and has the colour
 * of that in every plot. Without any they are coloured one after the other.
 */
void plot_colour(struct plot *plot, size_t place);

/* Whatever a tree calls its variants, in a plot they are plain words. */
void plot_word(FILE *f, const char *text);

/*
 * Label of a variant in quotes, with its n: below the name, or beside it where
 * there are so many that style.gp writes them askew.
 */
void plot_label(FILE *f, const char *variant, size_t n, size_t variants);

/**
 * plot_name() - file name of a plot, without ending
 * @kind: "duration", "phases", ...
 *
 * Whatever the scenario is called, it stays in its directory and needs no
 * escape in a link. Returns @name.
 */
const char *plot_name(const char *scenario, const char *kind, char *name, size_t size);

#endif

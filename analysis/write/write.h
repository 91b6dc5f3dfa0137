/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_WRITE_H
#define ANALYSIS_WRITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/alloc.h"
#include "lib/interval.h"

/* A document: headings, paragraphs, lists, tables, in their order. It goes to one file or to
 * several, each in its own format, for which all text is escaped. Numbers come with the format of
 * their digits; columns of them are aligned, and sorted by value in HTML. Out of memory ends the
 * process. */
enum write_format {
	WRITE_TEXT, /* for a terminal, or mail */
	WRITE_MARKDOWN,
	WRITE_HTML, /* a page that is one file and loads nothing */
	WRITE_CSV,  /* the tables only; rows go out as they come */
};

struct write_options {
	int columns;	      /* WRITE_TEXT: the longest line of a paragraph; 0: 96 */
	int indent;	      /* WRITE_TEXT: blanks before every line */
	bool ascii;	      /* WRITE_TEXT: other characters become '?' */
	const char *pictures; /* WRITE_MARKDOWN: link to their PNGs; WRITE_HTML: directory of their
				 SVGs; NULL: no pictures */
};

/* Ended by write_close(). */
struct writer *write_open(void);
/* One more file, the caller's, that all of the document goes to; @options: NULL: all zero.
 * Returns 0, or -errno and a message: style and script of WRITE_HTML cannot be read. */
int write_to(struct writer *w, enum write_format format, FILE *f,
	     const struct write_options *options, char *err, size_t err_size);
void write_close(struct writer *w);

/* All functions below take a @text or @title over; all macros make it, by xasprintf(). */

enum block_kind {
	BLOCK_NONE,
	BLOCK_HEADING,
	BLOCK_PARAGRAPH,
	BLOCK_ITEM,
	BLOCK_CODE,
	BLOCK_PICTURE,
	BLOCK_TABLE,
};

/* Each begins a block, which write_text() and write_strong() make longer. Items that follow each
 * other are a list, lines of code a block of code. Level 1 of a heading is the title; the text of a
 * heading is the name of the tables below it. The name of a picture is that of its file, without
 * directory and ending. */
void write_block(struct writer *w, enum block_kind kind, int level, const char *name, char *text);
void write_run(struct writer *w, bool strong, char *text);
#define write_heading(w, level, ...)                                                               \
	write_block(w, BLOCK_HEADING, level, NULL, xasprintf(__VA_ARGS__))
#define write_paragraph(w, ...) write_block(w, BLOCK_PARAGRAPH, 0, NULL, xasprintf(__VA_ARGS__))
#define write_item(w, ...) write_block(w, BLOCK_ITEM, 0, NULL, xasprintf(__VA_ARGS__))
#define write_code(w, ...) write_block(w, BLOCK_CODE, 0, NULL, xasprintf(__VA_ARGS__))
#define write_picture(w, name, ...) write_block(w, BLOCK_PICTURE, 0, name, xasprintf(__VA_ARGS__))
#define write_text(w, ...) write_run(w, false, xasprintf(__VA_ARGS__))
#define write_strong(w, ...) write_run(w, true, xasprintf(__VA_ARGS__))

/* A table: its columns, then rows of a cell for each. Without columns it is a list of facts, two
 * cells a row. One without rows is not written. */
void write_table(struct writer *w);
/* "variant|n|ratio [95 %]" */
void write_columns(struct writer *w, const char *titles);
void write_table_of(struct writer *w, const char *titles);
void write_title(struct writer *w, char *title);
#define write_column(w, ...) write_title(w, xasprintf(__VA_ARGS__))
void write_row(struct writer *w);
/* A row that begins with these texts; the last is NULL. */
#define write_row_texts(w, ...) write_row_list(w, (const char *const[]){ __VA_ARGS__ })
void write_row_list(struct writer *w, const char *const *texts);
void write_table_end(struct writer *w);

/* A cell of words; "", "-", "—" and "unresolved" say that there is no number, and make no column
 * one of words. */
void write_words(struct writer *w, char *text);
#define write_cell(w, ...) write_words(w, xasprintf(__VA_ARGS__))
/* So many cells of it. */
void write_cells(struct writer *w, const char *text, size_t count);
/* "-" where the value is not finite. */
#define write_number(w, format, value) write_estimate(w, format, value, NAN, NAN)
#define write_count(w, count) write_number(w, "%.0f", count)
/* "1.23 [1.20, 1.25]"; without the interval where that is not finite. */
#define write_estimate(w, format, value, low, high) write_rounded(w, format, 0, value, low, high)
/* With no digit finer than @resolution, a share of the value; "unresolved" follows where that is
 * above RESOLVED_SHARE. */
void write_rounded(struct writer *w, const char *format, double resolution, double value,
		   double low, double high);
/* The same as a text, to be freed. */
char *rounded_text(const char *format, double resolution, double value, double low, double high);
/* The same, but for the resolution all of it times @factor; " (87.5 %)" follows where the interval
 * has less than 95 %. */
void write_interval(struct writer *w, const char *format, double resolution, double value,
		    const struct interval *interval, double factor);
/* @name: improve, regress, same, inconclusive, invalid; else plain words. */
void write_verdict(struct writer *w, const char *name);
/* More words in the cell before: a unit, a share; a verdict. */
void write_more_words(struct writer *w, char *text);
#define write_more(w, ...) write_more_words(w, xasprintf(__VA_ARGS__))
/* The same of @part as a percentage, of 2 digits where it is below 95 %, else of 4: 99.6 % is not
 * all, and 250 % needs no exponent. */
void write_percent(struct writer *w, const char *before, double part, const char *after);
void write_more_verdict(struct writer *w, const char *name);

/* A row of a list of facts; none where the text is empty. */
void write_fact_words(struct writer *w, const char *what, char *text);
#define write_fact(w, what, ...) write_fact_words(w, what, xasprintf(__VA_ARGS__))

#endif

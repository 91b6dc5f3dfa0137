/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_WRITE_BACKEND_H
#define ANALYSIS_WRITE_BACKEND_H

#include "analysis/write/write.h"

/* What write.c gives to each format. */

/* A stretch of a block's text. */
struct run {
	char *text;
	bool strong;
};

struct block {
	enum block_kind kind;
	int level;  /* of a heading */
	char *name; /* of a picture, whose text is its caption */
	struct run *runs;
	size_t run_count;
};

struct cell {
	char *text;
	double number;	     /* NAN: none */
	bool is_words;	     /* more than "" or "-", and no number */
	const char *verdict; /* one of those that have a style of their own, or NULL */
};

struct table_block {
	char **titles;	     /* NULL: none */
	size_t column_count; /* 2 without titles */
	struct cell *cells;  /* by row */
	size_t cell_count;
	size_t rows_out; /* rows that have gone out, of a format that takes them as they come */
};

struct output {
	const struct backend *backend;
	FILE *f;
	struct write_options options;
	enum block_kind last; /* what was written before */
	void *own;	      /* the backend's */
};

struct backend {
	bool by_row;	   /* a table may be given in parts, of whole rows each */
	const char *first; /* before all; may be NULL */
	int (*begin)(struct output *o, char *err, size_t err_size); /* may be NULL */
	void (*block)(struct output *o, const struct block *b);	    /* may be NULL */
	void (*table)(struct output *o, const struct table_block *t);
	void (*end)(struct output *o); /* may be NULL */
};

extern const struct backend text_backend, markdown_backend, html_backend, csv_backend;

/* Whether a column has numbers, and nothing but. */
bool column_is_numeric(const struct table_block *t, size_t column);

/* What a format has instead of characters; a ']' only where it would end the text of a link. */
struct escapes {
	const char *control, *bad; /* bad: a byte that is no UTF-8 */
	const char *chars;	   /* those that @instead has, in this order */
	const char *instead[8];
	bool ascii; /* others are as control characters */
};
void write_escaped(FILE *f, const char *text, const struct escapes *escapes);

/* A text that is written to as a file is, by xmemstream(). */
struct text_stream {
	FILE *f;
	char *text; /* to be freed, after fclose() or as far as fflush() has it */
	size_t size;
};

#endif

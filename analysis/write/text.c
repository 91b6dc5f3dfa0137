/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "analysis/write/backend.h"
#include "lib/alloc.h"

#define COLUMNS 96
#define TABLE_INDENT 2
#define BAD "\xef\xbf\xbd" /* U+FFFD */

static const struct escapes plain = { .control = "?", .bad = "?", .chars = "" };
static const struct escapes plain_ascii = {
	.control = "?", .bad = "?", .chars = "", .ascii = true
};
/* RFC 4180 has no control characters; a line feed it has, in quotes. */
static const struct escapes csv = {
	.control = "?", .bad = "?", .chars = "\"\n", .instead = { "\"\"", "\n" }
};
static const struct escapes code = { .control = " ", .bad = BAD, .chars = "" };
static const struct escapes markdown = {
	.control = " ",
	.bad = BAD,
	.chars = "|`*]\\<&",
	.instead = { "\\|", "\\`", "\\*", "\\]", "\\\\", "&lt;", "&amp;" },
};

/* As it is shown; to be freed. */
static char *shown(const struct output *o, const char *text)
{
	struct text_stream copy;

	copy.f = xmemstream(&copy.text, &copy.size);
	write_escaped(copy.f, text, o->options.ascii ? &plain_ascii : &plain);
	fclose(copy.f);
	return copy.text;
}

/* Columns that a text takes, near enough. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; n++)
		utf8_next(&text);
	return n;
}

/* How many bytes of @text fit. */
static size_t fitting(const char *text, int columns)
{
	const char *at = text;

	while (columns-- > 0 && *at)
		utf8_next(&at);
	return at - text;
}

/* Words on lines; one that is longer than a line is cut in pieces. */
static void wrap_words(const struct output *o, const char *text)
{
	int columns = o->options.columns ? o->options.columns : COLUMNS;
	int column = 0, room = columns - o->options.indent;

	while (*(text += strspn(text, " \t\n"))) {
		size_t length = strcspn(text, " \t\n"), most = fitting(text, room);
		char *word = xasprintf("%.*s", (int)(length < most ? length : most), text);
		char *safe = shown(o, word);
		int width = width_of(safe);

		if (column && column + 1 + width > columns) {
			fputc('\n', o->f);
			column = 0;
		}
		fprintf(o->f, "%*s%s", column ? 1 : o->options.indent, "", safe);
		column += (column ? 1 : o->options.indent) + width;
		text += strlen(word);
		free(word);
		free(safe);
	}
	fputs("\n", o->f);
}

static void begin_block(struct output *o, enum block_kind kind)
{
	bool joined = (o->last == BLOCK_HEADING && o->backend == &text_backend) ||
		      (kind == o->last && (kind == BLOCK_ITEM || kind == BLOCK_CODE));

	fputs(o->last && !joined ? "\n" : "", o->f);
}

static void text_block(struct output *o, const struct block *b)
{
	struct text_stream text;
	size_t i;

	if (b->kind == BLOCK_PICTURE)
		return;
	begin_block(o, b->kind);
	text.f = xmemstream(&text.text, &text.size);
	fputs(b->kind == BLOCK_ITEM ? "- " : "", text.f);
	for (i = 0; i < b->run_count; i++)
		fputs(b->runs[i].text, text.f);
	fclose(text.f);
	wrap_words(o, text.text);
	free(text.text);
}

/* The first row is the titles. */
static void text_table(struct output *o, const struct table_block *t)
{
	size_t i, column, titles = t->titles ? t->column_count : 0;
	size_t count = t->cell_count + titles;
	int *widths = xcalloc(t->column_count, sizeof(*widths)), pending = 0, blanks, before;
	char **texts = xcalloc(count, sizeof(*texts));

	assert(t->column_count);
	begin_block(o, BLOCK_TABLE);
	for (i = 0; i < count; i++) {
		texts[i] = shown(o, i < titles ? t->titles[i] : t->cells[i - titles].text);
		column = i % t->column_count;
		if (width_of(texts[i]) > widths[column])
			widths[column] = width_of(texts[i]);
	}
	for (i = 0; i < count; i++) {
		column = i % t->column_count;
		blanks = widths[column] - width_of(texts[i]);
		before = column_is_numeric(t, column) ? blanks : 0;
		/* No line ends with blanks. */
		pending = (column ? pending : o->options.indent) + TABLE_INDENT + before;
		if (*texts[i]) {
			fprintf(o->f, "%*s%s", pending, "", texts[i]);
			pending = 0;
		}
		pending += blanks - before;
		fputs(column + 1 == t->column_count ? "\n" : "", o->f);
		free(texts[i]);
	}
	free(texts);
	free(widths);
}

const struct backend text_backend = {
	.block = text_block,
	.table = text_table,
};

static void write_runs(FILE *f, const struct block *b)
{
	size_t i;

	/* What would make a heading, a list or a quotation of a paragraph. */
	if (strchr("#+->=~", *b->runs[0].text) && *b->runs[0].text)
		fputc('\\', f);
	for (i = 0; i < b->run_count; i++) {
		fputs(b->runs[i].strong ? "**" : "", f);
		write_escaped(f, b->runs[i].text, &markdown);
		fputs(b->runs[i].strong ? "**" : "", f);
	}
	fputs("\n", f);
}

static void markdown_block(struct output *o, const struct block *b)
{
	if (b->kind == BLOCK_PICTURE && !o->options.pictures)
		return;
	begin_block(o, b->kind);
	switch (b->kind) {
	case BLOCK_HEADING:
		fprintf(o->f, "%.*s ", b->level, "######");
		write_runs(o->f, b);
		break;
	case BLOCK_ITEM:
		fputs("- ", o->f);
		write_runs(o->f, b);
		break;
	case BLOCK_CODE:
		fputs("    ", o->f);
		write_escaped(o->f, b->runs[0].text, &code);
		fputs("\n", o->f);
		break;
	case BLOCK_PICTURE:
		fputs("![", o->f);
		write_escaped(o->f, b->runs[0].text, &markdown);
		fprintf(o->f, "](%s/%s.png)\n", o->options.pictures, b->name);
		break;
	default:
		write_runs(o->f, b);
	}
}

static void write_cell_text(FILE *f, const char *text)
{
	fputs("| ", f);
	write_escaped(f, text, &markdown);
	fputs(*text ? " " : "", f);
}

static void markdown_table(struct output *o, const struct table_block *t)
{
	size_t i;

	assert(t->column_count);
	begin_block(o, BLOCK_TABLE);
	for (i = 0; i < t->column_count; i++)
		write_cell_text(o->f, t->titles ? t->titles[i] : "");
	fputs("|\n", o->f);
	for (i = 0; i < t->column_count; i++)
		fputs(column_is_numeric(t, i) ? "|---:" : "|---", o->f);
	fputs("|\n", o->f);
	for (i = 0; i < t->cell_count; i++) {
		write_cell_text(o->f, t->cells[i].text);
		fputs((i + 1) % t->column_count ? "" : "|\n", o->f);
	}
}

const struct backend markdown_backend = {
	.first = "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n",
	.block = markdown_block,
	.table = markdown_table,
};

static void write_value(FILE *f, const char *text)
{
	const char *quote = text[strcspn(text, "\",\r\n")] ? "\"" : "";

	fputs(quote, f);
	write_escaped(f, text, &csv);
	fputs(quote, f);
}

static void csv_table(struct output *o, const struct table_block *t)
{
	size_t i;

	assert(t->column_count);
	for (i = 0; t->titles && !t->rows_out && i < t->column_count; i++) {
		write_value(o->f, t->titles[i]);
		fputs(i + 1 < t->column_count ? "," : "\n", o->f);
	}
	for (i = 0; i < t->cell_count; i++) {
		write_value(o->f, t->cells[i].text);
		fputs((i + 1) % t->column_count ? "," : "\n", o->f);
	}
}

const struct backend csv_backend = {
	.by_row = true,
	.table = csv_table,
};

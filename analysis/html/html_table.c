/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/html/html_table.h"

#include <cmark-gfm-core-extensions.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "analysis/html/html_text.h"

enum column {
	COLUMN_WORDS,
	COLUMN_NUMBERS,
	COLUMN_VERDICTS,
};

bool html_is_table(cmark_node *node)
{
	return !strcmp(cmark_node_get_type_string(node), "table");
}

/*
 * Length of the number that a text begins with, as printf() writes it; 0 if it
 * does not, or if the number is but part of a name or a version.
 */
static size_t leading_number(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n = *text == '+' || *text == '-', whole, part = 0;

	whole = strspn(text + n, digits);
	n += whole;
	if (text[n] == '.')
		part = strspn(text + n + 1, digits);
	if (!whole && !part)
		return 0;
	n += part ? 1 + part : 0;
	if (text[n] == 'e' && (text[n + 1] == '+' || text[n + 1] == '-'))
		n += 2 + strspn(text + n + 2, digits);
	return text[n] && text[n] != ' ' ? 0 : n;
}

/* What a table says where it has no number. */
static bool no_number(const char *text)
{
	return !*text || !strcmp(text, "-") || !strcmp(text, "not observed");
}

static cmark_node *nth_cell(cmark_node *row, unsigned int n)
{
	cmark_node *cell = cmark_node_first_child(row);

	while (cell && n--)
		cell = cmark_node_next(cell);
	return cell;
}

static bool all_numbers(cmark_node *header, unsigned int n)
{
	cmark_node *row;
	bool any = false, all = true;

	for (row = cmark_node_next(header); row && all; row = cmark_node_next(row)) {
		cmark_node *cell = nth_cell(row, n);
		char *text = cell ? html_plain(cell) : NULL;

		if (!text || no_number(text))
			;
		else if (leading_number(text))
			any = true;
		else
			all = false;
		free(text);
	}
	return any && all;
}

static bool says(cmark_node *cell, const char *text)
{
	char *plain = html_plain(cell);
	bool same = plain && !strcmp(plain, text);

	free(plain);
	return same;
}

static bool is_titled(cmark_node *header)
{
	cmark_node *cell;

	for (cell = cmark_node_first_child(header); cell; cell = cmark_node_next(cell))
		if (!says(cell, ""))
			return true;
	return false;
}

/* A verdict may be followed by its reason. */
static const char *verdict_of(const char *text)
{
	enum verdict v;

	for (v = VERDICT_IMPROVE; v <= VERDICT_ABSENT; v++) {
		const char *name = verdict_name(v);
		size_t n = strlen(name);

		if (!strncmp(text, name, n) && !isalpha((unsigned char)text[n]))
			return name;
	}
	return NULL;
}

static void open_cell(FILE *f, enum column column, const char *text)
{
	size_t n = leading_number(text);
	const char *verdict = verdict_of(text);

	if (column == COLUMN_NUMBERS && n)
		fprintf(f, "<td class=\"number\" data-sort=\"%.*s\">", (int)n, text);
	else if (column == COLUMN_NUMBERS)
		fputs("<td class=\"number\">", f);
	else if (column == COLUMN_VERDICTS && verdict)
		fprintf(f, "<td class=\"verdict %s\">", verdict);
	else
		fputs("<td>", f);
}

static void write_row(FILE *f, cmark_node *row, const enum column *columns, bool titled)
{
	cmark_node *cell;
	unsigned int i = 0;

	fputs("<tr>", f);
	for (cell = cmark_node_first_child(row); cell; cell = cmark_node_next(cell), i++) {
		bool names_row = !titled && !i;
		char *text = html_plain(cell);

		if (names_row)
			fputs("<th scope=\"row\">", f);
		else
			open_cell(f, columns[i], text ? text : "");
		html_children(f, cell);
		fputs(names_row ? "</th>" : "</td>", f);
		free(text);
	}
	fputs("</tr>\n", f);
}

static void write_header(FILE *f, cmark_node *header, const enum column *columns)
{
	cmark_node *cell;
	unsigned int i = 0;

	fputs("<thead><tr>", f);
	for (cell = cmark_node_first_child(header); cell; cell = cmark_node_next(cell), i++) {
		fprintf(f, "<th scope=\"col\"%s>",
			columns[i] == COLUMN_NUMBERS ? " class=\"number\"" : "");
		html_children(f, cell);
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n", f);
}

static void look_at_columns(cmark_node *header, enum column *columns)
{
	cmark_node *cell;
	unsigned int i = 0;

	for (cell = cmark_node_first_child(header); cell; cell = cmark_node_next(cell), i++) {
		if (says(cell, "verdict"))
			columns[i] = COLUMN_VERDICTS;
		else if (all_numbers(header, i))
			columns[i] = COLUMN_NUMBERS;
	}
}

void html_table(FILE *f, cmark_node *table, const char *label)
{
	cmark_node *header = cmark_node_first_child(table), *row;
	enum column *columns;
	bool titled;

	columns = calloc(cmark_gfm_extensions_get_table_columns(table) + 1, sizeof(*columns));
	if (!columns || !header)
		goto out;
	titled = is_titled(header);
	if (titled)
		look_at_columns(header, columns);
	/* What scrolls must be reachable by key. */
	fputs("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Table: ", f);
	html_escaped(f, label);
	fprintf(f, "\"><table class=\"%s\">\n", titled ? "sortable" : "facts");
	if (titled)
		write_header(f, header, columns);
	fputs("<tbody>\n", f);
	for (row = cmark_node_next(header); row; row = cmark_node_next(row))
		write_row(f, row, columns, titled);
	fputs("</tbody></table></div>\n", f);
out:
	free(columns);
}

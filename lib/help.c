/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same pages as text, for --help, and as roff, for man.
 */
#include <stdio.h>
#include <string.h>

#include "lib/options.h"

#define WIDTH 80
#define HELP_COLUMN 29
#define STATUS_COLUMN 7

static bool roff;

/* Some characters have a meaning in roff, a dot and a quote at the beginning of a line only. */
static void put(const char *text, size_t length)
{
	static const char *const escapes[128] = {
		['\\'] = "\\e",	 ['-'] = "\\-",	  ['\''] = "\\(aq",
		['`'] = "\\(ga", ['^'] = "\\(ha", ['~'] = "\\(ti"
	};

	if (roff && length && *text == '.')
		fputs("\\&", stdout);
	for (; length--; text++) {
		const char *escape = roff && *text > 0 ? escapes[(int)*text] : NULL;

		if (escape)
			fputs(escape, stdout);
		else
			putchar(*text);
	}
}

/* Words from one column of the page to its end; the column has been reached. */
static void put_words(const char *text, size_t length, int first)
{
	int column = first;
	size_t n;

	if (roff)
		put(text, length);
	for (; !roff && length; text += n, length -= n) {
		const char *end = memchr(text + 1, ' ', length - 1);

		/* A word and the blank before it. */
		n = end ? (size_t)(end - text) : length;
		if (column > first && column + (int)n > WIDTH) {
			printf("\n%*s", first, "");
			column = first;
		}
		if (column == first && *text == ' ')
			put(text + 1, n - 1);
		else
			put(text, n);
		column += n;
	}
	putchar('\n');
}

static void begin_paragraph(void)
{
	puts(roff ? ".PP" : "");
}

static const char *next_line(const char *text)
{
	text = strchrnul(text, '\n');
	return text + (*text == '\n');
}

/* The lines that begin with a blank. Returns what follows them. */
static const char *put_verbatim(const char *text)
{
	if (roff)
		puts(".EX");
	for (; *text == ' '; text = next_line(text)) {
		put(text, strcspn(text, "\n"));
		putchar('\n');
	}
	if (roff)
		puts(".EE");
	return text;
}

/* The paragraphs of a text, or the first one. */
static void put_text(const char *text, bool all)
{
	do {
		begin_paragraph();
		if (*text == ' ') {
			text = put_verbatim(text);
			continue;
		}
		put_words(text, strcspn(text, "\n"), 0);
		text = next_line(text);
	} while (all && *text);
}

static void put_heading(const char *title)
{
	begin_paragraph();
	printf(roff ? "\\fB%s\\fR\n" : "%s\n", title);
}

/* A row of two columns. */
static void put_term(const char *term, int column, const char *help, size_t length)
{
	if (roff) {
		fputs(".TP\n\\fB", stdout);
		put(term, strlen(term));
		puts("\\fR");
	} else if ((int)strlen(term) + 4 > column) {
		printf("  %s\n%*s", term, column, "");
	} else {
		printf("  %-*s", column - 2, term);
	}
	put_words(help, length, column);
}

static void put_option(const struct command *command, const struct option_row *row)
{
	char term[512], argument[256], value[64], help[1024];
	size_t n = 0, m;

	if (row->key)
		n = snprintf(term, sizeof(term), "-%c%s", row->key, row->name ? ", " : "");
	else if (row->name && !roff)
		n = snprintf(term, sizeof(term), "    ");
	if (row->name)
		n += snprintf(term + n, sizeof(term) - n, "--%s", row->name);
	option_argument(row, argument, sizeof(argument));
	snprintf(term + n, sizeof(term) - n, "%s%s", n && *argument ? " " : "", argument);
	m = snprintf(help, sizeof(help), "%s%s", row->help,
		     row->type == OPTION_NAMES ? "; may be repeated" : "");
	if (*option_default(command, row, value, sizeof(value)))
		m += snprintf(help + m, sizeof(help) - m, " (default: %s)", value);
	put_term(term, HELP_COLUMN, help, m);
}

static void put_options(const struct command *command)
{
	static const struct option_row help = {
		.type = OPTION_FLAG, .name = "help", .key = 'h', .help = "this help"
	};
	const struct option_row *row = command->rows;

	if (!row || row->type != OPTION_HEADING)
		put_heading("OPTIONS");
	for (; row && row->type; row++) {
		if (row->type == OPTION_HEADING)
			put_heading(row->help);
		else
			put_option(command, row);
	}
	put_option(command, &help);
}

static void put_exits(const char *exits)
{
	char status[8];
	const char *why;

	put_heading("EXIT STATUS");
	for (; *exits; exits = next_line(exits)) {
		why = strchrnul(exits, ' ');
		snprintf(status, sizeof(status), "%.*s", (int)(why - exits), exits);
		put_term(status, STATUS_COLUMN, why + 1, strcspn(why + 1, "\n"));
	}
}

static void put_command(const struct command *command, bool details)
{
	put_text(command->description, details);
	put_options(command);
	put_heading("EXAMPLES");
	put_verbatim(command->examples);
	put_exits(command->exits);
}

static void put_synopsis(const char *name, const struct command *command)
{
	const struct option_row *operand = command_operand(command);
	char text[256];

	snprintf(text, sizeof(text), "%s [OPTION...]%s%s%s", name, operand ? " " : "",
		 operand ? operand->argument : "",
		 operand && operand->type == OPTION_OPERANDS ? "..." : "");
	put(text, strlen(text));
	putchar('\n');
}

void help_usage(const char *name, const struct command *command)
{
	printf("Usage: ");
	put_synopsis(name, command);
}

void help_command(const char *name, const struct command *command, bool details)
{
	const char *program_end = strchrnul(name, ' ');

	help_usage(name, command);
	put_command(command, details);
	if (!details && strchr(command->description, '\n'))
		printf("\n`%.*s help %s` tells more.\n", (int)(program_end - name), name,
		       command->name);
}

void help_program(const struct program *program, FILE *to)
{
	const struct command *const *c;

	fprintf(to, "Usage: %s COMMAND [OPTION...]\n\n%s\n\nCOMMANDS\n", program->name,
		program->purpose);
	for (c = program->commands; *c; c++)
		fprintf(to, "  %-13s %s\n", (*c)->name, (*c)->purpose);
	fprintf(to,
		"\nEXAMPLES\n%s\n`%s COMMAND --help` lists the options of a command.\n"
		"`%s help COMMAND` tells more.\n",
		program->examples, program->name, program->name);
}

static void put_worked(const struct worked_example *example)
{
	if (example)
		puts(".SH WORKED EXAMPLES");
	for (; example && example->title; example++) {
		printf(".SS ");
		put(example->title, strlen(example->title));
		putchar('\n');
		put_text(example->text, true);
	}
}

void man_page(const struct program *program)
{
	const struct command *const *c;
	char name[128];

	roff = true;
	printf(".TH %s 1 \"\" balloonbench\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", program->name,
	       program->name, program->purpose);
	for (c = program->commands; *c; c++) {
		snprintf(name, sizeof(name), "%s %s", program->name, (*c)->name);
		put_synopsis(name, *c);
		puts(".br");
	}
	puts(".SH COMMANDS");
	for (c = program->commands; *c; c++) {
		printf(".SS ");
		put((*c)->name, strlen((*c)->name));
		printf(" \\- %s\n", (*c)->purpose);
		put_command(*c, true);
	}
	puts(".SH EXAMPLES");
	put_verbatim(program->examples);
	put_worked(program->worked);
	puts(".SH SEE ALSO\n.BR balloonbench (1),\n.BR balloonstat (1),\n.BR balloontrace (1)");
}

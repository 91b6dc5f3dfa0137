/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_OPTIONS_H
#define LIB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Command lines as tables: a program is a list of commands; a row of a command's table says where
 * the value goes in its options struct. Parsing, help, man page and completion come from them.
 */

enum option_type {
	OPTION_END,
	OPTION_HEADING,	 /* in --help; its help is the text */
	OPTION_FLAG,	 /* bool */
	OPTION_STRING,	 /* const char *; one of the choices, if the row has some */
	OPTION_CHOICE,	 /* enum: the place in the choices, from @min on */
	OPTION_COUNT,	 /* uint64_t or unsigned int, in [min, max] */
	OPTION_SIZE,	 /* likewise, in bytes: a power of two */
	OPTION_RATE,	 /* uint64_t: bytes per second */
	OPTION_DURATION, /* uint64_t: ns; a number without a unit is in seconds */
	OPTION_PERCENT,	 /* double: a fraction in (0, 1] */
	OPTION_NAMES,	 /* struct names: the option may be repeated */
	OPTION_PARSED,	 /* whatever parse() makes of the text */
	OPTION_WORDS,	 /* struct words: all that follows it up to "--", whatever it looks like */
	OPTION_OPERAND,	 /* const char *: an argument without an option; it must be there */
	OPTION_OPERANDS, /* char **: one or more of them; NULL-terminated, a part of argv */
};

/* What the shell completes the value with, besides the choices. */
enum option_hint { HINT_NONE, HINT_FILE, HINT_DIRECTORY, HINT_SCENARIO, HINT_VARIANT, HINT_METRIC };

struct option_row {
	enum option_type type;
	const char *name;     /* long; NULL: there is only the key */
	int key;	      /* short; 0: there is only the name */
	const char *argument; /* as --help calls the value; NULL: the choices */
	const char *help;
	size_t at, size; /* offset and size of the field */
	uint64_t min, max;
	const char *const *choices; /* NULL-terminated */
	enum option_hint hint;
	/* NAMES: why a name is not to be repeated; NULL: a repeated name counts once. */
	const char *distinct;
	/* PARSED: NULL, or what is wrong with @text, as in "expected a CPU". */
	const char *(*parse)(const char *text, void *field);
};

/* A row for a field of OPTIONS, the file's options struct; more may follow, as ".min = 1". */
/* clang-format off */
#define OPTION(type_, field, name_, key_, argument_, help_, ...) \
	{ .type = OPTION_##type_, .name = name_, .key = key_, .argument = argument_, .help = help_, \
	  .at = offsetof(OPTIONS, field), .size = sizeof(((OPTIONS *)0)->field), __VA_ARGS__ }
#define OPTION_TITLE(text) { .type = OPTION_HEADING, .help = text }
/* clang-format on */

#define NAMES_MAX 256

struct names {
	const char *list[NAMES_MAX + 1]; /* NULL-terminated; they belong to argv */
	size_t count;
};

struct words {
	char **list; /* a part of argv */
	size_t count;
	bool given;
};

struct command_line {
	const struct command *command;
	int argc;
	char **argv;	/* argv[0] is "PROGRAM COMMAND" */
	void *options;	/* the options struct of the command */
	uint64_t given; /* a bit a row: whether that option was there */
};

/*
 * Texts are paragraphs, a line each, which are wrapped; a line that begins with a
 * blank is shown as it is.
 */
struct command {
	const char *name;
	const char *purpose;	 /* a line for the list of commands */
	const char *description; /* --help has its first paragraph only */
	const char *examples;	 /* every line begins with a blank */
	const char *exits;	 /* exit statuses, "0 why" a line */
	const struct option_row *rows;
	const void *defaults;		       /* an options struct */
	size_t size;			       /* of the options struct; 0: there is none */
	int (*run)(struct command_line *line); /* returns the exit status */
};

/* Of a man page: a title, and a text as of a command. */
struct worked_example {
	const char *title, *text;
};

struct program {
	const char *name, *purpose, *examples;
	const struct worked_example *worked;   /* ends with a title of NULL; NULL: none */
	const struct command *const *commands; /* NULL-terminated */
};

/*
 * Run the command that argv[1] names, or --help, --man or --bash-completion. Returns the exit
 * status for main(). What is printed is written by then: a full disk fails the command.
 */
int program_run(const struct program *program, int argc, char **argv);

/* Fill in the options struct, from the defaults and argv: 0; -1 after --help; EXIT_USAGE. */
int options_parse(struct command_line *line);

/* The first given option that is not in @names, a NULL-terminated list; or NULL. */
const struct option_row *options_beside(const struct command_line *line, const char *const *names);

/* Whether the row is an option that an argument follows. */
bool option_takes_value(const struct option_row *row);

/* The row of the arguments without an option, or NULL. */
const struct option_row *command_operand(const struct command *command);

/*
 * These return @text: what a row's value is, as in "N" or "off|phases", "" if it has none; its
 * choices by that separator; what it is by default, as in "3%", "" if that is nothing.
 */
const char *option_argument(const struct option_row *row, char *text, size_t size);
const char *option_choices(const struct option_row *row, const char *separator, char *text,
			   size_t size);
const char *option_default(const struct command *command, const struct option_row *row, char *text,
			   size_t size);

/* Of the best name so far, or NULL, and another: which one is like the wrong name. */
const char *nearer_name(const char *wrong, const char *best, const char *name);

/* To stdout; @name is "PROGRAM COMMAND". */
void help_usage(const char *name, const struct command *command);
void help_command(const char *name, const struct command *command, bool details);
void help_program(const struct program *program, FILE *to);
void man_page(const struct program *program);
void bash_completion(const struct program *program);

#endif

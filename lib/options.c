/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/exit_status.h"
#include "lib/log.h"
#include "lib/units.h"

#define ROWS_MAX 64 /* bits of command_line.given */
#define NAME_LENGTH 63
#define DURATION_MAX_S 1000000000

/* What getopt_long() returns for a long option: its row, beyond all keys. */
enum { VALUE_ROW = 256, VALUE_HELP = VALUE_ROW + ROWS_MAX, VALUE_USAGE };

/* What is left of the longer word without a common beginning and end: 1 or 2 for most typos. */
static size_t difference(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), n = la < lb ? la : lb, front = 0, back = 0;

	while (front < n && a[front] == b[front])
		front++;
	while (back < n - front && a[la - 1 - back] == b[lb - 1 - back])
		back++;
	return (la > lb ? la : lb) - front - back;
}

const char *nearer_name(const char *wrong, const char *best, const char *name)
{
	size_t d = difference(wrong, name);

	return d > 2 || 2 * d > strlen(name) || (best && difference(wrong, best) <= d) ? best
										       : name;
}

static bool is_operand(const struct option_row *row)
{
	return row->type == OPTION_OPERAND || row->type == OPTION_OPERANDS;
}

bool option_takes_value(const struct option_row *row)
{
	return row->type > OPTION_FLAG && row->type != OPTION_WORDS && !is_operand(row);
}

const struct option_row *command_operand(const struct command *command)
{
	const struct option_row *row;

	for (row = command->rows; row && row->type; row++)
		if (is_operand(row))
			return row;
	return NULL;
}

const char *option_choices(const struct option_row *row, const char *separator, char *text,
			   size_t size)
{
	const char *const *choice;
	size_t n = 0;

	for (choice = row->choices + row->min; *choice && n < size; choice++)
		n += snprintf(text + n, size - n, "%s%s", n ? separator : "", *choice);
	return text;
}

const char *option_argument(const struct option_row *row, char *text, size_t size)
{
	if (!row->argument && row->choices)
		return option_choices(row, "|", text, size);
	snprintf(text, size, "%s", row->argument ? row->argument : "");
	return text;
}

static uint64_t number(const struct option_row *row, const void *field)
{
	return row->size == sizeof(uint64_t) ? *(const uint64_t *)field
					     : *(const unsigned int *)field;
}

const char *option_default(const struct command *command, const struct option_row *row, char *text,
			   size_t size)
{
	const void *field;

	*text = '\0';
	if (!command->defaults)
		return text;
	field = (const char *)command->defaults + row->at;
	if (row->type == OPTION_STRING && *(const char *const *)field)
		snprintf(text, size, "%s", *(const char *const *)field);
	else if (row->type == OPTION_CHOICE && number(row, field) >= row->min)
		snprintf(text, size, "%s", row->choices[number(row, field)]);
	else if (row->type == OPTION_COUNT && number(row, field) >= row->min &&
		 number(row, field) <= row->max)
		snprintf(text, size, "%llu", (unsigned long long)number(row, field));
	else if (row->type == OPTION_PERCENT && *(const double *)field > 0)
		snprintf(text, size, "%g%%", 100 * *(const double *)field);
	return text;
}

/* The place of @text in the choices of the row, or -1. */
static int find_choice(const struct option_row *row, const char *text)
{
	int i;

	for (i = row->min; row->choices[i]; i++)
		if (!strcmp(row->choices[i], text))
			return i;
	return -1;
}

static int parse_seconds(const char *text, uint64_t *ns)
{
	char seconds[64];

	snprintf(seconds, sizeof(seconds), "%s s", text);
	if (parse_duration(text, ns) && parse_duration(seconds, ns))
		return -EINVAL;
	return *ns && *ns < DURATION_MAX_S * NSEC_PER_SEC ? 0 : -ERANGE;
}

static const char *expected(const struct option_row *row)
{
	static const char *const fixed[] = {
		[OPTION_RATE] = "expected a size per second, as in 1GiB/s",
		[OPTION_DURATION] = "expected a time in (0 s, 1000000000 s), as in 5 or 500ms",
		[OPTION_PERCENT] = "expected a percentage in (0%, 100%], as in 3%",
	};
	static char text[512];
	char low[256], high[32];

	if (row->choices)
		snprintf(text, sizeof(text), "expected one of %s",
			 option_choices(row, ", ", low, sizeof(low)));
	else if (row->type == OPTION_COUNT)
		snprintf(text, sizeof(text), "expected an integer in [%llu, %llu]",
			 (unsigned long long)row->min, (unsigned long long)row->max);
	else if (row->type == OPTION_SIZE)
		snprintf(text, sizeof(text), "expected a power of two in [%s, %s]",
			 format_bytes(row->min, low, sizeof(low)),
			 format_bytes(row->max, high, sizeof(high)));
	else
		return fixed[row->type];
	return text;
}

static const char *store_name(const struct option_row *row, const char *name, struct names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (!strcmp(names->list[i], name))
			return row->distinct;
	if (names->count == NAMES_MAX)
		return "too many names of this kind";
	names->list[names->count++] = name;
	return NULL;
}

/* NULL, or what is wrong with the text. */
static const char *store(const struct option_row *row, const char *text, void *field)
{
	uint64_t value = 0;
	bool wrong;

	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return NULL;
	case OPTION_STRING:
		*(const char **)field = text;
		return row->choices && find_choice(row, text) < 0 ? expected(row) : NULL;
	case OPTION_NAMES:
		return store_name(row, text, field);
	case OPTION_PARSED:
		return row->parse(text, field);
	case OPTION_PERCENT:
		return parse_percent(text, field) ? expected(row) : NULL;
	case OPTION_CHOICE:
		value = find_choice(row, text);
		wrong = value == (uint64_t)-1;
		break;
	case OPTION_COUNT:
		wrong = parse_count(text, row->min, row->max, &value);
		break;
	case OPTION_SIZE:
		wrong = parse_bytes(text, &value) || value < row->min || value > row->max ||
			value & (value - 1);
		break;
	case OPTION_RATE:
		wrong = parse_rate(text, &value);
		break;
	default:
		wrong = parse_seconds(text, &value);
	}
	if (wrong)
		return expected(row);
	if (row->size == sizeof(uint64_t))
		*(uint64_t *)field = value;
	else
		*(unsigned int *)field = value;
	return NULL;
}

static const struct option_row *find_row(const struct option_row *rows, int value)
{
	if (value >= VALUE_ROW)
		return rows + value - VALUE_ROW;
	while (rows->key != value)
		rows++;
	return rows;
}

/* Tables for getopt_long(). */
static void describe(const struct option_row *rows, struct option *longs, char *shorts)
{
	const struct option_row *row;

	*shorts++ = ':'; /* ':' for a missing argument, '?' for an unknown option */
	for (row = rows; row && row->type; row++) {
		if (row->type == OPTION_HEADING || is_operand(row))
			continue;
		if (row->name)
			*longs++ = (struct option){ row->name, option_takes_value(row), NULL,
						    VALUE_ROW + (row - rows) };
		if (row->key)
			*shorts++ = row->key;
		if (row->key && option_takes_value(row))
			*shorts++ = ':';
	}
	*longs++ = (struct option){ "help", no_argument, NULL, VALUE_HELP };
	*longs++ = (struct option){ "usage", no_argument, NULL, VALUE_USAGE };
	*longs = (struct option){ NULL, 0, NULL, 0 };
	*shorts++ = 'h';
	*shorts = '\0';
}

/* @word, as in "--bots=3", is the beginning of no long option, or of several. */
static void explain_long(const struct command_line *line, const struct option *longs,
			 const char *word)
{
	const char *nearest = NULL;
	char name[NAME_LENGTH + 1], list[512];
	size_t n = 0;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (; longs->name && n < sizeof(list); longs++) {
		nearest = nearer_name(name, nearest, longs->name);
		if (!strncmp(longs->name, name, strlen(name)))
			n += snprintf(list + n, sizeof(list) - n, "%s--%s", n ? ", " : "",
				      longs->name);
	}
	if (n)
		log_error("ambiguous option: --%s: could be %s", name, list);
	else if (nearest)
		log_error("unknown option: --%s; did you mean --%s?", name, nearest);
	else
		log_error("unknown option: --%s; see %s --help", name, line->argv[0]);
}

/* What getopt_long() did not understand. */
static int explain(const struct command_line *line, const struct option *longs, int c)
{
	const char *word = line->argv[optind - 1];

	if (c == ':')
		log_error("missing argument: %s; see %s --help", word, line->argv[0]);
	else if (optopt >= VALUE_ROW)
		log_error("unexpected argument: %s: the option takes none", word);
	else if (optopt)
		log_error("unknown option: -%c; see %s --help", optopt, line->argv[0]);
	else
		explain_long(line, longs, word);
	return EXIT_USAGE;
}

static int take_operands(const struct command_line *line)
{
	const struct option_row *row = command_operand(line->command);
	char **words = line->argv + optind, **extra = words + (row != NULL);
	void *field = row ? (char *)line->options + row->at : NULL;

	if (row && !*words) {
		log_error("missing argument: %s: %s", row->argument, row->help);
		return EXIT_USAGE;
	}
	if (row && row->type == OPTION_OPERANDS) {
		*(char ***)field = words;
		return 0;
	}
	if (row)
		*(const char **)field = *words;
	if (!*extra)
		return 0;
	if (row)
		log_error("unexpected argument: %s: expected one %s", *extra, row->argument);
	else
		log_error("unexpected argument: %s; see %s --help", *extra, line->argv[0]);
	return EXIT_USAGE;
}

static int take_option(struct command_line *line, const struct option_row *row, const char *text)
{
	const char *wrong = store(row, text, (char *)line->options + row->at);
	const char key[] = { '-', row->key, '\0' };

	line->given |= 1ULL << (row - line->command->rows);
	if (wrong)
		log_error("%s%s %s: %s", row->name ? "--" : key, row->name ? row->name : "", text,
			  wrong);
	return wrong ? EXIT_USAGE : 0;
}

/* The words from optind up to "--", which the operands follow. */
static int take_words(struct command_line *line, const struct option_row *row)
{
	struct words *words = (struct words *)((char *)line->options + row->at);
	int i;

	for (i = optind; i < line->argc && strcmp(line->argv[i], "--"); i++)
		;
	if (i == line->argc) {
		log_error("--%s: '--' is missing after its words; see %s --help", row->name,
			  line->argv[0]);
		return EXIT_USAGE;
	}
	*words = (struct words){ line->argv + optind, i - optind, true };
	line->given |= 1ULL << (row - line->command->rows);
	optind = i + 1;
	return 0;
}

int options_parse(struct command_line *line)
{
	const struct option_row *row;
	const struct command *command = line->command;
	struct option longs[ROWS_MAX + 3];
	char shorts[2 * ROWS_MAX + 3];
	int c, status = 0;

	line->given = 0;
	if (command->defaults)
		memcpy(line->options, command->defaults, command->size);
	describe(command->rows, longs, shorts);
	opterr = 0;
	optind = 0; /* getopt_long() may have parsed another line before */
	while (!status && (c = getopt_long(line->argc, line->argv, shorts, longs, NULL)) != -1) {
		if (c == VALUE_USAGE) {
			help_usage(line->argv[0], command);
			return -1;
		}
		if (c == VALUE_HELP || c == 'h' || (c == '?' && optopt == '?')) {
			help_command(line->argv[0], command, false);
			return -1;
		}
		if (c == '?' || c == ':')
			return explain(line, longs, c);
		row = find_row(command->rows, c);
		if (row->type == OPTION_WORDS) {
			status = take_words(line, row);
			break;
		}
		status = take_option(line, row, optarg);
	}
	return status ? status : take_operands(line);
}

const struct option_row *options_beside(const struct command_line *line, const char *const *names)
{
	const struct option_row *rows = line->command->rows;
	const char *const *name;
	size_t i;

	for (i = 0; rows[i].type; i++) {
		for (name = names; *name && (!rows[i].name || strcmp(rows[i].name, *name)); name++)
			;
		if (!*name && line->given & 1ULL << i)
			return &rows[i];
	}
	return NULL;
}

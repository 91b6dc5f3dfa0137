/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/kconfig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/log.h"

#define SYMBOL "CONFIG_"
#define UNSET " is not set"
/* Every alternative twice: what the others need may be chosen after them. */
#define ROUNDS 2

static size_t symbol_length(const char *symbol)
{
	return strspn(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

/* The symbol of a setting, which is one: "CONFIG_A=y" or "# CONFIG_A is not set". */
static const char *symbol_of(const char *setting)
{
	return setting + (*setting == '#' ? 2 : 0);
}

static bool same_symbol(const char *a, const char *b)
{
	size_t length;

	a = symbol_of(a);
	b = symbol_of(b);
	length = symbol_length(a);
	return length == symbol_length(b) && !strncmp(a, b, length);
}

static bool is_setting(const char *text)
{
	const char *symbol = symbol_of(text), *end;

	if (*text == '#' && text[1] != ' ')
		return false;
	if (strncmp(symbol, SYMBOL, strlen(SYMBOL)))
		return false;
	end = symbol + symbol_length(symbol);
	if (end == symbol + strlen(SYMBOL))
		return false;
	return *text == '#' ? !strcmp(end, UNSET) : *end == '=' && end[1];
}

/* Whether a .config has that line; "is not set" holds, too, where the symbol is unknown. */
static bool has_line(const char *config, const char *line)
{
	size_t length = strlen(line);
	const char *at = config;

	while ((at = strstr(at, line))) {
		if ((at == config || at[-1] == '\n') && (!at[length] || at[length] == '\n'))
			return true;
		at += length;
	}
	return false;
}

static bool is_kept(const char *config, const char *setting)
{
	return *setting == '#' || has_line(config, setting);
}

static void line_release(struct wanted_line *line)
{
	while (line->count)
		free(line->settings[--line->count]);
	free(line->settings);
}

static bool names_symbol(const struct wanted_line *line, const char *setting)
{
	size_t i;

	for (i = 0; i < line->count; i++)
		if (same_symbol(line->settings[i], setting))
			return true;
	return false;
}

/* Of the first @count lines drop those that name a symbol of the new line. */
static void drop_replaced(struct wanted *wanted, size_t *count, const struct wanted_line *by)
{
	size_t i, j;

	for (i = 0; i < by->count; i++)
		for (j = 0; j < *count;) {
			if (!names_symbol(&wanted->lines[j], by->settings[i])) {
				j++;
				continue;
			}
			line_release(&wanted->lines[j]);
			memmove(&wanted->lines[j], &wanted->lines[j + 1],
				(wanted->count - j - 1) * sizeof(*wanted->lines));
			wanted->count--;
			--*count;
		}
}

/* The end of the first alternative: a '|' that is not in a string, or the end of the text. */
static char *end_of_setting(char *text)
{
	bool quoted = false;

	for (; *text && (quoted || *text != '|'); text++)
		if (*text == '"')
			quoted = !quoted;
		else if (*text == '\\' && text[1])
			text++;
	return text;
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	for (n = strlen(text); n && strchr(" \t\r\n", text[n - 1]);)
		text[--n] = '\0';
	return text;
}

static bool take_mark(char *text)
{
	size_t n = strlen(text);

	if (n < 2 || text[n - 1] != '?' || !strchr(" \t", text[n - 2]))
		return false;
	text[n - 1] = '\0';
	return true;
}

static bool is_comment(const char *text)
{
	return *text == '#' &&
	       (strncmp(text, "# " SYMBOL, strlen("# " SYMBOL)) || !strstr(text, UNSET));
}

/* As kconfig writes it: what is "=n" is not set. */
static char *normal_form(const char *setting)
{
	size_t n = symbol_length(setting);

	if (*setting != '#' && !strcmp(setting + n, "=n"))
		return xasprintf("# %.*s" UNSET, (int)n, setting);
	return xstrdup(setting);
}

/* Comments have no settings. False: the line is wrong. */
static bool parse_line(char *text, struct wanted_line *line)
{
	char *end, *setting;
	bool last;

	*line = (struct wanted_line){ .settings = NULL };
	text = trim(text);
	if (!*text || is_comment(text))
		return true;
	line->optional = take_mark(text);
	do {
		end = end_of_setting(text);
		last = !*end;
		*end = '\0';
		setting = trim(text);
		if (!is_setting(setting))
			return false;
		line->settings =
			xreallocarray(line->settings, line->count + 1, sizeof(*line->settings));
		line->settings[line->count++] = normal_form(setting);
		text = end + 1;
	} while (!last);
	return true;
}

int wanted_load(struct wanted *wanted, const char *path, char *err, size_t err_size)
{
	FILE *file = fopen(path, "re");
	size_t size = 0, number = 0, before = wanted->count;
	struct wanted_line line;
	char *text = NULL;
	int status = 0;

	if (!file)
		return refuse(err, err_size, "cannot read the kernel configuration %s: %s", path,
			      strerror(errno));
	while (!status && getline(&text, &size, file) >= 0) {
		number++;
		if (!parse_line(text, &line)) {
			line_release(&line);
			status = refuse(err, err_size,
					"%s:%zu: expected CONFIG_NAME=VALUE or # CONFIG_NAME is "
					"not set",
					path, number);
		} else if (line.count) {
			drop_replaced(wanted, &before, &line);
			wanted->lines = xreallocarray(wanted->lines, wanted->count + 1,
						      sizeof(*wanted->lines));
			wanted->lines[wanted->count++] = line;
		}
	}
	free(text);
	fclose(file);
	return status;
}

void wanted_release(struct wanted *wanted)
{
	while (wanted->count)
		line_release(&wanted->lines[--wanted->count]);
	free(wanted->lines);
	*wanted = (struct wanted){ .lines = NULL };
}

static void print_line(FILE *f, const struct wanted_line *line)
{
	size_t i;

	for (i = 0; i < line->count; i++)
		fprintf(f, "%s%s", i ? " | " : "", line->settings[i]);
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *f = xmemstream(text, size);

	return f;
}

char *wanted_text(const struct wanted *wanted)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = open_text(&text, &size);

	for (i = 0; i < wanted->count; i++) {
		print_line(f, &wanted->lines[i]);
		fputs(wanted->lines[i].optional ? " ?\n" : "\n", f);
	}
	fclose(f);
	return text;
}

static bool is_wanted(const struct wanted *wanted, const char *setting)
{
	size_t i;

	for (i = 0; i < wanted->count; i++)
		if (names_symbol(&wanted->lines[i], setting))
			return true;
	return false;
}

char *wanted_merge(const struct wanted *wanted, const char *config)
{
	char *text = NULL, *copy = xstrdup(config), *line, *rest = copy;
	size_t size, i;
	FILE *f = open_text(&text, &size);

	while ((line = strsep(&rest, "\n")))
		if (is_setting(line) && !is_wanted(wanted, line))
			fprintf(f, "%s\n", line);
	for (i = 0; i < wanted->count; i++)
		fprintf(f, "%s\n", wanted->lines[i].settings[wanted->lines[i].chosen]);
	fclose(f);
	free(copy);
	return text;
}

void wanted_restart(struct wanted *wanted)
{
	size_t i;

	for (i = 0; i < wanted->count; i++)
		wanted->lines[i].chosen = wanted->lines[i].tries = 0;
}

static bool line_is_kept(const struct wanted_line *line, const char *config)
{
	return is_kept(config, line->settings[line->chosen]);
}

bool wanted_choose(struct wanted *wanted, const char *config)
{
	struct wanted_line *line;
	bool again = false;
	size_t i;

	for (i = 0; i < wanted->count; i++) {
		line = &wanted->lines[i];
		if (line->count < 2 || line_is_kept(line, config) ||
		    line->tries + 1 >= ROUNDS * line->count)
			continue;
		line->tries++;
		line->chosen = (line->chosen + 1) % line->count;
		again = true;
	}
	return again;
}

char *wanted_missing(const struct wanted *wanted, const char *config, bool optional)
{
	const struct wanted_line *line;
	char *text = NULL;
	size_t size, n = 0, i;
	FILE *f = open_text(&text, &size);

	for (i = 0; i < wanted->count; i++) {
		line = &wanted->lines[i];
		if (line->optional != optional || line_is_kept(line, config))
			continue;
		fputs(n++ ? "; " : "", f);
		print_line(f, line);
	}
	fclose(f);
	if (n)
		return text;
	free(text);
	return NULL;
}

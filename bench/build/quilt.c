/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/build/quilt.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bench/build/slug.h"
#include "lib/alloc.h"
#include "lib/log.h"

#define CUT "# cut: "
#define BLANKS " \t\r\v\f"
/* As deep as paths in a patch may be. */
#define STRIP_MAX 99

struct parser {
	struct quilt *series;
	const char *path;
	unsigned int line;
	char *err;
	size_t err_size;
};

#define fail(p, format, ...)                                                                       \
	refuse((p)->err, (p)->err_size, "%s:%u: " format, (p)->path, (p)->line, __VA_ARGS__)

static struct quilt_line *add_line(struct quilt *series, const char *name)
{
	struct quilt_line *line;

	series->lines = xreallocarray(series->lines, series->count + 1, sizeof(*series->lines));
	line = &series->lines[series->count++];
	*line = (struct quilt_line){ .name = xstrdup(name), .strip = 1 };
	return line;
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	for (n = strlen(text); n && strchr(BLANKS, text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

/*
 * Whether a comment looks like a cut that is misspelled: "#cut: a", "# Cut: a", "# cut a". Several
 * words without a colon are a sentence.
 */
static bool is_near_miss(const char *comment)
{
	size_t word;

	comment += strspn(comment, "#" BLANKS);
	if (strncasecmp(comment, "cut", 3))
		return false;
	comment += 3;
	comment += *comment == 's' || *comment == 'S';
	word = strspn(comment, BLANKS);
	if (comment[word] == ':')
		return true;
	if (!word && *comment)
		return false;
	comment += word;
	return !comment[strcspn(comment, BLANKS)];
}

static bool is_cut_name(const char *name)
{
	const char *at;

	for (at = name; isalnum((unsigned char)*at) || (*at && strchr("._-", *at)); at++)
		;
	return !*at && isalnum((unsigned char)*name) && at - name < CUT_NAME_SIZE;
}

static int add_cut(struct parser *p, const char *name)
{
	size_t i;

	if (!is_cut_name(name))
		return fail(p,
			    "'%s' cannot be the name of a cut; use up to %d letters, digits, '.', "
			    "'_' and '-'",
			    name, CUT_NAME_SIZE - 1);
	for (i = 0; i < p->series->count; i++)
		if (p->series->lines[i].is_cut && !strcmp(p->series->lines[i].name, name))
			return fail(p, "there are two cuts named %s; rename one of them", name);
	add_line(p->series, name)->is_cut = true;
	return 0;
}

static int check_name(struct parser *p, const char *name)
{
	const char *at;

	for (at = name; *at; at++)
		if (iscntrl((unsigned char)*at))
			return fail(p, "control character in '%s'; is this a series file?", name);
	if (*name == '/')
		return fail(p, "'%s' is an absolute path; name a file below the series' directory",
			    name);
	for (at = name; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
		if (!strncmp(at, "..", 2) && (!at[2] || at[2] == '/'))
			return fail(p, "'%s' leaves the series' directory; name a file below it",
				    name);
	return 0;
}

static int add_option(struct parser *p, struct quilt_line *line, const char *word)
{
	unsigned long strip;
	char *end;

	if (!strcmp(word, "-R")) {
		line->reverse = true;
		return 0;
	}
	/* The patch has a/ and b/ before its paths. */
	if (!strcmp(word, "-pab")) {
		line->strip = 1;
		return 0;
	}
	if (strncmp(word, "-p", 2) || !isdigit((unsigned char)word[2]))
		return fail(p, "'%s' after %s; expected -pN, -pab, -R or a comment", word,
			    line->name);
	strip = strtoul(word + 2, &end, 10);
	if (*end || strip > STRIP_MAX)
		return fail(p, "'%s' after %s; expected -p0 to -p%d", word, line->name, STRIP_MAX);
	line->strip = strip;
	return 0;
}

static int add_patch(struct parser *p, char *text)
{
	char *save = NULL, *word = strtok_r(text, BLANKS, &save);
	struct quilt_line *line;
	int status = check_name(p, word);

	if (status)
		return status;
	line = add_line(p->series, word);
	while (!status && (word = strtok_r(NULL, BLANKS, &save)))
		status = add_option(p, line, word);
	return status;
}

/* A '#' begins a comment at the start of a line and after a blank. */
static char *find_comment(char *text)
{
	char *at = text;

	while ((at = strchr(at, '#'))) {
		if (at == text || strchr(BLANKS, at[-1]))
			return at;
		at++;
	}
	return NULL;
}

static int parse_line(struct parser *p, char *text)
{
	char *comment;

	text = trim(text);
	if (!strncmp(text, CUT, strlen(CUT)))
		return add_cut(p, trim(text + strlen(CUT)));
	comment = find_comment(text);
	if (comment && is_near_miss(comment))
		return fail(p, "'%s': expected a line '" CUT "NAME', with nothing before it",
			    comment);
	if (comment)
		*comment = '\0';
	return *text ? add_patch(p, text) : 0;
}

int quilt_parse(struct quilt *series, const char *path, const char *text, char *err,
		size_t err_size)
{
	struct parser p = { .series = series, .path = path };
	char *copy = xstrdup(text), *line = copy, *end;
	int status = 0;

	p.err = err;
	p.err_size = err_size;
	*series = (struct quilt){ .count = 0 };
	while (!status && line) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		p.line++;
		status = parse_line(&p, line);
		line = end;
	}
	free(copy);
	return status;
}

void quilt_release(struct quilt *series)
{
	size_t i;

	for (i = 0; i < series->count; i++)
		free(series->lines[i].name);
	free(series->lines);
	*series = (struct quilt){ .count = 0 };
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ini_file.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const char *path;
	FILE *file;
	unsigned int line;
	ini_entry_fn fn;
	void *context;
	char *err;
	size_t err_size;
	int status;  /* of the first failure */
	char **seen; /* "section\nkey" */
	size_t seen_count;
};

int ini_fail(const struct ini_entry *entry, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(entry->err, entry->err_size, "%s:%u: [%s] %s: ", entry->path, entry->line,
		     entry->section, entry->key);
	if (n < 0 || (size_t)n >= entry->err_size)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(entry->err + n, entry->err_size - n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* libinih asks for lines through this; it knows no line numbers itself. */
static char *read_line(char *buf, int size, void *stream)
{
	struct parser *p = stream;
	char *line;

	if (p->status)
		return NULL;
	line = fgets(buf, size, p->file);
	if (!line)
		return NULL;
	p->line++;
	if (!strchr(line, '\n') && !feof(p->file)) {
		snprintf(p->err, p->err_size, "%s:%u: the line is longer than %d characters",
			 p->path, p->line, size - 2);
		p->status = -EINVAL;
		return NULL;
	}
	return line;
}

/* 1 where the entry was there before, 0 where it is new, -ENOMEM. */
static int seen_before(struct parser *p, const char *section, const char *key)
{
	char **longer, *name;
	size_t i;

	if (asprintf(&name, "%s\n%s", section, key) < 0)
		return -ENOMEM;
	for (i = 0; i < p->seen_count; i++) {
		if (!strcmp(p->seen[i], name)) {
			free(name);
			return 1;
		}
	}
	longer = reallocarray(p->seen, p->seen_count + 1, sizeof(*longer));
	if (!longer) {
		free(name);
		return -ENOMEM;
	}
	p->seen = longer;
	p->seen[p->seen_count++] = name;
	return 0;
}

static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct parser *p = user;
	struct ini_entry entry = {
		.path = p->path,
		.line = p->line,
		.section = section,
		.key = key,
		.value = value,
		.err = p->err,
		.err_size = p->err_size,
	};
	int seen;

	if (p->status)
		return 0;
	seen = seen_before(p, section, key);
	if (seen > 0)
		p->status = ini_fail(&entry, "is set a second time");
	else
		p->status = seen < 0 ? seen : p->fn(&entry, p->context);
	return p->status == 0;
}

int ini_file_parse(const char *path, ini_entry_fn fn, void *context, char *err, size_t err_size)
{
	struct parser p = {
		.path = path, .fn = fn, .context = context, .err = err, .err_size = err_size
	};
	int bad_line;
	size_t i;

	p.file = fopen(path, "re");
	if (!p.file) {
		p.status = -errno;
		snprintf(err, err_size, "%s: %s", path, strerror(errno));
		return p.status;
	}
	bad_line = ini_parse_stream(read_line, &p, handle, &p);
	fclose(p.file);
	for (i = 0; i < p.seen_count; i++)
		free(p.seen[i]);
	free(p.seen);
	if (!p.status && bad_line) {
		snprintf(err, err_size, "%s:%d: neither a [section] nor a key = value line", path,
			 bad_line);
		p.status = -EINVAL;
	}
	return p.status;
}

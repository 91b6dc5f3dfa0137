/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ini_file.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"
#include "lib/record.h"

struct parser {
	struct ini_entry entry;
	FILE *file;
	ini_entry_fn fn;
	void *context;
	int status;		 /* of the first failure */
	struct record_list seen; /* "section\nkey" */
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

/* Reader for libinih, which does not count lines. */
static char *read_line(char *buf, int size, void *stream)
{
	struct parser *p = stream;
	struct ini_entry *e = &p->entry;
	char *line = p->status ? NULL : fgets(buf, size, p->file);

	if (!line)
		return NULL;
	e->line++;
	if (strchr(line, '\n') || feof(p->file))
		return line;
	snprintf(e->err, e->err_size, "%s:%u: line longer than %d characters", e->path, e->line,
		 size - 2);
	p->status = -EINVAL;
	return NULL;
}

static bool is_new(struct parser *p, const char *section, const char *key)
{
	char *name = xasprintf("%s\n%s", section, key);
	bool added = record_append_once(&p->seen, name, strlen(name));

	free(name);
	return added;
}

static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct parser *p = user;

	if (p->status)
		return 0;
	p->entry.section = section;
	p->entry.key = key;
	p->entry.value = value;
	p->status = is_new(p, section, key) ? p->fn(&p->entry, p->context)
					    : ini_fail(&p->entry, "duplicate key");
	return p->status == 0;
}

int ini_file_parse(const char *path, ini_entry_fn fn, void *context, char *err, size_t err_size)
{
	struct parser p = {
		.entry = { .path = path, .err = err, .err_size = err_size },
		.file = fopen(path, "re"),
		.fn = fn,
		.context = context,
	};
	int bad_line;

	if (!p.file) {
		p.status = -errno;
		snprintf(err, err_size, "%s: %s", path, strerror(errno));
		return p.status;
	}
	bad_line = ini_parse_stream(read_line, &p, handle, &p);
	fclose(p.file);
	record_release_texts(&p.seen);
	if (p.status || !bad_line)
		return p.status;
	snprintf(err, err_size, "%s:%d: expected a [section] or key = value", path, bad_line);
	return -EINVAL;
}

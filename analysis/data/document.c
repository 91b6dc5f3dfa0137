/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/table.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_file.h"
#include "lib/log.h"

static struct document *document_read(int fd, const char *path, char *err, size_t err_size)
{
	json_t *value = json_file_read(fd, path, err, err_size);

	if (value && !json_is_object(value)) {
		refuse(err, err_size, "%s: expected an object", path);
		json_decref(value);
		value = NULL;
	}
	return (struct document *)value;
}

struct document *document_load(const char *path, char *err, size_t err_size)
{
	return document_read(regular_file_open(path), path, err, err_size);
}

struct document *document_load_below(const char *dir, const char *path, char *err, size_t err_size)
{
	int fd = regular_file_open_below(dir, path);

	return fd == -ENOENT ? document_empty() : document_read(fd, path, err, err_size);
}

struct document *document_empty(void)
{
	return (struct document *)json_object();
}

void document_release(struct document *document)
{
	json_decref((json_t *)document);
}

static const json_t *find(const struct document *document, const char *path)
{
	const json_t *at = (const json_t *)document;
	char name[256];
	size_t n;

	for (; at && *path; path += n + (path[n] == '.')) {
		n = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		at = json_is_array(at) && isdigit((unsigned char)*name)
			     ? json_array_get(at, strtoul(name, NULL, 10))
			     : json_object_get(at, name);
	}
	return at;
}

const struct document *document_at(const struct document *document, const char *path)
{
	return (const struct document *)find(document, path);
}

const char *document_text(const struct document *document, const char *path)
{
	const char *text = json_string_value(find(document, path));

	return text ? text : "";
}

double document_number(const struct document *document, const char *path)
{
	const json_t *found = find(document, path);

	return json_is_number(found) ? json_number_value(found) : NAN;
}

int64_t document_integer(const struct document *document, const char *path)
{
	return json_integer_value(find(document, path));
}

bool document_is_true(const struct document *document, const char *path)
{
	return json_is_true(find(document, path));
}

size_t document_size(const struct document *document, const char *path)
{
	const json_t *found = find(document, path);

	return json_is_array(found) ? json_array_size(found) : json_object_size(found);
}

const struct document *document_item(const struct document *document, const char *path, size_t i,
				     const char **name)
{
	json_t *found = (json_t *)find(document, path);
	void *member = json_object_iter(found);

	while (member && i--)
		member = json_object_iter_next(found, member);
	if (name)
		*name = member ? json_object_iter_key(member) : "";
	return (const struct document *)(json_is_array(found) ? json_array_get(found, i)
							      : json_object_iter_value(member));
}

bool document_equal(const struct document *one, const struct document *other)
{
	return json_equal((const json_t *)one, (const json_t *)other);
}

char *document_dump(const struct document *document)
{
	return json_dumps((const json_t *)document, JSON_INDENT(2) | JSON_ENSURE_ASCII);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/export/export.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#define GUEST_RATE "gib_per_s"

static bool is_selected(const struct export_selection *only, const json_t *boot)
{
	return (!only->scenario || !strcmp(only->scenario, json_text(boot, "scenario"))) &&
	       (!only->variant || !strcmp(only->variant, json_text(boot, "variant"))) &&
	       (!only->boot || only->boot == json_integer_value(json_object_get(boot, "boot")));
}

int export_next(const struct export *e, int last)
{
	int i, count = json_array_size(e->tree->boots);

	for (i = last + 1; i < count; i++)
		if (is_selected(&e->only, json_array_get(e->tree->boots, i)))
			return i;
	return -1;
}

int export_check(const struct export *e)
{
	if (!ferror(e->out))
		return 0;
	return errno ? -errno : -EIO;
}

char *export_trace_path(const struct export *e, int index)
{
	char *copy = strdup(json_string_value(json_array_get(e->tree->paths, index)));
	char *path = NULL;

	if (copy && asprintf(&path, "%s/trace.json", dirname(copy)) < 0)
		path = NULL;
	free(copy);
	return path;
}

char *export_name(const char *name, bool instructions)
{
	size_t length = strlen(name), i;
	char *text;

	if (instructions && !strcmp(name, GUEST_RATE))
		return strdup("gib_per_g_instructions");
	if (!instructions || length < 3 || strcmp(name + length - 3, "_ns"))
		text = strdup(name);
	else if (asprintf(&text, "%.*s_instructions", (int)length - 3, name) < 0)
		text = NULL;
	for (i = 0; text && text[i]; i++)
		text[i] = text[i] == '.' ? '_' : text[i];
	return text;
}

static bool is_plain(unsigned char c, bool first)
{
	return isalnum(c) || strchr("_+-=,", c) || (c == '.' && !first);
}

char *export_file_name(const char *name)
{
	static const char hex[] = "0123456789ABCDEF";
	char *text = malloc(3 * strlen(name) + 2), *at = text;
	const char *from;

	for (from = name; text && *from; from++) {
		unsigned char c = *from;

		if (is_plain(c, from == name)) {
			*at++ = c;
			continue;
		}
		*at++ = '%';
		*at++ = hex[c >> 4];
		*at++ = hex[c & 15];
	}
	/* '%' alone is the escape of nothing: a name that is empty. */
	if (text && at == text)
		*at++ = '%';
	if (text)
		*at = '\0';
	return text;
}

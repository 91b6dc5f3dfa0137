/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/history/metric_list.h"

#include <stdio.h>
#include <string.h>

#include "analysis/data/utf8.h"

/* Deep enough for all that there is, and an end for what is made to have none. */
#define DEPTH 4

struct list {
	char *text;
	size_t size;
	size_t used;
};

static void add_name(struct list *list, const char *prefix, const char *key)
{
	size_t room = list->size - list->used;
	int n = snprintf(list->text + list->used, room, "%s%s%s", list->used ? ", " : "",
			 printable(prefix), printable(key));

	if (n > 0 && (size_t)n < room)
		list->used += n;
	else
		list->text[list->used] = '\0';
}

static void add_numbers(struct list *list, const char *prefix, const json_t *object, int depth)
{
	const json_t *value;
	const char *key;
	char longer[128];

	json_object_foreach ((json_t *)object, key, value) {
		if (json_is_number(value))
			add_name(list, prefix, key);
		snprintf(longer, sizeof(longer), "%s%s.", prefix, key);
		if (json_is_object(value) && depth)
			add_numbers(list, longer, value, depth - 1);
	}
}

const char *metric_list(const json_t *boot, char *text, size_t size)
{
	struct list list = { .text = text, .size = size };
	const json_t *value;
	const char *key;

	text[0] = '\0';
	add_numbers(&list, "", json_array_get(json_object_get(boot, "cycles"), 0), DEPTH);
	json_object_foreach ((json_t *)boot, key, value) {
		size_t n = strlen(key);

		if (json_is_number(value) && n > 3 && !strcmp(key + n - 3, "_ns"))
			add_name(&list, "", key);
	}
	return text;
}

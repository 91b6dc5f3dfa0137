/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/buddy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Add a line's counts of blocks, of order 0 and up, to a list of pages. */
static void add_counts(json_t *pages, const char *counts)
{
	char *end;
	size_t order;

	for (order = 0; order < 32; order++) {
		json_int_t known = json_integer_value(json_array_get(pages, order)), blocks;

		/* ">100000" is what the kernel did not count further. */
		counts += strspn(counts, " >");
		blocks = strtoll(counts, &end, 10);
		if (end == counts)
			return;
		counts = end;
		if (order < json_array_size(pages))
			json_array_set_new(pages, order, json_integer(known + (blocks << order)));
		else
			json_array_append_new(pages, json_integer(blocks << order));
	}
}

static json_t *read_buddyinfo(void)
{
	json_t *pages = json_array();
	char line[512];
	FILE *f;
	int at;

	f = fopen("/proc/buddyinfo", "re");
	if (!f) {
		json_decref(pages);
		return NULL;
	}
	while (fgets(line, sizeof(line), f)) {
		at = 0;
		sscanf(line, "Node %*d, zone %*s%n", &at);
		if (at)
			add_counts(pages, line + at);
	}
	fclose(f);
	return pages;
}

static json_t *read_pagetypeinfo(void)
{
	json_t *types = json_object(), *pages;
	char line[512], type[64];
	FILE *f;
	int at;

	f = fopen("/proc/pagetypeinfo", "re");
	if (!f) {
		json_decref(types);
		return NULL;
	}
	/* What follows, numbers of pageblocks, has no "type" in its lines. */
	while (fgets(line, sizeof(line), f)) {
		at = 0;
		sscanf(line, "Node %*d, zone %*[^,], type %63s%n", type, &at);
		if (!at)
			continue;
		pages = json_object_get(types, type);
		if (!pages) {
			pages = json_array();
			json_object_set_new(types, type, pages);
		}
		add_counts(pages, line + at);
	}
	fclose(f);
	return types;
}

json_t *buddy_free(void)
{
	json_t *pages = read_buddyinfo();

	return pages ? json_pack("{s:o, s:o*}", "free_pages", pages, "by_type", read_pagetypeinfo())
		     : NULL;
}

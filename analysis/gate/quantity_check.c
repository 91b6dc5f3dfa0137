/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A quantity that no boot has: was it mistyped, or is it one that these boots
 * happen not to have? The first is an error, the second a result.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analysis/gate/quantity.h"
#include "analysis/data/utf8.h"
#include "lib/result.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What lib/result.schema.json lets a boot be without. */
static const char *const optional[] = {
	"ops",
	"perf",
	"trace",
	"trace.guest",
	"trace.host",
	"trace.host.calls",
	"victims",
	"victims.guest",
	"victims.host",
	"touch",
	"refault",
	"fragmentation",
	"compaction",
	"compaction.round_trips",
	"compaction.migrate_again",
	"compaction.migrate_failed",
	"compaction.host",
	"pressure",
	"pressure.out_of_puff",
	"pressure.growth",
	"host_memory",
	"inflate.stall",
	"deflate",
	"inflate.batches",
	"inflate.kicks",
	"inflate.entries",
	"inflate.phases",
	"inflate.host",
	"deflate.batches",
	"deflate.kicks",
	"deflate.entries",
	"deflate.phases",
	"deflate.host",
};

/* Called for what stands at a path in a boot or in a cycle of one; true ends the search. */
typedef bool (*visit_fn)(const json_t *found, void *context);

static bool search_boot(const json_t *boot, const char *path, visit_fn visit, void *context)
{
	const json_t *cycle, *found = json_at(boot, path);
	size_t i;

	if (found && visit(found, context))
		return true;
	json_array_foreach (json_object_get(boot, "cycles"), i, cycle) {
		found = json_at(cycle, path);
		if (found && visit(found, context))
			return true;
	}
	return false;
}

/* What stands at @path ("": the whole) of all ok boots and of their cycles. */
static bool search(const struct tree *tree, const char *path, visit_fn visit, void *context)
{
	const json_t *boot;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (tree_is_ok(boot, NULL, NULL) && search_boot(boot, path, visit, context))
			return true;
	return false;
}

static bool is_there(const json_t *found, void *context)
{
	(void)found;
	(void)context;
	return true;
}

static bool is_something(const json_t *found, void *context)
{
	(void)context;
	return !json_is_null(found);
}

static bool is_text(const json_t *found, void *context)
{
	return json_is_string(found) && !strcmp(json_string_value(found), context);
}

/* Only what can lead to a figure. */
static bool collect_keys(const json_t *found, void *context)
{
	json_t *keys = context, *value;
	const char *key;

	json_object_foreach ((json_t *)found, key, value)
		if (json_is_number(value) || json_is_object(value))
			json_object_set_new(keys, key, json_true());
	return false;
}

static void list_keys(const struct tree *tree, const char *path, char *list, size_t size)
{
	json_t *keys = json_object(), *value;
	const char *key;
	size_t n = 0;

	search(tree, path, collect_keys, keys);
	snprintf(list, size, "nothing");
	json_object_foreach (keys, key, value)
		if (n < size)
			n += snprintf(list + n, size - n, "%s%s", n ? ", " : "", printable(key));
	json_decref(keys);
}

static bool is_optional(const char *path, const struct tree *tree)
{
	const char *last = strrchr(path, '.');
	bool traced = !strncmp(path, "ops.", 4) || !strncmp(path, "trace.host.calls.", 17);
	size_t i;

	for (i = 0; i < COUNT(optional); i++)
		if (!strcmp(path, optional[i]))
			return true;
	if (traced)
		return !search(tree, "trace.level", is_text, "pages");
	return !strncmp(path, "victims.", 8) && quantity_phase(last + 1);
}

/* The shortest part of @path, up to a dot or its end, that no boot has; false if all is there. */
static bool find_missing(const struct tree *tree, const char *path, char *part, size_t size)
{
	size_t n = 0;

	do {
		n += strcspn(path + n, ".");
		snprintf(part, size, "%.*s", (int)n, path);
		if (!search(tree, part, is_there, NULL))
			return true;
	} while (path[n++]);
	return false;
}

static int tell_missing(const struct tree *tree, const char *part, char *why, size_t why_size)
{
	char parent[128], list[512];
	const char *dot = strrchr(part, '.');

	if (!strncmp(part, "vmstat.", 7)) {
		snprintf(why, why_size, "%s changed in no boot, or there is no such counter", part);
		return -ENODATA;
	}
	if (is_optional(part, tree)) {
		snprintf(why, why_size,
			 "no boot has %s: not traced for it, or not part of these scenarios", part);
		return -ENODATA;
	}
	snprintf(parent, sizeof(parent), "%.*s", dot ? (int)(dot - part) : 0, part);
	list_keys(tree, parent, list, sizeof(list));
	snprintf(why, why_size, "no boot has '%s'; in %s there are: %s", part,
		 *parent ? parent : "a boot and its cycles", list);
	return -EINVAL;
}

/* A counter that vmstat does not name in any boot may be 0 in all, or mistyped. */
static bool has(const json_t *boot, const struct quantity *q)
{
	double value;

	if (!tree_is_ok(boot, NULL, NULL))
		return false;
	if (q->kind == QUANTITY_METRIC)
		return metric_of_boot(&q->metric, boot, &value);
	return quantity_of_boot(q, boot, &value) != QUANTITY_ABSENT;
}

int quantity_check(const struct quantity *q, const struct tree *tree, char *why, size_t why_size)
{
	const json_t *boot;
	char part[128];
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (has(boot, q))
			return 0;
	snprintf(why, why_size, "no boot is ok");
	if (!tree_count(tree, NULL, NULL, RESULT_OK))
		return -ENODATA;
	if (find_missing(tree, q->path, part, sizeof(part)))
		return tell_missing(tree, part, why, why_size);
	snprintf(why, why_size, "%s was not observed", q->path);
	if (!search(tree, q->path, is_something, NULL))
		return -ENODATA;
	snprintf(why, why_size, "'%s' is no %s in result.json", q->path,
		 q->kind == QUANTITY_METRIC ? "number" : "histogram");
	return -EINVAL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/phases.h"

#include <stdlib.h>
#include <string.h>

#include "lib/stats.h"

#define PAGE_BYTES 4096.0

static const struct phase inflate_phases[] = {
	{ "alloc_ns", "alloc" },
	{ "puff_ns", "out of puff" },
	{ "enqueue_ns", "enqueue" },
	{ "notify_ns", "notify" },
	{ "host_translate_ns", "host: translate" },
	{ "host_discard_ns", "host: discard" },
	{ "other_ns", "other" },
	{ NULL, NULL },
};

static const struct phase deflate_phases[] = {
	{ "dequeue_ns", "dequeue" },
	{ "notify_ns", "notify" },
	{ "host_translate_ns", "host: translate" },
	{ "host_willneed_ns", "host: willneed" },
	{ "release_ns", "release" },
	{ "other_ns", "other" },
	{ NULL, NULL },
};

const struct phase *phases_of(const char *move)
{
	return strcmp(move, "inflate") ? deflate_phases : inflate_phases;
}

static bool phase_of_boot(const json_t *boot, const char *move, const char *key,
			  enum phase_scale scale, double *value)
{
	const json_t *cycles = json_object_get(boot, "cycles"), *cycle;
	double *values = calloc(json_array_size(cycles) + 1, sizeof(*values));
	size_t i, n = 0;

	json_array_foreach (cycles, i, cycle) {
		const json_t *m = json_object_get(cycle, move);
		const json_t *ns = json_object_get(json_object_get(m, "phases"), key);
		double whole =
			scale == PHASE_PERCENT
				? json_number_value(json_object_get(m, "duration_ns")) / 100
				: json_number_value(json_object_get(m, "bytes")) / PAGE_BYTES;

		if (values && json_is_number(ns) && whole > 0)
			values[n++] = json_number_value(ns) / whole;
	}
	if (n)
		*value = stats_median(values, n);
	free(values);
	return n > 0;
}

struct estimate phase_estimate(const struct tree *tree, const char *scenario, const char *variant,
			       const char *move, const char *key, enum phase_scale scale)
{
	double *values = calloc(json_array_size(tree->boots) + 1, sizeof(*values));
	const json_t *boot;
	size_t i, n = 0;

	json_array_foreach (tree->boots, i, boot)
		if (values && tree_is_ok(boot, scenario, variant))
			n += phase_of_boot(boot, move, key, scale, &values[n]);
	return estimate_of(values, n);
}

bool phases_known(const struct tree *tree, const char *scenario, const char *variant)
{
	const json_t *boot;
	size_t i;

	json_array_foreach (tree->boots, i, boot)
		if (tree_is_ok(boot, scenario, variant) &&
		    json_at(json_array_get(json_object_get(boot, "cycles"), 0), "inflate.phases"))
			return true;
	return false;
}

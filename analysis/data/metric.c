/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/data/metric.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

static void set_unit(struct metric *metric, const char *accel)
{
	metric->scale = 1;
	metric->unit = "";
	if (ends_with(metric->key, "_ns")) {
		metric->scale = 1e-6;
		metric->unit = strcmp(accel, "icount") ? "ms" : "M instructions";
	} else if (ends_with(metric->key, "gib_per_s")) {
		metric->unit = strcmp(accel, "icount") ? "GiB/s" : "GiB/G instructions";
	} else if (ends_with(metric->key, "bytes")) {
		metric->scale = 1.0 / (1 << 20);
		metric->unit = "MiB";
	}
}

int metric_parse(struct metric *metric, const char *name, const char *accel)
{
	const char *dot = strchr(name, '.');
	const char *key = dot ? dot + 1 : name;

	memset(metric, 0, sizeof(*metric));
	if (strlen(key) >= sizeof(metric->key) || !*key)
		return -EINVAL;
	metric->name = name;
	memcpy(metric->key, key, strlen(key) + 1);
	metric->higher_is_better = ends_with(key, "_per_s");
	set_unit(metric, accel);
	return 0;
}

bool metric_of_boot(const struct metric *metric, const json_t *boot, double *value)
{
	if (!result_value(boot, metric->name, value))
		return false;
	*value *= metric->scale;
	return true;
}

size_t metric_values(const struct metric *metric, const struct tree *tree, const char *scenario,
		     const char *variant, double **values)
{
	const json_t *boot;
	size_t count = 0, i;

	*values = calloc(json_array_size(tree->boots) + 1, sizeof(**values));
	json_array_foreach (tree->boots, i, boot) {
		if (!*values || strcmp(json_text(boot, "scenario"), scenario) ||
		    strcmp(json_text(boot, "variant"), variant) ||
		    strcmp(json_text(boot, "status"), RESULT_OK))
			continue;
		count += metric_of_boot(metric, boot, &(*values)[count]);
	}
	return count;
}

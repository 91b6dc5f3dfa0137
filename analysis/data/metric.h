/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_METRIC_H
#define ANALYSIS_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/tree.h"

/*
 * A metric is named by where it stands in result.json: "inflate.duration_ns",
 * "deflate.gib_per_s", "inflate.phases.alloc_ns" of a cycle; "ready_ns", "vmstat.pgfault"
 * of the boot. A boot yields one value of it, as result_value() says.
 */
struct metric {
	const char *name;
	char key[64]; /* the name from its first dot on */
	bool higher_is_better;
	const char *unit; /* of the values as shown */
	double scale;	  /* a stored value times this is a shown one */
};

/**
 * metric_parse() - understand a metric's name
 * @name: borrowed for as long as the metric is used
 * @accel: under "icount" a ns is an instruction, and the unit says so
 *
 * Return: 0 or -EINVAL. Whether any boot has it is for metric_values() to see.
 */
int metric_parse(struct metric *metric, const char *name, const char *accel);

/**
 * metric_values() - the values of all ok boots of a scenario and variant
 * @values: as shown (scaled), in the order of the boots; to be freed
 *
 * Return: how many there are.
 */
size_t metric_values(const struct metric *metric, const struct tree *tree, const char *scenario,
		     const char *variant, double **values);

/* A boot's value; false where it has none. */
bool metric_of_boot(const struct metric *metric, const json_t *boot, double *value);

#endif

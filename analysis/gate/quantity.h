/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_QUANTITY_H
#define ANALYSIS_QUANTITY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/metric.h"
#include "analysis/data/tree.h"

/*
 * What a claim is about: one figure per boot, by its name.
 *
 *   a metric (analysis/data/metric.h)   inflate.duration_ns, vmstat.pgfault
 *   HISTOGRAM.STATISTIC            STATISTIC: pPERCENT (p50, p99.9), mean, max
 *
 * and a HISTOGRAM of result.json is
 *
 *   ops.OP          ops.OP.histogram: ns of an operation of the guest's balloon
 *   host.ADVICE     trace.host.calls.ADVICE.latency_ns: ns of a call of QEMU
 *   guest.NAME_UNIT, host.NAME_UNIT   "during PHASE": victims.guest.NAME_UNIT.PHASE
 *                   and victims.host.NAME_UNIT.PHASE, what ran beside the balloon
 *   anything else   where it stands, as trace.host.calls.dontneed.length_bytes
 *
 * The end of the name tells the unit (_ns, bytes, gib_per_s, else none) and that
 * of a metric which way is better (_per_s: up, else down).
 */
enum quantity_kind {
	QUANTITY_METRIC,
	QUANTITY_PERCENTILE,
	QUANTITY_MEAN,
	QUANTITY_MAX,
};

enum quantity_unit {
	UNIT_NONE,
	UNIT_NS, /* under icount an instruction of the guest */
	UNIT_BYTES,
	UNIT_GIB_PER_S,
};

struct quantity {
	char *name;	   /* without the phase */
	const char *phase; /* of victims, else NULL */
	char *path;	   /* in result.json; of a histogram with its phase */
	char *idle_path;   /* of victims: the same during "before" */
	enum quantity_kind kind;
	double share; /* of QUANTITY_PERCENTILE, 0..1 */
	enum quantity_unit unit;
	bool higher_is_better;
	bool traced; /* from the tracer's histograms: only where it was asked for them */
	struct metric metric;
};

/* A phase of victims by its name, as a string that stays; NULL where there is none such. */
const char *quantity_phase(const char *name);
#define QUANTITY_PHASES "before, inflate, plateau, deflate, after"

/**
 * quantity_parse() - understand a name
 * @phase: of quantity_phase(), or NULL
 *
 * Return: 0, to be released; -EINVAL, and a message with the offending word.
 */
int quantity_parse(struct quantity *q, const char *name, const char *phase, char *err,
		   size_t err_size);
void quantity_release(struct quantity *q);

enum quantity_found {
	QUANTITY_THERE,
	QUANTITY_ABSENT,
	QUANTITY_TOO_FEW, /* the histogram does not carry the percentile: histogram_carries() */
};

/*
 * A boot's figure as stored: ns, bytes, GiB/s. Of a metric the median of the
 * cycles. A counter that is not in the boot's vmstat is 0: there is what changed.
 */
enum quantity_found quantity_of_boot(const struct quantity *q, const json_t *boot, double *value);

/*
 * Of victims: the figure over that of the same boot's phase "before". A boot
 * whose "before" is 0 has none.
 */
enum quantity_found quantity_over_idle(const struct quantity *q, const json_t *boot, double *value);

/**
 * quantity_check() - whether any ok boot of a tree has a quantity, and why not
 *
 * Return: 0 where one has; -ENODATA where none has but could have in another
 * run, and @why says it (not traced, not part of these scenarios); -EINVAL
 * where there is no such thing, and @why says what there is.
 */
int quantity_check(const struct quantity *q, const struct tree *tree, char *why, size_t why_size);

/* "ns", "bytes", "GiB/s", "". */
const char *quantity_unit_name(enum quantity_unit unit);

#endif

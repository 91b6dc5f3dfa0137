/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ANALYSIS_LATENCIES_H
#define ANALYSIS_LATENCIES_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/data/estimate.h"
#include "analysis/data/tree.h"
#include "lib/histogram.h"

/*
 * Histograms of events, one per boot. The events of a boot are not independent
 * of each other: a percentile is taken in each boot, and what is reported is
 * its median over the boots.
 */
struct latencies {
	struct histogram *boots;
	size_t count;
};

/*
 * The histograms that stand at @path ("ops.enqueue.histogram") in the ok boots
 * of a scenario and variant. To be released; empty where there are none.
 */
struct latencies latencies_of(const struct tree *tree, const char *scenario, const char *variant,
			      const char *path);
void latencies_release(struct latencies *latencies);

/*
 * Over the boots: n 0 where a boot has too few events beyond the percentile (fewer
 * than ten). Of one boot alone the interval is that of latencies_within().
 */
struct estimate latencies_quantile(const struct latencies *latencies, double q);

/**
 * latencies_within() - between which values a boot's percentile lies, by its events alone
 * @boot: index of the boot
 *
 * A 95 % interval by ranks (stats_quantile_ranks()), as if the events were
 * independent; NANs where there are too few. It says what the number of events
 * makes of a percentile, not how boots differ.
 */
struct interval latencies_within(const struct latencies *latencies, size_t boot, double q);
struct estimate latencies_mean(const struct latencies *latencies);
struct estimate latencies_count(const struct latencies *latencies);

/* Largest of all boots, and all boots in one, for plots. */
double latencies_max(const struct latencies *latencies);
void latencies_merge(const struct latencies *latencies, struct histogram *sum);

#endif

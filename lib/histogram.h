/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_HISTOGRAM_H
#define LIB_HISTOGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/histogram_layout.h"

/*
 * User space's half of the histograms: the layout, and what its error bound
 * is, stand in histogram_layout.h. A histogram starts zeroed.
 */

void histogram_add(struct histogram *h, uint64_t value);

/* Add what @from has to @into: the same as if every value had been put into @into. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* Lowest and highest value of a bucket. */
uint64_t histogram_low(unsigned int bucket);
uint64_t histogram_high(unsigned int bucket);

/* What stands for every value of a bucket. */
double histogram_middle(unsigned int bucket);

/**
 * histogram_quantile() - the value that a share of the values does not exceed
 * @q: 0..1
 *
 * The smallest recorded value whose rank is at least q * count (no
 * interpolation), within the error of the layout, never outside min..max.
 * NAN for an empty histogram.
 */
double histogram_quantile(const struct histogram *h, double q);

/* The value of that rank, 1 to count, in rising order; as histogram_quantile(). */
double histogram_at_rank(const struct histogram *h, uint64_t rank);

/* Fewer values than this beyond a percentile make it a matter of one or two of them. */
#define HISTOGRAM_BEYOND_MIN 10

/* Whether there are enough values for the quantile @q to say something. */
bool histogram_carries(const struct histogram *h, double q);

double histogram_mean(const struct histogram *h);

/*
 * {"bits": 4, "count": n, "sum": s, "min": a, "max": b, "buckets": [[lowest
 * value, n], ...]}, only buckets that hold something. New reference.
 */
json_t *histogram_to_json(const struct histogram *h);

/* 0, or -EINVAL where that is no histogram of this layout; @h is then not touched. */
int histogram_from_json(struct histogram *h, const json_t *json);

#endif

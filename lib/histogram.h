/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_HISTOGRAM_H
#define LIB_HISTOGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/histogram_layout.h"

/* Histograms in user space. A zeroed histogram is empty. */

void histogram_add(struct histogram *h, uint64_t value);

/* Add all values of @from to @into. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* Lowest and highest value of a bucket, and the one that represents it. */
uint64_t histogram_low(unsigned int bucket);
uint64_t histogram_high(unsigned int bucket);
double histogram_middle(unsigned int bucket);

/*
 * The smallest value whose rank is at least q * count, @q in [0, 1], within the error bound of the
 * layout and in [min, max]; NAN if empty. The value of a rank from 1 to count, in rising order.
 */
double histogram_quantile(const struct histogram *h, double q);
double histogram_at_rank(const struct histogram *h, uint64_t rank);

/* A quantile with fewer values beyond it depends on one or two of them. */
#define HISTOGRAM_BEYOND_MIN 10

/* Whether enough values lie beyond the quantile @q. */
bool histogram_carries(const struct histogram *h, double q);

double histogram_mean(const struct histogram *h);

/* {"bits": 4, "count", "sum", "min", "max", "buckets": [[lowest value, n], ...]}: new reference. */
json_t *histogram_to_json(const struct histogram *h);

/* 0, or -EINVAL if it is not a histogram of this layout; @h is then unchanged. */
int histogram_from_json(struct histogram *h, const json_t *json);

#endif

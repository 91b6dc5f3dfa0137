/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/histogram.h"

#include <errno.h>
#include <math.h>

static void widen(struct histogram *h, uint64_t min, uint64_t max)
{
	if (!h->count || min < h->min)
		h->min = min;
	if (!h->count || max > h->max)
		h->max = max;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	widen(h, value, value);
	h->count++;
	h->sum += value;
	h->buckets[histogram_bucket(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	size_t i;

	if (!from->count)
		return;
	widen(into, from->min, from->max);
	into->count += from->count;
	into->sum += from->sum;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

static unsigned int shift_of(unsigned int bucket)
{
	return bucket < 2 * HISTOGRAM_SUB ? 0 : bucket / HISTOGRAM_SUB - 1;
}

uint64_t histogram_low(unsigned int bucket)
{
	unsigned int shift = shift_of(bucket);

	return (uint64_t)(bucket - shift * HISTOGRAM_SUB) << shift;
}

uint64_t histogram_high(unsigned int bucket)
{
	return histogram_low(bucket) + ((1ULL << shift_of(bucket)) - 1);
}

double histogram_middle(unsigned int bucket)
{
	return histogram_low(bucket) + ((1ULL << shift_of(bucket)) - 1) / 2.0;
}

double histogram_at_rank(const struct histogram *h, uint64_t rank)
{
	uint64_t seen = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		seen += h->buckets[i];
		if (seen >= rank)
			break;
	}
	return fmin(fmax(histogram_middle(i), h->min), h->max);
}

double histogram_quantile(const struct histogram *h, double q)
{
	return h->count ? histogram_at_rank(h, fmax(ceil(q * h->count), 1)) : NAN;
}

bool histogram_carries(const struct histogram *h, double q)
{
	/* 100 * (1 - 0.9) is slightly less than 10 in binary. */
	return h->count * (1 - q) > HISTOGRAM_BEYOND_MIN - 1e-6;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? (double)h->sum / h->count : NAN;
}

json_t *histogram_to_json(const struct histogram *h)
{
	json_t *buckets = json_array();
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->buckets[i])
			json_array_append_new(buckets,
					      json_pack("[I, I]", (json_int_t)histogram_low(i),
							(json_int_t)h->buckets[i]));
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:o}", "bits", HISTOGRAM_BITS, "count",
			 (json_int_t)h->count, "sum", (json_int_t)h->sum, "min",
			 (json_int_t)(h->count ? h->min : 0), "max", (json_int_t)h->max, "buckets",
			 buckets);
}

/* Values of 2^63 and above are negative JSON integers. */
static uint64_t member(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

int histogram_from_json(struct histogram *h, const json_t *json)
{
	struct histogram read = { 0 };
	const json_t *pair, *buckets = json_object_get(json, "buckets");
	uint64_t total = 0;
	size_t i;

	if (member(json, "bits") != HISTOGRAM_BITS || !json_is_array(buckets))
		return -EINVAL;
	json_array_foreach (buckets, i, pair) {
		uint64_t low = json_integer_value(json_array_get(pair, 0));
		json_int_t n = json_integer_value(json_array_get(pair, 1));
		unsigned int bucket = histogram_bucket(low);

		if (!json_is_array(pair) || n <= 0 || histogram_low(bucket) != low)
			return -EINVAL;
		read.buckets[bucket] += n;
		total += n;
	}
	read.count = member(json, "count");
	read.sum = member(json, "sum");
	read.min = member(json, "min");
	read.max = member(json, "max");
	if (read.count != total || read.min > read.max)
		return -EINVAL;
	*h = read;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The histogram's promises: every value has a bucket, the buckets leave no gap,
 * nothing read back is further off than the header says, merging loses nothing.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/histogram.h"

#define ERROR_BOUND (1.0 / 32)

static void the_buckets_leave_no_gap(void **state)
{
	unsigned int i;

	(void)state;
	assert_true(histogram_low(0) == 0);
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(histogram_bucket(histogram_low(i)), i);
		assert_int_equal(histogram_bucket(histogram_high(i)), i);
		if (i)
			assert_true(histogram_low(i) == histogram_high(i - 1) + 1);
	}
	assert_true(histogram_high(HISTOGRAM_BUCKETS - 1) == UINT64_MAX);
}

static void within_bound(uint64_t value)
{
	unsigned int bucket = histogram_bucket(value);
	double error = fabs(histogram_middle(bucket) - (double)value);

	assert_true(bucket < HISTOGRAM_BUCKETS);
	assert_true(histogram_low(bucket) <= value && value <= histogram_high(bucket));
	/* 2^63 and more are no doubles: half of a unit in the last place comes on top. */
	assert_true(error <= value * ERROR_BOUND * (1 + 1e-12));
	if (value < 2 * HISTOGRAM_SUB)
		assert_true(error == 0);
}

static void boundaries_keep_the_bound(void **state)
{
	unsigned int bit;

	(void)state;
	within_bound(0);
	within_bound(1);
	within_bound(1ULL << 63);
	within_bound(UINT64_MAX);
	for (bit = 1; bit < 64; bit++) {
		within_bound((1ULL << bit) - 1);
		within_bound(1ULL << bit);
		within_bound((1ULL << bit) + 1);
	}
}

/* Of all magnitudes alike. */
static uint64_t draw(gsl_rng *rng)
{
	uint64_t bits = (uint64_t)gsl_rng_get(rng) << 32 | gsl_rng_get(rng);

	return bits >> gsl_rng_uniform_int(rng, 64);
}

static void random_values_keep_the_bound(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int i;

	(void)state;
	for (i = 0; i < 1000000; i++)
		within_bound(draw(rng));
	gsl_rng_free(rng);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

#define SAMPLE 9973

static void quantiles_are_those_of_the_sample(void **state)
{
	static const double qs[] = { 0, .001, .1, .5, .9, .99, .999, 1 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct histogram *h = calloc(1, sizeof(*h));
	uint64_t *values = malloc(SAMPLE * sizeof(*values));
	size_t i;

	(void)state;
	for (i = 0; i < SAMPLE; i++) {
		values[i] = draw(rng);
		histogram_add(h, values[i]);
	}
	qsort(values, SAMPLE, sizeof(*values), compare);
	for (i = 0; i < sizeof(qs) / sizeof(qs[0]); i++) {
		double rank = fmax(ceil(qs[i] * SAMPLE), 1), true_value = values[(size_t)rank - 1];

		assert_true(fabs(histogram_quantile(h, qs[i]) - true_value) <=
			    true_value * ERROR_BOUND * (1 + 1e-12));
	}
	assert_true(h->min == values[0] && h->max == values[SAMPLE - 1]);
	free(values);
	free(h);
	gsl_rng_free(rng);
}

static void merging_is_adding(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct histogram *parts = calloc(4, sizeof(*parts)), *merged = calloc(1, sizeof(*merged)),
			 *whole = calloc(1, sizeof(*whole));
	int i;

	(void)state;
	/* The last part stays empty. */
	for (i = 0; i < 10000; i++) {
		uint64_t value = draw(rng);

		histogram_add(&parts[gsl_rng_uniform_int(rng, 3)], value);
		histogram_add(whole, value);
	}
	for (i = 0; i < 4; i++)
		histogram_merge(merged, &parts[i]);
	assert_memory_equal(merged, whole, sizeof(*whole));
	free(parts);
	free(merged);
	free(whole);
	gsl_rng_free(rng);
}

static void an_empty_one_has_no_quantile(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));

	(void)state;
	assert_true(isnan(histogram_quantile(h, .5)));
	assert_true(isnan(histogram_mean(h)));
	free(h);
}

static void json_brings_it_back(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h)), *back = calloc(1, sizeof(*back));
	json_t *json, *copy;

	(void)state;
	histogram_add(h, 0);
	histogram_add(h, 1);
	histogram_add(h, 1ULL << 62);
	histogram_add(h, 387);
	json = histogram_to_json(h);
	assert_int_equal(histogram_from_json(back, json), 0);
	assert_memory_equal(back, h, sizeof(*h));

	copy = json_deep_copy(json);
	json_object_set_new(copy, "count", json_integer(5));
	assert_int_equal(histogram_from_json(back, copy), -EINVAL);
	json_object_set_new(copy, "count", json_integer(4));
	json_object_set_new(copy, "bits", json_integer(5));
	assert_int_equal(histogram_from_json(back, copy), -EINVAL);
	json_object_set_new(copy, "bits", json_integer(4));
	json_array_append_new(json_object_get(copy, "buckets"), json_pack("[i, i]", 33, 1));
	assert_int_equal(histogram_from_json(back, copy), -EINVAL);
	assert_int_equal(histogram_from_json(back, NULL), -EINVAL);
	json_decref(copy);
	json_decref(json);
	free(h);
	free(back);
}

static void ranks_are_found(void **state)
{
	struct histogram h = { 0 };
	int i;

	(void)state;
	for (i = 1; i <= 999; i++)
		histogram_add(&h, i % 16);
	assert_true(histogram_at_rank(&h, 1) == 0);
	assert_true(histogram_at_rank(&h, 62) == 0 && histogram_at_rank(&h, 63) == 1);
	assert_true(histogram_at_rank(&h, 999) == 15);
}

/* Ten beyond the percentile are enough, whatever the bits of the percentile make of it. */
static void ten_beyond_carry_a_percentile(void **state)
{
	static const struct {
		double q;
		unsigned int count;
	} least[] = { { 0.5, 20 }, { 0.9, 100 }, { 0.99, 1000 }, { 0.999, 10000 } };
	struct histogram h;
	size_t i;
	unsigned int n;

	(void)state;
	for (i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
		memset(&h, 0, sizeof(h));
		for (n = 1; n < least[i].count; n++)
			histogram_add(&h, n);
		assert_false(histogram_carries(&h, least[i].q));
		histogram_add(&h, n);
		assert_true(histogram_carries(&h, least[i].q));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_are_found),
		cmocka_unit_test(the_buckets_leave_no_gap),
		cmocka_unit_test(boundaries_keep_the_bound),
		cmocka_unit_test(random_values_keep_the_bound),
		cmocka_unit_test(quantiles_are_those_of_the_sample),
		cmocka_unit_test(merging_is_adding),
		cmocka_unit_test(an_empty_one_has_no_quantile),
		cmocka_unit_test(json_brings_it_back),
		cmocka_unit_test(ten_beyond_carry_a_percentile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

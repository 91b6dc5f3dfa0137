/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vectors were computed with R 4.2.2 (combn, p.adjust, median).
 */
#include "tests/support/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>

#include "analysis/compare.h"
#include "lib/stats.h"

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static const double a4[] = { 1829.6, 1812.2, 1902.4, 1777.7 };
static const double b4[] = { 1731.6, 1701.2, 1752.9, 1744.0 };
static const double a5[] = { 5.1, 5.4, 4.9, 5.0, 5.3 };
static const double b5[] = { 5.2, 5.5, 5.0, 5.6, 5.1 };
static const double a6[] = { 10, 11, 12, 13, 14, 15 };
static const double b6[] = { 20, 21, 22, 23, 24, 25 };

static void medians(void **state)
{
	double values[] = { 3, 1, 2 };

	(void)state;
	CLOSE(stats_median(a4, 4), 1820.9);
	CLOSE(stats_median(a5, 5), 5.1);
	CLOSE(stats_median(values, 3), 2);
	assert_true(values[0] == 3);
}

static void permutation_agrees_with_r(void **state)
{
	(void)state;
	CLOSE(stats_permutation_p(a4, 4, b4, 4, 1), 2.0 / 70);
	assert_true(fabs(stats_permutation_p(a5, 5, b5, 5, 1) - 0.388888888889) < 1e-9);
	assert_true(fabs(stats_permutation_p(a6, 6, b6, 6, 1) - 0.002164502165) < 1e-9);
	CLOSE(stats_permutation_p(a5, 5, a5, 5, 1), 1);
	/* Which of the two is called first does not matter. */
	CLOSE(stats_permutation_p(b5, 5, a5, 5, 1), stats_permutation_p(a5, 5, b5, 5, 1));
	CLOSE(stats_smallest_p(6, 6), 2.0 / 924);
	CLOSE(stats_smallest_p(5, 6), 1.0 / 462);
}

/* A count may be 0, which has no logarithm: then the means themselves are compared. */
static void permutation_takes_zeros(void **state)
{
	static const double a[] = { 0, 3, 1, 2 }, b[] = { 2.5, 4, 1.5, 5 },
			    zeros[] = { 0, 0, 0, 0 };

	(void)state;
	CLOSE(stats_permutation_p(a, 4, b, 4, 1), 12.0 / 70);
	CLOSE(stats_permutation_p(zeros, 4, zeros, 4, 1), 1);
	assert_true(stats_all_positive(b, 4));
	assert_false(stats_all_positive(a, 4));
}

/* Beyond the exact test's reach: 2 * 20 values of one distribution, and two apart. */
static void large_samples_are_drawn(void **state)
{
	double a[20], b[20], far[20], p;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int i;

	(void)state;
	gsl_rng_set(rng, 5);
	for (i = 0; i < 20; i++) {
		a[i] = 100 + gsl_ran_gaussian(rng, 1);
		b[i] = 100 + gsl_ran_gaussian(rng, 1);
		far[i] = 110 + gsl_ran_gaussian(rng, 1);
	}
	gsl_rng_free(rng);
	p = stats_permutation_p(a, 20, b, 20, 1);
	assert_true(p > 0.05 && p <= 1);
	assert_true(p == stats_permutation_p(a, 20, b, 20, 1));
	p = stats_permutation_p(a, 20, far, 20, 1);
	assert_true(p > 0 && p < 1e-4);
}

static void intervals_hold_what_they_must(void **state)
{
	struct interval i = stats_median_interval(a6, 6, 1), j;

	(void)state;
	assert_true(i.low >= 10 && i.low < 12.5 && i.high > 12.5 && i.high <= 15);
	j = stats_median_interval(a6, 6, 1);
	assert_true(i.low == j.low && i.high == j.high);
	i = stats_ratio_interval(b6, 6, a6, 6, 1);
	assert_true(i.low > 1.3 && i.low < 1.8 && i.high > 1.8 && i.high <= 2.5);
	/* The ratio to itself, the other way round. */
	j = stats_ratio_interval(a6, 6, a6, 6, 1);
	assert_true(j.low < 1 && j.high > 1);
}

/*
 * How often the nominal 95 % interval of a ratio of medians holds the true
 * ratio, for durations that are skewed as those of VMs are (log-normal,
 * sigma 5 %). The percentile bootstrap of a median is known to be rough with
 * few values; what is asserted is that it is not far off, what it is is shown.
 */
static double coverage(size_t n, int repetitions)
{
	double a[32], b[32];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int held = 0, r;
	size_t i;

	gsl_rng_set(rng, 11);
	for (r = 0; r < repetitions; r++) {
		struct interval interval;

		for (i = 0; i < n; i++) {
			a[i] = 1.1 * gsl_ran_lognormal(rng, 0, 0.05);
			b[i] = gsl_ran_lognormal(rng, 0, 0.05);
		}
		interval = stats_ratio_interval(a, n, b, n, r);
		held += interval.low <= 1.1 && interval.high >= 1.1;
	}
	gsl_rng_free(rng);
	return (double)held / repetitions;
}

static void intervals_cover(void **state)
{
	static const size_t sizes[] = { 5, 6, 10, 20 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double c = coverage(sizes[i], 300);

		printf("# coverage of the 95 %% interval with n = %zu: %.1f %%\n", sizes[i],
		       100 * c);
		assert_true(c >= 0.88 && c <= 0.995);
	}
}

static struct comparison make(const char *variant, double ratio, double low, double high, double p)
{
	static struct metric duration = { .name = "inflate.duration_ns" };

	return (struct comparison){ .variant = variant,
				    .base = "base",
				    .metric = &duration,
				    .n = 6,
				    .base_n = 6,
				    .ratio = ratio,
				    .ratio_interval = { low, high },
				    .p = p,
				    .p_holm = p };
}

static void verdicts(void **state)
{
	struct comparison c[] = {
		make("base", 1, 0.9, 1.1, 1),
		make("better", 0.8, 0.78, 0.83, 0.002),
		make("worse", 1.2, 1.1, 1.3, 0.002),
		make("same", 1.001, 0.98, 1.02, 0.9),
		make("noisy", 0.9, 0.7, 1.2, 0.4),
		make("sure but small", 0.98, 0.96, 0.99, 0.002),
		make("few", 0.5, 0.4, 0.6, 0.1),
		make("none", 0, 0, 0, 1),
	};
	struct comparison *family[8];
	size_t i;

	(void)state;
	c[6].n = 3;
	c[7].n = 0;
	for (i = 0; i < 8; i++)
		family[i] = &c[i];
	compare_judge(family, 8);
	assert_int_equal(c[1].verdict, VERDICT_IMPROVE);
	assert_int_equal(c[2].verdict, VERDICT_REGRESS);
	assert_int_equal(c[3].verdict, VERDICT_SAME);
	assert_int_equal(c[4].verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(c[5].verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(c[6].verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(c[7].verdict, VERDICT_INVALID);
	assert_null(c[1].reason);
	assert_null(c[3].reason);
	assert_string_equal(c[4].reason, "the interval holds 1");
	assert_string_equal(c[5].reason, "the effect is too small");
	assert_string_equal(c[6].reason, "too few boots");
	assert_string_equal(c[7].reason, "no ok boot");
}

static void rates_are_better_when_higher(void **state)
{
	struct metric rate;
	struct comparison c, *family[] = { &c };

	(void)state;
	assert_int_equal(metric_parse(&rate, "inflate.gib_per_s", "tcg"), 0);
	c = make("faster", 1.5, 1.4, 1.6, 0.002);
	c.metric = &rate;
	compare_judge(family, 1);
	assert_int_equal(c.verdict, VERDICT_IMPROVE);
}

/* p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") */
static void holm_agrees_with_r(void **state)
{
	static const double p[] = { 0.01, 0.04, 0.03, 0.005 },
			    wanted[] = { 0.03, 0.06, 0.06, 0.02 };
	struct comparison c[4], *family[4];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		c[i] = make("x", 0.9, 0.8, 0.95, p[i]);
		family[i] = &c[i];
	}
	compare_judge(family, 4);
	for (i = 0; i < 4; i++)
		CLOSE(c[i].p_holm, wanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians),
		cmocka_unit_test(permutation_agrees_with_r),
		cmocka_unit_test(permutation_takes_zeros),
		cmocka_unit_test(large_samples_are_drawn),
		cmocka_unit_test(intervals_hold_what_they_must),
		cmocka_unit_test(intervals_cover),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(rates_are_better_when_higher),
		cmocka_unit_test(holm_agrees_with_r),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

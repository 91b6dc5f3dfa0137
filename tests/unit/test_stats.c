/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vectors were computed with R 4.2.2 (p.adjust, median) and, where it is said, with
 * SciPy 1.10.1; those of the rank test with its definition, see test_interval.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>

#include "analysis/compare/compare.h"
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

static void ranks_agree_with_r(void **state)
{
	(void)state;
	CLOSE(stats_rank_p(a4, 4, b4, 4), 2.0 / 70);
	assert_true(fabs(stats_rank_p(a6, 6, b6, 6) - 0.002164502165) < 1e-9);
	CLOSE(stats_rank_p(a5, 5, a5, 5), 1);
	/* Which of the two is called first does not matter. */
	CLOSE(stats_rank_p(b5, 5, a5, 5), stats_rank_p(a5, 5, b5, 5));
	CLOSE(stats_smallest_p(6, 6), 2.0 / 924);
	CLOSE(stats_smallest_p(5, 6), 2.0 / 462);
}

static void zeros_are_values(void **state)
{
	static const double a[] = { 0, 3, 1, 2 }, b[] = { 2.5, 4, 1.5, 5 },
			    zeros[] = { 0, 0, 0, 0 };

	(void)state;
	CLOSE(stats_rank_p(a, 4, b, 4), 14.0 / 70);
	CLOSE(stats_rank_p(zeros, 4, zeros, 4), 1);
	assert_true(stats_all_positive(b, 4));
	assert_false(stats_all_positive(a, 4));
}

static void too_few_boots_are_told(void **state)
{
	(void)state;
	assert_int_equal(stats_boots_needed(0.05, 1), 4);
	assert_int_equal(stats_boots_needed(0.05, 8), 6);
	/* 5 a side: 8 comparisons of 2/252 are more than 0.05. */
	assert_true(8 * stats_smallest_p(5, 5) > 0.05 && 8 * stats_smallest_p(6, 6) < 0.05);
}

/* scipy.stats.median_abs_deviation(): 0.5, so that the z of 18.8 is 8.90 and of 13.9 2.29. */
static void outliers_are_flagged(void **state)
{
	static const double values[] = { 12.1, 11.4, 13.9, 12.7, 18.8, 11.9, 12.2 };
	static const double equal[] = { 7, 7, 7, 7, 7, 7 }, but_one[] = { 7, 7, 7, 7, 7, 8 };
	bool flags[7];
	size_t i;

	(void)state;
	assert_int_equal(stats_outliers(values, 7, flags), 1);
	for (i = 0; i < 7; i++)
		assert_int_equal(flags[i], i == 4);
	assert_int_equal(stats_outliers(equal, 6, flags), 0);
	assert_int_equal(stats_outliers(but_one, 6, flags), 1);
	assert_true(flags[5]);
	assert_int_equal(stats_outliers(values + 2, 3, flags), 0);
}

/* Ranks by scipy.stats.binom.cdf(). */
static void quantiles_lie_between_ranks(void **state)
{
	static const struct {
		uint64_t count;
		double q;
		uint64_t low, high;
	} wanted[] = {
		{ 50, 0.5, 18, 33 },
		{ 200, 0.9, 171, 189 },
		{ 1000, 0.99, 983, 997 },
		{ 100000, 0.999, 99880, 99920 },
	};
	uint64_t low, high;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(stats_quantile_ranks(wanted[i].count, wanted[i].q, &low, &high));
		assert_int_equal(low, wanted[i].low);
		assert_int_equal(high, wanted[i].high);
	}
	/* Of 100 values none is surely above the 99th percentile. */
	assert_false(stats_quantile_ranks(100, 0.99, &low, &high));
	assert_false(stats_quantile_ranks(5, 0.5, &low, &high));
	assert_true(stats_quantile_ranks(6, 0.5, &low, &high));
}

static struct comparison make(const char *variant, double ratio, double low, double high, double p)
{
	static struct measure duration = { .better = BETTER_LOWER };

	return (struct comparison){ .variant = variant,
				    .base = "base",
				    .measure = &duration,
				    .n = 6,
				    .base_n = 6,
				    .ratio = ratio,
				    .ratio_interval = { low, high, 0.95 },
				    .p = p,
				    .p_holm = p };
}

static void one_build_of_each_differs(void **state)
{
	struct comparison c[] = { make("far", 0.8, 0.78, 0.83, 0.002),
				  make("near", 0.9, 0.85, 0.95, 0.002),
				  make("same kernel", 0.9, 0.85, 0.95, 0.002) };
	struct comparison *family[] = { &c[0], &c[1], &c[2] };

	(void)state;
	c[0].one_build = c[1].one_build = true;
	compare_judge(family, 3, SMALLEST_EFFECT, 0.1);
	assert_int_equal(c[0].verdict, VERDICT_IMPROVE);
	assert_int_equal(c[1].verdict, VERDICT_DIFFERS);
	assert_int_equal(c[2].verdict, VERDICT_IMPROVE);
	CLOSE(c[2].at_least, 0.05);
	/* Nothing was measured: whatever differs may be the layout. */
	compare_judge(family, 3, SMALLEST_EFFECT, INFINITY);
	assert_int_equal(c[0].verdict, VERDICT_DIFFERS);
	assert_int_equal(c[2].verdict, VERDICT_IMPROVE);
}

static void an_unresolved_row_says_what_it_takes(void **state)
{
	struct comparison c[8], *family[8];
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		c[i] = make("x", 0.9, 0.7, 1.2, 0.4);
		c[i].n = c[i].base_n = 5;
		c[i].sd = 0.05;
		family[i] = &c[i];
	}
	compare_judge(family, 8, SMALLEST_EFFECT, 0);
	assert_int_equal(c[0].verdict, VERDICT_INCONCLUSIVE);
	assert_string_equal(c[0].reason, "too few boots for so many comparisons");
	assert_int_equal(c[0].boots_needed, 6);
	assert_true(isinf(c[0].detectable));
	assert_true(c[0].boots_for_smallest > 50 && c[0].boots_for_smallest < 120);
	compare_judge(family, 1, SMALLEST_EFFECT, 0);
	assert_string_equal(c[0].reason, "the interval holds 1");
	assert_true(c[0].detectable > 0.08 && c[0].detectable < 0.15);
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
	compare_judge(family, 8, SMALLEST_EFFECT, 0);
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
	struct measure rate;
	char err[256];
	struct comparison c, *family[] = { &c };

	(void)state;
	assert_int_equal(measure_parse(&rate, "inflate.gib_per_s", err, sizeof(err)), 0);
	c = make("faster", 1.5, 1.4, 1.6, 0.002);
	c.measure = &rate;
	compare_judge(family, 1, SMALLEST_EFFECT, 0);
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
	compare_judge(family, 4, SMALLEST_EFFECT, 0);
	for (i = 0; i < 4; i++)
		CLOSE(c[i].p_holm, wanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians),
		cmocka_unit_test(ranks_agree_with_r),
		cmocka_unit_test(zeros_are_values),
		cmocka_unit_test(too_few_boots_are_told),
		cmocka_unit_test(outliers_are_flagged),
		cmocka_unit_test(quantiles_lie_between_ranks),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(one_build_of_each_differs),
		cmocka_unit_test(an_unresolved_row_says_what_it_takes),
		cmocka_unit_test(rates_are_better_when_higher),
		cmocka_unit_test(holm_agrees_with_r),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

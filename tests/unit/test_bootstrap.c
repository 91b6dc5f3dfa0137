/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intervals: against vectors of an independent package, and how often they hold
 * the truth.
 *
 * The vectors are those of scipy.stats.bootstrap() of SciPy 1.10.1, method BCa,
 * with 400000 resamples, twice. Where its two seeds differ, its ends lie between
 * two medians of about the same chance; ours, which are exact, must lie where
 * the two of its are, or between.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>

#include "lib/bootstrap.h"
#include "lib/stats.h"

static const double a5[] = { 5.1, 5.4, 4.9, 5.0, 5.3 };
static const double b5[] = { 5.2, 5.5, 5.0, 5.6, 5.1 };
static const double a6[] = { 1829.6, 1812.2, 1902.4, 1777.7, 1850.3, 2010.5 };
static const double b6[] = { 1731.6, 1701.2, 1752.9, 1744.0, 1690.2, 1801.7 };
static const double b7[] = { 12.1, 11.4, 13.9, 12.7, 18.8, 11.9, 12.2 };
static const double a10[] = { 10.716, 11.786, 10.683, 7.706,  11.985,
			      10.934, 8.982,  11.232, 10.756, 10.606 };

static void expect_end(double end, double one, double other)
{
	double slack = 1e-9 * fabs(one);

	if (end < fmin(one, other) - slack || end > fmax(one, other) + slack)
		fail_msg("%.12g, and SciPy has %.12g and %.12g", end, one, other);
}

static void expect_interval(struct interval i, double low, double high)
{
	expect_end(i.low, low, low);
	expect_end(i.high, high, high);
}

static void medians_agree_with_scipy(void **state)
{
	(void)state;
	expect_interval(bootstrap_median(a5, 5), 4.9, 5.4);
	expect_interval(bootstrap_median(a6, 6), 1794.95, 1956.45);
	expect_interval(bootstrap_median(b7, 7), 11.9, 13.9);
	expect_interval(bootstrap_median(a10, 10), 9.8325, 11.271);
}

static void pairs_agree_with_scipy(void **state)
{
	struct interval i;

	(void)state;
	expect_interval(bootstrap_ratio(a5, 5, b5, 5), 0.9090909090909091, 1.06);
	expect_interval(bootstrap_ratio(b7, 7, a10, 10), 1.0651408450704225, 1.3058386960402084);
	i = bootstrap_ratio(a6, 6, b6, 6);
	expect_end(i.low, 1.0206492994992402, 1.0212299494921462);
	expect_end(i.high, 1.110829784785361, 1.110829784785361);
	i = bootstrap_difference(a6, 6, b6, 6);
	expect_end(i.low, 35.450000000000045, 37.0);
	expect_end(i.high, 191.5, 192.6);
	i = bootstrap_difference(b7, 7, a10, 10);
	expect_end(i.low, 0.74, 0.74);
	expect_end(i.high, 3.239, 3.2555);
}

/* What must hold of any interval, whatever the method. */
static void intervals_are_consistent(void **state)
{
	static const double equal[] = { 3, 3, 3, 3 }, twice[] = { 10.2, 10.8, 9.8, 10, 10.6 };
	static const double zeros[] = { 0, 0, 1, 2, 0 };
	struct interval i, j;

	(void)state;
	i = bootstrap_median(equal, 4);
	assert_true(i.low == 3 && i.high == 3);
	i = bootstrap_ratio(equal, 4, equal, 4);
	assert_true(i.low == 1 && i.high == 1);
	/* In other units: the same ratio. */
	i = bootstrap_ratio(a5, 5, b5, 5);
	j = bootstrap_ratio(twice, 5, b5, 5);
	expect_interval(j, 2 * i.low, 2 * i.high);
	i = bootstrap_ratio(zeros, 5, a5, 5);
	assert_true(i.low == 0 && i.high > 0);
	i = bootstrap_difference(a5, 5, a5, 5);
	assert_true(i.low < 0 && i.high > 0);
}

/* Many boots: no binomial may overflow. */
static void large_samples_have_intervals(void **state)
{
	static double values[1600];
	struct interval i;
	size_t n;

	(void)state;
	for (n = 0; n < 1600; n++)
		values[n] = 1000 + n;
	i = bootstrap_median(values, 999);
	/* Half-width 1.96 sqrt(n) / 2, after the normal approximation. */
	assert_true(fabs(i.low - (1499 - 31)) <= 2 && fabs(i.high - (1499 + 31)) <= 2);
	i = bootstrap_median(values, 998);
	assert_true(fabs(i.low - (1498.5 - 31)) <= 2 && fabs(i.high - (1498.5 + 31)) <= 2);
	i = bootstrap_median(values, 1600);
	assert_true(fabs(i.low - (1799.5 - 39)) <= 2 && fabs(i.high - (1799.5 + 39)) <= 2);
	i = bootstrap_ratio(values, 1600, values, 1600);
	/* 1.96 sqrt(2) sqrt(n) / 2 / 1799.5 */
	assert_true(fabs(i.low - (1 - 0.0308)) < 0.001 && fabs(i.high - (1 + 0.0308)) < 0.001);
	i = bootstrap_difference(values, 1600, values, 1599);
	assert_true(fabs(i.low + 55.4) < 3 && fabs(i.high - 55.4) < 3);
}

/*
 * Distributions that durations of VMs are like: skewed to the right, or with
 * stragglers. All are logarithms, around a median of 0.
 */
static double lognormal(gsl_rng *rng)
{
	return gsl_ran_gaussian(rng, 0.05);
}

static double very_skewed(gsl_rng *rng)
{
	return 0.3 * (gsl_ran_exponential(rng, 1) - log(2));
}

static double stragglers(gsl_rng *rng)
{
	return gsl_ran_gaussian(rng, 0.03) + (gsl_rng_uniform(rng) < 0.05 ? 0.3 : 0);
}

struct simulation {
	const char *name;
	double (*draw)(gsl_rng *rng);
	double spread; /* of the second sample, in those of the first */
};

static const struct simulation simulations[] = {
	{ "log-normal, sigma 5 %", lognormal, 1 },
	{ "exponential", very_skewed, 1 },
	{ "one of 20 is 35 % late", stragglers, 1 },
	{ "exponential, one side three times as wide", very_skewed, 3 },
};

#define REPETITIONS 2000

static double coverage(const struct simulation *s, size_t n)
{
	double a[32], b[32], held = 0;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	size_t i;
	int r;

	gsl_rng_set(rng, 11);
	for (r = 0; r < REPETITIONS; r++) {
		struct interval interval;

		for (i = 0; i < n; i++) {
			a[i] = 1.1 * exp(s->draw(rng));
			b[i] = exp(s->spread * s->draw(rng));
		}
		interval = bootstrap_ratio(a, n, b, n);
		held += interval.low <= 1.1 && interval.high >= 1.1;
	}
	gsl_rng_free(rng);
	return held / REPETITIONS;
}

/*
 * 93 to 97 % is what is promised, and within 1.1 %, two standard errors of
 * 2000 repetitions, what is asserted. "stragglers" has another median than 0 by
 * less than a tenth of its spread, on both sides alike.
 */
static void ratios_cover(void **state)
{
	static const size_t sizes[] = { 5, 6, 10, 20 };
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(simulations) / sizeof(simulations[0]); k++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			double c = coverage(&simulations[k], sizes[i]);

			printf("# coverage of the 95 %% interval of a ratio, n = %zu, %s: %.1f "
			       "%%\n",
			       sizes[i], simulations[k].name, 100 * c);
			assert_true(c >= 0.93 - 0.011 && c <= 0.97 + 0.011);
		}
	}
}

static double median_coverage(double (*draw)(gsl_rng *rng), size_t n)
{
	double values[32], held = 0;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	size_t i;
	int r;

	gsl_rng_set(rng, 12);
	for (r = 0; r < REPETITIONS; r++) {
		struct interval interval;

		for (i = 0; i < n; i++)
			values[i] = exp(draw(rng));
		interval = bootstrap_median(values, n);
		held += interval.low <= 1 && interval.high >= 1;
	}
	gsl_rng_free(rng);
	return held / REPETITIONS;
}

/*
 * The interval of one median holds a little less: with 5 values none that ends
 * at values can hold more than 1 - 2 / 2^5 = 93.75 %.
 */
static void medians_cover(void **state)
{
	static const size_t sizes[] = { 5, 6, 10, 20 };
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			double c = median_coverage(simulations[k].draw, sizes[i]);

			printf("# coverage of the 95 %% interval of a median, n = %zu, %s: %.1f "
			       "%%\n",
			       sizes[i], simulations[k].name, 100 * c);
			assert_true(c >= 0.93 - 0.011 && c <= 0.95 + 0.011);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians_agree_with_scipy),
		cmocka_unit_test(pairs_agree_with_scipy),
		cmocka_unit_test(intervals_are_consistent),
		cmocka_unit_test(large_samples_have_intervals),
		cmocka_unit_test(ratios_cover),
		cmocka_unit_test(medians_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intervals and the rank test: against a published example, against the definition, and how often
 * they hold the truth. With an argument N the simulations have N repetitions instead of 2000.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_combination.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/interval.h"
#include "lib/stats.h"

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-9)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VALUES_MAX 20
#define RATIO 1.1

static int repetitions = 2000;

/*
 * Permeability of human placentas (Hollander and Wolfe, 1973, table 4.1). R 4.2.2, which has the
 * data in the example of wilcox.test(): p 0.2544122 two-sided, shift 0.305, 95 % [-0.15, 0.76].
 */
static const double at_term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
static const double at_weeks[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };

static void a_published_example(void **state)
{
	struct shift s = shift_of(at_term, 10, at_weeks, 5);

	(void)state;
	assert_true(fabs(stats_rank_p(at_term, 10, at_weeks, 5) - 0.2544122544) < 1e-9);
	CLOSE(s.value, 0.305);
	CLOSE(s.interval.low, -0.15);
	CLOSE(s.interval.high, 0.76);
	assert_true(s.interval.confidence > 0.95 && s.interval.confidence < 0.97);
}

/* The mean rank of the first sample, less that of all, by counting pairs. */
static double rank_excess(const double *values, size_t n, const gsl_combination *first)
{
	double sum = 0;
	size_t i, k;

	for (i = 0; i < gsl_combination_k(first); i++)
		for (k = 0; k < n; k++) {
			double mine = values[gsl_combination_get(first, i)];

			sum += mine > values[k] ? 1 : mine < values[k] ? -1 : 0;
		}
	return sum;
}

/* By definition: over all partitions, those at least as extreme. */
static double p_by_definition(const double *a, size_t a_count, const double *b, size_t b_count)
{
	gsl_combination *c = gsl_combination_calloc(a_count + b_count, a_count);
	double all[2 * VALUES_MAX], observed, extreme = 0, partitions = 0;
	size_t i;

	for (i = 0; i < a_count + b_count; i++)
		all[i] = i < a_count ? a[i] : b[i - a_count];
	observed = fabs(rank_excess(all, a_count + b_count, c));
	do {
		extreme += fabs(rank_excess(all, a_count + b_count, c)) >= observed;
		partitions++;
	} while (!gsl_combination_next(c));
	gsl_combination_free(c);
	return extreme / partitions;
}

/* Rounded values, so that there are ties. */
static void p_is_exact(void **state)
{
	gsl_rng *rng = stats_rng(3);
	double a[6], b[6];
	int r, i, n, m;

	(void)state;
	for (r = 0; r < 200; r++) {
		n = 2 + gsl_rng_uniform_int(rng, 5);
		m = 2 + gsl_rng_uniform_int(rng, 5);
		for (i = 0; i < 6; i++) {
			a[i] = round(gsl_ran_gaussian(rng, r % 2 ? 2 : 1000));
			b[i] = round(gsl_ran_gaussian(rng, r % 2 ? 2 : 1000));
		}
		CLOSE(stats_rank_p(a, n, b, m), p_by_definition(a, n, b, m));
		CLOSE(stats_rank_p(b, m, a, n), stats_rank_p(a, n, b, m));
	}
	gsl_rng_free(rng);
}

static double lognormal(gsl_rng *rng)
{
	return gsl_ran_gaussian(rng, 0.05);
}

/* Median 0, as all below. */
static double exponential(gsl_rng *rng)
{
	return log(gsl_ran_exponential(rng, 1) / M_LN2);
}

static double bimodal(gsl_rng *rng)
{
	return (gsl_rng_uniform_int(rng, 2) ? 0.1 : -0.1) + gsl_ran_gaussian(rng, 0.01);
}

static double stragglers(gsl_rng *rng)
{
	return gsl_ran_gaussian(rng, 0.03) + (gsl_rng_uniform(rng) < 0.05 ? 0.3 : 0);
}

/* As log-normal, but for one of 20, which is 35 % late. */
static double late_ones(gsl_rng *rng)
{
	return lognormal(rng) + (gsl_rng_uniform(rng) < 0.05 ? 0.3 : 0);
}

static void draw_ratio(double *a, double *b, size_t n, double (*draw)(gsl_rng *), double width,
		       gsl_rng *rng)
{
	size_t i;

	for (i = 0; i < n; i++) {
		a[i] = RATIO * exp(draw(rng));
		b[i] = exp(width * draw(rng));
	}
}

/* p is below 5 % exactly where the interval does not hold 1: one statistic, one answer. */
static void test_and_interval_agree(void **state)
{
	gsl_rng *rng = stats_rng(5);
	double a[13], b[13];
	struct shift s;
	int r, found = 0;
	size_t n;

	(void)state;
	for (r = 0; r < 1000; r++) {
		n = 4 + gsl_rng_uniform_int(rng, 10);
		draw_ratio(a, b, n, stragglers, 1, rng);
		s = ratio_of(a, n, b, n);
		found += s.interval.low > 1;
		if ((stats_rank_p(a, n, b, n) < 0.05) !=
		    (s.interval.low > 1 || s.interval.high < 1))
			fail_msg("n = %zu: p %g and [%g, %g]", n, stats_rank_p(a, n, b, n),
				 s.interval.low, s.interval.high);
	}
	assert_true(found > 500 && found < 1000);
	gsl_rng_free(rng);
}

static const size_t sizes[] = { 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20 };

static double ratio_coverage(double (*draw)(gsl_rng *), double width, size_t n)
{
	double a[VALUES_MAX], b[VALUES_MAX], held = 0;
	gsl_rng *rng = stats_rng(11 + n);
	struct interval i;
	int r;

	for (r = 0; r < repetitions; r++) {
		draw_ratio(a, b, n, draw, width, rng);
		i = ratio_of(a, n, b, n).interval;
		held += i.low <= RATIO && i.high >= RATIO;
	}
	gsl_rng_free(rng);
	return held / repetitions;
}

/* Three standard deviations of a rate near @expected. */
static double slack(double expected)
{
	return 3 * sqrt(expected * (1 - expected) / repetitions);
}

static void print_coverage(const char *what, const char *name, const double *coverage)
{
	size_t i;

	printf("# coverage of %s, %s:", what, name);
	for (i = 0; i < COUNT(sizes); i++)
		printf(" %.1f (n = %zu)%s", 100 * coverage[i], sizes[i],
		       i + 1 < COUNT(sizes) ? "," : " %\n");
}

/* The interval of 4 a side is one of 97.1 %: 2 of 70 partitions are outside. */
static void ratios_cover(void **state)
{
	static const struct {
		const char *name;
		double (*draw)(gsl_rng *rng);
		double width; /* of the second sample, in those of the first */
	} cases[] = {
		{ "log-normal, sigma 5 %", lognormal, 1 },
		{ "exponential", exponential, 1 },
		{ "two modes 20 % apart", bimodal, 1 },
		{ "one of 20 is 35 % late", stragglers, 1 },
		{ "log-normal, one side three times as wide", lognormal, 3 },
	};
	double coverage[COUNT(sizes)];
	size_t i, k;

	(void)state;
	for (k = 0; k < COUNT(cases); k++) {
		for (i = 0; i < COUNT(sizes); i++)
			coverage[i] = ratio_coverage(cases[k].draw, cases[k].width, sizes[i]);
		print_coverage("a ratio", cases[k].name, coverage);
		for (i = 0; i < COUNT(sizes); i++)
			if (coverage[i] < 0.93 - slack(0.93) || coverage[i] > 0.972 + slack(0.97))
				fail_msg("n = %zu: %g", sizes[i], coverage[i]);
	}
}

/* How often the interval of a median lies above it, below it, and how sure it says it is. */
static struct interval misses(double (*draw)(gsl_rng *), double median, size_t n)
{
	struct interval miss = { 0, 0, 0 }, i;
	gsl_rng *rng = stats_rng(17 + n);
	double values[VALUES_MAX];
	size_t k;
	int r;

	for (r = 0; r < repetitions; r++) {
		for (k = 0; k < n; k++)
			values[k] = exp(draw(rng) - median);
		i = interval_of_median(values, n);
		miss.low += (i.low > 1) / (double)repetitions;
		miss.high += (i.high < 1) / (double)repetitions;
		miss.confidence = i.confidence;
	}
	gsl_rng_free(rng);
	return miss;
}

static const struct {
	const char *name;
	double (*draw)(gsl_rng *rng);
	double median;
	double most; /* groups of values have no interval between too wide and too narrow */
} single[] = {
	{ "log-normal, sigma 5 %", lognormal, 0, 0.97 },
	{ "exponential", exponential, 0, 0.97 },
	{ "one of 20 is 35 % late", stragglers, 0.00198, 0.97 },
	{ "two modes 20 % apart", bimodal, 0, 1 },
};

static void medians_cover(void **state)
{
	double coverage[COUNT(sizes)];
	struct interval miss;
	size_t i, k;

	(void)state;
	for (k = 0; k < COUNT(single); k++) {
		for (i = 0; i < COUNT(sizes); i++) {
			miss = misses(single[k].draw, single[k].median, sizes[i]);
			coverage[i] = 1 - miss.low - miss.high;
			/* Too few values say so. */
			if (sizes[i] < 6 &&
			    fabs(coverage[i] - miss.confidence) > slack(miss.confidence))
				fail_msg("n = %zu: %g", sizes[i], coverage[i]);
		}
		print_coverage("a median", single[k].name, coverage);
		for (i = 0; i < COUNT(sizes); i++)
			if (sizes[i] >= 6 && (coverage[i] < 0.93 || coverage[i] > single[k].most))
				fail_msg("n = %zu: %g", sizes[i], coverage[i]);
	}
}

/*
 * A claim passes where all of the interval fulfils it: with the true value at the limit, wrongly so
 * in 2.5 % at most, on either side and whatever the distribution is.
 */
static void claims_err_rarely(void **state)
{
	static const size_t n[] = { 4, 7 };
	double a[VALUES_MAX], b[VALUES_MAX], below, above, ratio_below, ratio_above;
	struct interval i;
	gsl_rng *rng;
	size_t k, m, v;
	int r;

	(void)state;
	for (k = 0; k < COUNT(single); k++) {
		for (m = 0; m < COUNT(n); m++) {
			below = above = ratio_below = ratio_above = 0;
			rng = stats_rng(31);
			for (r = 0; r < repetitions; r++) {
				for (v = 0; v < n[m]; v++)
					a[v] = exp(single[k].draw(rng) - single[k].median);
				i = interval_of_median_certain(a, n[m]);
				/* Too few boots are not judged. */
				below += i.confidence >= CONFIDENCE && i.high < 1;
				above += i.confidence >= CONFIDENCE && i.low > 1;
				draw_ratio(a, b, n[m], single[k].draw, 1, rng);
				i = ratio_of(a, n[m], b, n[m]).interval;
				ratio_below += i.high < RATIO;
				ratio_above += i.low > RATIO;
			}
			gsl_rng_free(rng);
			below = fmax(fmax(below, above), fmax(ratio_below, ratio_above)) /
				repetitions;
			printf("# a limit at the truth, n = %zu, %s: passes or fails wrongly in "
			       "%.1f %% at most\n",
			       n[m], single[k].name, 100 * below);
			if (below > 0.025 + slack(0.025))
				fail_msg("%g", below);
		}
	}
}

static void few_values_say_so(void **state)
{
	static const double values[] = { 5, 3, 4, 6, 7 };
	struct shift s;

	(void)state;
	CLOSE(interval_of_median(values, 1).confidence, 0);
	CLOSE(interval_of_median(values, 4).low, 3);
	CLOSE(interval_of_median(values, 4).high, 6);
	CLOSE(interval_of_median(values, 4).confidence, 0.875);
	CLOSE(interval_of_median(values, 5).confidence, 0.9375);
	s = shift_of(values, 3, values, 3);
	CLOSE(s.value, 0);
	CLOSE(s.interval.low, -2);
	CLOSE(s.interval.high, 2);
	CLOSE(s.interval.confidence, 0.9);
	CLOSE(shift_of(values, 4, values, 4).interval.confidence, 1 - 2.0 / 70);
}

static double student_p(const double *a, const double *b, size_t n)
{
	double a_logs[VALUES_MAX], b_logs[VALUES_MAX], t;
	size_t i;

	for (i = 0; i < n; i++) {
		a_logs[i] = log(a[i]);
		b_logs[i] = log(b[i]);
	}
	t = gsl_stats_ttest(a_logs, 1, n, b_logs, 1, n);
	return 2 * gsl_cdf_tdist_Q(fabs(t), 2 * n - 2);
}

/* The shares of runs in which ranks and Student's test find 10 %. */
static void find_ten_percent(double (*draw)(gsl_rng *), size_t n, double *ranks, double *student)
{
	double a[VALUES_MAX], b[VALUES_MAX];
	gsl_rng *rng = stats_rng(37);
	int r;

	*ranks = *student = 0;
	for (r = 0; r < repetitions; r++) {
		draw_ratio(a, b, n, draw, 1, rng);
		*ranks += (stats_rank_p(a, n, b, n) < 0.05) / (double)repetitions;
		*student += (student_p(a, b, n) < 0.05) / (double)repetitions;
	}
	gsl_rng_free(rng);
}

/* Why ranks: what they lose where noise is normal is less than what they gain elsewhere. */
static void ranks_bear_stragglers(void **state)
{
	double ranks, student;

	(void)state;
	find_ten_percent(lognormal, 7, &ranks, &student);
	printf("# 10 %% with n = 7, log-normal, sigma 5 %%: found by ranks in %.0f %%, by means in "
	       "%.0f %%\n",
	       100 * ranks, 100 * student);
	assert_true(ranks > student - 0.06);
	find_ten_percent(late_ones, 7, &ranks, &student);
	printf("# the same, one of 20 is 35 %% late: %.0f %% and %.0f %%\n", 100 * ranks,
	       100 * student);
	assert_true(ranks > student + 0.06);
}

/* With 1600 boots a side there are 2.5 million differences, and the test is one of a sum. */
static void large_samples(void **state)
{
	enum { MANY = 1600 };
	static double a[MANY], b[MANY];
	gsl_rng *rng = stats_rng(7);
	struct shift s;
	int i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		a[i] = gsl_ran_lognormal(rng, 0, 0.5);
		b[i] = gsl_ran_lognormal(rng, 0.1, 0.5);
	}
	gsl_rng_free(rng);
	s = ratio_of(a, MANY, b, MANY);
	assert_true(s.interval.low < s.value && s.value < s.interval.high);
	assert_true(s.interval.low > 0.85 && s.interval.high < 0.96);
	assert_true(stats_rank_p(a, MANY, b, MANY) < 1e-4);
	assert_true(fabs(ratio_of(a, 50, b, 50).interval.low -
			 ratio_of(a, 51, b, 50).interval.low) < 0.02);
	CLOSE(stats_rank_p(a, MANY, a, MANY), 1);
	for (i = 0; i < MANY; i++)
		b[i] = 3;
	CLOSE(stats_rank_p(b, MANY, b, MANY), 1);
	CLOSE(interval_of_median(b, MANY).low, 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_published_example),	   cmocka_unit_test(p_is_exact),
		cmocka_unit_test(test_and_interval_agree), cmocka_unit_test(ratios_cover),
		cmocka_unit_test(medians_cover),	   cmocka_unit_test(claims_err_rarely),
		cmocka_unit_test(few_values_say_so),	   cmocka_unit_test(ranks_bear_stragglers),
		cmocka_unit_test(large_samples),
	};

	if (argc > 1)
		repetitions = atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

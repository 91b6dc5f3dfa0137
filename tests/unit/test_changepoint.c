/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Change points in simulated series whose truth is known: how often there is a
 * false alarm, how often a change is found, and where. Sessions are independent
 * here; test_looks.c has correlated ones.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/history/changepoint.h"
#include "lib/stats.h"

#define REPETITIONS 200
#define SEARCHES 100
#define TREES 10
#define TREES_MAX 16
#define BOOTS 6
#define ALPHA 0.05
#define SMALLEST 0.03
/* How unlikely a rate must be under the nominal one to fail the test. */
#define UNLIKELY 0.001

/* What sessions do to the ratio of one of them, as a logarithm. */
enum sessions { ALIKE, NORMAL, HEAVY_TAILED };

struct truth {
	size_t trees;
	double boot_sigma; /* of log-normal boots */
	double odd_boots;  /* share of boots that are 30 % slower */
	enum sessions sessions;
	double session_sigma;
	size_t from; /* trees of [from, to) are slower by this factor */
	size_t to;
	double factor;
};

/* Sessions that are independent, and said to be so. */
static struct changepoint_null independent(uint64_t seed)
{
	return (struct changepoint_null){ &correlation_none, seed, CHANGEPOINT_DRAWS };
}

/* All of them, for sessions that are said to be independent. */
static size_t find_all(const double *values, size_t n, double smallest, uint64_t seed,
		       struct changepoint *found)
{
	struct changepoint_null null = independent(seed);

	return changepoint_find(values, n, ALPHA, smallest, &null, found);
}

static double p_of(const double *values, size_t n, uint64_t seed)
{
	struct changepoint_null null = independent(seed);

	return changepoint_p(values, n, &null);
}

static double detectable(const double *values, size_t n, size_t last, double alpha)
{
	struct changepoint_null null = independent(1);

	return changepoint_detectable(values, n, last, alpha, &null);
}

static double boots_median(gsl_rng *rng, const struct truth *t)
{
	double boots[BOOTS];
	size_t i;

	for (i = 0; i < BOOTS; i++) {
		boots[i] = gsl_ran_lognormal(rng, 0, t->boot_sigma);
		if (gsl_rng_uniform(rng) < t->odd_boots)
			boots[i] *= 1.3;
	}
	return stats_median(boots, BOOTS);
}

static double session_effect(gsl_rng *rng, const struct truth *t)
{
	switch (t->sessions) {
	case NORMAL:
		return gsl_ran_gaussian(rng, t->session_sigma);
	case HEAVY_TAILED: /* t with 3 degrees of freedom has variance 3 */
		return t->session_sigma * gsl_ran_tdist(rng, 3) / sqrt(3);
	default:
		return 0;
	}
}

/* The logarithm of each tree's ratio of medians to its base. */
static void simulate(gsl_rng *rng, const struct truth *t, double *values)
{
	size_t i;

	for (i = 0; i < t->trees; i++) {
		values[i] =
			log(boots_median(rng, t) / boots_median(rng, t)) + session_effect(rng, t);
		if (i >= t->from && i < t->to)
			values[i] += log(t->factor);
	}
}

static unsigned int count_alarms(const struct truth *t)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct changepoint found[TREES_MAX];
	double values[TREES_MAX];
	unsigned int alarms = 0;
	int r;

	gsl_rng_set(rng, 7);
	for (r = 0; r < REPETITIONS; r++) {
		simulate(rng, t, values);
		/* Any change at all, however small. */
		alarms += find_all(values, t->trees, 0, r, found) > 0;
	}
	gsl_rng_free(rng);
	return alarms;
}

/* As many as the nominal rate makes likely: not more, and not so few that it is not the rate. */
static void assert_nominal(const char *what, unsigned int alarms)
{
	printf("# false alarms, %s: %u of %d (nominal %.0f %%)\n", what, alarms, REPETITIONS,
	       100 * ALPHA);
	if (alarms && gsl_cdf_binomial_Q(alarms - 1, ALPHA, REPETITIONS) < UNLIKELY)
		fail_msg("too many false alarms");
	if (gsl_cdf_binomial_P(alarms, ALPHA, REPETITIONS) < UNLIKELY)
		fail_msg("too few alarms for the level that is claimed");
}

static void false_alarms_are_as_rare_as_claimed(void **state)
{
	const struct truth alike = { .trees = TREES, .boot_sigma = 0.05 };
	const struct truth odd = { .trees = TREES, .boot_sigma = 0.05, .odd_boots = 0.05 };
	const struct truth normal = {
		.trees = TREES, .boot_sigma = 0.05, .sessions = NORMAL, .session_sigma = 0.02
	};
	const struct truth quiet = {
		.trees = TREES, .boot_sigma = 0.005, .sessions = NORMAL, .session_sigma = 0.02
	};
	const struct truth heavy = {
		.trees = TREES, .boot_sigma = 0.03, .sessions = HEAVY_TAILED, .session_sigma = 0.02
	};
	const struct truth few = { .trees = 4, .boot_sigma = 0.05 };

	(void)state;
	assert_nominal("10 trees of 6 boots", count_alarms(&alike));
	assert_nominal("with boots that are 30 % slower", count_alarms(&odd));
	assert_nominal("with session effects of 2 %", count_alarms(&normal));
	assert_nominal("with little else than session effects", count_alarms(&quiet));
	assert_nominal("with session effects of heavy tails", count_alarms(&heavy));
	assert_nominal("4 trees", count_alarms(&few));
}

/*
 * Why boots are not shuffled: sessions that differ by 2 % are found to have
 * changed, time and again, where boots are taken to be alike in all of them.
 */
static void boots_of_two_sessions_are_not_exchangeable(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double a[BOOTS], b[BOOTS];
	int r, alarms = 0;
	size_t i;

	(void)state;
	gsl_rng_set(rng, 3);
	for (r = 0; r < REPETITIONS; r++) {
		double one = gsl_ran_gaussian(rng, 0.02), other = gsl_ran_gaussian(rng, 0.02);

		for (i = 0; i < BOOTS; i++) {
			a[i] = gsl_ran_lognormal(rng, one, 0.01);
			b[i] = gsl_ran_lognormal(rng, other, 0.01);
		}
		alarms += stats_rank_p(a, BOOTS, b, BOOTS) < ALPHA;
	}
	gsl_rng_free(rng);
	printf("# a test of boots would raise %d of %d\n", alarms, REPETITIONS);
	assert_true(alarms > REPETITIONS / 4);
}

/* Shares of the searches that found changes at all, and these changes and no other. */
static void find(const struct truth *t, const size_t *wanted, size_t count, double *any,
		 double *right)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct changepoint found[TREES_MAX];
	double values[TREES_MAX];
	size_t n, k;
	int r;

	*any = *right = 0;
	gsl_rng_set(rng, 5);
	for (r = 0; r < SEARCHES; r++) {
		simulate(rng, t, values);
		n = find_all(values, t->trees, SMALLEST, r, found);
		*any += n > 0;
		for (k = 0; k < n && k < count && found[k].at == wanted[k]; k++)
			;
		*right += n == count && k == count;
	}
	gsl_rng_free(rng);
	*any /= SEARCHES;
	*right /= SEARCHES;
}

static void expect_found(const char *what, const struct truth *t, const size_t *wanted,
			 size_t count, double least)
{
	double any, right;

	find(t, wanted, count, &any, &right);
	printf("# %s: seen in %.0f %%, just there in %.0f %%\n", what, 100 * any, 100 * right);
	assert_true(right >= least);
	assert_true(any >= right);
}

static void a_change_is_found_where_it_is(void **state)
{
	static const size_t middle[] = { 6 }, last[] = { 9 }, mended[] = { 5, 10 };
	struct truth t = { .trees = TREES,
			   .boot_sigma = 0.02,
			   .sessions = NORMAL,
			   .session_sigma = 0.01,
			   .from = 6,
			   .to = TREES,
			   .factor = 1.1 };

	(void)state;
	expect_found("10 % slower from the 7th of 10 trees", &t, middle, 1, 0.85);
	t.factor = 1 / 1.1;
	expect_found("10 % quicker", &t, middle, 1, 0.85);
	t.from = 9;
	t.factor = 1.15;
	expect_found("15 % slower at the last of 10 trees", &t, last, 1, 0.8);
	t = (struct truth){ .trees = 15,
			    .boot_sigma = 0.02,
			    .sessions = NORMAL,
			    .session_sigma = 0.01,
			    .from = 5,
			    .to = 10,
			    .factor = 1.1 };
	expect_found("10 % slower, mended 5 of 15 trees later", &t, mended, 2, 0.8);
}

/* Values that are exact, but for a pattern of +-0.001 that no shift explains. */
static void make_series(double *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		values[i] = i % 2 ? 0.001 : -0.001;
}

static void a_shift_has_its_size_and_interval(void **state)
{
	struct changepoint found[12];
	double values[12];
	size_t i;

	(void)state;
	make_series(values, 12);
	for (i = 4; i < 12; i++)
		values[i] += i < 8 ? 0.2 : 0.5;
	assert_int_equal(find_all(values, 12, SMALLEST, 1, found), 2);
	assert_int_equal(found[0].at, 4);
	assert_int_equal(found[1].at, 8);
	assert_true(fabs(found[0].shift - 0.2) < 1e-9);
	assert_true(fabs(found[1].shift - 0.3) < 1e-9);
	/* t(0.975, 9) = 2.262157; s = 0.001 sqrt(12 / 9), of two means of four */
	assert_true(fabs(found[0].interval.high - 0.2 - 2.262157 * 0.001 * sqrt(12 / 9.0 / 2)) <
		    1e-8);
	assert_true(found[0].p <= 0.001 && found[1].p >= found[0].p);
}

static void what_is_no_change(void **state)
{
	struct changepoint found[12];
	double values[12];

	(void)state;
	make_series(values, 12);
	assert_int_equal(find_all(values, 12, SMALLEST, 1, found), 0);
	/* One odd session in the middle; at the end it may be the first of more. */
	values[6] += 0.3;
	assert_int_equal(find_all(values, 12, SMALLEST, 1, found), 0);
	make_series(values, 12);
	values[11] += 0.3;
	assert_int_equal(find_all(values, 12, SMALLEST, 1, found), 1);
	assert_int_equal(found[0].at, 11);
	/* Certain but below the smallest effect; then above it. */
	make_series(values, 12);
	values[10] += 0.02;
	values[11] += 0.02;
	assert_int_equal(find_all(values, 12, SMALLEST, 1, found), 0);
	assert_int_equal(find_all(values, 12, 0.01, 1, found), 1);
}

static void too_few_tell_nothing(void **state)
{
	static const double same[] = { 0.7, 0.7, 0.7, 0.7 }, apart[] = { 0, 1 },
			    exact[] = { 0, 0, 0, 1, 1, 1 };
	struct changepoint found[6];

	(void)state;
	assert_true(p_of(NULL, 0, 1) == 1);
	assert_true(p_of(apart, 1, 1) == 1);
	assert_true(p_of(apart, 2, 1) == 1);
	assert_true(isinf(detectable(apart, 2, 1, ALPHA)));
	assert_true(p_of(same, 4, 1) == 1);
	/* No spread at all, as instructions may have it. */
	assert_int_equal(find_all(exact, 6, SMALLEST, 1, found), 1);
	assert_int_equal(found[0].at, 3);
	assert_true(found[0].interval.low > 0.999999 && found[0].interval.high < 1.000001);
}

/*
 * Of three values the residual is a direction in a plane, and the two splits are
 * axes 60 degrees apart: with up to 30 degrees to one of them, p is 4 angles of
 * pi, of the share that splits have of alpha.
 */
static void three_values_have_a_formula(void **state)
{
	static const double angles[] = { 0.02, 0.1, 0.3 };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(angles) / sizeof(angles[0]); i++) {
		/* the split (1, 1, -2) / sqrt(6), and (1, -1, 0) / sqrt(2) across it */
		double along = cos(angles[i]) / sqrt(6), across = sin(angles[i]) / sqrt(2);
		const double values[] = { along + across, along - across, -2 * along };
		double p = 0, wanted = 4 * angles[i] / M_PI / 0.8;

		for (k = 0; k < 20; k++)
			p += p_of(values, 3, k) / 20;
		assert_true(fabs(p - wanted) < 0.003);
	}
}

/* What is said to be detectable is at the edge of being detected. */
static void the_detectable_is_detected(void **state)
{
	double values[12], shift, p;
	size_t i;

	(void)state;
	make_series(values, 12);
	shift = detectable(values, 12, 6, ALPHA);
	for (i = 6; i < 12; i++)
		values[i] += shift;
	p = p_of(values, 12, 1);
	assert_true(p > 0.047 && p < 0.053);
	assert_true(detectable(values, 12, 1, ALPHA) > detectable(values, 12, 6, ALPHA));
	assert_true(detectable(values, 12, 6, ALPHA / 10) > detectable(values, 12, 6, ALPHA));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_alarms_are_as_rare_as_claimed),
		cmocka_unit_test(boots_of_two_sessions_are_not_exchangeable),
		cmocka_unit_test(a_change_is_found_where_it_is),
		cmocka_unit_test(a_shift_has_its_size_and_interval),
		cmocka_unit_test(what_is_no_change),
		cmocka_unit_test(too_few_tell_nothing),
		cmocka_unit_test(three_values_have_a_formula),
		cmocka_unit_test(the_detectable_is_detected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

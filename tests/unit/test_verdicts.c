/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How rare a false verdict is, and how often a real effect is found, by simulation. With an
 * argument N the simulations have N repetitions instead of 1000.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/blocks.h"
#include "analysis/compare/compare.h"
#include "lib/stats.h"

#define VARIANTS 7
#define UNITS_MAX 13
/* So seldom would a rate that is what it should be fail a test. */
#define RARE 0.001

static int repetitions = 1000;

static const struct measure duration = { .better = BETTER_LOWER };

/* Logarithms of what a run measures: VARIANTS rows, the first is the base. */
struct run {
	size_t variants, units;
	double logs[VARIANTS][UNITS_MAX];
};

static double normal(gsl_rng *rng, double sd)
{
	return gsl_ran_gaussian(rng, sd);
}

/* One of 20 boots is 35 % late. */
static double straggling(gsl_rng *rng, double sd)
{
	return gsl_ran_gaussian(rng, sd) + (gsl_rng_uniform(rng) < 0.05 ? 0.3 : 0);
}

/* @correlation: of the units of a block; the second variant is faster by @effect. */
static void draw_run(struct run *run, double sd, double correlation, double effect,
		     double (*noise)(gsl_rng *, double), gsl_rng *rng)
{
	double block;
	size_t v, u;

	for (u = 0; u < run->units; u++) {
		block = gsl_ran_gaussian(rng, sd * sqrt(correlation));
		for (v = 0; v < run->variants; v++)
			run->logs[v][u] = block + noise(rng, sd * sqrt(1 - correlation));
		run->logs[1][u] += log(1 - effect);
	}
}

/* A variant against the base, without the effects of blocks that the others have. */
static struct comparison compare_in_run(const struct run *run, size_t variant)
{
	double others[VARIANTS * UNITS_MAX], effects[UNITS_MAX] = { 0 };
	struct comparison c = { .variant = "variant",
				.base = "base",
				.measure = &duration,
				.n = run->units,
				.base_n = run->units,
				.values = stats_array(run->units),
				.base_values = stats_array(run->units) };
	size_t v, u, n = 0;

	for (v = 1; v < run->variants; v++)
		if (v != variant)
			memcpy(&others[n++ * run->units], run->logs[v],
			       run->units * sizeof(double));
	if (n)
		block_effects(others, n, run->units, effects);
	for (u = 0; u < run->units; u++) {
		c.values[u] = exp(run->logs[variant][u] - effects[u]);
		c.base_values[u] = exp(run->logs[0][u] - effects[u]);
	}
	compare_values(&c);
	return c;
}

struct found {
	int effect;    /* the second variant improves */
	int false_one; /* any other verdict of a difference */
};

static bool is_difference(const struct comparison *c)
{
	return c->verdict == VERDICT_IMPROVE || c->verdict == VERDICT_REGRESS;
}

static struct found judge_run(const struct run *run, bool one_build, double layout_floor)
{
	struct comparison c[VARIANTS] = { { NULL } }, *family[VARIANTS];
	struct found found = { 0, 0 };
	size_t v;

	for (v = 1; v < run->variants; v++) {
		c[v] = compare_in_run(run, v);
		c[v].one_build = one_build;
		family[v - 1] = &c[v];
	}
	compare_judge(family, run->variants - 1, SMALLEST_EFFECT, layout_floor);
	found.effect = c[1].verdict == VERDICT_IMPROVE;
	for (v = 1; v < run->variants; v++) {
		found.false_one |= is_difference(&c[v]) && (v > 1 || !found.effect);
		free(c[v].values);
		free(c[v].base_values);
	}
	return found;
}

struct rates {
	double power; /* the effect is found */
	int false_runs;
};

static struct rates simulate(size_t variants, size_t units, double sd, double correlation,
			     double effect, double (*noise)(gsl_rng *, double))
{
	struct rates rates = { 0, 0 };
	gsl_rng *rng = stats_rng(23);
	struct found found;
	struct run run = { variants, units, { { 0 } } };
	int r;

	for (r = 0; r < repetitions; r++) {
		draw_run(&run, sd, correlation, effect, noise, rng);
		found = judge_run(&run, false, 0);
		rates.power += (double)found.effect / repetitions;
		rates.false_runs += effect > 0 ? found.false_one : found.false_one || found.effect;
	}
	gsl_rng_free(rng);
	return rates;
}

static void expect_rate(const char *what, int runs, double most)
{
	printf("# %s: %.1f %% of %d runs\n", what, 100.0 * runs / repetitions, repetitions);
	if (runs && gsl_cdf_binomial_Q(runs - 1, most, repetitions) < RARE)
		fail_msg("%s: %d of %d runs are too many", what, runs, repetitions);
}

/* Seven variants in six blocks that drift. */
static void blocks_count(void **state)
{
	struct rates null = simulate(VARIANTS, 6, 0.08, 0.69, 0, normal);
	struct rates effect = simulate(VARIANTS, 6, 0.08, 0.69, 0.08, normal);
	struct rates without = simulate(VARIANTS, 6, 0.08, 0, 0.08, normal);

	(void)state;
	expect_rate("sd 8 %, correlation 0.69, without an effect", null.false_runs, 0.07);
	printf("# 8 %% is found in %.1f %% of them, without a correlation in %.1f %%\n",
	       100 * effect.power, 100 * without.power);
	assert_true(effect.power >= 0.25);
}

static void families_hold(void **state)
{
	(void)state;
	expect_rate("no correlation, sd 5 %, 6 boots",
		    simulate(VARIANTS, 6, 0.05, 0, 0, normal).false_runs, ALPHA);
	expect_rate("stragglers, sd 5 %, 7 boots",
		    simulate(VARIANTS, 7, 0.05, 0, 0, straggling).false_runs, ALPHA);
	expect_rate("correlation 0.5, stragglers, 10 boots",
		    simulate(VARIANTS, 10, 0.05, 0.5, 0, straggling).false_runs, 0.07);
	expect_rate("two variants, sd 5 %, 4 boots", simulate(2, 4, 0.05, 0, 0, normal).false_runs,
		    ALPHA);
}

/*
 * A patch that changes nothing, where layouts scatter by 4 %: with builds as units the scatter is
 * in the units; with one build each it is not, and only the floor keeps a verdict away.
 */
static int null_patch(size_t builds, size_t boots, double layout_sd, double boot_sd, bool floored)
{
	/* What the tool would have measured: the difference of two layouts, 95 % of them. */
	double floor = floored ? expm1(gsl_cdf_ugaussian_Pinv(0.975) * M_SQRT2 * layout_sd) : 0;
	struct run run = { 2, builds > 1 ? builds : boots, { { 0 } } };
	gsl_rng *rng = stats_rng(29);
	struct found found;
	double layout = 0;
	int r, verdicts = 0;
	size_t v, u;

	for (r = 0; r < repetitions; r++) {
		for (v = 0; v < 2; v++) {
			for (u = 0; u < run.units; u++) {
				if (!u || builds > 1)
					layout = gsl_ran_gaussian(rng, layout_sd);
				run.logs[v][u] =
					layout +
					gsl_ran_gaussian(rng, builds > 1 ? boot_sd / sqrt(boots)
									 : boot_sd);
			}
		}
		found = judge_run(&run, builds == 1, floor);
		verdicts += found.effect || found.false_one;
	}
	gsl_rng_free(rng);
	return verdicts;
}

static void a_null_patch_gets_no_verdict(void **state)
{
	int unfloored = null_patch(1, 7, 0.04, 0.02, false);

	(void)state;
	expect_rate("null patch, layouts 4 %, 5 builds of 2 boots",
		    null_patch(5, 2, 0.04, 0.03, true), ALPHA);
	expect_rate("null patch, layouts 4 %, one build, 7 boots",
		    null_patch(1, 7, 0.04, 0.02, true), ALPHA);
	printf("# the same without a floor: %.1f %%\n", 100.0 * unfloored / repetitions);
	assert_true(unfloored > repetitions / 5);
}

static void builds_find_what_is_there(void **state)
{
	struct rates ten = simulate(2, 5, 0.03, 0, 0.10, normal);

	(void)state;
	printf("# 10 %% with 5 builds a side, means of 2 boots scatter by 3 %%: found in %.0f %%\n",
	       100 * ten.power);
	assert_true(ten.power > 0.85);
}

/* The sd of values that have a given one is found, and the effect that it allows. */
static void detectable_effects_are_found(void **state)
{
	double effect = stats_detectable(0.05, 8, 8, ALPHA / 6);
	struct rates r = simulate(VARIANTS, 8, 0.05, 0, 1 - exp(-effect), normal);
	size_t n = stats_boots_for(0.05, effect, ALPHA / 6);

	(void)state;
	printf("# %.1f %% is detectable with n = 8, sd 5 %%, of 6 comparisons: found in %.0f %%\n",
	       100 * expm1(effect), 100 * r.power);
	assert_true(r.power > 0.70 && r.power < 0.90);
	assert_int_equal(n, 8);
	assert_true(isinf(stats_detectable(0.05, 4, 4, ALPHA / 6)));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_count),
		cmocka_unit_test(families_hold),
		cmocka_unit_test(a_null_patch_gets_no_verdict),
		cmocka_unit_test(builds_find_what_is_there),
		cmocka_unit_test(detectable_effects_are_found),
	};

	if (argc > 1)
		repetitions = atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

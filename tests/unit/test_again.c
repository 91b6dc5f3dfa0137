/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A/A by simulation, with the noise of real boots: values of the reference
 * runs, each divided by the median of its like, are drawn with replacement and
 * compared as balloonstat does it. What the real boots of test_planted can show
 * twice is shown here as often as it takes.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "lib/stats.h"

#define NOISE_MAX 256
#define BASE "finalize"
#define CONTROL "finalize-again"
#define BOOTS 6
#define INFLATE_NS 70e6
/* So seldom would a rate that is what it should be fail a test. */
#define RARE 0.001

struct noise {
	double values[NOISE_MAX]; /* around 1 */
	size_t count;
};

static struct noise tcg, icount;

static void collect(struct noise *noise, const struct table *table, const char *scenario,
		    const char *variant)
{
	struct measure measure;
	struct series values;
	double median;
	size_t i;
	int d;

	for (d = 0; d < DIRECTIONS; d++) {
		measure = measure_of("%s.duration_ns", direction_names[d]);
		values = series(table, scenario, variant, &measure);
		assert_true(values.n >= 3);
		median = stats_median(values.values, values.n);
		for (i = 0; i < values.n && noise->count < NOISE_MAX; i++)
			noise->values[noise->count++] = values.values[i] / median;
		series_release(&values);
	}
}

/* Kernels whose resizes all take long enough to be timed well. */
static int set_up(void **state)
{
	static const char *const variants[] = { "pfn-array", "list", "finalize" };
	struct table table;
	char err[512], traced[64];
	size_t i;

	(void)state;
	if (table_load(&table, TEST_SOURCE "/results/reference", err, sizeof(err)))
		fail_msg("%s", err);
	for (i = 0; i < 3; i++) {
		collect(&tcg, &table, "idle", variants[i]);
		collect(&tcg, &table, "touched", variants[i]);
	}
	table_release(&table);
	if (table_load(&table, TEST_SOURCE "/results/reference/icount", err, sizeof(err)))
		fail_msg("%s", err);
	for (i = 0; i < 3; i++) {
		snprintf(traced, sizeof(traced), "%s+off", variants[i]);
		collect(&icount, &table, "smoke", traced);
	}
	table_release(&table);
	return 0;
}

static double draw(gsl_rng *rng, const struct noise *noise)
{
	return INFLATE_NS * noise->values[gsl_rng_uniform_int(rng, noise->count)];
}

static double *draw_boots(double ratio, gsl_rng *rng, const struct noise *noise)
{
	double *values = stats_array(BOOTS);
	int i;

	for (i = 0; i < BOOTS; i++)
		values[i] = ratio * draw(rng, noise);
	return values;
}

/* How many resizes of a run get a verdict of that name. */
static int one_run(double ratio, gsl_rng *rng, const struct noise *noise, double smallest_effect,
		   enum verdict verdict)
{
	static const struct measure measure = { .better = BETTER_LOWER };
	struct comparison c[2], *family[] = { &c[0], &c[1] };
	int count = 0, i;

	for (i = 0; i < 2; i++) {
		c[i] = (struct comparison){ .variant = CONTROL,
					    .base = BASE,
					    .measure = &measure,
					    .values = draw_boots(ratio, rng, noise),
					    .n = BOOTS,
					    .base_values = draw_boots(1, rng, noise),
					    .base_n = BOOTS };
		compare_values(&c[i]);
	}
	compare_judge(family, 2, smallest_effect, 0);
	for (i = 0; i < 2; i++) {
		count += c[i].verdict == verdict;
		compare_release(&c[i]);
	}
	return count;
}

/* Runs that have at least one such verdict, of as many as asked for. */
static int runs_with(int runs, double ratio, const struct noise *noise, double smallest_effect,
		     enum verdict verdict)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int found = 0, r;

	gsl_rng_set(rng, 1);
	for (r = 0; r < runs; r++)
		found += one_run(ratio, rng, noise, smallest_effect, verdict) > 0;
	gsl_rng_free(rng);
	return found;
}

/* As in the planted run: two moves, 6 boots a side, effects of 2 % and more. */
static void icount_raises_no_false_alarm(void **state)
{
	int up = runs_with(20, 1, &icount, 0.02, VERDICT_REGRESS);
	int down = runs_with(20, 1, &icount, 0.02, VERDICT_IMPROVE);
	int planted = runs_with(20, 1.03, &icount, 0.02, VERDICT_REGRESS);

	(void)state;
	printf("# noise of %zu values under icount, 20 runs: %d false alarms; 3 %% is found in "
	       "%d\n",
	       icount.count, up + down, planted);
	assert_int_equal(up + down, 0);
	assert_int_equal(planted, 20);
}

/* The noise of a clock is more than ten times that. Two moves are a family: 5 % of the runs at
 * most. */
static void tcg_raises_few(void **state)
{
	const int runs = 400;
	const double effect = 3 * gsl_stats_sd(tcg.values, 1, tcg.count);
	int up = runs_with(runs, 1, &tcg, SMALLEST_EFFECT, VERDICT_REGRESS);
	int down = runs_with(runs, 1, &tcg, SMALLEST_EFFECT, VERDICT_IMPROVE);
	int alarms = up + down,
	    slower = runs_with(runs, 1 + effect, &tcg, SMALLEST_EFFECT, VERDICT_REGRESS);

	(void)state;
	printf("# noise of %zu values under TCG, %d runs: %d false alarms; %.0f %% is found in "
	       "%d\n",
	       tcg.count, runs, alarms, 100 * effect, slower);
	if (alarms && gsl_cdf_binomial_Q(alarms - 1, ALPHA, runs) < RARE)
		fail_msg("%d of %d runs are too many", alarms, runs);
	assert_true(slower > runs * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icount_raises_no_false_alarm),
		cmocka_unit_test(tcg_raises_few),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}

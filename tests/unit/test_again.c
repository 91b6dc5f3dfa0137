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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare/compare.h"
#include "analysis/data/tree.h"
#include "lib/stats.h"

#define NOISE_MAX 256
#define BASE "finalize"
#define TWIN "finalize-again"
#define BOOTS 6
#define INFLATE_NS 70e6
/* So seldom would a rate that is what it should be fail a test. */
#define RARE 0.001

struct noise {
	double values[NOISE_MAX]; /* around 1 */
	size_t count;
};

static struct noise tcg, icount;

static void collect(struct noise *noise, const struct tree *tree, const char *scenario,
		    const char *variant)
{
	static const char *const names[] = { "inflate.duration_ns", "deflate.duration_ns" };
	struct metric metric;
	double *values, median;
	size_t n, i, m;

	for (m = 0; m < 2; m++) {
		assert_int_equal(metric_parse(&metric, names[m], tree_accel(tree)), 0);
		n = metric_values(&metric, tree, scenario, variant, &values);
		assert_true(n >= 3);
		median = stats_median(values, n);
		for (i = 0; i < n && noise->count < NOISE_MAX; i++)
			noise->values[noise->count++] = values[i] / median;
		free(values);
	}
}

/* Kernels whose moves all take long enough to be timed well. */
static int set_up(void **state)
{
	static const char *const variants[] = { "pfn-array", "list", "finalize" };
	struct tree tree;
	char err[512], traced[64];
	size_t i;

	(void)state;
	if (tree_load(&tree, TEST_SOURCE "/results/reference", err, sizeof(err)))
		fail_msg("%s", err);
	for (i = 0; i < 3; i++) {
		collect(&tcg, &tree, "idle", variants[i]);
		collect(&tcg, &tree, "touched", variants[i]);
	}
	tree_release(&tree);
	if (tree_load(&tree, TEST_SOURCE "/results/reference/icount", err, sizeof(err)))
		fail_msg("%s", err);
	for (i = 0; i < 3; i++) {
		snprintf(traced, sizeof(traced), "%s+off", variants[i]);
		collect(&icount, &tree, "smoke", traced);
	}
	tree_release(&tree);
	return 0;
}

static double draw(gsl_rng *rng, const struct noise *noise)
{
	return INFLATE_NS * noise->values[gsl_rng_uniform_int(rng, noise->count)];
}

static void add_boots(struct tree *tree, const char *variant, double ratio, gsl_rng *rng,
		      const struct noise *noise)
{
	int i;

	for (i = 1; i <= BOOTS; i++)
		json_array_append_new(tree->boots,
				      json_pack("{s:s, s:s, s:s, s:i, s:[{s:{s:f}, s:{s:f}}]}",
						"scenario", "smoke", "variant", variant, "status",
						"ok", "boot", i, "cycles", "inflate", "duration_ns",
						ratio * draw(rng, noise), "deflate", "duration_ns",
						ratio * draw(rng, noise)));
}

/* How many moves of a run get a verdict of that name. */
static int one_run(double ratio, gsl_rng *rng, const struct noise *noise, double smallest_effect,
		   enum verdict verdict)
{
	struct tree tree = { .boots = json_array() };
	struct comparison c[2], *family[] = { &c[0], &c[1] };
	struct metric metrics[2];
	int count = 0, i;

	add_boots(&tree, BASE, 1, rng, noise);
	add_boots(&tree, TWIN, ratio, rng, noise);
	metric_parse(&metrics[0], "inflate.duration_ns", "icount");
	metric_parse(&metrics[1], "deflate.duration_ns", "icount");
	for (i = 0; i < 2; i++)
		compare(&c[i], &tree, &metrics[i], "smoke", TWIN, BASE);
	compare_judge(family, 2, smallest_effect);
	for (i = 0; i < 2; i++) {
		count += c[i].verdict == verdict;
		compare_release(&c[i]);
	}
	json_decref(tree.boots);
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

/* The noise of a clock is ten times that. Two moves are a family: 5 % of the runs at most. */
static void tcg_raises_few(void **state)
{
	const int runs = 400;
	int up = runs_with(runs, 1, &tcg, SMALLEST_EFFECT, VERDICT_REGRESS);
	int down = runs_with(runs, 1, &tcg, SMALLEST_EFFECT, VERDICT_IMPROVE);
	int alarms = up + down,
	    slower = runs_with(runs, 1.1, &tcg, SMALLEST_EFFECT, VERDICT_REGRESS);

	(void)state;
	printf("# noise of %zu values under TCG, %d runs: %d false alarms; 10 %% is found in %d\n",
	       tcg.count, runs, alarms, slower);
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

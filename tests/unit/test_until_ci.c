/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping by the width of an interval: when it stops, and what that does to
 * the figures at the end, by simulation.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>

#include "bench/run/until_ci.h"
#include "lib/bootstrap.h"
#include "lib/stats.h"

#define METRIC "inflate.duration_ns"
#define SIGMA 0.05
#define ALPHA 0.05
#define REPETITIONS 1000
/* So seldom would a rate that is what it should be fail a test. */
#define RARE 0.001

/* Of the permutation test; the programs take more, and a thousand runs need the time. */
#define PARTITIONS 1000
#define SEED 1

/* A run of two variants under way, with a value of each in every boot. */
struct simulated {
	struct until_ci until;
	gsl_rng *rng;
	double ratio; /* the true one */
};

static void one_boot(struct simulated *run, size_t variant, unsigned int boot)
{
	struct plan_entry entry = { .variant = variant, .boot = boot };
	double value = gsl_ran_lognormal(run->rng, 0, SIGMA);

	until_ci_add_value(&run->until, &entry, variant ? run->ratio * value : value);
}

/* Boots until it stops. */
static void run_boots(struct simulated *run, const struct until_ci_goal *goal, unsigned int first)
{
	struct until_ci_scenario *s;
	unsigned int boot = 0;
	struct plan plan;

	plan_make(&plan, 1, 2, first, 1);
	until_ci_init(&run->until, goal, &plan, 1, 2);
	plan_release(&plan);
	s = &run->until.scenarios[0];
	while (s->open) {
		while (boot < s->boots) {
			boot++;
			one_boot(run, 0, boot);
			one_boot(run, 1, boot);
		}
		until_ci_update(&run->until, 0);
		s->boots += s->open;
	}
}

/* What came of many runs. */
struct tally {
	unsigned int boots;
	unsigned int found; /* p below 5 % */
	unsigned int held;  /* the interval held the true ratio */
	unsigned int reached;
};

static void count(struct tally *tally, struct simulated *run, unsigned int boots)
{
	const struct until_ci_sample *s = run->until.scenarios[0].samples;
	struct interval i = bootstrap_ratio(s[1].values, boots, s[0].values, boots);
	double p = stats_permutation_p_within(PARTITIONS, s[1].values, boots, s[0].values, boots,
					      SEED);

	tally->boots += boots;
	tally->found += p < ALPHA;
	tally->held += i.low <= run->ratio && i.high >= run->ratio;
	tally->reached += run->until.scenarios[0].reached;
}

static struct tally simulate(double ratio, const struct until_ci_goal *goal, unsigned int first,
			     unsigned long seed)
{
	struct simulated run = { .rng = gsl_rng_alloc(gsl_rng_mt19937), .ratio = ratio };
	struct tally t = { 0 };
	int r;

	gsl_rng_set(run.rng, seed);
	for (r = 0; r < REPETITIONS; r++) {
		run_boots(&run, goal, first);
		count(&t, &run, run.until.scenarios[0].boots);
		until_ci_release(&run.until);
	}
	gsl_rng_free(run.rng);
	printf("# %d runs, ratio %.2f, %u to %u boots, until +- %.0f %%: reached in %.1f %%, %.1f "
	       "boots, p below 5 %% in %.1f %%, interval holds the ratio in %.1f %%\n",
	       REPETITIONS, ratio, first, goal->max_boots, 100 * goal->half_width,
	       100.0 * t.reached / REPETITIONS, (double)t.boots / REPETITIONS,
	       100.0 * t.found / REPETITIONS, 100.0 * t.held / REPETITIONS);
	return t;
}

/* A count of events that each have the chance @p, or less. */
static void assert_rare(unsigned int count, double p)
{
	if (count && gsl_cdf_binomial_Q(count - 1, p, REPETITIONS) < RARE)
		fail_msg("%u of %d are too many for a chance of %g", count, REPETITIONS, p);
}

/* What is promised of a way to end a run. */
struct promise {
	double alarms; /* p below 5 % where there is no effect */
	double misses; /* the interval does not hold the ratio */
};

/* Without an effect, and with one of 10 %. */
static void check(const struct until_ci_goal *goal, unsigned int first,
		  const struct promise *promise)
{
	struct tally none = simulate(1, goal, first, 1), some = simulate(1.1, goal, first, 2);

	assert_rare(none.found, promise->alarms);
	assert_rare(REPETITIONS - none.held, promise->misses);
	assert_rare(REPETITIONS - some.held, promise->misses);
	/* The effect is there to be found: with 6 boots a side in 84 % of the runs. */
	assert_rare(REPETITIONS - some.found, 0.16);
}

/* As many boots, decided beforehand: nominal. */
static const struct promise given = { .alarms = ALPHA, .misses = 0.05 };
/* What bench/run/until_ci.h says, rounded up. */
static const struct promise stopped = { .alarms = 0.07, .misses = 0.08 };

static void with_boots_that_are_given(void **state)
{
	static const struct until_ci_goal few = { METRIC, 1, 6 }, many = { METRIC, 1, 30 };

	(void)state;
	check(&few, 6, &given);
	check(&many, 30, &given);
}

/* Too much to ask for of this noise: most runs go on to the end. */
static void until_2_percent(void **state)
{
	static const struct until_ci_goal goal = { METRIC, 0.02, 30 };

	(void)state;
	check(&goal, 6, &given);
}

/* Here it is the rule that ends most of the runs. */
static void until_4_percent(void **state)
{
	static const struct until_ci_goal goal = { METRIC, 0.04, 30 };

	(void)state;
	check(&goal, 6, &stopped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_boots_that_are_given),
		cmocka_unit_test(until_2_percent),
		cmocka_unit_test(until_4_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

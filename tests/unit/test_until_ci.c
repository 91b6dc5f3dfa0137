/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping by the width of an interval: when it stops, and what that does to the figures at the
 * end, by simulation. UNTIL_RUNS=10000 in the environment takes as many runs as the tables of
 * bench/run/until_ci.h and docs/methodology.md.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/run/until_ci.h"
#include "lib/stats.h"

#define METRIC "inflate.duration_ns"
#define SIGMA 0.05
#define ALPHA 0.05
#define RUNS 1000
#define BOOTS_MOST 30
/* Of one median: the interval is one of 93 %. */
#define ALONE_MISSES 0.075
/* So seldom would a rate that is what it should be fail a test. */
#define RARE 0.001

static unsigned int runs(void)
{
	const char *text = getenv("UNTIL_RUNS");

	return text ? atoi(text) : RUNS;
}

/* A way to end a run; the first of the variants is the base. */
struct way {
	size_t variants;
	unsigned int first, most; /* boots */
	double half_width;
};

/* A run under way, with a value of each variant in every boot. */
struct simulated {
	struct until_ci until;
	gsl_rng *rng;
	double ratio; /* the true one, of all variants but the base */
};

static void one_block(struct simulated *run, size_t variants, unsigned int boot)
{
	struct plan_entry entry = { .boot = boot };

	for (; entry.variant < variants; entry.variant++)
		until_ci_add_value(&run->until, &entry,
				   (entry.variant ? run->ratio : 1) *
					   gsl_ran_lognormal(run->rng, 0, SIGMA));
}

/* Boots until it stops. */
static void run_boots(struct simulated *run, const struct way *way)
{
	const struct until_ci_goal goal = { METRIC, way->half_width, way->most };
	struct until_ci_scenario *s;
	unsigned int boot = 0;
	struct plan plan;

	plan_make(&plan, 1, way->variants, way->first, 1);
	until_ci_init(&run->until, &goal, &plan, 1, way->variants);
	plan_release(&plan);
	s = &run->until.scenarios[0];
	while (s->open) {
		while (boot < s->boots)
			one_block(run, way->variants, ++boot);
		until_ci_update(&run->until, 0);
		s->boots += s->open;
	}
}

/* What came of many runs. */
struct tally {
	unsigned int boots, reached;
	unsigned int intervals; /* of all runs */
	unsigned int found;	/* p below 5 % */
	unsigned int missed;	/* the interval does not hold the true value */
};

static void count(struct tally *tally, const struct simulated *run, size_t variants)
{
	const struct until_ci_scenario *s = &run->until.scenarios[0];
	const struct until_ci_sample *base = variants > 1 ? s->samples : NULL, *v;
	double truth = base ? run->ratio : 1;
	struct interval i;

	tally->boots += s->boots;
	tally->reached += s->reached;
	for (v = s->samples + (base != NULL); v < s->samples + variants; v++) {
		i = until_ci_interval(v, base);
		tally->intervals++;
		tally->missed += i.low > truth || i.high < truth;
		tally->found += base && stats_rank_p(v->values, v->count, base->values,
						     base->count) < ALPHA;
	}
}

static struct tally simulate(double ratio, const struct way *way, uint64_t seed)
{
	struct simulated run = { .rng = stats_rng(seed), .ratio = ratio };
	struct tally t = { 0 };
	unsigned int r;

	for (r = 0; r < runs(); r++) {
		run_boots(&run, way);
		count(&t, &run, way->variants);
		until_ci_release(&run.until);
	}
	gsl_rng_free(run.rng);
	printf("# %u runs, %zu variant%s, ratio %.2f, %u to %u boots, until +- %.0f %%: reached in "
	       "%.1f %%, %.1f boots, p below 5 %% in %.1f %%, interval holds in %.1f %%\n",
	       runs(), way->variants, way->variants > 1 ? "s" : "", ratio, way->first, way->most,
	       100 * way->half_width, 100.0 * t.reached / runs(), (double)t.boots / runs(),
	       100.0 * t.found / t.intervals, 100 - 100.0 * t.missed / t.intervals);
	return t;
}

/* A count of events that each have the chance @p, or less. */
static void assert_rare(unsigned int count, unsigned int of, double p)
{
	if (count && gsl_cdf_binomial_Q(count - 1, p, of) < RARE)
		fail_msg("%u of %u are too many for a chance of %g", count, of, p);
}

/* What is promised of a way to end a run. */
struct promise {
	double alarms; /* p below 5 % where there is no effect */
	double misses; /* the interval does not hold the true value */
};

/* As many boots, decided beforehand: nominal. */
static const struct promise given = { .alarms = ALPHA, .misses = 0.05 };
/* What bench/run/until_ci.h says, rounded up. */
static const struct promise stopped = { .alarms = 0.075, .misses = 0.085 };

/* The intervals of a run have its base in common: they are counted as one each run. */
static void check(const struct way *way, const struct promise *promise)
{
	struct tally t = simulate(1, way, 1);
	unsigned int pairs = t.intervals / runs();

	assert_rare(t.found / pairs, runs(), promise->alarms);
	assert_rare(t.missed / pairs, runs(), promise->misses);
}

/* An effect of 10 % is there to be found: with 6 boots a side in 78 % of the runs. */
static void check_effect(const struct way *way, const struct promise *promise)
{
	struct tally t = simulate(1.1, way, 2);

	assert_rare(runs() - t.found, runs(), 0.22);
	assert_rare(t.missed, runs(), promise->misses);
}

static void with_boots_that_are_given(void **state)
{
	static const struct way few = { 2, 6, 6, 1 }, many = { 2, BOOTS_MOST, BOOTS_MOST, 1 };

	(void)state;
	check(&few, &given);
	check_effect(&few, &given);
	check(&many, &given);
}

/* Too much to ask for of this noise: most runs go on to the end. */
static void until_2_percent(void **state)
{
	static const struct way way = { 2, UNTIL_BOOTS_MIN, BOOTS_MOST, 0.02 };

	(void)state;
	check(&way, &given);
}

/* Here it is the rule that ends most of the runs. */
static void until_4_percent(void **state)
{
	static const struct way two = { 2, UNTIL_BOOTS_MIN, BOOTS_MOST, 0.04 };
	static const struct way four = { 4, UNTIL_BOOTS_MIN, BOOTS_MOST, 0.04 };

	(void)state;
	check(&two, &stopped);
	check_effect(&two, &stopped);
	check(&four, &stopped);
}

/* Reached with the first boots, or nearly. */
static void until_6_percent(void **state)
{
	static const struct way way = { 2, UNTIL_BOOTS_MIN, BOOTS_MOST, 0.06 };

	(void)state;
	check(&way, &stopped);
}

/* A single median: there is no interval before its 16th boot, whatever the run begins with. */
static void one_variant_alone(void **state)
{
	static const struct way wide = { 1, UNTIL_BOOTS_MIN, BOOTS_MOST, 0.04 };
	static const struct way narrow = { 1, UNTIL_BOOTS_MIN, BOOTS_MOST, 0.02 };
	struct tally tally = simulate(1, &wide, 1);

	(void)state;
	assert_true(tally.boots >= UNTIL_BOOTS_MIN_ALONE * runs());
	assert_rare(tally.missed, runs(), ALONE_MISSES);
	tally = simulate(1, &narrow, 1);
	assert_rare(tally.missed, runs(), ALONE_MISSES);
}

/* Boots that failed have no value: an interval takes as many that are ok. */
static void few_ok_boots_have_no_interval(void **state)
{
	const struct until_ci_goal goal = { METRIC, 1, 8 };
	struct plan_entry entry = { 0 };
	struct until_ci until;
	struct plan plan;
	unsigned int boot;

	(void)state;
	plan_make(&plan, 1, 2, UNTIL_BOOTS_MIN, 1);
	until_ci_init(&until, &goal, &plan, 1, 2);
	plan_release(&plan);
	for (boot = 0; boot < 2 * UNTIL_BOOTS_MIN - 1; boot++) {
		entry.variant = boot % 2;
		until_ci_add_value(&until, &entry, 1);
	}
	until_ci_update(&until, 0);
	assert_true(isinf(until.scenarios[0].half_width));
	assert_true(until.scenarios[0].open);
	entry.variant = 1;
	until_ci_add_value(&until, &entry, 1);
	until_ci_update(&until, 0);
	assert_true(until.scenarios[0].reached);
	until_ci_release(&until);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_boots_that_are_given),
		cmocka_unit_test(until_2_percent),
		cmocka_unit_test(until_4_percent),
		cmocka_unit_test(until_6_percent),
		cmocka_unit_test(one_variant_alone),
		cmocka_unit_test(few_ok_boots_have_no_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

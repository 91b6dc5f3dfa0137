/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing series, looked at again with each session: how often is a change found and called where
 * there is none, and how soon where there is one? Sessions scatter by 2 % and neighbours are
 * correlated. LOOKS_RUNS=1000 in the environment takes as many runs as docs/ci.md.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/history/looks.h"
#include "lib/stats.h"

#define RUNS 200
#define DRAWS 199
#define FIRST_LOOK 8
#define SESSIONS 24
#define CHANGE_AT 12
#define SPREAD 0.02
#define ALPHA 0.05
#define SMALLEST 0.03
/* So seldom would a rate that is what it should be fail a test. */
#define RARE 0.001

static unsigned int runs(void)
{
	const char *text = getenv("LOOKS_RUNS");

	return text ? atoi(text) : RUNS;
}

struct truth {
	double rho, factor; /* the level from CHANGE_AT on, of that before */
};

static void simulate(gsl_rng *rng, const struct truth *truth, double *values)
{
	size_t i;

	correlation_draw(rng, truth->rho, values, SESSIONS);
	for (i = 0; i < SESSIONS; i++)
		values[i] = SPREAD * values[i] + (i < CHANGE_AT ? 0 : log(truth->factor));
}

/* What one look at a series tells. */
struct seen {
	bool independent; /* a change is found, if sessions are taken to be independent */
	bool found, called;
};

static struct seen look_at(const double *values, size_t n, size_t run, double smallest)
{
	const struct correlation correlation = correlation_estimate(values, n);
	const struct changepoint_null null = { &correlation, run, DRAWS },
				      none = { &correlation_none, run, DRAWS };
	struct changepoint found[SESSIONS];
	struct look looks[SESSIONS];
	struct seen seen = { 0 };
	size_t k, count;

	seen.independent = changepoint_find(values, n, ALPHA, smallest, &none, found) > 0;
	count = looks_find(values, n, ALPHA, smallest, &null, looks);
	seen.found = count > 0;
	for (k = 0; k < count; k++)
		seen.called |= looks[k].state == LOOK_CALLED;
	return seen;
}

/* In how many runs something was seen. */
struct tally {
	unsigned int independent, found, called;
};

static void count(struct tally *tally, struct seen seen)
{
	tally->independent += seen.independent;
	tally->found += seen.found;
	tally->called += seen.called;
}

static double percent(unsigned int n)
{
	return 100.0 * n / runs();
}

static void print(const char *what, const struct truth *truth, const struct tally *t)
{
	printf("# %s, rho %.1f: found %.1f %% (taken as independent %.1f %%), called %.1f %% of %u "
	       "runs\n",
	       what, truth->rho, percent(t->found), percent(t->independent), percent(t->called),
	       runs());
}

/* A count of events that each have the chance @p, or less. */
static void assert_rare(unsigned int n, double p)
{
	if (n && gsl_cdf_binomial_Q(n - 1, p, runs()) < RARE)
		fail_msg("%u of %u are too many for a chance of %g", n, runs(), p);
}

/* Of one look at @n sessions: any change at all, however small. */
static struct tally one_look(const struct truth *truth, size_t n)
{
	double values[SESSIONS];
	gsl_rng *rng = stats_rng(n);
	struct tally tally = { 0 };
	char what[32];
	size_t run;

	for (run = 0; run < runs(); run++) {
		simulate(rng, truth, values);
		count(&tally, look_at(values, n, run, 0));
	}
	gsl_rng_free(rng);
	snprintf(what, sizeof(what), "one look at %zu sessions", n);
	print(what, truth, &tally);
	return tally;
}

static void a_look_is_seldom_wrong(void **state)
{
	static const size_t sessions[] = { 12, 24 };
	static const struct {
		struct truth truth;
		double most;
	} cases[] = { { { 0, 1 }, 0.05 }, { { 0.3, 1 }, 0.05 }, { { 0.6, 1 }, 0.13 } };
	struct tally tally;
	size_t i, k;

	(void)state;
	for (i = 0; i < 2; i++)
		for (k = 0; k < 3; k++) {
			tally = one_look(&cases[k].truth, sessions[i]);
			assert_rare(tally.found, cases[k].most);
		}
}

/* Of all looks from the first on, those that see something at any. */
static struct tally many_looks(const struct truth *truth, size_t first, size_t last)
{
	double values[SESSIONS];
	gsl_rng *rng = stats_rng(7);
	struct tally tally = { 0 };
	struct seen any, seen;
	size_t run, n;

	for (run = 0; run < runs(); run++) {
		simulate(rng, truth, values);
		any = (struct seen){ 0 };
		for (n = first; n <= last; n++) {
			seen = look_at(values, n, run, SMALLEST);
			any.independent |= seen.independent;
			any.found |= seen.found;
			any.called |= seen.called;
		}
		count(&tally, any);
	}
	gsl_rng_free(rng);
	return tally;
}

static void calls_are_rare_over_many_looks(void **state)
{
	static const struct {
		struct truth truth;
		double most;
	} cases[] = { { { 0, 1 }, 0.02 }, { { 0.3, 1 }, 0.06 }, { { 0.6, 1 }, 0.15 } };
	struct tally tally;
	size_t k;

	(void)state;
	for (k = 0; k < 3; k++) {
		tally = many_looks(&cases[k].truth, FIRST_LOOK, SESSIONS);
		print("any of the looks at 8 to 24 sessions", &cases[k].truth, &tally);
		assert_rare(tally.called, cases[k].most);
	}
}

static void a_change_is_called_in_time(void **state)
{
	static const size_t after[] = { 4, 12 };
	static const struct {
		struct truth truth;
		double least; /* called 12 sessions later */
	} cases[] = { { { 0, 1.05 }, 0.8 }, { { 0.3, 1.05 }, 0.6 }, { { 0.6, 1.05 }, 0.4 },
		      { { 0, 1.1 }, 0.97 }, { { 0.3, 1.1 }, 0.95 }, { { 0.6, 1.1 }, 0.85 } };
	struct tally tally;
	char what[64];
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		for (i = 0; i < 2; i++) {
			tally = many_looks(&cases[k].truth, CHANGE_AT + after[i],
					   CHANGE_AT + after[i]);
			snprintf(what, sizeof(what), "%.0f %% slower, %zu sessions later",
				 100 * (cases[k].truth.factor - 1), after[i]);
			print(what, &cases[k].truth, &tally);
		}
		assert_rare(runs() - tally.called, 1 - cases[k].least);
	}
}

/* @odd_count sessions from @odd on are higher by 0.1, and all vary by a pattern. */
struct pattern {
	double size;
	size_t odd, odd_count, sessions;
};

static size_t look_at_pattern(const struct pattern *p, struct look *looks)
{
	struct correlation correlation;
	struct changepoint_null null = { &correlation, 1, CHANGEPOINT_DRAWS };
	double values[SESSIONS];
	size_t i;

	for (i = 0; i < p->sessions; i++)
		values[i] = (i % 2 ? p->size : -p->size) +
			    (i >= p->odd && i < p->odd + p->odd_count ? 0.1 : 0);
	correlation = correlation_estimate(values, p->sessions);
	return looks_find(values, p->sessions, ALPHA, SMALLEST, &null, looks);
}

static void a_change_is_suspected_until_it_is_confirmed(void **state)
{
	struct pattern p = { .size = 0.001, .odd = 10, .odd_count = 10, .sessions = 11 };
	struct look looks[SESSIONS];

	(void)state;
	assert_int_equal(look_at_pattern(&p, looks), 1);
	assert_int_equal(looks[0].change.at, 10);
	assert_int_equal(looks[0].state, LOOK_SUSPECTED);
	assert_int_equal(looks[0].further, 0);
	assert_true(looks[0].p_further == 1);
	p.sessions = 13;
	assert_int_equal(look_at_pattern(&p, looks), 1);
	assert_int_equal(looks[0].state, LOOK_CALLED);
	assert_int_equal(looks[0].further, 2);
	assert_true(looks[0].p_further < LOOKS_ALPHA);
}

/* The sessions after an odd level are as those before: they do not confirm its end. */
static void what_passes_unconfirmed_is_not_called(void **state)
{
	struct pattern p = { .size = 0.02, .odd = 10, .odd_count = 2, .sessions = 12 };
	struct look looks[SESSIONS];

	(void)state;
	assert_int_equal(look_at_pattern(&p, looks), 1);
	assert_int_equal(looks[0].state, LOOK_SUSPECTED);
	p.sessions = 20;
	assert_int_equal(look_at_pattern(&p, looks), 2);
	assert_int_equal(looks[0].state, LOOK_UNCONFIRMED);
	assert_int_equal(looks[1].change.at, 12);
	assert_int_equal(looks[1].state, LOOK_UNCONFIRMED);
	assert_int_equal(looks[1].further, 7);
}

/* Neither of two changes makes the other one look like correlation. */
static void stairs_are_no_correlation(void **state)
{
	struct correlation correlation;
	struct changepoint_null null = { &correlation, 1, DRAWS };
	const unsigned int repetitions = 100;
	struct changepoint found[18];
	gsl_rng *rng = stats_rng(6);
	unsigned int r, missed = 0;
	double values[18];
	size_t i;

	(void)state;
	for (r = 0; r < repetitions; r++) {
		correlation_draw(rng, 0, values, 18);
		for (i = 0; i < 18; i++)
			values[i] = 0.01 * values[i] + 0.1 * floor(i / 6.0);
		correlation = correlation_estimate(values, 18);
		missed += changepoint_find(values, 18, ALPHA, SMALLEST, &null, found) < 2;
	}
	gsl_rng_free(rng);
	assert_true(missed <= repetitions / 10);
}

static void the_correlation_is_estimated(void **state)
{
	static const double same[] = { 1, 1, 1, 1, 1, 1 };
	double rho, values[SESSIONS], mean[2] = { 0, 0 };
	unsigned int run, held = 0;
	struct correlation c;
	gsl_rng *rng = stats_rng(3);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++)
		for (run = 0, rho = 0.6 * i; run < runs(); run++) {
			correlation_draw(rng, rho, values, SESSIONS);
			c = correlation_estimate(values, SESSIONS);
			mean[i] += c.mean / runs();
			held += c.interval.low <= rho && c.interval.high >= rho;
		}
	gsl_rng_free(rng);
	printf("# correlation of 24 sessions, rho 0 and 0.6: mean %.2f and %.2f, interval holds it "
	       "in %.1f %%\n",
	       mean[0], mean[1], percent(held) / 2);
	assert_true(mean[0] < 0.25 && mean[1] > 0.35);
	assert_rare(2 * runs() - held, 0.05);
	/* Nothing to tell by: all that is possible. */
	c = correlation_estimate(same, 6);
	assert_true(c.interval.low == 0 && c.interval.high == 0.9 && fabs(c.mean - 0.45) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_is_seldom_wrong),
		cmocka_unit_test(calls_are_rare_over_many_looks),
		cmocka_unit_test(a_change_is_called_in_time),
		cmocka_unit_test(a_change_is_suspected_until_it_is_confirmed),
		cmocka_unit_test(what_passes_unconfirmed_is_not_called),
		cmocka_unit_test(stairs_are_no_correlation),
		cmocka_unit_test(the_correlation_is_estimated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

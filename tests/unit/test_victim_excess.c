/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lateness beyond rest, of victims whose truth is known: variants with boots at random, of
 * which some are disturbed by the inflate and others are not.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

#include "analysis/data/measure.h"
#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define VARIANTS 40
#define BOOTS 7
#define STRETCH (10 * MS)
#define CALM 200      /* stretches before the inflate */
#define INFLATE_OF 30 /* and in it */
#define STALLED 6     /* of these, in a variant that stalls */

static gsl_rng *rng;
static struct table table;

/* A boot has a pace of its own. A resize of @stalled stretches with a stall. */
static void add_boot(const char *variant, int number, int stalled)
{
	struct boot_result boot = build_boot("beside", variant, number, 300);
	struct victim_result *victim = add_victim(
		&boot.victims.guest, "fault_ns", build_spread(1000, 2000), build_spread(1000, 200));
	double pace = gsl_ran_lognormal(rng, log(50000), .3);
	struct victim_mark *mark;
	int i;

	for (i = 0; i < 2; i++) {
		mark = record_append(&victim_mark_record, &victim->marks);
		*mark = (struct victim_mark){ i * CALM * STRETCH, PHASE_BEFORE + i };
	}
	victim->series_ns = STRETCH;
	victim->period_ns = 100000;
	for (i = 0; i < CALM + INFLATE_OF; i++)
		record_append_pair(&victim->series, i * STRETCH,
				   i >= CALM && i < CALM + stalled
					   ? 100 * MS
					   : gsl_ran_lognormal(rng, log(pace), .8));
	put_boot("t", &boot);
}

static void name_of(char *name, size_t size, int variant, bool stalls)
{
	snprintf(name, size, "%s-%02d", stalls ? "stalls" : "rests", variant);
}

static int set_up(void **state)
{
	char name[32];
	int v, i, k;

	if (test_dir_set_up(state))
		return -1;
	rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, 20261128);
	for (v = 0; v < VARIANTS; v++) {
		for (k = 0; k < 2; k++) {
			name_of(name, sizeof(name), v, k);
			for (i = 1; i <= BOOTS; i++)
				add_boot(name, i, k ? STALLED : 0);
		}
	}
	load_table(&table, "t");
	return 0;
}

static int tear_down(void **state)
{
	gsl_rng_free(rng);
	table_release(&table);
	return test_dir_tear_down(state);
}

/* In how many variants the interval contains @value; and the mean of their medians. */
static int count_holding(const char *metric, bool stalls, double value, double *mean)
{
	struct measure m = measure_of("guest.fault_ns.%s during inflate", metric);
	struct estimate e;
	char name[32];
	int v, n = 0;

	*mean = 0;
	for (v = 0; v < VARIANTS; v++) {
		name_of(name, sizeof(name), v, stalls);
		e = estimate(&table, "beside", name, &m);
		assert_int_equal(e.n, BOOTS);
		n += e.interval.low <= value && value <= e.interval.high;
		*mean += e.median / VARIANTS;
	}
	return n;
}

static void at_rest_the_interval_contains_0(void **state)
{
	double mean;
	int n = count_holding("excess_percent", false, 0, &mean);

	(void)state;
	print_message("# at rest: mean excess %.2f %%, 0 in %d of %d intervals\n", mean, n,
		      VARIANTS);
	assert_at_least(n, VARIANTS * .9);
	assert_below(fabs(mean), 1.5);
	/* Late as such is a tenth of the time. */
	n = count_holding("disturbed_percent", false, 0, &mean);
	assert_at_most(n, VARIANTS * .1);
	assert_below(fabs(mean - 10), 1.5);
}

static void a_stall_is_all_that_is_left(void **state)
{
	const double whole = STRETCH * (double)INFLATE_OF;
	/* A tenth of what the stall took was late at rest, too. */
	const double truth = STRETCH * STALLED * (1 - VICTIM_LATE_SHARE);
	double mean;
	int n = count_holding("excess_ns", true, truth, &mean);

	(void)state;
	print_message("# with %.0f ms of excess: mean %.1f ms, the truth in %d of %d intervals\n",
		      truth / MS, mean / MS, n, VARIANTS);
	assert_at_least(n, VARIANTS * .9);
	assert_below(fabs(mean - truth), whole / 50);
	assert_int_equal(count_holding("excess_ns", true, 0, &mean), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_rest_the_interval_contains_0),
		cmocka_unit_test(a_stall_is_all_that_is_left),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

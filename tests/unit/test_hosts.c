/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts as units: what the interval over hosts holds, by simulation; trees of several hosts, where
 * one is odd, where they differ, and where they are too few.
 */
#include "tests/helpers/unit.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

#include "analysis/compare/hosts.h"
#include "lib/stats.h"
#include "tests/helpers/files.h"
#include "tests/helpers/result_builder.h"

#define RUNS 20000
#define HOSTS_MOST 8
#define BOOTS 6

/* How hosts and boots scatter: standard deviations of logarithms, but the first. */
struct world {
	double levels; /* the slowest host's time over the fastest's, at most */
	double ratios; /* the ratio of a host, about that of all */
	double boots;  /* on the quietest host; on the noisiest twice as much */
};

/* The mean of the logarithms of boots that are skewed: a tenth is late. */
static double draw_mean(gsl_rng *rng, double sd)
{
	double sum = 0;
	int i;

	for (i = 0; i < BOOTS; i++)
		sum += gsl_ran_gaussian(rng, sd) +
		       (gsl_rng_uniform(rng) < 0.1 ? gsl_ran_exponential(rng, 2 * sd) : 0);
	return sum / BOOTS;
}

/* Draw a comparison over so many hosts, whose true ratio is @ratio. */
static void draw(struct comparison *c, gsl_rng *rng, const struct world *world, size_t hosts,
		 double ratio)
{
	double level, sd, own;
	size_t h;

	for (h = 0; h < hosts; h++) {
		level = 100 * exp(gsl_rng_uniform(rng) * log(world->levels));
		sd = world->boots * (1 + gsl_rng_uniform(rng));
		own = log(ratio) + gsl_ran_gaussian(rng, world->ratios);
		c->base_values[h] = level * exp(draw_mean(rng, sd));
		c->values[h] = level * exp(own + draw_mean(rng, sd));
		c->blocks[h] = c->base_blocks[h] = h;
	}
	c->n = c->base_n = hosts;
}

struct outcomes {
	double covered, false_alarms; /* shares */
};

static struct outcomes simulate(const struct world *world, size_t hosts, double ratio)
{
	double values[HOSTS_MOST], base_values[HOSTS_MOST];
	unsigned int blocks[HOSTS_MOST], base_blocks[HOSTS_MOST];
	struct comparison c = { .variant = "a",
				.base = "b",
				.over_hosts = true,
				.values = values,
				.base_values = base_values,
				.blocks = blocks,
				.base_blocks = base_blocks };
	gsl_rng *rng = stats_rng(hosts);
	struct outcomes o = { 0, 0 };
	int i;

	for (i = 0; i < RUNS; i++) {
		draw(&c, rng, world, hosts, ratio);
		compare_values(&c);
		o.covered += (c.ratio_interval.low <= ratio && ratio <= c.ratio_interval.high) /
			     (double)RUNS;
		o.false_alarms += (c.p < ALPHA) / (double)RUNS;
	}
	gsl_rng_free(rng);
	return o;
}

static void intervals_hold_the_truth(void **state)
{
	/* Up to three times as slow; ratios that differ, and ratios that do not. */
	static const struct world worlds[] = { { 3, 0.04, 0.03 },
					       { 3, 0, 0.03 },
					       { 3, 0.1, 0.02 } };
	static const size_t hosts[] = { 4, 6, 8 };
	struct outcomes o, null;
	size_t w, h;

	(void)state;
	for (w = 0; w < sizeof(worlds) / sizeof(*worlds); w++) {
		for (h = 0; h < sizeof(hosts) / sizeof(*hosts); h++) {
			o = simulate(&worlds[w], hosts[h], 0.8);
			null = simulate(&worlds[w], hosts[h], 1);
			print_message("# %zu hosts, ratios by %.0f %%: covered %.1f %%, false "
				      "alarms %.1f %%\n",
				      hosts[h], 100 * worlds[w].ratios, 100 * o.covered,
				      100 * null.false_alarms);
			assert_at_least(o.covered, 0.93);
			assert_at_most(o.covered, 0.97);
			assert_at_least(null.false_alarms, 0.03);
			assert_at_most(null.false_alarms, 0.07);
		}
	}
}

/* Boots of "list" and "huge" on so many hosts of other speeds; @ratios are those of the hosts. */
static void put_hosts(const char *tree, const double *ratios, int hosts)
{
	struct boot_result boot;
	char name[16];
	int h, i, number = 0;

	for (h = 0; h < hosts; h++) {
		snprintf(name, sizeof(name), "n%d", h + 1);
		for (i = 0; i < BOOTS; i++) {
			const double ms = 100 * (1 + h) * (1 + 0.004 * ((i * 7 + h) % BOOTS));
			const double other = 100 * (1 + h) * (1 + 0.004 * ((i * 5 + h) % BOOTS));

			number++;
			boot = build_boot("idle", "list", number, ms);
			record_set_text(&boot.host_name, name);
			put_boot(tree, &boot);
			boot = build_boot("idle", "huge", number, other * ratios[h]);
			record_set_text(&boot.host_name, name);
			put_boot(tree, &boot);
		}
	}
}

static struct table table;
static struct comparison found;
static struct measure inflate;

static void compare_tree(const char *tree)
{
	struct comparison *family = &found;
	char err[256];

	inflate = measure_of("inflate.duration_ns");
	assert_int_equal(table_load(&table, in_test_dir(tree), err, sizeof(err)), 0);
	compare(&found, &table, &inflate, "idle", "huge", "list");
	compare_judge(&family, 1, SMALLEST_EFFECT, 0);
}

static int release(void **state)
{
	(void)state;
	compare_release(&found);
	table_release(&table);
	return 0;
}

static const struct host_ratio *host(size_t i)
{
	return &((struct host_ratio *)found.hosts.items)[i];
}

static void hosts_are_values(void **state)
{
	static const double ratios[] = { 0.78, 0.80, 0.81, 0.79, 0.82 };
	size_t i;

	(void)state;
	put_hosts("five", ratios, 5);
	compare_tree("five");
	assert_int_equal(found.n, 5);
	assert_int_equal(found.pairs, 5);
	assert_string_equal(table_unit(&table, "idle"), "hosts");
	assert_in_range(1000 * found.ratio, 795, 805);
	assert_string_equal(verdict_names[found.verdict], "improve");
	for (i = 0; i < 5; i++) {
		assert_int_equal(host(i)->n, BOOTS);
		assert_int_equal(host(i)->base_n, BOOTS);
		assert_in_range(1000 * host(i)->ratio, 1000 * ratios[i] - 15,
				1000 * ratios[i] + 15);
		assert_false(host(i)->odd);
	}
	/* The ratios scatter by 2 %, far more than the boots of a host explain. */
	assert_in_range(1000 * found.hosts_scatter, 10, 30);
	assert_below(found.hosts_p, 0.01);
}

static void one_odd_host_is_flagged_and_counted(void **state)
{
	static const double ratios[] = { 0.80, 0.81, 0.79, 1.20, 0.80, 0.81 };
	size_t i;

	(void)state;
	put_hosts("odd", ratios, 6);
	compare_tree("odd");
	for (i = 0; i < 6; i++)
		assert_int_equal(host(i)->odd, i == 3);
	assert_int_equal(found.pairs, 6);
	assert_above(found.ratio, 0.84);
	assert_above(found.ratio_interval.high, 1);
	assert_string_equal(verdict_names[found.verdict], "inconclusive");
}

static void few_hosts_speak_for_themselves(void **state)
{
	static const double ratios[] = { 0.80, 0.60, 0.81 };

	(void)state;
	put_hosts("three", ratios, 3);
	compare_tree("three");
	assert_string_equal(verdict_names[found.verdict], "on these hosts");
	assert_contains(found.reason, "better");
	/* By their boots, which scatter by less than hosts do. */
	assert_below(found.ratio_interval.high, 0.76);
	assert_above(found.ratio_interval.low, 0.70);
}

static void same_on_few_hosts(void **state)
{
	static const double ratios[] = { 1, 1 };

	(void)state;
	put_hosts("two", ratios, 2);
	compare_tree("two");
	assert_string_equal(verdict_names[found.verdict], "on these hosts");
	assert_contains(found.reason, "as the base");
}

/* All hosts agree, and each build has a ratio of its own: another layout could have none. */
static void builds_are_a_level_beside_hosts(void **state)
{
	static const double ratios[] = { 0.7, 0.85, 1.05 };
	struct boot_result boot;
	char name[16];
	int h, i, number = 0;

	(void)state;
	for (h = 0; h < 5; h++) {
		snprintf(name, sizeof(name), "n%d", h + 1);
		for (i = 0; i < 6; i++) {
			number++;
			boot = build_boot("idle", "list", number, 100 + 0.2 * i);
			boot.build = i % 3;
			record_set_text(&boot.host_name, name);
			put_boot("builds", &boot);
			boot = build_boot("idle", "huge", number,
					  (100 + 0.2 * (5 - i)) * ratios[i % 3]);
			boot.build = i % 3;
			record_set_text(&boot.host_name, name);
			put_boot("builds", &boot);
		}
	}
	compare_tree("builds");
	assert_int_equal(found.pairs, 5);
	assert_below(found.ratio, 0.9);
	assert_above(found.ratio_interval.high, 1);
	assert_above(found.p, 0.05);
	assert_string_equal(verdict_names[found.verdict], "inconclusive");
}

/* Then boots are the units, as of any run. */
static void one_host_is_a_plain_run(void **state)
{
	static const double ratios[] = { 0.8 };

	(void)state;
	put_hosts("single", ratios, 1);
	compare_tree("single");
	assert_string_equal(table_unit(&table, "idle"), "boots");
	assert_int_equal(found.n, BOOTS);
	assert_int_equal(found.hosts.count, 0);
	assert_string_equal(verdict_names[found.verdict], "improve");
}

/* A host without the base says nothing of the ratio. */
static void hosts_with_one_side_are_left_out(void **state)
{
	static const double ratios[] = { 0.78, 0.80, 0.81, 0.79 };
	struct boot_result boot;

	(void)state;
	put_hosts("sides", ratios, 4);
	boot = build_boot("idle", "huge", 100, 10000);
	record_set_text(&boot.host_name, "n9");
	put_boot("sides", &boot);
	compare_tree("sides");
	assert_int_equal(found.n, 5);
	assert_int_equal(found.pairs, 4);
	assert_int_equal(found.hosts.count, 4);
	assert_in_range(1000 * found.ratio, 785, 805);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_hold_the_truth),
		cmocka_unit_test_teardown(hosts_are_values, release),
		cmocka_unit_test_teardown(one_odd_host_is_flagged_and_counted, release),
		cmocka_unit_test_teardown(few_hosts_speak_for_themselves, release),
		cmocka_unit_test_teardown(same_on_few_hosts, release),
		cmocka_unit_test_teardown(builds_are_a_level_beside_hosts, release),
		cmocka_unit_test_teardown(one_host_is_a_plain_run, release),
		cmocka_unit_test_teardown(hosts_with_one_side_are_left_out, release),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

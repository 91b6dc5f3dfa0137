/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat as it is called: options, JSON, exit status, and trees that are
 * small, stopped or hostile.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/directory.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

static void add_boots(const char *tree, const char *scenario, const char *variant, int count,
		      int ms)
{
	struct boot_result boot;
	int i;

	for (i = 1; i <= count; i++) {
		boot = build_boot(scenario, variant, i, ms + i);
		put_boot(tree, &boot);
	}
}

/* A boot whose inflate has this resolution. */
static void add_resolution(const char *tree, const char *variant, int number, int ms,
			   int resolution_ns)
{
	struct boot_result boot = build_boot("idle", variant, number, ms);

	boot_cycle(&boot)->inflate.resolution_ns = resolution_ns;
	put_boot(tree, &boot);
}

static struct outcome compare_with(const char *tree, const char *option, const char *value,
				   const char *last)
{
	const char *args[] = { "compare", in_test_dir(tree), option, value, last, NULL };

	return run_program("balloonstat", args);
}

static json_t *compare_json(const char *tree, const char *option, const char *value)
{
	struct outcome outcome = option ? compare_with(tree, option, value, "--json")
					: compare_with(tree, "--json", NULL, NULL);
	json_t *all = json_loads(outcome.output, 0, NULL);

	if (outcome.status || !all)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	return all;
}

static void a_scenario_can_be_asked_for(void **state)
{
	json_t *all;

	(void)state;
	add_boots("two", "idle", "a", 6, 100);
	add_boots("two", "idle", "b", 6, 80);
	add_boots("two", "touched", "a", 6, 100);
	add_boots("two", "touched", "b", 6, 120);
	all = compare_json("two", NULL, NULL);
	assert_int_equal(size_of(all, "comparisons"), 4);
	json_decref(all);
	all = compare_json("two", "--scenario", "touched");
	assert_int_equal(size_of(all, "comparisons"), 2);
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "scenario"), "touched");
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), "regress");
	assert_true(json_is_null(json_object_get(item_of(all, "comparisons", 0), "reason")));
	json_decref(all);
	/* Asked for twice, it is one comparison all the same. */
	all = compare_json("two", "--scenario=touched", "--scenario=touched");
	assert_int_equal(size_of(all, "comparisons"), 2);
	json_decref(all);
	expect_outcome(compare_with("two", "--scenario", "touched", NULL), 0,
		       "touched (tcg, 12 boots ok");
}

/* The floor has a table of its own, which is not JSON's comparisons; a claim can name it. */
static void variants_are_multiples_of_the_floor(void **state)
{
	const char *gate[] = { "gate", in_test_dir("floor"), "--qos", NULL, NULL };
	json_t *all;

	(void)state;
	add_boots("floor", "idle", "a", 6, 1000);
	add_boots("floor", "idle", "b", 6, 200);
	add_boots("floor", "idle", "host", 6, 20);
	write_file(test_dir, "floor/plan.json",
		   "{\"variants\": [{\"name\": \"a\"}, {\"name\": \"b\"}, "
		   "{\"name\": \"host\", \"method\": \"floor\"}]}");
	expect_outcome(compare_with("floor", NULL, NULL, NULL), 0, "TIMES THE FLOOR [95 %]",
		       "host     6    23.5  ms    floor",
		       "b        6   203.5  ms    8.661 [7.923, 9.572]");
	all = compare_json("floor", NULL, NULL);
	assert_int_equal(size_of(all, "comparisons"), 2);
	json_decref(all);
	gate[3] = write_file(test_dir, "floor.ini",
			     "[near]\nclaim = inflate.duration_ns <= 12 x host\nvariant = b\n"
			     "[far]\nclaim = inflate.duration_ns <= 12 x host\nvariant = a\n");
	expect_outcome(run_program("balloonstat", gate), 1, "near", "far", "fail");
}

static void unknown_names_are_told(void **state)
{
	(void)state;
	add_boots("names", "idle", "a", 1, 100);
	add_boots("names", "idle", "b", 1, 100);
	expect_outcome(compare_with("names", "--scenario", "x", NULL), EXIT_USAGE,
		       "no scenario 'x' in the results; there are: idle");
	expect_outcome(compare_with("names", "--base", "x", NULL), EXIT_USAGE,
		       "no variant 'x' in the results; there are: a, b");
	expect_outcome(compare_with("names", "--metric", "inflate.x", NULL), EXIT_USAGE,
		       "no metric 'inflate.x'; in inflate there are: bytes, duration_ns,");
	expect_outcome(compare_with("names", "--metric", "", NULL), EXIT_USAGE, "'' is no metric");
	expect_outcome(compare_with("names", "--metric", "inflate.kicks", NULL), EXIT_USAGE,
		       "no boot has the metric 'inflate.kicks'");
}

static void metrics_are_listed(void **state)
{
	(void)state;
	expect_outcome(
		compare_with("none", "--metric", "help", NULL), 0,
		"inflate.phases.alloc_retry_ns                time of the phase alloc retry");
	expect_outcome(compare_with("none", "--metric", "help", NULL), 0,
		       "ops.NAME.histogram.STATISTIC                 latency of an operation");
}

static void every_variant_has_its_median(void **state)
{
	const json_t *c;
	json_t *all;

	(void)state;
	add_boots("few", "idle", "a", 2, 100);
	add_boots("few", "idle", "b", 2, 80);
	add_boots("few", "idle", "c", 1, 60);
	put_failed("few", "idle", "c", 2, BOOT_FAILED, "a panic");
	all = compare_json("few", "--metric", "inflate.duration_ns");
	assert_int_equal(size_of(all, "variants"), 3);
	assert_string_equal(text_of(item_of(all, "variants", 0), "variant"), "a");
	assert_true(number_of(item_of(all, "variants", 0), "median") == 101.5);
	assert_true(number_of(item_of(all, "variants", 2), "median") == 61);
	assert_int_equal(number_of(item_of(all, "variants", 2), "failed"), 1);
	c = item_of(all, "comparisons", 0);
	assert_true(number_of(c, "ci_low") < number_of(c, "ratio"));
	assert_true(number_of(c, "ci_high") > number_of(c, "ratio"));
	assert_string_equal(text_of(c, "verdict"), "inconclusive");
	assert_string_equal(text_of(c, "reason"), "too few boots");
	/* One boot tells nothing of the spread. */
	c = item_of(all, "comparisons", 1);
	assert_int_equal(number_of(c, "n"), 1);
	assert_true(number_of(c, "ratio") < 0.61);
	assert_true(json_is_null(json_object_get(c, "ci_low")));
	assert_true(json_is_null(json_object_get(c, "ci_high")));
	json_decref(all);
	expect_outcome(compare_with("few", NULL, NULL, NULL), 0, "inconclusive: too few boots");
}

/* No ratio to 0, and no verdict from one; but the comparison is there. */
static void zeros_are_no_base(void **state)
{
	const json_t *c;
	json_t *all;
	int i;

	(void)state;
	for (i = 1; i <= 6; i++) {
		add_resolution("zeros", "a", i, 100 + i, 0);
		add_resolution("zeros", "b", i, 100 + i, 100 + i);
	}
	all = compare_json("zeros", "--metric", "inflate.resolution_ns");
	assert_int_equal(size_of(all, "comparisons"), 1);
	c = item_of(all, "comparisons", 0);
	assert_true(json_is_null(json_object_get(c, "ratio")));
	assert_true(json_is_null(json_object_get(c, "ci_high")));
	assert_true(number_of(c, "p") > 0.002);
	/* It was chosen after a look at the results, perhaps: no verdict, and no correction. */
	assert_string_equal(text_of(c, "verdict"), "exploratory");
	assert_true(number_of(c, "p") == number_of(c, "p_holm"));
	json_decref(all);
}

/* Complete separation, and all the same no verdict: the plan does not name the metric. */
static void other_metrics_are_exploratory(void **state)
{
	json_t *all;

	(void)state;
	add_boots("secondary", "idle", "a", 8, 100);
	add_boots("secondary", "idle", "b", 8, 50);
	put_failed("secondary", "idle", "c", 1, BOOT_FAILED, "a panic");
	all = compare_json("secondary", "--metric", "inflate.gib_per_s");
	assert_int_equal(size_of(all, "comparisons"), 2);
	assert_true(number_of(item_of(all, "comparisons", 0), "ci_low") > 1.5);
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), "exploratory");
	assert_string_equal(text_of(item_of(all, "comparisons", 1), "verdict"), "invalid");
	/* The family is there without being shown. */
	assert_int_equal(number_of(all, "compared"), 2);
	json_decref(all);
	expect_outcome(compare_with("secondary", "--metric", "inflate.gib_per_s", NULL), 0,
		       " exploratory\n", "corrected for the 2 comparisons of the plan",
		       "not in exploratory rows");
	all = compare_json("secondary", "--metric", "inflate.duration_ns");
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), "improve");
	json_decref(all);
}

/* The range of 4 values holds their median unless all are on one side of it: 1 - 2^-3. */
static void four_boots_are_not_sold_as_95_percent(void **state)
{
	const char *report[] = { "report", in_test_dir("four"), "--no-plots", NULL };
	char path[300], *text;
	const json_t *v;
	json_t *all;

	(void)state;
	add_boots("four", "idle", "a", 4, 100);
	add_boots("four", "idle", "b", 6, 50);
	all = compare_json("four", NULL, NULL);
	v = item_of(all, "variants", 0);
	assert_true(number_of(v, "ci_confidence") == 0.875);
	assert_float_equal(number_of(v, "ci_low"), 101, 1e-2);
	assert_float_equal(number_of(v, "ci_high"), 104, 1e-2);
	assert_true(number_of(item_of(all, "variants", 1), "ci_confidence") == 0.95);
	json_decref(all);
	expect_outcome(run_program("balloonstat", report), 0, "is written");
	snprintf(path, sizeof(path), "%s/four/REPORT.md", test_dir);
	text = read_file(path);
	assert_non_null(strstr(text, "| a | 4 | 102.5 [101, 104] (87.5 %) |"));
	assert_non_null(strstr(text, "| b | 6 | 53.5 [51."));
	free(text);
	/* The range of all ratios of 3 values to 3: 1 less 2 of 20 partitions. */
	add_boots("three", "idle", "a", 3, 100);
	add_boots("three", "idle", "b", 3, 50);
	all = compare_json("three", NULL, NULL);
	assert_number(number_of(item_of(all, "comparisons", 0), "ci_confidence"), 0.9);
	json_decref(all);
	expect_outcome(compare_with("three", NULL, NULL, NULL), 0, "] (90 %)");
}

/* @count boots that are @step ms apart: 100, 105 and so on with 5. */
static void add_scattered(const char *tree, const char *variant, int count, int ms, int step)
{
	struct boot_result boot;
	int i;

	for (i = 0; i < count; i++) {
		boot = build_boot("idle", variant, i + 1, ms + step * i);
		put_boot(tree, &boot);
	}
}

/*
 * The logarithms of 100 to 125 ms and of 104 to 129 ms have a pooled sd of 0.0820. Of two
 * comparisons the first is tested at 0.025: (t(0.9875, 10) + t(0.8, 10)) * 0.0820 * sqrt(2 / 6) /
 * 0.977 is 0.1703, and its exponential less 1 the effect; with n = 155 it is below 3 %.
 */
static void inconclusive_rows_say_what_could_be_found(void **state)
{
	const json_t *c;
	json_t *all;

	(void)state;
	add_scattered("power", "a", 6, 100, 5);
	add_scattered("power", "b", 6, 104, 5);
	all = compare_json("power", NULL, NULL);
	c = item_of(all, "comparisons", 0);
	assert_string_equal(text_of(c, "verdict"), "inconclusive");
	assert_string_equal(text_of(c, "reason"), "the interval holds 1");
	assert_true(fabs(number_of(c, "detectable") - 0.1857) < 5e-5);
	assert_int_equal(number_of(c, "boots_for_smallest"), 155);
	assert_int_equal(number_of(c, "boots_needed"), 5);
	assert_true(json_is_null(json_object_get(c, "at_least")));
	json_decref(all);
	expect_outcome(compare_with("power", NULL, NULL, NULL), 0,
		       "the interval holds 1; detectable: 19 %; 3 % takes n = 155\n");
	/* With 4 a side p is 2 of 70 at least, and twice that is above 5 %, whatever the effect. */
	add_scattered("powerless", "a", 4, 100, 5);
	add_scattered("powerless", "b", 4, 200, 5);
	all = compare_json("powerless", NULL, NULL);
	c = item_of(all, "comparisons", 0);
	assert_string_equal(text_of(c, "reason"), "too few boots for so many comparisons");
	assert_true(json_is_null(json_object_get(c, "detectable")));
	assert_int_equal(number_of(c, "boots_needed"), 5);
	json_decref(all);
	expect_outcome(compare_with("powerless", NULL, NULL, NULL), 0,
		       "too few boots for so many comparisons: needs n = 5; 3 % takes n = ");
}

/* No percentage has an exponent, and none is rounded to all of it. */
static void verdicts_say_by_how_much_at_least(void **state)
{
	const json_t *c;
	json_t *all;

	(void)state;
	add_scattered("least", "a", 6, 100, 0);
	add_scattered("least", "b", 6, 350, 0);
	all = compare_json("least", NULL, NULL);
	c = item_of(all, "comparisons", 0);
	assert_string_equal(text_of(c, "verdict"), "regress");
	/* Less what the timer leaves open. */
	assert_float_equal(number_of(c, "at_least"), 2.5, 1e-3);
	assert_true(json_is_null(json_object_get(c, "detectable")));
	json_decref(all);
	expect_outcome(compare_with("least", NULL, NULL, NULL), 0, "regress by 250 % at least\n");
	add_scattered("most", "a", 6, 1000, 0);
	add_scattered("most", "b", 6, 4, 0);
	expect_outcome(compare_with("most", NULL, NULL, NULL), 0, "improve by 99.6 % at least\n");
}

static void add_cut(const char *tree, const char *variant, const char *cut, const char *build,
		    enum result_accel accel, int ms)
{
	struct boot_result boot;
	int i;

	for (i = 1; i <= 8; i++) {
		boot = build_boot("idle", variant, i, ms + i);
		boot.accel = accel;
		record_set_text(&boot.cut, cut);
		if (build)
			record_set_text(&boot.kernel_build_id, build);
		put_boot(tree, &boot);
	}
}

/* Of the only other variant of a tree. */
static void expect_verdict(const char *tree, const char *option, const char *value,
			   const char *verdict)
{
	json_t *all = compare_json(tree, option, value);

	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), verdict);
	json_decref(all);
}

/* 8 % is what another layout of the same code can do under TCG. */
static void kernels_of_one_build_differ_by_their_layout(void **state)
{
	static const struct {
		const char *tree, *cut, *base_build, *build;
		enum result_accel accel;
		int ms;
		const char *verdict;
	} table[] = {
		{ "two-cuts", "chunks", NULL, NULL, RESULT_TCG, 1080, "differs (one build)" },
		{ "far-cuts", "chunks", NULL, NULL, RESULT_TCG, 1200, "regress" },
		{ "one-cut", "list", NULL, NULL, RESULT_TCG, 1080, "regress" },
		{ "two-kernels", "list", "aa", "bb", RESULT_TCG, 1080, "differs (one build)" },
		{ "one-kernel", "chunks", "aa", "aa", RESULT_TCG, 1080, "regress" },
		{ "icount-cuts", "chunks", NULL, NULL, RESULT_ICOUNT, 1080, "regress" },
		{ "boxed-cuts", "chunks", NULL, NULL, RESULT_KVM_IN_ICOUNT, 1080, "regress" },
		{ "kvm-cuts", "chunks", NULL, NULL, RESULT_KVM, 3000, "differs (one build)" },
	};
	struct outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		add_cut(table[i].tree, "a", "list", table[i].base_build, table[i].accel, 1000);
		add_cut(table[i].tree, "b", table[i].cut, table[i].build, table[i].accel,
			table[i].ms);
		expect_verdict(table[i].tree, NULL, NULL, table[i].verdict);
	}
	expect_verdict("two-cuts", "--layout-floor", "1%", "regress");
	expect_verdict("two-cuts", "--layout-floor", "7%", "regress");
	expect_verdict("two-cuts", "--layout-floor", "8%", "differs (one build)");
	expect_verdict("kvm-cuts", "--layout-floor", "12%", "regress");
	expect_outcome(compare_with("two-cuts", NULL, NULL, NULL), 0,
		       "differs (one build): another layout of the same code could do that\n",
		       "differ by up to 12 % by their layout alone");
	expect_outcome(compare_with("kvm-cuts", NULL, NULL, NULL), 0, "accelerator:");
	outcome = compare_with("icount-cuts", NULL, NULL, NULL);
	assert_null(strstr(outcome.output, "layout"));
	outcome_release(&outcome);
}

/* The layout of the host's kernel is another, too. */
static void kernels_of_hosts_differ_by_their_layout(void **state)
{
	static const char *const hosts[][2] = { { "6.1", "6.1" }, { "6.1", "7.3" } };
	static const char *const verdicts[] = { "regress", "differs (one build)" };
	struct boot_result boot;
	char tree[32];
	size_t t, v;
	int i;

	(void)state;
	for (t = 0; t < 2; t++) {
		snprintf(tree, sizeof(tree), "hosts-%zu", t);
		for (v = 0; v < 2; v++) {
			for (i = 1; i <= 8; i++) {
				boot = build_boot("idle", v ? "b" : "a", i, 1000 + 80 * v + i);
				boot.accel = RESULT_KVM_IN_TCG;
				record_set_text(&boot.cut, "list");
				record_set_text(&boot.host_kernel_release, hosts[t][v]);
				put_boot(tree, &boot);
			}
		}
		expect_verdict(tree, NULL, NULL, verdicts[t]);
	}
}

/* The row of @all that is about what @row is about. */
static const json_t *same_row(const json_t *all, const json_t *row)
{
	static const char *const keys[] = { "scenario", "metric", "variant" };
	size_t i, k;

	for (i = 0; i < size_of(all, "comparisons"); i++) {
		const json_t *other = item_of(all, "comparisons", i);

		for (k = 0; k < 3; k++)
			if (strcmp(text_of(row, keys[k]), text_of(other, keys[k])))
				break;
		if (k == 3)
			return other;
	}
	return NULL;
}

/* Compare the run that is shipped, and hold each row against that of all of it. */
static size_t expect_same_verdicts(const json_t *all, const char *const *options)
{
	const char *args[8] = { "compare", TEST_SOURCE "/results/reference", "--json" };
	struct outcome outcome;
	size_t i, count;
	json_t *part;

	for (i = 0; options[i]; i++)
		args[3 + i] = options[i];
	outcome = run_program("balloonstat", args);
	part = json_loads(outcome.output, 0, NULL);
	assert_non_null(part);
	count = size_of(part, "comparisons");
	for (i = 0; i < count; i++) {
		const json_t *row = item_of(part, "comparisons", i), *whole = same_row(all, row);

		assert_non_null(whole);
		assert_string_equal(text_of(row, "verdict"), text_of(whole, "verdict"));
		/* None where there are no boots. */
		assert_true(json_equal(json_object_get(row, "p_holm"),
				       json_object_get(whole, "p_holm")) ||
			    !json_object_get(whole, "p_holm"));
	}
	assert_true(number_of(part, "compared") == number_of(all, "compared"));
	json_decref(part);
	outcome_release(&outcome);
	return count;
}

#define SAME(all, ...) expect_same_verdicts(all, (const char *const[]){ __VA_ARGS__, NULL })

/* What is shown of a run changes no verdict. */
static void a_row_has_one_verdict(void **state)
{
	const char *args[] = { "compare", TEST_SOURCE "/results/reference", "--json", NULL };
	struct outcome outcome = run_program("balloonstat", args);
	json_t *all = json_loads(outcome.output, 0, NULL);
	size_t rows;

	(void)state;
	assert_non_null(all);
	rows = size_of(all, "comparisons");
	assert_true(SAME(all, "--scenario", "idle") > 0);
	assert_true(SAME(all, "--scenario", "idle", "--metric", "inflate.duration_ns") > 0);
	assert_int_equal(SAME(all, "--metric", "inflate.duration_ns") +
				 SAME(all, "--metric", "deflate.duration_ns"),
			 rows);
	json_decref(all);
	outcome_release(&outcome);
}

static void nothing_to_compare(void **state)
{
	(void)state;
	add_boots("alone", "idle", "a", 6, 100);
	expect_outcome(compare_with("alone", NULL, NULL, NULL), EXIT_INCONCLUSIVE,
		       "nothing to compare");
	put_failed("failed", "idle", "a", 1, BOOT_FAILED, "a panic");
	put_failed("failed", "idle", "b", 1, BOOT_INVALID, "pages are lost");
	expect_outcome(compare_with("failed", NULL, NULL, NULL), EXIT_INCONCLUSIVE,
		       "idle (tcg, 0 boots ok, 1 failed, 1 invalid)");
}

static void boots_without_a_result_are_counted(void **state)
{
	const char *report[] = { "report", in_test_dir("stopped"), "--no-plots", NULL };
	char path[300], *text;
	json_t *all;

	(void)state;
	add_boots("stopped", "idle", "a", 2, 100);
	add_boots("stopped", "idle", "b", 1, 100);
	write_file(test_dir, "stopped/plan.json",
		   "{\"variants\": [{\"name\": \"a\"}, {\"name\": \"b\"}], \"order\": ["
		   "{\"scenario\": \"idle\", \"variant\": \"a\", \"boot\": 1},"
		   "{\"scenario\": \"idle\", \"variant\": \"b\", \"boot\": 1},"
		   "{\"scenario\": \"idle\", \"variant\": \"b\", \"boot\": 2},"
		   "{\"scenario\": \"idle\", \"variant\": \"a\", \"boot\": 2}]}");
	write_file(test_dir, "stopped/env.json", "{\"command\": \"balloonbench run\"}");
	expect_outcome(compare_with("stopped", NULL, NULL, NULL), 0,
		       "3 boots ok, 0 failed, 0 invalid, 1 planned but without a result)");
	all = compare_json("stopped", NULL, NULL);
	assert_int_equal(number_of(item_of(all, "variants", 0), "missing"), 0);
	assert_int_equal(number_of(item_of(all, "variants", 1), "missing"), 1);
	json_decref(all);
	expect_outcome(run_program("balloonstat", report), 0, "is written");
	snprintf(path, sizeof(path), "%s/stopped/REPORT.md", test_dir);
	text = read_file(path);
	assert_non_null(strstr(text, "1 boots of the plan have no result: the run was stopped"));
	assert_non_null(strstr(text, "**1 boots of the plan have no result.**"));
	/* A seed that is not known is not made up. */
	assert_null(strstr(text, "--seed"));
	assert_null(strstr(text, "nan"));
	free(text);
}

static void trees_of_another_version_are_refused(void **state)
{
	(void)state;
	add_boots("newer", "idle", "a", 1, 100);
	write_file(test_dir, "newer/plan.json", "{\"schema_version\": 3}");
	expect_outcome(compare_with("newer", NULL, NULL, NULL), EXIT_ENVIRONMENT,
		       "newer/plan.json: schema_version 3, this program reads 2; use the");
	write_file(test_dir, "old/s/v/boot-01/result.json", "{\"schema_version\": 1}");
	expect_outcome(compare_with("old", NULL, NULL, NULL), EXIT_ENVIRONMENT,
		       "old/s/v/boot-01/result.json: schema_version 1, this program reads 2; use "
		       "the");
}

/* 8 % is nothing to somebody who is after 10 %. */
static void the_smallest_effect_can_be_told(void **state)
{
	json_t *all;

	(void)state;
	add_boots("small", "idle", "a", 8, 1000);
	add_boots("small", "idle", "b", 8, 1080);
	all = compare_json("small", NULL, NULL);
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), "regress");
	assert_true(fabs(number_of(item_of(all, "comparisons", 0), "difference") - 80) < 1e-6);
	assert_true(number_of(item_of(all, "comparisons", 0), "difference_low") > 70);
	json_decref(all);
	all = compare_json("small", "--smallest-effect", "10%");
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), "same");
	assert_true(number_of(all, "smallest_effect") == 0.1);
	json_decref(all);
	expect_outcome(compare_with("small", "--smallest-effect", "10", NULL), EXIT_USAGE,
		       "--smallest-effect 10: expected a percentage in (0%, 100%]");
}

/* Text and JSON say how well a ratio is known; a long way from 1 it has no verdict all the same. */
static void what_is_not_resolved_is_marked(void **state)
{
	struct outcome outcome;
	const json_t *c;
	json_t *all;
	int i;

	(void)state;
	for (i = 1; i <= 6; i++) {
		add_resolution("short", "a", i, 1000 + i, 1000);
		add_resolution("short", "b", i, 100 + i, 5000000);
	}
	all = compare_json("short", NULL, NULL);
	c = item_of(all, "comparisons", 0);
	assert_string_equal(text_of(c, "verdict"), "unresolved");
	assert_string_equal(text_of(c, "reason"), "the timer leaves more than 3 % open");
	assert_true(number_of(c, "resolution") > 0.04 && number_of(c, "resolution") < 0.06);
	assert_true(json_is_false(json_object_get(c, "by_polls")));
	json_decref(all);
	outcome = compare_with("short", NULL, NULL, NULL);
	assert_non_null(strstr(outcome.output, " unresolved: the timer leaves more than 3 % open"));
	assert_non_null(strstr(outcome.output, "] unresolved  "));
	outcome_release(&outcome);
}

static void outliers_are_named_and_counted(void **state)
{
	struct outcome outcome;
	json_t *all;

	(void)state;
	add_boots("far", "idle", "a", 6, 100);
	add_boots("far", "idle", "b", 6, 100);
	add_resolution("far", "b", 7, 300, 1000);
	all = compare_json("far", NULL, NULL);
	assert_int_equal(number_of(item_of(all, "variants", 1), "n"), 7);
	assert_int_equal(json_integer_value(json_array_get(
				 json_object_get(item_of(all, "variants", 1), "outliers"), 0)),
			 7);
	assert_int_equal(json_array_size(json_object_get(item_of(all, "variants", 0), "outliers")),
			 0);
	json_decref(all);
	outcome = compare_with("far", NULL, NULL, NULL);
	assert_non_null(strstr(outcome.output, "Boots far from the others"));
	assert_non_null(strstr(outcome.output, "- inflate.duration_ns, idle/b: 7\n"));
	outcome_release(&outcome);
}

/* An A/A control shows noise: it is compared, but not counted when p is corrected. */
static void controls_are_by_themselves(void **state)
{
	static const char plan[] = "{\"variants\": [{\"name\": \"a\"}, {\"name\": \"b\"}, "
				   "{\"name\": \"a-again\", \"control_of\": \"a\"}]}";
	const char *report[] = { "report", in_test_dir("controls"), "--no-plots", NULL };
	char path[300], *text, *floor;
	double percent, ratio;
	json_t *all;

	(void)state;
	add_boots("controls", "idle", "a", 6, 100);
	add_boots("controls", "idle", "b", 6, 50);
	add_boots("controls", "idle", "a-again", 6, 100);
	write_file(test_dir, "controls/plan.json", plan);
	all = compare_json("controls", "--metric", "inflate.duration_ns");
	assert_int_equal(json_array_size(json_object_get(all, "comparisons")), 2);
	/* Of two comparisons, of which one is not shown: that of the deflate. */
	assert_true(fabs(number_of(item_of(all, "comparisons", 0), "p") - 2.0 / 924) < 1e-9);
	assert_true(fabs(number_of(item_of(all, "comparisons", 0), "p_holm") - 4.0 / 924) < 1e-9);
	assert_string_equal(text_of(item_of(all, "comparisons", 0), "verdict"), "improve");
	assert_string_equal(text_of(item_of(all, "comparisons", 1), "variant"), "a-again");
	assert_string_not_equal(text_of(item_of(all, "comparisons", 1), "verdict"), "improve");
	json_decref(all);
	expect_outcome(run_program("balloonstat", report), 0, "is written");
	snprintf(path, sizeof(path), "%s/controls/REPORT.md", test_dir);
	text = read_file(path);
	floor = strstr(text, "| idle | inflate | a | 6, 6 | ");
	assert_non_null(floor);
	assert_int_equal(
		sscanf(floor, "| idle | inflate | a | 6, 6 | %lf | %lf [0.", &percent, &ratio), 2);
	assert_number(ratio, 1);
	assert_above(percent, 0);
	assert_non_null(strstr(text, "False alarms: 0 of 2."));
	/* Nowhere among the patches. */
	assert_null(strstr(text, "| a-again |"));
	free(text);
}

/* One of a variant that is not the base says so: the other ratios are to the base. */
static void a_control_names_its_base(void **state)
{
	(void)state;
	add_boots("of-b", "idle", "a", 6, 100);
	add_boots("of-b", "idle", "b", 6, 50);
	add_boots("of-b", "idle", "b-again", 6, 50);
	write_file(test_dir, "of-b/plan.json",
		   "{\"variants\": [{\"name\": \"a\"}, {\"name\": \"b\"}, "
		   "{\"name\": \"b-again\", \"control_of\": \"b\"}]}");
	expect_outcome(compare_with("of-b", NULL, NULL, NULL), 0,
		       "Ratios are to a:", "b-again is an A/A control: its ratios are to b.");
}

/* The noise floor of another machine does not count. */
static void hosts_are_not_mixed(void **state)
{
	const char *report[] = { "report", in_test_dir("here"), "--no-plots", NULL };
	const char *told[] = { "report", in_test_dir("here"), "--no-plots", "--mixed-hosts", NULL };

	(void)state;
	add_boots("here", "idle", "a", 2, 100);
	add_boots("here/aa", "idle", "a", 2, 100);
	write_file(test_dir, "here/env.json", "{\"host\": {\"cpu_model\": \"one\"}}");
	write_file(test_dir, "here/aa/env.json", "{\"host\": {\"cpu_model\": \"two\"}}");
	expect_outcome(run_program("balloonstat", report), EXIT_ENVIRONMENT, "--mixed-hosts");
	expect_outcome(run_program("balloonstat", told), 0, "is written");
	write_file(test_dir, "here/aa/env.json", "{\"host\": {\"cpu_model\": \"one\"}}");
	expect_outcome(run_program("balloonstat", report), 0, "is written");
}

/* A run in hosts that are guests has a section of its own; no ratio is to the run beside it. */
static void a_run_in_boxes_is_reported_apart(void **state)
{
	const char *report[] = { "report", in_test_dir("bare"), "--no-plots", NULL };
	struct boot_result boot;
	char *text, *section;
	int i;

	(void)state;
	add_boots("bare", "idle", "a", 6, 100);
	for (i = 1; i <= 6; i++) {
		boot = build_boot("host", "a-on-x", i, 3000 + i);
		boot.accel = RESULT_KVM_IN_TCG;
		put_boot("bare/host", &boot);
		boot = build_boot("host", "a-on-y", i, 1500 + i);
		boot.accel = RESULT_KVM_IN_TCG;
		put_boot("bare/host", &boot);
	}
	expect_outcome(run_program("balloonstat", report), 0, "is written");
	text = read_file(in_test_dir("bare/REPORT.md"));
	section = strstr(text, "## In a host that is a guest");
	assert_non_null(section);
	assert_non_null(strstr(section, "Measured under KVM in a host that is a guest under TCG"));
	assert_non_null(strstr(section, "| a-on-y | 6 | "));
	*section = 0;
	assert_null(strstr(text, "a-on-y"));
	free(text);
}

/* All clocks of such a run count. */
static void a_box_that_counts_has_instructions(void **state)
{
	const char *report[] = { "report", in_test_dir("counted"), "--no-plots", NULL };
	const char *letter[] = { "cover-letter", in_test_dir("counted"), NULL };
	struct boot_result boot;
	char *text;
	int i;

	(void)state;
	for (i = 1; i <= 12; i++) {
		boot = build_boot("host", i % 2 ? "a" : "b", (i + 1) / 2, i % 2 ? 1500 : 3000);
		boot.accel = RESULT_KVM_IN_ICOUNT;
		put_boot("counted", &boot);
	}
	expect_outcome(compare_with("counted", NULL, NULL, NULL), 0,
		       "host (kvm in icount, 12 boots ok", "M instructions");
	expect_outcome(compare_with("counted", "--metric", "inflate.wall_ns", NULL), 0,
		       "M instructions");
	expect_outcome(run_program("balloonstat", report), 0, "is written");
	text = read_file(in_test_dir("counted/REPORT.md"));
	assert_contains(text, "under TCG with icount");
	assert_contains(text, "the clocks of guest and host count the instructions");
	assert_lacks(text, "guest instructions");
	free(text);
	expect_outcome(run_program("balloonstat", letter), 0, "The figures are instructions");
}

/* What is whole is used; a script learns from the status that it was not all. */
static void damaged_results_are_left_out(void **state)
{
	static const char cut_off[] = "{\"schema_version\": 2, \"scenario\": \"id";
	const char *report[] = { "report", in_test_dir("damaged"), "--no-plots", NULL };
	struct outcome outcome;

	(void)state;
	add_boots("damaged", "idle", "a", 6, 100);
	add_boots("damaged", "idle", "b", 6, 50);
	write_file(test_dir, "damaged/idle/b/boot-07/result.json", cut_off);
	outcome = compare_with("damaged", NULL, NULL, NULL);
	assert_int_equal(outcome.status, EXIT_ENVIRONMENT);
	assert_non_null(strstr(outcome.output, "boot-07/result.json:1:"));
	assert_non_null(strstr(outcome.output, "1 results were left out, 12 used"));
	assert_non_null(strstr(outcome.output, "improve"));
	outcome_release(&outcome);
	expect_outcome(run_program("balloonstat", report), EXIT_ENVIRONMENT, "it is left out");
	write_file(test_dir, "hopeless/idle/b/boot-01/result.json", cut_off);
	expect_outcome(compare_with("hopeless", NULL, NULL, NULL), EXIT_ENVIRONMENT,
		       "hopeless/idle/b/boot-01/result.json:1:");
}

/*
 * Names that are a path, a command to gnuplot and to a shell, Markdown and a
 * terminal's escape; and an output that gnuplot would take for a pipe.
 */
static void hostile_names_are_harmless(void **state)
{
	static const char output[] = "|touch pwned;";
	const char *args[] = { "report", "tree", "-o", output, NULL };
	char top[300], path[400], tree[] = "hostile/tree", *text;
	struct outcome outcome;

	(void)state;
	add_boots(tree, "../../../escaped", "a\"; system(\"touch pwned\")", 2, 100);
	add_boots(tree, "../../../escaped", "b'`touch pwned`![x](y)\n# \x1b[31m", 2, 100);
	expect_outcome(compare_with(tree, NULL, NULL, NULL), 0, "b'`touch pwned`![x](y)?# ?[31m");
	snprintf(top, sizeof(top), "%s/hostile", test_dir);
	assert_int_equal(chdir(top), 0);
	assert_int_equal(mkdir(output, 0755), 0);
	outcome = run_program("balloonstat", args);
	assert_int_equal(chdir("/"), 0);
	assert_true(outcome.status == 0 || outcome.status == EXIT_UNSUPPORTED);
	/* The tree and the output, nothing besides; and the plots where they belong. */
	assert_int_equal(count_files(top), 2);
	assert_int_not_equal(access(in_test_dir("escaped-duration.svg"), F_OK), 0);
	snprintf(path, sizeof(path), "%s/%s/plots", top, output);
	if (outcome.status == 0) {
		snprintf(path, sizeof(path), "%s/%s/plots/.._.._.._escaped-duration.svg", top,
			 output);
		assert_int_equal(access(path, F_OK), 0);
	}
	snprintf(path, sizeof(path), "%s/%s/REPORT.md", top, output);
	text = read_file(path);
	assert_non_null(text);
	assert_non_null(strstr(text, "b'\\`touch pwned\\`![x\\](y) #  [31m"));
	free(text);
	outcome_release(&outcome);
}

/* The report is written all the same, and says nothing of plots. */
static void without_gnuplot(void **state)
{
	const char *report[] = { "report", in_test_dir("two"), NULL };
	char path[300], *text, *search = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", test_dir, 1);
	expect_outcome(run_program("balloonstat", report), EXIT_UNSUPPORTED, "install gnuplot-nox");
	setenv("PATH", search, 1);
	free(search);
	snprintf(path, sizeof(path), "%s/two/REPORT.md", test_dir);
	text = read_file(path);
	assert_non_null(strstr(text, "## Results"));
	assert_null(strstr(text, "!["));
	free(text);
}

static char *report_and_plot(const char *output)
{
	const char *args[] = { "report", "two", "-o", output, NULL };
	char path[300];
	struct outcome outcome;

	assert_int_equal(chdir(test_dir), 0);
	make_directories(output);
	outcome = run_program("balloonstat", args);
	assert_int_equal(chdir("/"), 0);
	if (outcome.status == EXIT_UNSUPPORTED)
		skip();
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/%s/plots/idle-duration.svg", test_dir, output);
	return read_file(path);
}

static void the_same_tree_gives_the_same_plots(void **state)
{
	char *first = report_and_plot("first"), *second = report_and_plot("second");

	(void)state;
	assert_non_null(first);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scenario_can_be_asked_for),
		cmocka_unit_test(variants_are_multiples_of_the_floor),
		cmocka_unit_test(unknown_names_are_told),
		cmocka_unit_test(metrics_are_listed),
		cmocka_unit_test(every_variant_has_its_median),
		cmocka_unit_test(zeros_are_no_base),
		cmocka_unit_test(other_metrics_are_exploratory),
		cmocka_unit_test(four_boots_are_not_sold_as_95_percent),
		cmocka_unit_test(inconclusive_rows_say_what_could_be_found),
		cmocka_unit_test(verdicts_say_by_how_much_at_least),
		cmocka_unit_test(kernels_of_one_build_differ_by_their_layout),
		cmocka_unit_test(kernels_of_hosts_differ_by_their_layout),
		cmocka_unit_test(a_row_has_one_verdict),
		cmocka_unit_test(nothing_to_compare),
		cmocka_unit_test(boots_without_a_result_are_counted),
		cmocka_unit_test(trees_of_another_version_are_refused),
		cmocka_unit_test(a_box_that_counts_has_instructions),
		cmocka_unit_test(damaged_results_are_left_out),
		cmocka_unit_test(the_smallest_effect_can_be_told),
		cmocka_unit_test(what_is_not_resolved_is_marked),
		cmocka_unit_test(outliers_are_named_and_counted),
		cmocka_unit_test(controls_are_by_themselves),
		cmocka_unit_test(a_control_names_its_base),
		cmocka_unit_test(hosts_are_not_mixed),
		cmocka_unit_test(a_run_in_boxes_is_reported_apart),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(without_gnuplot),
		cmocka_unit_test(the_same_tree_gives_the_same_plots),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

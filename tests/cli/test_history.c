/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat history over constructed trees: what it shows, marks, refuses and
 * draws. test_changepoint.c has the statistics.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

#define TREES_MAX 12

struct sample {
	const char *series; /* directory that the tree is in */
	const char *tree;
	const char *scenario;
	const char *variant;
	enum result_accel accel;
	int boots;
	double ms;
};

/* Boots around a duration: their median is the duration itself. */
static void add_sample(struct sample s)
{
	struct boot_result boot;
	char tree[128];
	int i;

	snprintf(tree, sizeof(tree), "%s/%s", s.series, s.tree);
	for (i = 0; i < s.boots; i++) {
		double ms = s.ms * (1 + 0.004 * (i - (s.boots - 1) / 2.0));

		boot = build_boot(s.scenario ? s.scenario : "idle", s.variant, i + 1, ms);
		record_set_text(&boot.cut, s.variant);
		boot.accel = s.accel;
		put_boot(tree, &boot);
	}
}

/* What env.json says of a tree. */
static void add_env(const char *series, const char *tree, const char *started, const char *cpu,
		    const char *key)
{
	char name[256], text[512];

	snprintf(name, sizeof(name), "%s/%s/env.json", series, tree);
	snprintf(text, sizeof(text),
		 "{\"started_utc\": \"%s\", \"host\": {\"cpu_model\": \"%s\", \"cpus\": 2}, "
		 "\"cuts\": {\"a\": {\"key\": \"aaaaaaaaaaaaaaaa\"}, \"b\": {\"key\": \"%s\"}}}",
		 started, cpu, key);
	write_file(test_dir, name, text);
}

/* Sessions that differ by what both variants see alike, and a little besides. */
static const double sessions[TREES_MAX] = { 1.0,  1.3,	0.8, 1.1, 0.95, 1.2,
					    0.85, 1.05, 1.4, 0.9, 1.15, 1.0 };
static const double besides[TREES_MAX] = { 0.000, 0.006,  -0.004, 0.003,  -0.006, 0.004,
					   0.001, -0.003, 0.005,  -0.002, 0.002,  -0.005 };

/* Trees t01, t02, ... with a base and a variant that takes @ratios of its time. */
static void add_series(const char *series, const char *variant, int trees, const double *ratios)
{
	char tree[8];
	int i;

	for (i = 0; i < trees; i++) {
		snprintf(tree, sizeof(tree), "t%02d", i + 1);
		if (!strcmp(variant, "b"))
			add_sample((struct sample){ series, tree, NULL, "a", RESULT_TCG, 5,
						    100 * sessions[i] });
		if (ratios[i] > 0)
			add_sample((struct sample){ series, tree, NULL, variant, RESULT_TCG, 5,
						    100 * sessions[i] * ratios[i] *
							    (1 + besides[i]) });
	}
}

static const char *in(const char *name)
{
	static char paths[TREES_MAX + 4][256];
	static unsigned int turn;
	char *path = paths[turn++ % (TREES_MAX + 4)];

	snprintf(path, sizeof(paths[0]), "%s/%s", test_dir, name);
	return path;
}

/* Over the trees t01 to t@trees of a series; options are NULL-terminated. */
static struct outcome history(const char *series, int trees, const char *const *options)
{
	const char *args[ARGS_MAX] = { "history" };
	char name[128];
	int n = 1, i;

	for (i = 1; i <= trees; i++) {
		snprintf(name, sizeof(name), "%s/t%02d", series, i);
		args[n++] = in(name);
	}
	while (options && *options)
		args[n++] = *options++;
	return run_program("balloonstat", args);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define INFLATE "--metric=inflate.duration_ns"

static json_t *json_with(struct outcome outcome, int status)
{
	json_t *all = json_loads(outcome.output, 0, NULL);

	if (outcome.status != status || !all)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	return all;
}

static json_t *json_of(struct outcome outcome)
{
	return json_with(outcome, EXIT_FINE);
}

static void a_change_is_marked_where_it_is(void **state)
{
	static const double ratios[] = { 0.8, 0.8, 0.8, 0.8, 0.88, 0.88, 0.88, 0.88 };
	const json_t *series, *change, *differs;
	struct outcome outcome;
	char *row, *mark, *after;
	json_t *all;

	(void)state;
	add_series("one", "b", 8, ratios);
	add_env("one", "t04", "2026-11-04T00:00:00Z", "x", "1111111111111111");
	add_env("one", "t05", "2026-11-05T00:00:00Z", "x", "2222222222222222");
	all = json_with(history("one", 8, OPTIONS(INFLATE, "--json")), EXIT_FINE);
	assert_int_equal(number_of(all, "schema_version"), 1);
	assert_string_equal(text_of(all, "against"), "a");
	assert_int_equal(size_of(all, "trees"), 8);
	assert_int_equal(size_of(all, "series"), 1);
	series = item_of(all, "series", 0);
	assert_int_equal(size_of(series, "points"), 8);
	/* What the sessions have in common is not in the ratios. */
	assert_true(fabs(number_of(item_of(series, "points", 1), "value") - 0.8 * 1.006) < 1e-6);
	assert_int_equal(number_of(item_of(series, "points", 1), "n"), 5);
	assert_int_equal(size_of(series, "changes"), 1);
	change = item_of(series, "changes", 0);
	assert_int_equal(number_of(change, "before"), 4);
	assert_int_equal(number_of(change, "after"), 5);
	assert_true(fabs(number_of(change, "ratio") - 1.1) < 0.01);
	assert_true(number_of(change, "ci_low") > 1.08 && number_of(change, "ci_high") < 1.12);
	assert_true(number_of(change, "p_holm") < 0.05);
	assert_string_equal(text_of(change, "verdict"), "regress");
	/* Found with five or six trees; the others had no part in that. */
	assert_string_equal(text_of(change, "state"), "called");
	assert_in_range(number_of(change, "trees_further"), 1, 3);
	assert_true(number_of(change, "p_further") < 0.05);
	assert_true(number_of(series, "correlation") < 0.5);
	assert_true(number_of(series, "correlation_ci_low") == 0);
	assert_true(number_of(series, "correlation_ci_high") > 0.5);
	differs = json_object_get(change, "differs");
	assert_true(json_is_true(json_object_get(differs, "kernel")));
	assert_true(json_is_false(json_object_get(differs, "base_kernel")));
	assert_true(json_is_false(json_object_get(differs, "host")));
	assert_true(json_is_null(json_object_get(differs, "qemu")));
	json_decref(all);

	outcome = history("one", 8, OPTIONS(INFLATE));
	assert_int_equal(outcome.status, EXIT_FINE);
	/* In the row of the first tree of the new level. */
	row = strstr(outcome.output, "  t05 ");
	mark = strstr(outcome.output, ">>> x 1.");
	after = strstr(outcome.output, "  t06 ");
	assert_true(row && mark && after && row < mark && mark < after);
	assert_non_null(strstr(outcome.output, "other there: its kernel"));
	assert_non_null(strstr(outcome.output, "22222222  aaaaaaaa  5/5"));
	assert_non_null(strstr(outcome.output, "further trees confirm it"));
	assert_non_null(strstr(outcome.output, "correlation of neighbouring trees: 0."));
	assert_non_null(strstr(outcome.output, "(n = 8); fewer than 24 trees"));
	assert_non_null(strstr(outcome.output, "P is per look"));
	outcome_release(&outcome);
}

static void more_is_better_for_rates(void **state)
{
	json_t *all = json_with(history("one", 8, OPTIONS("--metric=inflate.gib_per_s", "--json")),
				EXIT_FINE);
	const json_t *change = item_of(item_of(all, "series", 0), "changes", 0);

	(void)state;
	assert_true(fabs(number_of(change, "ratio") - 1 / 1.1) < 0.01);
	assert_string_equal(text_of(change, "verdict"), "regress");
	json_decref(all);
}

static void series_are_corrected_for_each_other(void **state)
{
	static const double flat[] = { 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7 };
	json_t *alone = json_with(history("one", 8, OPTIONS(INFLATE, "--json")), EXIT_FINE), *all;
	const json_t *b, *c;
	double p;

	(void)state;
	p = number_of(item_of(item_of(alone, "series", 0), "changes", 0), "p");
	assert_true(p == number_of(item_of(item_of(alone, "series", 0), "changes", 0), "p_holm"));
	json_decref(alone);
	add_series("one", "c", 8, flat);
	all = json_with(history("one", 8, OPTIONS(INFLATE, "--json")), EXIT_FINE);
	assert_int_equal(size_of(all, "series"), 2);
	assert_int_equal(number_of(all, "series_tested"), 2);
	b = item_of(all, "series", 0);
	c = item_of(all, "series", 1);
	assert_true(fabs(number_of(b, "p_holm") - 2 * number_of(b, "p")) < 1e-9);
	assert_true(number_of(c, "p_holm") == number_of(c, "p"));
	assert_int_equal(size_of(c, "changes"), 0);
	assert_string_equal(text_of(c, "reason"), "chance is not excluded");
	assert_true(number_of(c, "detectable_middle") > 1.001);
	assert_true(number_of(c, "detectable_last") > number_of(c, "detectable_middle"));
	json_decref(all);
	all = json_of(history("one", 8, OPTIONS(INFLATE, "--json", "--variant=c")));
	assert_int_equal(size_of(all, "series"), 1);
	json_decref(all);
	/* Against another variant, the base is compared, too. */
	all = json_with(history("one", 8, OPTIONS(INFLATE, "--json", "--against=c")), EXIT_FINE);
	assert_int_equal(size_of(all, "series"), 2);
	assert_string_equal(text_of(item_of(all, "series", 0), "variant"), "a");
	json_decref(all);
}

static void gaps_are_no_errors(void **state)
{
	static const double ratios[] = { 0.8, 0.8, 0, 0.8, 0, 0.6, 0.6, 0.6, 0.6 };
	const json_t *series, *change;
	json_t *all;

	(void)state;
	add_series("gaps", "b", 9, ratios);
	/* A tree of two boots is shown, and decides nothing. */
	add_sample((struct sample){ "gaps", "t10", NULL, "a", RESULT_TCG, 5, 100 });
	add_sample((struct sample){ "gaps", "t10", NULL, "b", RESULT_TCG, 2, 300 });
	/* One without the base. */
	add_sample((struct sample){ "gaps", "t11", NULL, "b", RESULT_TCG, 5, 60 });
	all = json_of(history("gaps", 11, OPTIONS(INFLATE, "--json")));
	series = item_of(all, "series", 0);
	assert_int_equal(number_of(series, "trees_used"), 7);
	assert_string_equal(text_of(item_of(series, "points", 2), "gap"), "no ok boot");
	assert_true(json_is_null(json_object_get(item_of(series, "points", 2), "value")));
	assert_string_equal(text_of(item_of(series, "points", 9), "gap"), "too few boots");
	assert_true(number_of(item_of(series, "points", 9), "value") > 2.9);
	assert_string_equal(text_of(item_of(series, "points", 10), "gap"),
			    "no ok boot of the base");
	assert_int_equal(size_of(series, "changes"), 1);
	change = item_of(series, "changes", 0);
	assert_int_equal(number_of(change, "before"), 4);
	assert_int_equal(number_of(change, "after"), 6);
	assert_int_equal(number_of(change, "trees_before"), 3);
	assert_int_equal(number_of(change, "trees_after"), 4);
	assert_string_equal(text_of(change, "verdict"), "improve");
	json_decref(all);
	expect_outcome(history("gaps", 11, OPTIONS(INFLATE)), 0, "gap: no ok boot");
}

/* They show noise, and tracing; who wants their history names them. */
static void controls_and_levels_are_left_out(void **state)
{
	static const double ratios[] = { 0.8, 0.8 }, flat[] = { 1, 1 };
	static const char plan[] = "{\"variants\": [{\"name\": \"a\"}, {\"name\": \"b\"}, "
				   "{\"name\": \"a-again\", \"control_of\": \"a\"}]}";
	json_t *all;

	(void)state;
	add_series("controls", "b", 2, ratios);
	add_series("controls", "a-again", 2, flat);
	add_series("controls", "b+off", 2, flat);
	write_file(test_dir, "controls/t01/plan.json", plan);
	all = json_of(history("controls", 2, OPTIONS(INFLATE, "--json")));
	assert_int_equal(size_of(all, "series"), 1);
	assert_string_equal(text_of(item_of(all, "series", 0), "variant"), "b");
	json_decref(all);
	all = json_of(
		history("controls", 2, OPTIONS(INFLATE, "--json", "-v", "a-again", "-v", "b+off")));
	assert_int_equal(size_of(all, "series"), 2);
	json_decref(all);
}

static void few_trees_tell_nothing(void **state)
{
	json_t *all = json_of(history("one", 2, OPTIONS(INFLATE, "--json", "--variant=b")));

	(void)state;
	assert_string_equal(text_of(item_of(all, "series", 0), "reason"), "too few to tell");
	assert_true(json_is_null(json_object_get(item_of(all, "series", 0), "p")));
	assert_int_equal(number_of(all, "series_tested"), 0);
	json_decref(all);
	expect_outcome(history("one", 2, OPTIONS(INFLATE)), 0,
		       "too few to tell: trees with 3 boots a side: 2, at least 3");
	expect_outcome(history("one", 1, OPTIONS(INFLATE)), 0, "too few to tell");
}

static void a_change_is_suspected_until_it_is_confirmed(void **state)
{
	static const double worse[] = { 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 1.0, 1.0, 1.0 };
	static const double better[] = { 1, 1, 1, 1, 1, 1, 1, 0.8, 0.8, 0.8 };
	const json_t *change;
	json_t *all;

	(void)state;
	add_series("last", "b", 10, worse);
	expect_outcome(history("last", 7, OPTIONS(INFLATE)), EXIT_FINE, "no change point");
	expect_outcome(history("last", 8, OPTIONS(INFLATE)), EXIT_FINE,
		       "suspected: repeat the newest sessions");
	all = json_with(history("last", 8, OPTIONS(INFLATE, "--json")), EXIT_FINE);
	change = item_of(item_of(all, "series", 0), "changes", 0);
	assert_string_equal(text_of(change, "state"), "suspected");
	assert_int_equal(number_of(change, "trees_further"), 0);
	json_decref(all);
	expect_outcome(history("last", 10, OPTIONS(INFLATE)), EXIT_FINE,
		       "called: 2 further trees confirm it");
	/* An improvement is suspected alike, and no failure. */
	add_series("better", "b", 10, better);
	expect_outcome(history("better", 8, OPTIONS(INFLATE)), EXIT_FINE,
		       "suspected: repeat the newest sessions");
	expect_outcome(history("better", 10, OPTIONS(INFLATE)), EXIT_FINE,
		       "called: 2 further trees confirm it");
}

static void small_changes_are_of_no_interest(void **state)
{
	static const double ratios[] = { 0.8, 0.8, 0.8, 0.8, 0.816, 0.816, 0.816, 0.816 };

	(void)state;
	add_series("small", "b", 8, ratios);
	expect_outcome(history("small", 8, OPTIONS(INFLATE)), EXIT_FINE, "the effect is too small");
	expect_outcome(history("small", 8, OPTIONS(INFLATE, "--smallest-effect=1%")), EXIT_FINE,
		       ">>> x 1.");
}

/* Eight trees by polls and by events, alike by polls; 30 % of each resize are outside of events. */
static void timers_may_differ_from_tree_to_tree(void **state)
{
	struct boot_result boot;
	struct resize_result *r;
	const json_t *series;
	char tree[64];
	json_t *all;
	int i, t;

	(void)state;
	for (t = 1; t <= 8; t++) {
		snprintf(tree, sizeof(tree), "timers/t%02d", t);
		for (i = 1; i <= 5; i++) {
			boot = build_boot("idle", "a", i, 100 + 0.1 * i);
			r = &boot_cycle(&boot)->inflate;
			if (t > 4) {
				r->polled.duration_ns = r->duration_ns;
				r->polled.resolution_ns = r->resolution_ns;
				r->polled.outside_ns = 30 * MS;
				r->duration_ns -= 30 * MS;
			}
			put_boot(tree, &boot);
		}
	}
	all = json_of(history("timers", 8, OPTIONS(INFLATE, "--absolute", "--json")));
	series = item_of(all, "series", 0);
	assert_string_equal(text_of(series, "metric"), "inflate.duration_ns by polls");
	assert_int_equal(size_of(series, "changes"), 0);
	assert_float_equal(number_of(item_of(series, "points", 7), "value"), 100.3, 1e-6);
	json_decref(all);
}

/* It has no part in a verdict. */
static void an_unresolved_point_is_a_gap(void **state)
{
	struct boot_result boot;
	json_t *all;
	char tree[64];
	int i, t;

	(void)state;
	for (t = 1; t <= 5; t++) {
		snprintf(tree, sizeof(tree), "short/t%02d", t);
		for (i = 1; i <= 5; i++) {
			boot = build_boot("idle", "a", i, 100 + 0.1 * i);
			if (t == 3)
				boot_cycle(&boot)->inflate.resolution_ns = 4 * MS;
			put_boot(tree, &boot);
		}
	}
	all = json_of(history("short", 5, OPTIONS(INFLATE, "--absolute", "--json")));
	assert_string_equal(text_of(item_of(item_of(all, "series", 0), "points", 2), "gap"),
			    "unresolved: the timer leaves more than 3 % open");
	json_decref(all);
}

static void medians_come_with_a_warning(void **state)
{
	json_t *all;

	(void)state;
	all = json_of(history("one", 8, OPTIONS(INFLATE, "--absolute", "--json")));
	assert_string_equal(text_of(all, "value"), "median");
	assert_true(json_is_null(json_object_get(all, "against")));
	assert_int_equal(size_of(all, "warnings"), 1);
	/* The base is one of them. */
	assert_string_equal(text_of(item_of(all, "series", 0), "variant"), "a");
	assert_true(fabs(number_of(item_of(item_of(all, "series", 0), "points", 1), "value") -
			 130) < 1e-6);
	assert_int_equal(size_of(item_of(all, "series", 0), "changes"), 0);
	json_decref(all);
	expect_outcome(history("one", 8, OPTIONS(INFLATE, "--absolute")), 0,
		       "warning: medians of different sessions");
	expect_outcome(history("one", 8, OPTIONS("--absolute", "--against=a")), EXIT_USAGE,
		       "--absolute");
}

static void hosts_and_bases_may_differ(void **state)
{
	static const double ratios[] = { 0.8, 0.8, 0.8 };
	char name[64];

	(void)state;
	add_series("hosts", "b", 3, ratios);
	add_env("hosts", "t01", "2026-11-01T00:00:00Z", "one", "b");
	add_env("hosts", "t02", "2026-11-02T00:00:00Z", "two", "b");
	expect_outcome(history("hosts", 3, OPTIONS("--absolute")), EXIT_USAGE, "say --mixed-hosts");
	expect_outcome(history("hosts", 3, OPTIONS("--absolute", "--mixed-hosts")), 0,
		       "t01 and t02 are from different machines");
	expect_outcome(history("hosts", 3, NULL), 0, "ratios differ between machines too");
	snprintf(name, sizeof(name), "hosts/t03/env.json");
	write_file(test_dir, name, "{\"cuts\": {\"a\": {\"key\": \"other\"}}}");
	expect_outcome(history("hosts", 3, NULL), 0, "the kernel of the base, a, is not the same");
}

static void accelerators_are_never_compared(void **state)
{
	(void)state;
	add_sample((struct sample){ "accel", "t01", NULL, "a", RESULT_TCG, 5, 100 });
	add_sample((struct sample){ "accel", "t02", NULL, "a", RESULT_ICOUNT, 5, 100 });
	expect_outcome(history("accel", 2, OPTIONS("--absolute", "--mixed-hosts")), EXIT_USAGE,
		       "accelerators are never compared");
}

static void no_boot_is_ok(void **state)
{
	(void)state;
	put_failed("failed/t01", "idle", "a", 1, BOOT_FAILED, "no hello");
	expect_outcome(history("failed", 1, NULL), EXIT_INCONCLUSIVE, "no boot that is ok");
}

static void names_that_are_not_there_are_told(void **state)
{
	const char *twice[] = { "history", in("one/t01"), in("one/t02/../t01"), NULL };
	const char *nothing[] = { "history", NULL };

	(void)state;
	expect_outcome(history("one", 2, OPTIONS("--metric=inflate.x")), EXIT_USAGE,
		       "no metric 'inflate.x'; in inflate there are: bytes, duration_ns,");
	expect_outcome(history("one", 2, OPTIONS("--metric=compaction.rounds")), EXIT_USAGE,
		       "no boot of these trees has the metric 'compaction.rounds'");
	expect_outcome(history("one", 2, OPTIONS("--scenario=x")), EXIT_USAGE, "there are: idle");
	expect_outcome(history("one", 2, OPTIONS("--variant=x")), EXIT_USAGE, "there are: a, b, c");
	expect_outcome(history("one", 2, OPTIONS("--against=x")), EXIT_USAGE, "there are: a, b, c");
	expect_outcome(history("one", 2, OPTIONS("--variant=a")), EXIT_USAGE,
		       "name another --against");
	expect_outcome(run_program("balloonstat", twice), EXIT_USAGE, "is named twice");
	expect_outcome(run_program("balloonstat", nothing), EXIT_USAGE,
		       "missing argument: DIR[=LABEL]: result trees");
	expect_outcome(history("nowhere", 1, NULL), EXIT_ENVIRONMENT, "nowhere/t01");
}

static void newer_trees_are_refused(void **state)
{
	(void)state;
	add_sample((struct sample){ "newer", "t01", NULL, "a", RESULT_TCG, 2, 100 });
	add_sample((struct sample){ "newer", "t02", NULL, "a", RESULT_TCG, 2, 100 });
	write_file(test_dir, "newer/t02/env.json", "{\"schema_version\": 3}");
	expect_outcome(history("newer", 2, NULL), EXIT_ENVIRONMENT,
		       "t02/env.json: schema_version 3, this program reads 2");
}

static void assert_label(const json_t *all, size_t tree, const char *label)
{
	assert_string_equal(text_of(item_of(all, "trees", tree), "label"), label);
}

static void trees_have_labels_and_an_order(void **state)
{
	static const double ratios[] = { 0.8, 0.8 };
	char labelled[300], equals[300];
	const char *args[] = { "history", "--json", labelled, in("dates/t02/"), equals, NULL };
	json_t *all;

	(void)state;
	add_series("dates", "b", 2, ratios);
	add_sample((struct sample){ "dates", "x=y", NULL, "a", RESULT_TCG, 5, 100 });
	add_sample((struct sample){ "dates", "x=y", NULL, "b", RESULT_TCG, 5, 100 });
	snprintf(labelled, sizeof(labelled), "%s=before", in("dates/t01"));
	snprintf(equals, sizeof(equals), "%s", in("dates/x=y"));
	all = json_of(run_program("balloonstat", args));
	assert_label(all, 0, "before");
	assert_label(all, 1, "t02");
	/* A directory that is called so has no label. */
	assert_label(all, 2, "x=y");
	json_decref(all);
	args[1] = "--by-date";
	expect_outcome(run_program("balloonstat", args), EXIT_ENVIRONMENT,
		       "no started_utc to order it by");
	add_env("dates", "t01", "2026-11-20T00:00:00Z", "x", "b");
	add_env("dates", "t02", "2026-11-10T23:00:00Z", "x", "b");
	all = json_of(history("dates", 2, OPTIONS("--by-date", "--json")));
	assert_label(all, 0, "t02");
	assert_label(all, 1, "t01");
	json_decref(all);
	/* As the trees of instructions beside each run are called. */
	args[1] = "--json";
	args[2] = in("one/t01");
	args[3] = in("dates/t01");
	args[4] = NULL;
	all = json_of(run_program("balloonstat", args));
	assert_label(all, 0, "one/t01");
	assert_label(all, 1, "dates/t01");
	json_decref(all);
}

static char *plot(const char *series, int trees, const char *output, const char *name)
{
	char path[300];
	struct outcome outcome =
		history(series, trees, OPTIONS(INFLATE, "--variant=b", "-o", in(output)));

	if (outcome.status == EXIT_UNSUPPORTED) {
		printf("# no gnuplot here\n");
		skip();
	}
	if (outcome.status)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/%s", output, name);
	return read_file(in(path));
}

static void a_plot_shows_the_change(void **state)
{
	static const char name[] = "idle-inflate.duration_ns-history.svg";
	char *first = plot("one", 8, "first", name), *second = plot("one", 8, "second", name);

	(void)state;
	assert_non_null(first);
	assert_int_equal(count_files(in("first")), 2);
	assert_non_null(strstr(first, "× 1."));
	assert_non_null(strstr(first, "ratio to a"));
	assert_non_null(strstr(first, "correlation of neighbours 0."));
	assert_null(strstr(first, "NaN"));
	assert_non_null(strstr(first, "t08"));
	assert_string_equal(first, second);
	free(first);
	free(second);
	/* A single tree and gaps are drawn as well. */
	free(plot("one", 1, "single", name));
	free(plot("gaps", 11, "gaps-plots", name));
}

static void without_gnuplot(void **state)
{
	char *search = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", test_dir, 1);
	expect_outcome(history("one", 8, OPTIONS(INFLATE, "-o", in("none"))), EXIT_UNSUPPORTED,
		       "install gnuplot-nox");
	setenv("PATH", search, 1);
	free(search);
}

/* As in test_compare: what a tree calls things has no effect but to be shown. */
static void hostile_names_are_harmless(void **state)
{
	static const char variant[] = "b'`touch pwned`\" \x1b[31m";
	char tree[300], top[300];
	const char *args[] = { "history", tree, "-o", "|touch pwned;", INFLATE, NULL };
	struct outcome outcome;

	(void)state;
	add_sample((struct sample){ "hostile", "t", "x/../../escaped", "a", RESULT_TCG, 5, 100 });
	add_sample(
		(struct sample){ "hostile", "t", "x/../../escaped", variant, RESULT_TCG, 5, 100 });
	snprintf(top, sizeof(top), "%s", in("hostile"));
	snprintf(tree, sizeof(tree), "%s/t=\"; system(\"touch pwned\")\n\x1b[2J", top);
	assert_int_equal(chdir(top), 0);
	outcome = run_program("balloonstat", args);
	assert_int_equal(chdir("/"), 0);
	if (outcome.status && outcome.status != EXIT_UNSUPPORTED)
		fail_msg("status %d: %s", outcome.status, outcome.output);
	assert_null(strchr(outcome.output, '\x1b'));
	assert_non_null(strstr(outcome.output, "\"; system(\"touch pwned\")??[2J"));
	/* The tree and the output, nothing besides. */
	assert_int_equal(count_files(top), 2);
	if (!outcome.status)
		assert_int_equal(count_files(in("hostile/|touch pwned;")), 2);
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_marked_where_it_is),
		cmocka_unit_test(more_is_better_for_rates),
		cmocka_unit_test(series_are_corrected_for_each_other),
		cmocka_unit_test(gaps_are_no_errors),
		cmocka_unit_test(controls_and_levels_are_left_out),
		cmocka_unit_test(few_trees_tell_nothing),
		cmocka_unit_test(a_change_is_suspected_until_it_is_confirmed),
		cmocka_unit_test(small_changes_are_of_no_interest),
		cmocka_unit_test(timers_may_differ_from_tree_to_tree),
		cmocka_unit_test(an_unresolved_point_is_a_gap),
		cmocka_unit_test(medians_come_with_a_warning),
		cmocka_unit_test(hosts_and_bases_may_differ),
		cmocka_unit_test(accelerators_are_never_compared),
		cmocka_unit_test(no_boot_is_ok),
		cmocka_unit_test(names_that_are_not_there_are_told),
		cmocka_unit_test(newer_trees_are_refused),
		cmocka_unit_test(trees_have_labels_and_an_order),
		cmocka_unit_test(a_plot_shows_the_change),
		cmocka_unit_test(without_gnuplot),
		cmocka_unit_test(hostile_names_are_harmless),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

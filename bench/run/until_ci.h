/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_UNTIL_CI_H
#define BENCH_RUN_UNTIL_CI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/run/plan.h"
#include "bench/config/scenario.h"

/*
 * Boots until the intervals are narrow enough.
 *
 * In each scenario the first of its variants, in the order of the run, is the
 * base. What counts is the 95 % interval of each other variant's ratio to the
 * base (bootstrap_ratio()), half its width divided by the ratio; where
 * there is but one variant, that of its median. The widest decides. A sample
 * of fewer than two boots that are ok has no interval, so its scenario goes on
 * to the end.
 *
 * Only the width is looked at, never the difference, so that stopping does not
 * favour finding one. But a sample that happens to be narrow is likelier to end
 * a run than one that does not. tests/unit/test_until_ci.c simulates it; this is
 * what 10000 runs each gave of two variants, log-normal values with sigma 5 %:
 *
 *	boots a side		ended by the	p below 5 %	interval holds
 *				width		without effect	the ratio, 1.1
 *	6, given		-		4.8 %		95.2 %
 *	30, given		-		5.0 %		95.2 %
 *	6 to 30, until +- 2 %	2.1 %		5.0 %		95.2 %
 *	6 to 30, until +- 4 %	93 %		6.5 %		93.1 %
 *
 * So where the rule ends most runs, after 18 boots on average, a 95 % interval
 * is one of 93 %, and a test at 5 % one at 6.5 %. Boots that are given, with
 * --boots, have neither.
 */
struct until_ci_goal {
	const char *metric; /* as result_value() takes it */
	double half_width;  /* relative: 0.02 is +- 2 %; 0: there is no such goal */
	unsigned int max_boots;
};

/* The values that the ok boots of a variant gave. */
struct until_ci_sample {
	double *values;
	size_t count;
	bool runs; /* in this scenario, that is */
};

struct until_ci_scenario {
	struct until_ci_sample *samples; /* of all variants of the run */
	bool open;			 /* until it is known that no more boots are wanted */
	unsigned int boots;		 /* of each, that the plan has */
	double half_width;		 /* of the widest interval; INFINITY where there is none */
	size_t widest;			 /* the variant whose interval that is */
};

struct until_ci {
	struct until_ci_goal goal;
	struct until_ci_scenario *scenarios;
	size_t scenario_count;
	size_t variant_count;
};

/* Which variants run where is what @plan has. 0 or -ENOMEM. */
int until_ci_init(struct until_ci *until, const struct until_ci_goal *goal, const struct plan *plan,
		  size_t scenario_count, size_t variant_count);
void until_ci_release(struct until_ci *until);

/**
 * until_ci_add() - take note of a boot that has ended
 * @result: its result.json; one that is not ok adds nothing
 *
 * Return: 0, or -ENODATA where the boot is ok and does not have the metric.
 */
int until_ci_add(struct until_ci *until, const struct plan_entry *entry, const json_t *result);

/* The same with the value itself. */
void until_ci_add_value(struct until_ci *until, const struct plan_entry *entry, double value);

/*
 * Look at the intervals of a scenario that is open, and close it where no more
 * boots are wanted: they are narrow enough, or there are as many as may be.
 */
void until_ci_look(struct until_ci *until, size_t scenario);

/* Whether the intervals of a scenario were narrow enough when they were looked at last. */
bool until_ci_is_reached(const struct until_ci *until, size_t scenario);

/*
 * "until_ci" of plan.json, a new reference: the goal as "metric", "half_width"
 * and "max_boots", and of each of the "scenarios" its "name", the "boots" a side
 * that the plan has, whether the goal is "reached", and the "half_width" at the
 * last look, null where there is none.
 */
json_t *until_ci_to_json(const struct until_ci *until, const struct scenario *scenarios);

#endif

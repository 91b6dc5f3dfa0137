/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_UNTIL_CI_H
#define BENCH_RUN_UNTIL_CI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/run/plan.h"
#include "bench/config/scenario.h"
#include "lib/result.h"

/*
 * Boots until the intervals are narrow enough.
 *
 * In each scenario the first variant that runs is the base. The criterion is the
 * 95 % interval of each other variant's ratio to it (bootstrap_ratio()), half its
 * width divided by the ratio; with one variant, that of its median. The widest
 * decides. Fewer than two boots that are ok have no interval.
 *
 * Stopping depends on the width only, never on the difference. Still, a narrow sample
 * ends a run sooner. tests/unit/test_until_ci.c simulates two variants, log-normal
 * with sigma 5 %; of 10000 runs each:
 *
 *	boots a side		ended by the	p below 5 %	interval holds
 *				width		without effect	the ratio, 1.1
 *	6, given		-		4.8 %		95.2 %
 *	30, given		-		5.0 %		95.2 %
 *	6 to 30, until +- 2 %	2.1 %		5.0 %		95.2 %
 *	6 to 30, until +- 4 %	93 %		6.5 %		93.1 %
 */
struct until_ci_goal {
	const char *metric; /* a path in a cycle or a boot */
	double half_width;  /* relative: 0.02 is +- 2 %; 0: there is no such goal */
	unsigned int max_boots;
};

/* The values of the ok boots of a variant in a scenario. */
struct until_ci_sample {
	double *values;
	size_t count;
	bool runs; /* the variant runs in this scenario */
};

struct until_ci_scenario {
	struct until_ci_sample *samples; /* of all variants of the run */
	bool open;			 /* more boots may be needed */
	bool reached;			 /* at the last update all intervals were narrow enough */
	unsigned int boots;		 /* per variant, in the plan */
	double half_width;		 /* of the widest interval; INFINITY: there is none */
	size_t widest;			 /* the variant of that interval */
};

struct until_ci {
	struct until_ci_goal goal;
	struct until_ci_scenario *scenarios;
	size_t scenario_count, variant_count;
};

/* Take from @plan which variants run in which scenario. */
void until_ci_init(struct until_ci *until, const struct until_ci_goal *goal,
		   const struct plan *plan, size_t scenario_count, size_t variant_count);
void until_ci_release(struct until_ci *until);

/*
 * Add the number of a boot that is ok, or the median over its cycles. 0, or -ENODATA if it
 * does not have the metric.
 */
int until_ci_add(struct until_ci *until, const struct plan_entry *entry,
		 const struct boot_result *result);

void until_ci_add_value(struct until_ci *until, const struct plan_entry *entry, double value);

/* Compute the intervals of an open scenario; close it if it needs or may have no more boots. */
void until_ci_update(struct until_ci *until, size_t scenario);

/* "until_ci" of plan.json: the goal, and how far each scenario is. New reference. */
json_t *until_ci_to_json(const struct until_ci *until, const struct scenario *scenarios);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_UNTIL_CI_H
#define BENCH_RUN_UNTIL_CI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/run/plan.h"
#include "lib/interval.h"
#include "bench/config/scenario.h"
#include "lib/result.h"

/*
 * Boots until the intervals are narrow enough.
 *
 * In each scenario the first variant that runs is the base. The criterion is the
 * 95 % interval of each other variant's ratio to it (until_ci_interval()), half its
 * width divided by its middle; with one variant, that of its median. The widest
 * decides.
 *
 * Stopping depends on the width only, never on the difference. Still, a narrow sample
 * ends a run sooner, and the fewer the boots, the more do widths vary. Hence a run
 * begins with six boots, and fewer that are ok have no interval here. The interval of
 * one median varies more: it takes 16.
 *
 * UNTIL_RUNS=5000 tests/unit/test_until_ci simulates log-normal values with sigma 5 %;
 * of 5000 runs each, without an effect:
 *
 *	variants	boots of each			ended by the	p below	interval
 *							width		5 %	holds
 *	2		6, given			-		4.3 %	95.7 %
 *	2		30, given			-		5.4 %	94.6 %
 *	2		6 to 30, until +- 2 %		1.4 %		5.3 %	94.7 %
 *	2		6 to 30, until +- 4 %		100 %		6.0 %	94.0 %
 *	2		6 to 30, until +- 6 %		100 %		5.0 %	95.0 %
 *	4		6 to 30, until +- 4 %		100 %		5.2 %	94.8 %
 *	1		16 to 30, until +- 2 %		45 %		-	93.4 %
 *	1		16 to 30, until +- 4 %		100 %		-	94.8 %
 *
 * The last two are of a median, and its interval is the weaker one even with 16 boots.
 */
#define UNTIL_BOOTS_MIN 6
#define UNTIL_BOOTS_MIN_ALONE 16

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

/* The interval that decides: of the ratio to @base, or without it of the median. */
struct interval until_ci_interval(const struct until_ci_sample *s,
				  const struct until_ci_sample *base);

/* "until_ci" of plan.json: the goal, and how far each scenario is. New reference. */
json_t *until_ci_to_json(const struct until_ci *until, const struct scenario *scenarios);

#endif

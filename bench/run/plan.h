/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_PLAN_H
#define BENCH_RUN_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/config/scenario.h"
#include "bench/config/variant.h"

/*
 * Which boot comes when. The boots of one scenario run in blocks; each block
 * holds every variant once, in an order drawn from the seed; each second
 * block is the reverse of the one before (ABBA), so that a drift of the
 * machine, were it linear, falls on all variants alike.
 */
struct plan_entry {
	size_t scenario; /* index into the arrays given to plan_make() */
	size_t variant;
	unsigned int boot; /* 1..boots within scenario and variant */
	uint64_t seed;	   /* of this boot, derived from the run's seed */
};

struct plan {
	uint64_t seed;
	unsigned int boots;
	struct plan_entry *entries;
	size_t count;
};

/* 0 or -ENOMEM. The same arguments give the same plan on every machine. */
int plan_make(struct plan *plan, size_t scenarios, size_t variants, unsigned int boots,
	      uint64_t seed);
void plan_release(struct plan *plan);

/* Leave out the boots that @wanted says no to; the order of the others stays. */
void plan_keep(struct plan *plan, bool (*wanted)(const struct plan_entry *entry, void *context),
	       void *context);

/**
 * plan_add_block() - take a block more into a plan
 * @plan: gets the entries
 * @from: a longer plan of the same scenarios and variants
 * @scenario: whose block
 * @boot: and which
 *
 * Return: how many entries that were, or -ENOMEM.
 */
int plan_add_block(struct plan *plan, const struct plan *from, size_t scenario, unsigned int boot);

/*
 * plan.json: the seed, the scenarios as resolved, the variants ("twin_of": the
 * variant that this one repeats), the order. New reference.
 */
json_t *plan_to_json(const struct plan *plan, const struct scenario *scenarios,
		     size_t scenario_count, const struct variant *const *variants,
		     size_t variant_count);

#endif

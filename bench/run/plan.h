/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_PLAN_H
#define BENCH_RUN_PLAN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/config/scenario.h"
#include "bench/config/variant.h"

/*
 * The order of boots. The boots of a scenario run in blocks that have every variant once,
 * in an order drawn from the seed; each second block is the reverse of the one before
 * (ABBA), so that a linear drift of the machine affects all variants alike.
 */
struct plan_entry {
	size_t scenario; /* index into the arrays given to plan_make() */
	size_t variant;
	unsigned int boot;    /* 1..boots within scenario and variant */
	unsigned short build; /* of the cut, from 0; plan_make() sets 0 */
	unsigned short shard; /* that runs it, from 1; 0: the plan is not divided */
	uint64_t seed;	      /* of this boot, derived from the run's seed */
};

/* One to be run elsewhere. New reference; 0 or -EINVAL. */
json_t *plan_entry_to_json(const struct plan_entry *entry);
int plan_entry_from_json(struct plan_entry *entry, const json_t *json);

struct plan {
	uint64_t seed;
	unsigned int boots;
	unsigned int builds; /* the most in a scenario; 0: one */
	struct plan_entry *entries;
	size_t count;
};

/* The same arguments give the same plan on every machine. */
void plan_make(struct plan *plan, size_t scenarios, size_t variants, unsigned int boots,
	       uint64_t seed);
void plan_release(struct plan *plan);

/* Append the block of a scenario's boot from a longer plan; returns its number of entries. */
size_t plan_add_block(struct plan *plan, const struct plan *from, size_t scenario,
		      unsigned int boot);

/*
 * Divide a plan into shards, of which each runs whole blocks: whatever is compared with each other
 * runs on one host. The blocks of a scenario go to the shards in turn by stretches: pairs of blocks
 * stay together, and a stretch has all builds if it has as many blocks. Scenarios begin at
 * different shards, so that the longer stretches do not all fall on one.
 */
void plan_divide(struct plan *plan, unsigned int shards);

/* The boots of a shard of a divided plan, a plan of its own. */
struct plan plan_shard(const struct plan *plan, unsigned int shard);

/* plan.json: the seed, the resolved scenarios, the variants, the order. New reference. */
json_t *plan_to_json(const struct plan *plan, const struct scenario *scenarios,
		     size_t scenario_count, const struct variant *const *variants,
		     size_t variant_count);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/unit.h"

#include <string.h>

#include "bench/run/plan.h"

#define SCENARIOS 2
#define VARIANTS 3
#define BOOTS 6

static const struct plan_entry *block(const struct plan *plan, size_t scenario, unsigned int boot)
{
	return &plan->entries[(scenario * plan->boots + boot - 1) * VARIANTS];
}

static void every_block_holds_every_variant(void **state)
{
	struct plan plan;
	unsigned int boot;
	size_t s, i;

	(void)state;
	plan_make(&plan, SCENARIOS, VARIANTS, BOOTS, 7);
	assert_int_equal(plan.count, SCENARIOS * VARIANTS * BOOTS);
	for (s = 0; s < SCENARIOS; s++) {
		for (boot = 1; boot <= BOOTS; boot++) {
			unsigned int seen = 0;

			for (i = 0; i < VARIANTS; i++) {
				const struct plan_entry *e = block(&plan, s, boot) + i;

				assert_int_equal(e->scenario, s);
				assert_int_equal(e->boot, boot);
				seen |= 1U << e->variant;
			}
			assert_int_equal(seen, (1U << VARIANTS) - 1);
		}
	}
	plan_release(&plan);
}

/* Drift that is linear in time then adds the same to every variant. */
static void second_blocks_are_reversed(void **state)
{
	size_t position[VARIANTS] = { 0 }, i, s;
	struct plan plan;
	unsigned int boot;

	(void)state;
	plan_make(&plan, SCENARIOS, VARIANTS, BOOTS, 99);
	for (s = 0; s < SCENARIOS; s++)
		for (boot = 2; boot <= BOOTS; boot += 2)
			for (i = 0; i < VARIANTS; i++)
				assert_int_equal(
					block(&plan, s, boot)[i].variant,
					block(&plan, s, boot - 1)[VARIANTS - 1 - i].variant);
	for (i = 0; i < plan.count; i++)
		position[plan.entries[i].variant] += i;
	for (i = 1; i < VARIANTS; i++)
		assert_int_equal(position[i], position[0]);
	plan_release(&plan);
}

static void same_seed_same_plan(void **state)
{
	struct plan a, b, c;

	(void)state;
	plan_make(&a, SCENARIOS, VARIANTS, BOOTS, 1);
	plan_make(&b, SCENARIOS, VARIANTS, BOOTS, 1);
	plan_make(&c, SCENARIOS, VARIANTS, BOOTS, 2);
	assert_memory_equal(a.entries, b.entries, a.count * sizeof(*a.entries));
	assert_memory_not_equal(a.entries, c.entries, a.count * sizeof(*a.entries));
	plan_release(&a);
	plan_release(&b);
	plan_release(&c);
}

/* The order that seed 1 gave when the format was fixed: --seed reproduces old runs. */
static void seed_one_is_kept(void **state)
{
	static const size_t order[] = { 0, 2, 1, 1, 2, 0, 1, 0, 2, 2, 0, 1 };
	struct plan plan;
	size_t i;

	(void)state;
	plan_make(&plan, 1, VARIANTS, 4, 1);
	for (i = 0; i < plan.count; i++)
		assert_int_equal(plan.entries[i].variant, order[i]);
	plan_release(&plan);
}

/* What a longer plan begins with, and then a block of it at a time. */
static void a_block_more(void **state)
{
	struct plan all, plan;
	unsigned int boot;
	size_t i;

	(void)state;
	plan_make(&all, SCENARIOS, VARIANTS, BOOTS, 3);
	plan_make(&plan, SCENARIOS, VARIANTS, BOOTS, 3);
	plan.count = 0;
	for (i = 0; i < all.count; i++)
		if (all.entries[i].boot <= 2)
			plan.entries[plan.count++] = all.entries[i];
	for (boot = 3; boot <= BOOTS; boot++)
		assert_int_equal(plan_add_block(&plan, &all, 1, boot), VARIANTS);
	assert_int_equal(plan_add_block(&plan, &all, 1, BOOTS + 1), 0);
	assert_int_equal(plan.count, (2 + BOOTS) * VARIANTS);
	/* The second scenario is as it would be in the longer plan. */
	for (i = 0; i < BOOTS * VARIANTS; i++)
		assert_memory_equal(&plan.entries[2 * VARIANTS + i], block(&all, 1, 1) + i,
				    sizeof(*plan.entries));
	plan_release(&plan);
	plan_release(&all);
}

#define SHARDS 4

/* Each block in one shard; of each scenario as many, but for one; pairs where they fit. */
static void shards_have_whole_blocks(void **state)
{
	unsigned int blocks[SHARDS + 1][SCENARIOS] = { { 0 } }, shard, boot;
	size_t total = 0, s, i;
	struct plan plan, own;

	(void)state;
	plan_make(&plan, SCENARIOS, VARIANTS, BOOTS, 7);
	plan_divide(&plan, SHARDS);
	for (s = 0; s < SCENARIOS; s++)
		for (boot = 1; boot <= BOOTS; boot++) {
			shard = block(&plan, s, boot)->shard;
			assert_in_range(shard, 1, SHARDS);
			blocks[shard][s]++;
			for (i = 1; i < VARIANTS; i++)
				assert_int_equal(block(&plan, s, boot)[i].shard, shard);
		}
	for (shard = 1; shard <= SHARDS; shard++) {
		for (s = 0; s < SCENARIOS; s++)
			assert_in_range(blocks[shard][s], BOOTS / SHARDS, BOOTS / SHARDS + 1);
		own = plan_shard(&plan, shard);
		assert_int_equal(own.count, VARIANTS * (blocks[shard][0] + blocks[shard][1]));
		assert_int_equal(own.seed, plan.seed);
		total += own.count;
		plan_release(&own);
	}
	assert_int_equal(total, plan.count);
	/* The scenarios' longer stretches are at different shards. */
	for (s = 0; s < SCENARIOS; s++)
		assert_int_equal(block(&plan, s, 1)->shard, 1 + s);
	plan_divide(&plan, BOOTS / 2);
	for (boot = 1; boot <= BOOTS; boot += 2)
		assert_int_equal(block(&plan, 0, boot)->shard, block(&plan, 0, boot + 1)->shard);
	plan_release(&plan);
}

/* With more shards than blocks some have nothing. */
static void more_shards_than_blocks(void **state)
{
	unsigned int shard, with = 0;
	struct plan plan, own;

	(void)state;
	plan_make(&plan, 1, VARIANTS, 2, 7);
	plan_divide(&plan, 5);
	for (shard = 1; shard <= 5; shard++) {
		own = plan_shard(&plan, shard);
		with += own.count > 0;
		plan_release(&own);
	}
	assert_int_equal(with, 2);
	plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_holds_every_variant),
		cmocka_unit_test(second_blocks_are_reversed),
		cmocka_unit_test(same_seed_same_plan),
		cmocka_unit_test(seed_one_is_kept),
		cmocka_unit_test(a_block_more),
		cmocka_unit_test(shards_have_whole_blocks),
		cmocka_unit_test(more_shards_than_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

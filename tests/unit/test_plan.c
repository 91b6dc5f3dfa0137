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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_holds_every_variant),
		cmocka_unit_test(second_blocks_are_reversed),
		cmocka_unit_test(same_seed_same_plan),
		cmocka_unit_test(seed_one_is_kept),
		cmocka_unit_test(a_block_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

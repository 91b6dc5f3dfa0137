/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's decisions: headroom, limits, and no work for less than a step.
 */
#include "tests/helpers/unit.h"

#include "bench/boot/policy.h"

#define MIB (1LL << 20)
#define HEADROOM (64 * MIB)
#define STEP (4 * MIB)

static uint64_t decide(int64_t available, int64_t taken, int64_t target)
{
	const struct policy_input in = {
		.memory_bytes = 1024 * MIB,
		.most_bytes = 512 * MIB,
		.available_bytes = available,
		.taken_bytes = taken,
		.target_bytes = target,
	};

	return policy_control(&in, HEADROOM, STEP);
}

static void the_headroom_stays(void **state)
{
	(void)state;
	/* 200 MiB are available: 136 of them can go. */
	assert_int_equal(decide(200 * MIB, 0, 0), 136 * MIB);
	assert_int_equal(decide(200 * MIB, 100 * MIB, 100 * MIB), 236 * MIB);
	assert_int_equal(decide(64 * MIB, 100 * MIB, 100 * MIB), 100 * MIB);
	/* In whole steps, and rather less than more. */
	assert_int_equal(decide(200 * MIB + STEP - 1, 0, 0), 136 * MIB);
}

static void a_guest_in_need_gets_memory(void **state)
{
	(void)state;
	assert_int_equal(decide(10 * MIB, 236 * MIB, 236 * MIB), 180 * MIB);
	/* Also if it is less than a step. */
	assert_int_equal(decide(63 * MIB, 236 * MIB, 236 * MIB), 232 * MIB);
	assert_int_equal(decide(0, 16 * MIB, 16 * MIB), 0);
	/* The balloon is not where it was to be yet. */
	assert_int_equal(decide(10 * MIB, 100 * MIB, 236 * MIB), 44 * MIB);
}

static void limits_are_kept(void **state)
{
	(void)state;
	assert_int_equal(decide(900 * MIB, 0, 0), 512 * MIB);
	assert_int_equal(decide(0, 0, 0), 0);
}

static void less_than_a_step_is_no_work(void **state)
{
	(void)state;
	/* 102 MiB would be 100: the target stays. At 104 it moves. */
	assert_int_equal(decide(66 * MIB, 100 * MIB, 100 * MIB), 100 * MIB);
	assert_int_equal(decide(68 * MIB, 100 * MIB, 100 * MIB), 104 * MIB);
	assert_int_equal(decide(67 * MIB, 102 * MIB, 102 * MIB), 102 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_headroom_stays),
		cmocka_unit_test(a_guest_in_need_gets_memory),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(less_than_a_step_is_no_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

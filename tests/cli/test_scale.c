/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees of thousands of boots: time grows with the boots, memory is their rows.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

/* Of a copy, and those of idle among them. */
#define BOOTS 140
#define IDLE 42
#define FEW 4
#define MANY 16

/* CPU seconds that comparing so many copies takes, and the most memory of any child so far. */
static double compare_copies(int copies, long *max_kib)
{
	char dir[256], command[1024], says[64];
	const char *args[] = { "compare", dir, NULL };
	struct rusage before, after;
	struct outcome outcome;

	snprintf(dir, sizeof(dir), "%s/copies-%d", test_dir, copies);
	snprintf(command, sizeof(command),
		 "'" TEST_SOURCE "/tests/scale/make-tree' '%s' %d '" TEST_SOURCE
		 "/results/reference'",
		 dir, copies);
	assert_int_equal(system(command), 0);
	getrusage(RUSAGE_CHILDREN, &before);
	outcome = run_program("balloonstat", args);
	getrusage(RUSAGE_CHILDREN, &after);
	snprintf(says, sizeof(says), "idle (tcg, %d boots ok", IDLE * copies);
	if (outcome.status || !strstr(outcome.output, says))
		fail_msg("status %d: %.200s", outcome.status, outcome.output);
	outcome_release(&outcome);
	*max_kib = after.ru_maxrss;
	return after.ru_utime.tv_sec - before.ru_utime.tv_sec +
	       (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6;
}

static void time_and_memory_grow_with_the_boots(void **state)
{
	long few_kib, many_kib;
	double few = compare_copies(FEW, &few_kib), many = compare_copies(MANY, &many_kib);

	(void)state;
	print_message("# %d boots: %.2f s, %ld KiB; %d boots: %.2f s, %ld KiB\n", FEW * BOOTS, few,
		      few_kib, MANY * BOOTS, many, many_kib);
	/* Twice of linear: other work on the machine counts too. */
	assert_true(many < 2 * few * MANY / FEW);
	assert_true(many_kib < 40 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_and_memory_grow_with_the_boots),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

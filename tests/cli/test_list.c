/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench list and doctor, which run nothing and are the first that one calls.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <string.h>

#include "tests/helpers/program.h"

static void everything_that_comes_with_it_is_listed(void **state)
{
	static const char *const names[] = { "idle", "touched", "pfn-array", "huge" };
	struct outcome outcome = run_program("balloonbench", (const char *[]){ "list", NULL });
	size_t i;

	(void)state;
	assert_int_equal(outcome.status, 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(outcome.output, names[i]));
	outcome_release(&outcome);
}

static void programs_can_read_it(void **state)
{
	struct outcome outcome =
		run_program("balloonbench", (const char *[]){ "list", "--json", NULL });
	json_t *list = json_loads(outcome.output, 0, NULL);

	(void)state;
	assert_int_equal(outcome.status, 0);
	assert_non_null(list);
	json_decref(list);
	outcome_release(&outcome);
}

static void doctor_looks_at_the_machine(void **state)
{
	struct outcome outcome = run_program("balloonbench", (const char *[]){ "doctor", NULL });

	(void)state;
	/* Whatever it finds; TCG is there where QEMU is. */
	assert_in_range(outcome.status, 0, 4);
	assert_non_null(strstr(outcome.output, "QEMU"));
	assert_non_null(strstr(outcome.output, "kvm"));
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_comes_with_it_is_listed),
		cmocka_unit_test(programs_can_read_it),
		cmocka_unit_test(doctor_looks_at_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's tracer on the kernels of Debian, each in a guest under TCG that traces itself: the
 * verifier takes its programs, and every call of 60 processes is counted. A kernel that the
 * archive does not have any more is skipped.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/build/ready.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define PROCESSES 60
#define CALLS 80

static int set_up(void **state)
{
	struct outcome outcome;

	test_dir_set_up(state);
	outcome = run_shell("cd %1$s && mkdir root && cp %2$s/balloontrace-static root/balloontrace && "
			    "cp %2$s/tests/helpers/advise/advise-static root/qemu-system-x86_64 && "
			    "cp %2$s/tests/helpers/trace-init/trace-init root/init && "
			    "(cd root && find . | cpio -o -H newc --quiet) >root.cpio",
			    test_dir, TEST_BUILD);
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	return 0;
}

static void check(const char *text)
{
	const char *begin = strstr(text, "=== begin");
	json_int_t calls = 0;
	const json_t *process, *cold;
	json_t *json;
	size_t i;

	if (!begin || !strstr(begin, "=== end, status 0"))
		fail_msg("%s", text);
	json = json_loads(strchr(begin, '{'), JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(json);
	assert_int_equal(size_of(json, "processes"), PROCESSES);
	json_array_foreach (json_object_get(json, "processes"), i, process) {
		cold = json_at(process, "calls.cold.calls");
		calls += json_integer_value(cold);
	}
	assert_int_equal(calls, PROCESSES * CALLS);
	assert_number(number_of(json, "counters.lost_pairs"), 0);
	json_decref(json);
}

static void trace_in(const char *version)
{
	struct ready_kernel kernel;
	struct outcome outcome;
	char err[1024];

	if (debian_kernel(version, &kernel, err, sizeof(err))) {
		ready_kernel_release(&kernel);
		skip_test("no kernel %s of Debian: %s", version, err);
	}
	outcome = run_shell("timeout 200 qemu-system-x86_64 -accel tcg -m 1G -smp 2 -nographic "
			    "-no-reboot -kernel %s -initrd %s/root.cpio "
			    "-append 'console=ttyS0 panic=-1 quiet' </dev/null",
			    kernel.image, test_dir);
	ready_kernel_release(&kernel);
	check(outcome.output);
	outcome_release(&outcome);
}

static void linux_6_1(void **state)
{
	(void)state;
	trace_in("6.1");
}

static void linux_6_12(void **state)
{
	(void)state;
	trace_in("6.12");
}

static void linux_7_3(void **state)
{
	(void)state;
	trace_in("7.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linux_6_1),
		cmocka_unit_test(linux_6_12),
		cmocka_unit_test(linux_7_3),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

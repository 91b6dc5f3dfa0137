/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes wrong in a host that is a guest: Ctrl-C ends a box, and --resume runs the rest; a box
 * that dies costs one boot; what the guest's kernel warns of while it boots is said.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/box.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

static size_t finished(const char *tree)
{
	return count_paths(in_test_dir(tree), "/*/*/boot-*/result.json");
}

/* The QEMU of the box: the only child of balloonbench. */
static pid_t box_of(pid_t pid)
{
	struct outcome outcome = run_shell("cat /proc/%d/task/*/children", (int)pid);
	pid_t child = atoi(outcome.output);

	outcome_release(&outcome);
	return child;
}

static bool warns_of(const json_t *result, const char *text)
{
	size_t i;

	for (i = 0; i < size_of(result, "boot_warnings"); i++)
		if (strstr(json_string_value(item_of(result, "boot_warnings", i)), text))
			return true;
	return false;
}

static void expect_warned(const char *boot)
{
	json_t *result = box_result("died", boot);

	box_expect_ok(result);
	assert_true(warns_of(result, "said=WARNING:"));
	json_decref(result);
}

static void expect_killed(const char *boot)
{
	json_t *result = box_result("died", boot);
	char console[128];

	assert_string_equal(text_of(result, "status"), "failed");
	assert_contains(text_of(result, "reason"), "host " BOX_HOST ": QEMU ended");
	json_decref(result);
	snprintf(console, sizeof(console), "died/%s/host-console.log", boot);
	assert_int_equal(access(in_test_dir(console), R_OK), 0);
}

/*
 * The kernel repeats its command line, which looks like a warning. The run is interrupted after its
 * first boot, and resumed in another box, which dies after the second.
 */
static void guests_warn_and_a_box_dies(void **state)
{
	const char *run[] = {
		"run",	  "--suite", "box",	   "--variants", in_test_dir("own.ini"),
		"--host", BOX_HOST,  "--scenario", BOX_SMOKE,	 "--variant",
		"warns",  "--boots", "3",	   "-o",	 in_test_dir("died"),
		NULL
	};
	const char *resume[] = { "run", "--resume", in_test_dir("died"), NULL };
	pid_t pid;

	(void)state;
	box_need();
	pid = start_program("balloonbench", run);
	AWAIT_WITHIN(300, finished("died") == 1);
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	assert_int_equal(finished("died"), 1);
	assert_int_equal(count_processes(in_test_dir("died")), 0);
	pid = start_program("balloonbench", resume);
	AWAIT_WITHIN(300, finished("died") == 2);
	kill(box_of(pid), SIGKILL);
	assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
	expect_warned("smoke/warns/boot-01");
	expect_warned("smoke/warns/boot-02");
	expect_killed("smoke/warns/boot-03");
	assert_int_equal(count_processes(in_test_dir("died")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_warn_and_a_box_dies),
	};

	return cmocka_run_group_tests(tests, box_set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody stops balloonbench or QEMU for a while (SIGSTOP, a debugger), or the machine does not
 * run them: what was timed meanwhile is wrong, and the boot says so.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

static int set_up(void **state)
{
	return tiny_set_up(state, TINY_WITHIN("30 s", "30 s"));
}

static pid_t start_slowly(const char *tree)
{
	char log[256];
	pid_t pid;

	setenv("FAKE_QEMU", "late-hello", 1);
	pid = tiny_start(tree, "--boots", "1", "--trace", "off");
	snprintf(log, sizeof(log), "%s/tiny/finalize/.boot-01/guest.log", in_test_dir(tree));
	AWAIT(!access(log, F_OK));
	return pid;
}

static void expect_invalid(const char *tree, pid_t pid, const char *reason)
{
	json_t *result;

	assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
	result = tiny_result(tree, 1);
	assert_string_equal(text_of(result, "status"), "invalid");
	assert_contains(text_of(result, "reason"), reason);
	json_decref(result);
}

static void balloonbench_is_stopped(void **state)
{
	pid_t pid = start_slowly("stopped");

	(void)state;
	kill(pid, SIGSTOP);
	usleep(1500000);
	kill(pid, SIGCONT);
	expect_invalid("stopped", pid, "balloonbench did not run for 1.");
}

static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &child) != 1)
		fail_msg("no child in %s", path);
	fclose(f);
	return child;
}

static void qemu_is_stopped(void **state)
{
	pid_t pid = start_slowly("qemu"), qemu = child_of(pid);

	(void)state;
	kill(qemu, SIGSTOP);
	usleep(50000);
	kill(qemu, SIGCONT);
	expect_invalid("qemu", pid, "QEMU was stopped");
}

/* A guest that takes its time is no gap. */
static void nobody_is_stopped(void **state)
{
	pid_t pid = start_slowly("slow");

	(void)state;
	assert_int_equal(wait_program(pid), EXIT_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(balloonbench_is_stopped),
		cmocka_unit_test(qemu_is_stopped),
		cmocka_unit_test(nobody_is_stopped),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

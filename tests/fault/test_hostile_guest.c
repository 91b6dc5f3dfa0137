/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A malicious guest, or a QEMU that its guest took over: the size of its output is
 * bounded, balloonbench survives it, and it has few privileges on the host.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/privileges.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/tiny.h"

/* A few times the limit for a log or a result of a boot. */
#define FILES_MAX (200LL << 20)

static int set_up(void **state)
{
	return tiny_set_up(state, "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"
				  "[prepare]\nstate = fragmented\n[run]\ncycles = 2\n"
				  "boot_timeout = 2 s\nresize_timeout = 100 ms\n");
}

/* Run boots with a fault of the fake QEMU, which also names the tree. */
static struct outcome run(const char *mode, const char *boots, const char *trace)
{
	setenv("FAKE_QEMU", mode, 1);
	return tiny_run(mode, "--boots", boots, "--trace", trace);
}

/* A boot with a fault fails with a reason, and leaves small files. */
static void expect_failure(const char *mode, const char *reason)
{
	static const char *const names[] = { "console.log", "qmp.log", "guest.log", "qemu.log",
					     "result.json" };
	json_t *result;
	struct stat st;
	size_t i;

	expect_outcome(run(mode, "1", "off"), EXIT_ENVIRONMENT, "");
	result = tiny_result(mode, 1);
	assert_string_equal(text_of(result, "status"), "failed");
	assert_contains(text_of(result, "reason"), reason);
	for (i = 0; i < 5; i++)
		if (!stat(tiny_file(mode, 1, names[i]), &st))
			assert_below(st.st_size, FILES_MAX);
	json_decref(result);
}

static void endless_line(void **state)
{
	(void)state;
	expect_failure("long-line", "a line that is too long");
}

static void deep_nesting(void **state)
{
	(void)state;
	expect_failure("deep", "no JSON object: '[[[[");
}

static void empty_arrays(void **state)
{
	(void)state;
	expect_failure("empty-arrays", "arrays and objects");
}

/* Each resize alone would fit. */
static void large_result(void **state)
{
	(void)state;
	expect_failure("many-points", "more than a result of 16 MiB holds");
}

static void huge_number(void **state)
{
	(void)state;
	expect_failure("huge-number", "impossible number");
}

static void reason_is_text(void **state)
{
	(void)state;
	expect_failure("no-text", "Kernel panic - not syncing: ?");
}

static void endless_console(void **state)
{
	(void)state;
	expect_failure("full-console", "signal 25");
}

static void flood_of_events(void **state)
{
	(void)state;
	expect_failure("qmp-flood", "QMP: no answer in time");
}

/* Whatever replaces a value, each boot has a result, and the run ends. */
static void wrong_values(void **state)
{
	static const char *const levels[] = { "off", "phases" };
	/* A guest that no longer answers has two seconds to power off. */
	static const char *const boots[] = { "8", "4" };
	struct outcome outcome;
	int boot, wrong = 0;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		remove_tree(in_test_dir("nonsense"));
		outcome = run("nonsense", boots[i], levels[i]);
		if (outcome.status != EXIT_FINE && outcome.status != EXIT_ENVIRONMENT)
			fail_msg("status %d: %s", outcome.status, outcome.output);
		if (strchr(outcome.output, '\033') || strchr(outcome.output, '\007'))
			fail_msg("control characters of the guest: %s", outcome.output);
		outcome_release(&outcome);
		for (boot = 1; boot <= atoi(boots[i]); boot++) {
			json_t *result = tiny_result("nonsense", boot);

			wrong += strcmp(text_of(result, "status"), "ok") != 0;
			json_decref(result);
		}
		outcome = run_program("balloonstat",
				      (const char *[]){ "compare", in_test_dir("nonsense"), NULL });
		assert_below(outcome.status, 128);
		outcome_release(&outcome);
	}
	assert_above(wrong, 4);
}

/* The fake QEMU tries what one that was taken over would. */
static void qemu_has_no_privileges(void **state)
{
	char *console;

	(void)state;
	setenv("FAKE_QEMU_TARGET", in_test_dir("escaped"), 1);
	expect_outcome(run("inmate", "1", "off"), EXIT_FINE, "1 boots ok");
	console = read_file(tiny_file("inmate", 1, "console.log"));
	assert_contains(console, "no_new_privs 1");
	if (!geteuid()) {
		assert_contains(console, "uid 65534, gid 65534");
		assert_contains(console, "root again: Operation not permitted");
		assert_contains(console, "see files: No such file");
		assert_contains(console, "signal the parent: Operation not permitted");
	}
	if (!geteuid() || confine_abi())
		assert_int_equal(access(in_test_dir("escaped"), F_OK), -1);
	free(console);
}

/* Landlock alone, as for QEMU of a user who is not root. */
static void landlock_without_root(void **state)
{
	struct stat st;
	int status;
	pid_t pid;

	(void)state;
	if (!confine_abi())
		skip_test("this kernel has no Landlock");
	write_file(test_dir, "console", "");
	pid = fork();
	if (!pid) {
		const char *allowed = in_test_dir("console"), *other = in_test_dir("other");

		if (!geteuid() && (chmod(test_dir, 0777) || chmod(allowed, 0666) || setgid(65534) ||
				   setuid(65534)))
			_exit(10);
		if (!confine((const char *[]){ allowed, NULL }))
			_exit(11);
		/* The process ends, and closes what it has opened. */
		/* cppcheck-suppress leakReturnValNotUsed */
		if (fopen(other, "w") || !unlink(allowed) || !truncate(tiny, 0))
			_exit(12);
		/* cppcheck-suppress leakReturnValNotUsed */
		_exit(fopen(allowed, "w") && fopen("/dev/null", "w") && fopen(tiny, "r") ? 0 : 13);
	}
	status = wait_program(pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(in_test_dir("other"), &st), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endless_line),		 cmocka_unit_test(deep_nesting),
		cmocka_unit_test(empty_arrays),		 cmocka_unit_test(large_result),
		cmocka_unit_test(huge_number),		 cmocka_unit_test(reason_is_text),
		cmocka_unit_test(endless_console),	 cmocka_unit_test(flood_of_events),
		cmocka_unit_test(wrong_values),		 cmocka_unit_test(qemu_has_no_privileges),
		cmocka_unit_test(landlock_without_root),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest, or a QEMU that its guest took over, that means ill: what it says is
 * bounded, never ends balloonbench, and what it may do to the host is little.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/confine.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

/* Of a boot's logs, and its result: a few times what is let through. */
#define FILES_MAX (200LL << 20)

static char scenario[512];

static int set_up(void **state)
{
	test_dir_set_up(state);
	snprintf(scenario, sizeof(scenario), "%s",
		 write_file(test_dir, "tiny.ini",
			    "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"
			    "[prepare]\nstate = fragmented\n[run]\ncycles = 2\n"
			    "boot_timeout = 2 s\nmove_timeout = 100 ms\n"));
	setenv("QEMU", build_path("tests/helpers/fake-qemu/fake-qemu"), 1);
	return 0;
}

static struct outcome run(const char *mode, const char *boots, const char *trace)
{
	setenv("FAKE_QEMU", mode, 1);
	return run_program("balloonbench",
			   (const char *[]){ "run", "--scenario", scenario, "--variant", "finalize",
					     "--boots", boots, "--accel", "tcg", "--trace", trace,
					     "-o", in_test_dir(mode), NULL });
}

static const char *file_of(const char *mode, int boot, const char *name)
{
	char relative[256];

	snprintf(relative, sizeof(relative), "%s/tiny/finalize/boot-%02d/%s", mode, boot, name);
	return in_test_dir(relative);
}

static json_t *load_result(const char *mode, int boot)
{
	json_t *result = json_load_file(file_of(mode, boot, "result.json"), 0, NULL);

	if (!result)
		fail_msg("%s: boot %d has no result", mode, boot);
	return result;
}

/* A boot in a mode fails, for a reason, and leaves no more than it may. */
static void expect_failure(const char *mode, const char *reason)
{
	static const char *const names[] = { "console.log", "qmp.log", "guest.log", "qemu.log",
					     "result.json" };
	struct outcome outcome = run(mode, "1", "off");
	json_t *result;
	struct stat st;
	size_t i;

	if (outcome.status != EXIT_ENVIRONMENT)
		fail_msg("%s: status %d: %s", mode, outcome.status, outcome.output);
	outcome_release(&outcome);
	result = load_result(mode, 1);
	assert_string_equal(text_of(result, "status"), "failed");
	if (!strstr(text_of(result, "reason"), reason))
		fail_msg("%s: the reason is '%s'", mode, text_of(result, "reason"));
	for (i = 0; i < 5; i++)
		assert_true(stat(file_of(mode, 1, names[i]), &st) || st.st_size < FILES_MAX);
	json_decref(result);
}

static void lines_have_an_end(void **state)
{
	(void)state;
	expect_failure("long-line", "a line that is too long");
}

static void nesting_has_an_end(void **state)
{
	(void)state;
	expect_failure("deep", "no JSON object: '[[[[");
}

static void a_reason_is_text(void **state)
{
	(void)state;
	expect_failure("no-text", "Kernel panic - not syncing: ?");
}

static void a_console_does_not_fill_the_disk(void **state)
{
	(void)state;
	expect_failure("full-console", "signal 25");
}

static void a_flood_has_an_end(void **state)
{
	(void)state;
	expect_failure("qmp-flood", "QMP: no answer in time");
}

/* Whatever is in its place, each boot has a result, and the run its end. */
static void nonsense_is_survived(void **state)
{
	static const char *const levels[] = { "off", "phases" };
	/* A guest that is silent in the end has two seconds to end. */
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
			fail_msg("the guest speaks to the terminal: %s", outcome.output);
		outcome_release(&outcome);
		for (boot = 1; boot <= atoi(boots[i]); boot++) {
			json_t *result = load_result("nonsense", boot);

			wrong += strcmp(text_of(result, "status"), "ok") != 0;
			json_decref(result);
		}
		outcome = run_program("balloonstat",
				      (const char *[]){ "compare", in_test_dir("nonsense"), NULL });
		assert_true(outcome.status < 128);
		outcome_release(&outcome);
	}
	assert_true(wrong > 4);
}

static void expect_line(const char *console, const char *line)
{
	if (!strstr(console, line))
		fail_msg("no '%s' in: %s", line, console);
}

/* What is in the place of QEMU tries what one that was taken over would. */
static void qemu_has_no_privileges(void **state)
{
	char *console;

	(void)state;
	setenv("FAKE_QEMU_TARGET", in_test_dir("escaped"), 1);
	expect_outcome(run("inmate", "1", "off"), EXIT_FINE, "1 boots ok");
	console = read_file(file_of("inmate", 1, "console.log"));
	assert_non_null(console);
	expect_line(console, "no_new_privs 1");
	if (!geteuid()) {
		expect_line(console, "uid 65534, gid 65534");
		expect_line(console, "root again: Operation not permitted");
		expect_line(console, "see files: No such file");
		expect_line(console, "signal the parent: Operation not permitted");
	}
	if (!geteuid() || confine_abi())
		assert_true(access(in_test_dir("escaped"), F_OK) != 0);
	free(console);
}

/* Landlock alone, as it is for QEMU where nobody is root. */
static void without_root_it_writes_nowhere(void **state)
{
	struct stat st;
	int status;
	pid_t pid;

	(void)state;
	if (!confine_abi()) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	write_file(test_dir, "console", "");
	pid = fork();
	if (!pid) {
		const char *allowed = in_test_dir("console"), *other = in_test_dir("other");

		if (!geteuid() && (chmod(test_dir, 0777) || chmod(allowed, 0666) || setgid(65534) ||
				   setuid(65534)))
			_exit(10);
		if (!confine((const char *[]){ allowed, NULL }))
			_exit(11);
		/* Nothing that is opened here outlives the process. */
		/* cppcheck-suppress leakReturnValNotUsed */
		if (fopen(other, "w") || !unlink(allowed) || !truncate(scenario, 0))
			_exit(12);
		/* cppcheck-suppress leakReturnValNotUsed */
		_exit(fopen(allowed, "w") && fopen("/dev/null", "w") && fopen(scenario, "r") ? 0
											     : 13);
	}
	status = wait_program(pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(in_test_dir("other"), &st), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_an_end),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(a_reason_is_text),
		cmocka_unit_test(a_console_does_not_fill_the_disk),
		cmocka_unit_test(a_flood_has_an_end),
		cmocka_unit_test(nonsense_is_survived),
		cmocka_unit_test(qemu_has_no_privileges),
		cmocka_unit_test(without_root_it_writes_nowhere),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

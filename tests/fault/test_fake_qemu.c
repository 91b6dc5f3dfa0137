/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench with a QEMU and a guest that misbehave in every way they can:
 * the boot is "failed" or "invalid" with a reason that names the cause, the
 * run goes on, and no process is left behind.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/fake-qemu/fake_clock.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/schema.h"

static char fake[512];
static char scenario[512];

static int set_up(void **state)
{
	test_dir_set_up(state);
	snprintf(fake, sizeof(fake), "%s", build_path("tests/helpers/fake-qemu/fake-qemu"));
	snprintf(scenario, sizeof(scenario), "%s",
		 write_file(test_dir, "tiny.ini",
			    "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"
			    "[run]\ncycles = 1\nboot_timeout = 1 s\nmove_timeout = 100 ms\n"));
	setenv("QEMU", fake, 1);
	return 0;
}

static struct outcome run(const char *mode, const char *out, const char *boots)
{
	const char *args[] = { "run",	  "--scenario", scenario,  "--variant", "finalize",
			       "--boots", boots,	"--accel", "tcg",	"--trace",
			       "off",	  "-o",		out,	   NULL };

	setenv("FAKE_QEMU", mode, 1);
	return run_program("balloonbench", args);
}

static json_t *load_result(const char *out, int boot)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/tiny/finalize/boot-%02d/result.json", out, boot);
	return json_load_file(path, 0, NULL);
}

/* Run two boots in a mode; check status and reason of both. */
static void expect(const char *mode, int status, const char *boot_status, const char *reason)
{
	struct outcome outcome;
	char out[256];
	int boot;

	snprintf(out, sizeof(out), "%s/%s", test_dir, mode);
	outcome = run(mode, out, "2");
	if (outcome.status != status)
		fail_msg("%s: status %d: %s", mode, outcome.status, outcome.output);
	for (boot = 1; boot <= 2; boot++) {
		json_t *result = load_result(out, boot);
		const char *why = json_string_value(json_object_get(result, "reason"));

		assert_non_null(result);
		assert_string_equal(json_string_value(json_object_get(result, "status")),
				    boot_status);
		if (reason && (!why || !strstr(why, reason)))
			fail_msg("%s: the reason is '%s'", mode, why ? why : "");
		if (!reason)
			assert_null(why);
		json_decref(result);
	}
	outcome_release(&outcome);
	assert_int_equal(count_processes(out), 0);
}

#define CASE(function, mode, status, boot_status, reason)                                          \
	static void function(void **state)                                                         \
	{                                                                                          \
		(void)state;                                                                       \
		expect(mode, status, boot_status, reason);                                         \
	}

CASE(all_is_well, "good", 0, "ok", NULL)
CASE(output_comes_byte_by_byte, "split", 0, "ok", NULL)
CASE(exits_at_once, "exit-at-once", 3, "failed",
     "QEMU ended before QMP was up (exit status 1): fake-qemu: the machine does not start")
CASE(no_greeting, "no-greeting", 3, "failed", "before QMP was up: QMP: no answer in time")
CASE(another_protocol, "garbage", 3, "failed", "220 mail.example.org")
CASE(closed_after_greeting, "eof", 3, "failed", "QEMU ended before QMP was up (exit status 0)")
CASE(balloon_refused, "refuse-balloon", 3, "failed",
     "in inflate 1: QMP, setting the target: QEMU refuses balloon: there is no balloon")
CASE(wrong_kernel, "wrong-cut", 3, "failed", "runs the kernel of cut 'none', not 'finalize'")
CASE(old_agent, "old-agent", 3, "failed", "protocol 0, not 1")
CASE(silent_guest, "silent-guest", 3, "failed",
     "before the agent said hello: guest channel: no answer in time")
CASE(panic_before_hello, "panic", 3, "failed",
     "guest panicked before the agent said hello: [    0.5] Kernel panic - not syncing: the test "
     "wants it")
CASE(garbage_from_the_guest, "garbage-guest", 3, "failed", "login:")
CASE(killed_in_a_move, "die-in-move", 3, "failed", "QEMU ended in inflate 1 (signal 9 (Killed))")
CASE(panic_in_a_move, "panic-in-move", 3, "failed", "guest panicked in inflate 1")
CASE(hang_in_a_move, "hang-in-move", 3, "failed", "in inflate 1: the guest did not finish")
CASE(stuck_balloon, "stuck", 3, "failed", "did not reach its target")
CASE(lost_pages, "lost-pages", 3, "invalid",
     "cycle 1, inflate: 16384 pages moved, vmstat balloon_inflate says 16383")
CASE(kernel_warning, "warn", 3, "failed", "the guest's kernel complained")
CASE(panic_at_the_end, "panic-poweroff", 3, "failed",
     "the guest's kernel complained: [    0.5] Kernel")
CASE(no_poweroff, "no-poweroff", 0, "ok", NULL)

/* Stopped half-way: what is finished stays, what is not leaves no trace. */
static void stop_with(int signal, int status)
{
	char out[256], journal[300], *text = NULL;
	const char *args[] = { "run",	  "--scenario", scenario,  "--variant", "finalize",
			       "--boots", "900",	"--accel", "tcg",	"--trace",
			       "off",	  "-q",		"-o",	   out,		NULL };
	int tries, found;
	pid_t pid;

	snprintf(out, sizeof(out), "%s/signal-%d", test_dir, signal);
	snprintf(journal, sizeof(journal), "%s/journal.jsonl", out);
	setenv("FAKE_QEMU", "good", 1);
	pid = start_program("balloonbench", args);
	for (tries = 0, found = 0; tries < 1000 && !found; tries++) {
		usleep(10000);
		text = read_file(journal);
		found = text && strstr(text, "\"boot\":2");
		free(text);
	}
	assert_true(found);
	kill(pid, signal);
	assert_int_equal(wait_program(pid), status);
	for (tries = 0; tries < 500 && count_processes(out); tries++)
		usleep(10000);
	assert_int_equal(count_processes(out), 0);
	json_decref(load_result(out, 1));
	assert_non_null(load_result(out, 2));
}

static void ctrl_c(void **state)
{
	(void)state;
	stop_with(SIGINT, 130);
}

static void sigterm(void **state)
{
	(void)state;
	stop_with(SIGTERM, 130);
}

static void sigkill(void **state)
{
	(void)state;
	stop_with(SIGKILL, 128 + SIGKILL);
}

/* The agent's clock is ahead by what is known: so says the measurement, within its own bound. */
static void check_offset(const json_t *result, const char *when)
{
	const json_t *offset = json_object_get(json_object_get(result, "clock"), when);
	json_int_t error =
		json_integer_value(json_object_get(offset, "offset_ns")) - FAKE_CLOCK_AHEAD_NS;
	json_int_t bound = json_integer_value(json_object_get(offset, "uncertainty_ns"));

	assert_true(json_integer_value(json_object_get(offset, "round_trips")) > 1);
	assert_true(bound > 0);
	if (error > bound || error < -bound)
		fail_msg("%s: wrong by %lld ns, more than %lld", when, (long long)error,
			 (long long)bound);
}

static void clocks_are_compared(void **state)
{
	static const char *const modes[] = { "good", "slow-clock" };
	const json_t *begin, *end;
	struct outcome outcome;
	json_t *result;
	char out[256];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(out, sizeof(out), "%s/clock-%s", test_dir, modes[i]);
		outcome = run(modes[i], out, "1");
		assert_int_equal(outcome.status, 0);
		outcome_release(&outcome);
		result = load_result(out, 1);
		check_offset(result, "begin");
		check_offset(result, "end");
		begin = json_object_get(json_object_get(result, "clock"), "begin");
		end = json_object_get(json_object_get(result, "clock"), "end");
		assert_true(json_integer_value(json_object_get(begin, "at_ns")) <
			    json_integer_value(json_object_get(end, "at_ns")));
		json_decref(result);
	}
}

/* result.json is what its schema says. */
static void results_fit_the_schema(void **state)
{
	static const char *const modes[] = { "good", "panic", "lost-pages" };
	char path[512];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s/tiny/finalize/boot-01/result.json", test_dir,
			 modes[i]);
		assert_fits_schema(path);
	}
}

/* What a scenario says of the guest's memory is looked at: a tenth in blocks is fine, all is not.
 */
static void memory_must_be_in_the_state(void **state)
{
	char plain[sizeof(scenario)];

	(void)state;
	snprintf(plain, sizeof(plain), "%s", scenario);
	snprintf(scenario, sizeof(scenario), "%s",
		 write_file(test_dir, "fragmented/tiny.ini",
			    "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"
			    "[prepare]\nstate = fragmented\n[run]\ncycles = 1\n"
			    "boot_timeout = 1 s\nmove_timeout = 100 ms\n"));
	expect("one-block", 3, "invalid", "100 % of what is free lies in blocks of 64 KiB");
	expect("scattered", 0, "ok", NULL);
	snprintf(scenario, sizeof(scenario), "%s", plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(output_comes_byte_by_byte),
		cmocka_unit_test(exits_at_once),
		cmocka_unit_test(no_greeting),
		cmocka_unit_test(another_protocol),
		cmocka_unit_test(closed_after_greeting),
		cmocka_unit_test(balloon_refused),
		cmocka_unit_test(wrong_kernel),
		cmocka_unit_test(old_agent),
		cmocka_unit_test(silent_guest),
		cmocka_unit_test(panic_before_hello),
		cmocka_unit_test(garbage_from_the_guest),
		cmocka_unit_test(killed_in_a_move),
		cmocka_unit_test(panic_in_a_move),
		cmocka_unit_test(hang_in_a_move),
		cmocka_unit_test(stuck_balloon),
		cmocka_unit_test(lost_pages),
		cmocka_unit_test(kernel_warning),
		cmocka_unit_test(panic_at_the_end),
		cmocka_unit_test(no_poweroff),
		cmocka_unit_test(ctrl_c),
		cmocka_unit_test(sigterm),
		cmocka_unit_test(sigkill),
		cmocka_unit_test(clocks_are_compared),
		cmocka_unit_test(results_fit_the_schema),
		cmocka_unit_test(memory_must_be_in_the_state),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

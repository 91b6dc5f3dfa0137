/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench with a QEMU and a guest that misbehave: the boot is "failed" or
 * "invalid" with a reason that names the cause, the run continues, and no process is
 * left behind.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/build/image.h"
#include "bench/config/images.h"
#include "tests/helpers/fake-qemu/fake_clock.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/schema.h"
#include "tests/helpers/tiny.h"

static int set_up(void **state)
{
	return tiny_set_up(state, TINY_WITHIN("1 s", "100 ms"));
}

static struct outcome run(const char *mode, const char *tree, const char *boots)
{
	setenv("FAKE_QEMU", mode, 1);
	return tiny_run(tree, "--boots", boots, "--trace", "off");
}

/* Run two boots with a fault; check status and reason of both. */
static void expect(const char *mode, int status, const char *boot_status, const char *reason)
{
	int boot;

	expect_outcome(run(mode, mode, "2"), status, "");
	for (boot = 1; boot <= 2; boot++) {
		json_t *result = tiny_result(mode, boot);

		assert_string_equal(text_of(result, "status"), boot_status);
		if (reason)
			assert_contains(text_of(result, "reason"), reason);
		else
			assert_string_equal(text_of(result, "reason"), "(none)");
		json_decref(result);
	}
	assert_int_equal(count_processes(in_test_dir(mode)), 0);
}

static void expect_reason(const char *tree, const char *part, const char *and)
{
	json_t *result = tiny_result(tree, 1);

	assert_contains(text_of(result, "reason"), part);
	assert_contains(text_of(result, "reason"), and);
	json_decref(result);
}

#define CASE(function, mode, status, boot_status, reason)                                          \
	static void function(void **state)                                                         \
	{                                                                                          \
		(void)state;                                                                       \
		expect(mode, status, boot_status, reason);                                         \
	}

CASE(no_fault, "good", 0, "ok", NULL)
CASE(output_byte_by_byte, "split", 0, "ok", NULL)
CASE(exit_at_once, "exit-at-once", 3, "failed",
     "QEMU ended before QMP was up (exit status 1): fake-qemu: the machine does not start")
CASE(no_greeting, "no-greeting", 3, "failed", "before QMP was up: QMP: no answer in time")
CASE(another_protocol, "garbage", 3, "failed", "220 mail.example.org")
CASE(closed_after_greeting, "eof", 3, "failed", "QEMU ended before QMP was up (exit status 0)")
CASE(balloon_refused, "refuse-balloon", 3, "failed",
     "in inflate 1: cannot set the target: QEMU refuses balloon: there is no balloon")
CASE(wrong_kernel, "wrong-kernel", 3, "failed",
     "another kernel than that of cut 'finalize': build ID 00ff, expected ")
CASE(no_device, "no-device", 3, "failed",
     "guest ended before the agent said hello: balloonguest: no port: as the test asked")
CASE(old_agent, "old-agent", 3, "failed", "protocol 0, expected 3")
CASE(silent_guest, "silent-guest", 3, "failed",
     "before the agent said hello: guest channel: no answer in time")
CASE(panic_before_hello, "panic", 3, "failed",
     "guest panicked before the agent said hello: [    0.5] Kernel panic - not syncing: as the "
     "test "
     "asked")
CASE(garbage_from_the_guest, "garbage-guest", 3, "failed", "login:")
CASE(killed_in_a_resize, "die-in-resize", 3, "failed",
     "QEMU ended in inflate 1 (signal 9 (Killed))")
CASE(panic_in_a_resize, "panic-in-resize", 3, "failed", "guest panicked in inflate 1")
CASE(hang_in_a_resize, "hang-in-resize", 3, "failed", "in inflate 1: the guest did not finish")
CASE(stuck_balloon, "stuck", 3, "failed", "did not reach its target")
CASE(lost_pages, "lost-pages", 3, "invalid",
     "cycle 1, inflate: vmstat balloon_inflate: 16383 pages, expected 16384")
CASE(kernel_warning, "warn", 3, "failed", "the guest's kernel complained")
CASE(panic_at_the_end, "panic-poweroff", 3, "failed",
     "the guest's kernel complained: [    0.5] Kernel")
CASE(no_poweroff, "no-poweroff", 0, "ok", NULL)

/* No balloon: QEMU says what it discarded, and all of it was asked for. */
static void floor_of_a_balloon(void **state)
{
	static const char *const modes[] = { "good", "lost-pages" };
	json_t *result, *cycle, *inflate;
	char name[64];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		setenv("FAKE_QEMU", modes[i], 1);
		expect_outcome(tiny_run(i ? "floor-lost" : "floor", "--variant", "floor", "--boots",
					"1", "--trace", "off"),
			       i ? 3 : 0, "");
		snprintf(name, sizeof(name), "%s/tiny/floor/boot-01/result.json",
			 i ? "floor-lost" : "floor");
		result = load_json(in_test_dir(name));
		assert_string_equal(text_of(result, "status"), i ? "invalid" : "ok");
		assert_string_equal(text_of(result, "method"), "floor");
		cycle = json_array_get(json_object_get(result, "cycles"), 0);
		inflate = json_object_get(cycle, "inflate");
		assert_null(json_object_get(cycle, "deflate"));
		assert_int_equal(json_integer_value(json_object_get(inflate, "bytes")),
				 (64 << 20) - (i ? 4096 : 0));
		assert_int_equal(json_integer_value(json_object_get(inflate, "duration_ns")),
				 1000000);
		if (i)
			assert_contains(text_of(result, "reason"),
					"pages that QEMU discarded: 16383 pages, expected 16384");
		json_decref(result);
	}
	setenv("FAKE_QEMU", "good", 1);
	expect_outcome(
		run_shell("cd %s && %s/balloonbench run --scenario fragmented --variant floor "
			  "--dry-run --accel tcg",
			  test_dir, TEST_BUILD),
		2,
		"scenario fragmented with variant floor: the guest gives up whole huge "
		"pages");
}

/* A vCPU that was to be busy and did not run makes the boot invalid. */
static void busy_vcpu(void **state)
{
	static const char *const modes[] = { "good", "lazy-vcpu" };
	json_t *result, *inflate;
	char path[256];
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "tiny.ini",
			    TINY_WITHIN("1 s", "100 ms") "[prepare]\nbusy = on\n"));
	for (i = 0; i < 2; i++) {
		setenv("FAKE_QEMU", modes[i], 1);
		expect_outcome(tiny_run(i ? "lazy" : "busy", "--boots", "1", "--trace", "off"),
			       i ? 3 : 0, "");
		result = tiny_result(i ? "lazy" : "busy", 1);
		inflate = json_object_get(json_array_get(json_object_get(result, "cycles"), 0),
					  "inflate");
		assert_string_equal(text_of(result, "status"), i ? "invalid" : "ok");
		assert_float_equal(json_number_value(json_object_get(inflate, "busy_share")),
				   i ? 0 : 0.5, 1e-6);
		if (i)
			assert_contains(text_of(result, "reason"),
					"cycle 1, inflate: time that the busy vCPU ran: 0 ns, "
					"expected ");
		json_decref(result);
	}
	write_file(test_dir, "tiny.ini", TINY_WITHIN("1 s", "100 ms"));
	/* Its instructions would be counted. */
	expect_outcome(run_shell("cd %s && %s/balloonbench run --scenario touched-busy --variant "
				 "finalize --accel icount --dry-run",
				 test_dir, TEST_BUILD),
		       2, "the guest's clock would count the instructions of the busy vCPU");
}

/* Let there be a kernel of a configuration: that of another cut under the name. */
static void add_configuration(const char *config)
{
	tiny_change_cut("finalize", "subject = x");
	expect_outcome(
		run_shell("cd '%s/data' && sed -n '/^.cut finalize.$/,/^patches/p' images.ini | "
			  "sed 's/^.cut finalize.$/[cut finalize-%s]\\nconfig = %s/' >more && "
			  "cat more >>images.ini",
			  test_dir, config, config),
		0, "");
}

/* A scenario chooses the configuration of its kernels; they are there, or the run says how. */
static void configuration_of_a_scenario(void **state)
{
	json_t *env, *plan;
	char path[256];

	(void)state;
	setenv("FAKE_QEMU", "good", 1);
	write_file(test_dir, "lean.ini", TINY_WITHIN("1 s", "100 ms"));
	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "other.ini",
			    TINY_WITHIN("1 s", "100 ms") "[guest]\nconfig = other\n"));
	expect_outcome(tiny_run("missing", "--scenario", path), 3,
		       "scenario other boots kernels of the configuration 'other', and cut "
		       "'finalize' was not built with it: `balloonbench build --config other` "
		       "builds it");
	add_configuration("other");
	expect_outcome(tiny_run("there", "--scenario", path, "--boots", "1", "--trace", "off"), 0,
		       "");
	env = load_json(in_test_dir("there/env.json"));
	assert_string_equal(
		text_of(json_object_get(json_object_get(env, "cuts"), "finalize-other"), "config"),
		"other");
	assert_null(json_object_get(json_object_get(json_object_get(env, "cuts"), "finalize"),
				    "config"));
	plan = load_json(in_test_dir("there/plan.json"));
	assert_string_equal(
		text_of(json_array_get(json_object_get(plan, "scenarios"), 1), "config"), "other");
	json_decref(env);
	json_decref(plan);
	assert_int_equal(count_paths(in_test_dir("there"), "/*/finalize/boot-01/result.json"), 2);
}

/* What VMware's device was told is a check of its own, and its guest keeps its MemTotal. */
static void balloon_of_vmware(void **state)
{
	static const char *const modes[] = { "good", "extra-lock" };
	const json_t *inflate;
	json_t *result;
	char name[64];
	size_t i;

	(void)state;
	expect_outcome(tiny_run("elsewhere", "--variant", "vmware"), 3,
		       "variant vmware boots kernels of the configuration 'drivers', and cut "
		       "'finalize' was not built with it: `balloonbench build --config drivers` "
		       "builds it");
	add_configuration("drivers");
	for (i = 0; i < 2; i++) {
		setenv("FAKE_QEMU", modes[i], 1);
		snprintf(name, sizeof(name), "vmware-%s", modes[i]);
		expect_outcome(
			tiny_run(name, "--variant", "vmware", "--boots", "1", "--trace", "off"),
			i ? 3 : 0, "");
		snprintf(name, sizeof(name), "vmware-%s/tiny/vmware/boot-01/result.json", modes[i]);
		assert_fits_schema(in_test_dir(name));
		result = load_json(in_test_dir(name));
		assert_string_equal(text_of(result, "status"), i ? "invalid" : "ok");
		assert_string_equal(text_of(result, "method"), "vmware");
		inflate = json_at(item_of(result, "cycles", 0), "inflate");
		assert_int_equal(json_integer_value(json_object_get(inflate, "bytes")), 64 << 20);
		if (i)
			assert_contains(text_of(result, "reason"),
					"cycle 1, inflate: pages locked in the device: 16385 "
					"pages, expected 16384");
		json_decref(result);
	}
}

/* The build ID of a kernel decides, if it is known, also between two of the same release. */
static void wrong_build_id(void **state)
{
	struct image_info kernel;
	struct images images;
	char err[512], line[256];

	(void)state;
	if (images_load(&images, path_images(), err, sizeof(err)) ||
	    image_inspect(images_find(&images, "finalize")->image, &kernel, err, sizeof(err)))
		fail_msg("%s", err);
	images_release(&images);
	snprintf(line, sizeof(line), "build_id = %s", kernel.build_id);
	tiny_change_cut("finalize", line);
	expect_outcome(run("good", "right-id", "1"), 0, "");
	expect_outcome(run("wrong-kernel", "another-id", "1"), 3, "");
	expect_reason("another-id", "build ID 00ff, expected ", kernel.build_id);
	tiny_change_cut("finalize", "build_id = 00fe");
	expect_outcome(run("good", "stale-id", "1"), 3, "");
	expect_reason("stale-id", kernel.build_id, ", expected 00fe; build the cut again");
	tiny_change_cut("finalize", "release = 6.12.0-other");
	expect_outcome(run("good", "stale-release", "1"), 3, "");
	expect_reason("stale-release", kernel.release, ", expected 6.12.0-other");
	tiny_change_cut("finalize", "version = #1 SMP another day");
	expect_outcome(run("good", "stale-version", "1"), 3, "");
	expect_reason("stale-version", kernel.version, "', expected '#1 SMP another day'");
}

/* What a kernel warns of while it boots is shown and kept, within bounds. */
static void kernel_warning_at_boot(void **state)
{
	json_t *result;

	(void)state;
	expect_outcome(run("warn-at-boot", "warn-at-boot", "1"), 0,
		       "the kernel of cut 'finalize' warned while it booted, which does not fail "
		       "a boot: WARNING: CPU: 0 PID: 1 at fpu/xstate.c:600");
	result = tiny_result("warn-at-boot", 1);
	assert_string_equal(text_of(result, "status"), "ok");
	assert_int_equal(size_of(result, "boot_warnings"), 17);
	assert_string_equal(json_string_value(item_of(result, "boot_warnings", 1)),
			    "[    0.1] WARNING: CPU: 0 PID: 1 at fpu/xstate.c:601");
	assert_string_equal(json_string_value(item_of(result, "boot_warnings", 16)), "4 more");
	json_decref(result);
	assert_fits_schema(tiny_file("warn-at-boot", 1, "result.json"));
}

/* Stop a run half-way: what is finished is complete, and nothing else is left. */
static void stop_with(int signal, int status)
{
	char tree[32];
	pid_t pid;

	snprintf(tree, sizeof(tree), "signal-%d", signal);
	setenv("FAKE_QEMU", "good", 1);
	pid = tiny_start(tree, "--boots", "900", "--trace", "off", "-q");
	AWAIT(tiny_journal_has(tree, "\"boot\":2"));
	kill(pid, signal);
	assert_int_equal(wait_program(pid), status);
	expect_no_process(in_test_dir(tree));
	json_decref(tiny_result(tree, 1));
	json_decref(tiny_result(tree, 2));
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

/* The measured offset of the agent's clock is the true one, within its own bound. */
static void check_offset(const json_t *result, const char *when)
{
	const json_t *offset = json_object_get(json_object_get(result, "clock"), when);
	double error = number_of(offset, "offset_ns") - FAKE_CLOCK_AHEAD_NS;
	double bound = number_of(offset, "uncertainty_ns");

	assert_above(number_of(offset, "round_trips"), 1);
	assert_above(bound, 0);
	assert_at_most(error, bound);
	assert_at_least(error, -bound);
}

static void clocks_are_compared(void **state)
{
	static const char *const modes[] = { "good", "slow-clock" };
	json_t *result;
	char tree[32];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(tree, sizeof(tree), "clock-%s", modes[i]);
		expect_outcome(run(modes[i], tree, "1"), 0, "");
		result = tiny_result(tree, 1);
		check_offset(result, "begin");
		check_offset(result, "end");
		assert_below(json_integer_value(json_at(result, "clock.begin.at_ns")),
			     json_integer_value(json_at(result, "clock.end.at_ns")));
		json_decref(result);
	}
}

static void results_fit_the_schema(void **state)
{
	static const char *const modes[] = { "good", "panic", "lost-pages" };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_fits_schema(tiny_file(modes[i], 1, "result.json"));
}

/* A scenario asks for fragmented memory: with all of it in large blocks the boot is invalid. */
static void memory_is_fragmented(void **state)
{
	char plain[sizeof(tiny)];

	(void)state;
	snprintf(plain, sizeof(plain), "%s", tiny);
	snprintf(tiny, sizeof(tiny), "%s",
		 write_file(test_dir, "fragmented/tiny.ini",
			    "[guest]\nmemory = 256 MiB\n[balloon]\ninflate = 64 MiB\n"
			    "[prepare]\nstate = fragmented\n[run]\ncycles = 1\n"
			    "boot_timeout = 1 s\nresize_timeout = 100 ms\n"));
	expect("one-block", 3, "invalid", "100 % of free memory is in blocks of 64 KiB");
	expect("scattered", 0, "ok", NULL);
	snprintf(tiny, sizeof(tiny), "%s", plain);
}

/* What the guest has freed since the refault does not count: it may be reported at once. */
static void memory_is_read_before_it_is_freed(void **state)
{
	char plain[sizeof(tiny)];
	const json_t *memory;
	json_t *result;

	(void)state;
	snprintf(plain, sizeof(plain), "%s", tiny);
	snprintf(tiny, sizeof(tiny), "%s",
		 write_file(test_dir, "refaulted/tiny.ini",
			    TINY_WITHIN("1 s", "100 ms") "refault = on\n"));
	expect("report-at-once", 0, "ok", NULL);
	result = tiny_result("report-at-once", 1);
	memory = json_at(item_of(result, "cycles", 0), "host_memory");
	assert_at_least(number_of(memory, "refaulted.rss_bytes"),
			number_of(memory, "deflated.rss_bytes") + (60 << 20));
	json_decref(result);
	snprintf(tiny, sizeof(tiny), "%s", plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_fault),
		cmocka_unit_test(output_byte_by_byte),
		cmocka_unit_test(exit_at_once),
		cmocka_unit_test(no_greeting),
		cmocka_unit_test(another_protocol),
		cmocka_unit_test(closed_after_greeting),
		cmocka_unit_test(balloon_refused),
		cmocka_unit_test(wrong_kernel),
		cmocka_unit_test(floor_of_a_balloon),
		cmocka_unit_test(busy_vcpu),
		cmocka_unit_test_teardown(configuration_of_a_scenario, tiny_restore_cuts),
		cmocka_unit_test_teardown(balloon_of_vmware, tiny_restore_cuts),
		cmocka_unit_test_teardown(wrong_build_id, tiny_restore_cuts),
		cmocka_unit_test(no_device),
		cmocka_unit_test(old_agent),
		cmocka_unit_test(silent_guest),
		cmocka_unit_test(panic_before_hello),
		cmocka_unit_test(garbage_from_the_guest),
		cmocka_unit_test(killed_in_a_resize),
		cmocka_unit_test(panic_in_a_resize),
		cmocka_unit_test(hang_in_a_resize),
		cmocka_unit_test(stuck_balloon),
		cmocka_unit_test(lost_pages),
		cmocka_unit_test(kernel_warning),
		cmocka_unit_test(kernel_warning_at_boot),
		cmocka_unit_test(panic_at_the_end),
		cmocka_unit_test(no_poweroff),
		cmocka_unit_test(ctrl_c),
		cmocka_unit_test(sigterm),
		cmocka_unit_test(sigkill),
		cmocka_unit_test(clocks_are_compared),
		cmocka_unit_test(results_fit_the_schema),
		cmocka_unit_test(memory_is_fragmented),
		cmocka_unit_test(memory_is_read_before_it_is_freed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench with a host in a box that misbehaves, and with options that do not fit one. The box
 * is a fake: its kernel never boots, and its program does what the test asks. tests/box has real
 * ones.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/fake-qemu/fake_box.h"
#include "tests/helpers/files.h"
#include "tests/helpers/leftovers.h"
#include "tests/helpers/schema.h"
#include "tests/helpers/tiny.h"

#define HOST "host finalize: "

/* The kernel of a cut is one that can be a host. */
static int set_up(void **state)
{
	if (tiny_set_up(state, TINY_WITHIN("1 s", "100 ms")))
		return -1;
	write_file(test_dir, "modules.cpio", "no modules");
	tiny_change_cut("finalize", "host_modules = ..\\/modules.cpio");
	return 0;
}

static struct outcome run(const char *mode, const char *accel, const char *boots)
{
	setenv("FAKE_QEMU", mode, 1);
	return tiny_run(mode, "--host", "finalize", "--accel", accel, "--boots", boots, "--trace",
			"off");
}

static void expect_reason(const char *tree, int boot, const char *reason)
{
	json_t *result = tiny_result(tree, boot);

	assert_fits_schema(tiny_file(tree, boot, "result.json"));
	assert_string_equal(text_of(result, "status"), "failed");
	assert_contains(text_of(result, "reason"), reason);
	json_decref(result);
}

/* What a boot wrote in the box is in its directory, byte for byte. */
static void files_come_back(void **state)
{
	struct outcome outcome;
	json_t *env;
	int boot;

	(void)state;
	expect_outcome(run("box", "icount", "2"), 3,
		       "accelerator: kvm in icount (asked for; the CPU of the host counts "
		       "instructions)",
		       "0 boots ok, 2 failed");
	for (boot = 1; boot <= 2; boot++) {
		expect_reason("box", boot, FAKE_BOX_REASON);
		outcome = run_shell("printf 'two\\0lines\\n' | cmp - '%s'",
				    tiny_file("box", boot, FAKE_BOX_FILE));
		assert_string_equal(outcome.output, "");
		outcome_release(&outcome);
		assert_int_not_equal(access(tiny_file("box", boot, "host-console.log"), F_OK), 0);
	}
	env = load_json(in_test_dir("box/env.json"));
	assert_non_null(json_at(env, "hosts.finalize"));
	assert_string_equal(
		text_of(json_at(env, "box"), "cpu"),
		"max,xsave=off,avx=off,avx2=off,f16c=off,fma=off,vaes=off,vpclmulqdq=off");
	assert_number(number_of(env, "box.cpus"), 1);
	json_decref(env);
	expect_nothing_left(in_test_dir("box"));
}

/* A box costs a boot, with the console of its kernel; a third one in a row ends the run. */
static void boxes_that_die(void **state)
{
	char *console;
	int boot;

	(void)state;
	expect_outcome(run("box-dies", "auto", "5"), 3, "accelerator: kvm in ",
		       HOST "QEMU ended while a guest ran in it (exit status 0)",
		       "3 boots one after the other failed so", "0 boots ok, 2 failed");
	assert_int_equal(tiny_finished("box-dies"), 2);
	for (boot = 1; boot <= 2; boot++) {
		expect_reason("box-dies", boot, HOST "QEMU ended while a guest ran in it");
		console = read_file(tiny_file("box-dies", boot, "host-console.log"));
		assert_contains(console, "a host boots");
		free(console);
	}
	expect_nothing_left(in_test_dir("box-dies"));
}

/* The rest, in a new box; but not with another CPU. */
static void boxes_that_died_are_resumed(void **state)
{
	const char *resume[] = { "run", "--resume", in_test_dir("box-dies"), NULL };

	(void)state;
	setenv("FAKE_QEMU", "box", 1);
	setenv("BALLOONBENCH_BOX_CPU", "EPYC", 1);
	expect_outcome(run_program("balloonbench", resume), 2, "the CPU of the hosts in boxes");
	unsetenv("BALLOONBENCH_BOX_CPU");
	expect_outcome(run_program("balloonbench", resume), 3, "0 boots ok, 5 failed");
	assert_int_equal(tiny_finished("box-dies"), 5);
	expect_reason("box-dies", 5, FAKE_BOX_REASON);
	expect_nothing_left(in_test_dir("box-dies"));
}

/* One that hangs is asked for a sign of life, and has a minute to give it. */
static void boxes_that_hang(void **state)
{
	pid_t pid;

	(void)state;
	setenv("FAKE_QEMU", "box-hangs", 1);
	pid = tiny_start("box-hangs", "--host", "finalize", "--accel", "auto", "--boots", "1",
			 "--trace", "off");
	AWAIT_WITHIN(60, count_paths(in_test_dir("box-hangs"),
				     "/tiny/finalize/.boot-01/" FAKE_BOX_FILE));
	expect_outcome(run_shell("kill -STOP $(cat /proc/%d/task/*/children)", (int)pid), 0, "");
	assert_int_equal(wait_program(pid), 3);
	expect_reason("box-hangs", 1,
		      HOST "when asked for a sign of life: guest channel: no answer in time; "
			   "somebody stopped QEMU");
	expect_nothing_left(in_test_dir("box-hangs"));
}

/* As does one that talks nonsense. */
static void results_that_are_garbage(void **state)
{
	(void)state;
	expect_outcome(run("box-garbles", "auto", "1"), 3, "0 boots ok, 1 failed");
	expect_reason("box-garbles", 1, HOST "while a guest ran in it: ");
	expect_nothing_left(in_test_dir("box-garbles"));
}

/* It has no say in what is written where. */
static void files_with_a_path_are_refused(void **state)
{
	static const char *const modes[] = { "box-escapes", "box-unnamed" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		expect_outcome(run(modes[i], "auto", "1"), 3, HOST, "boot 1", "Bad message");
		assert_int_equal(tiny_finished(modes[i]), 0);
		assert_int_equal(count_paths(in_test_dir(modes[i]), "/tiny/finalize/*.log"), 0);
		expect_nothing_left(in_test_dir(modes[i]));
	}
}

/* Before the first boot: there will not be a better one. */
static void programs_that_do_not_start(void **state)
{
	(void)state;
	expect_outcome(run("box-ends", "auto", "2"), 3, FAKE_BOX_REASON,
		       HOST "balloonbench ended in it with exit status 3; see its message above");
	assert_int_equal(tiny_finished("box-ends"), 0);
	expect_outcome(run("box-mumbles", "auto", "2"), 3,
		       HOST "balloonbench in it is another one: its hello: kernel_release: ");
	assert_int_equal(tiny_finished("box-mumbles"), 0);
	expect_outcome(run("exit-at-once", "auto", "2"), 3,
		       HOST "QEMU ended before QMP was up (exit status 1)");
	expect_outcome(run("panic", "icount", "2"), 3,
		       HOST "guest panicked before the agent said hello",
		       "/panic/host-console.log is the console of its kernel");
	assert_int_equal(access(in_test_dir("panic/host-console.log"), R_OK), 0);
}

static void options_that_do_not_fit(void **state)
{
	static const struct {
		const char *options, *says;
	} runs[] = {
		{ "--scenario smoke --variant finalize --accel tcg",
		  "--accel tcg: in a host of its own a guest runs under KVM; leave it out, or have "
		  "instructions counted with --accel icount" },
		{ "--scenario touched-busy --variant finalize --accel icount",
		  "the guest's clock would count the instructions of the busy vCPU" },
		{ "--scenario touched --variant free-page-reporting --accel icount",
		  "icount counts work, not sleep" },
		{ "--scenario smoke --variants $DIR/mine.ini --variant mine",
		  "variant mine: its policy is a program, and a host in a box has no shell" },
	};
	size_t i;

	(void)state;
	write_file(test_dir, "mine.ini",
		   "[mine]\ncut = finalize\npolicy = program\nprogram = cat\n");
	setenv("DIR", test_dir, 1);
	setenv("FAKE_QEMU", "good", 1);
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		expect_outcome(run_shell("%s/balloonbench run --host finalize --dry-run %s",
					 TEST_BUILD, runs[i].options),
			       2, runs[i].says);
}

/* In the box the guest is as any other under KVM, but for the CPU of its agent. */
static void a_guest_of_a_box_that_counts(void **state)
{
	struct outcome outcome = run_shell("%s/balloonbench run --host finalize --accel icount "
					   "--scenario smoke --variant finalize --dry-run",
					   TEST_BUILD);

	(void)state;
	assert_int_equal(outcome.status, 0);
	assert_contains(outcome.output, "-accel kvm -cpu host");
	assert_contains(outcome.output, "GUEST_CPU=0");
	assert_lacks(outcome.output, "ioeventfd=off");
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_come_back),
		cmocka_unit_test(boxes_that_die),
		cmocka_unit_test(boxes_that_died_are_resumed),
		cmocka_unit_test(boxes_that_hang),
		cmocka_unit_test(results_that_are_garbage),
		cmocka_unit_test(files_with_a_path_are_refused),
		cmocka_unit_test(programs_that_do_not_start),
		cmocka_unit_test(options_that_do_not_fit),
		cmocka_unit_test(a_guest_of_a_box_that_counts),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

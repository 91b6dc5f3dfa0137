/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM on any machine: guests in a host that is a guest under TCG, with Debian's kernel. What is
 * checked under TCG elsewhere holds under KVM: counts are exact, phases and the host's calls are
 * there. Ctrl-C ends a box, and --resume runs the rest; a box that dies costs one boot; what the
 * guest's kernel warns of while it boots is said. A box takes half a minute to boot: a test has as
 * few as it can.
 *
 * BOOTS=N in the environment: only so many guests one after the other, none of which may reset or
 * hang. BOXES=N: in so many boxes, one after the other (default 1). ACCEL=icount: boxes that count.
 * `make test-box-survival` does that. The trees stay in box-survival/ of the build.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/ready.h"
#include "lib/alloc.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/scenario.h"
#include "tests/helpers/schema.h"

#define HOST "box-host"
#define SMOKE TEST_SOURCE "/tests/box/smoke.ini"

/* So that one box has all guests of a test. */
static const char suites[] = "[box]\n"
			     "scenarios = smoke touched\n"
			     "variants = pfn-array chunks huge batch-discard virtio-mem\n"
			     "variants.touched = finalize stock free-page-reporting\n"
			     "boots = 1\n";
#define SUITE_BOOTS 8

static char unavailable[1024];

/* The images of the build, and beside them Debian's kernel as one that can be a host. */
static void write_images(const struct ready_kernel *kernel)
{
	char *images = read_file(build_path("images.ini"));
	char *text = xasprintf("%s\n[cut " HOST "]\nimage = %s\nmodules = %s\nhost_modules = %s\n"
			       "release = %s\nversion = %s\n",
			       images, kernel->image, kernel->modules, kernel->host_modules,
			       kernel->release, kernel->version);

	write_file(test_dir, "images.ini", text);
	free(text);
	free(images);
}

static void link_data(const char *from, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), TEST_SOURCE "/%s", from);
	assert_int_equal(symlink(path, in_test_dir(name)), 0);
}

static int set_up(void **state)
{
	struct ready_kernel kernel;

	test_dir_set_up(state);
	/* No network, or the archive has it no more. */
	if (!debian_kernel("6.12", &kernel, unavailable, sizeof(unavailable))) {
		write_images(&kernel);
		write_file(test_dir, "suites.ini", suites);
		link_data("bench/variants.ini", "variants.ini");
		link_data("tests/box", "scenarios");
		setenv("BALLOONBENCH_DATA", test_dir, 1);
	}
	ready_kernel_release(&kernel);
	return 0;
}

static void need_host(void)
{
	if (*unavailable)
		skip_test("no kernel 6.12 of Debian: %s", unavailable);
}

static json_t *result_of(const char *tree, const char *boot)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/result.json", tree, boot);
	assert_fits_schema(in_test_dir(path));
	return load_json(in_test_dir(path));
}

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

static void expect_ok(const json_t *result)
{
	const json_t *inflate = json_at(item_of(result, "cycles", 0), "inflate");

	assert_string_equal(text_of(result, "status"), "ok");
	assert_contains(text_of(result, "accel"), "kvm in ");
	assert_contains(text_of(result, "host_kernel_release"), "6.12");
	assert_true(json_is_true(json_at(result, "checks.ok")));
	assert_number(number_of(inflate, "bytes"), 64.0 * MIB);
	assert_above(number_of(inflate, "duration_ns"), 0);
}

/* The series' events, or fentry of a kernel without them, and the host's tracepoints. */
static void expect_traced(const json_t *result, const char *mechanism)
{
	const json_t *inflate = json_at(item_of(result, "cycles", 0), "inflate");

	assert_string_equal(text_of(json_at(result, "trace.guest"), "mechanism"), mechanism);
	assert_string_equal(text_of(json_at(inflate, "host"), "source"), "tracepoints");
	assert_above(number_of(inflate, "host.discard_calls"), 0);
	assert_above(number_of(inflate, "phases.host_discard_ns"), 0);
	assert_above(number_of(inflate, "phases.notify_ns"), 0);
}

static void expect_victims(const json_t *result)
{
	assert_above(number_of(result, "victims.guest.sched_ns.inflate.count"), 0);
	assert_above(number_of(result, "victims.host.sched_ns.inflate.count"), 0);
}

static void check_paths(const char *tree)
{
	static const struct {
		const char *boot, *mechanism; /* the latter NULL: no balloon */
	} boots[SUITE_BOOTS] = {
		{ "smoke/pfn-array/boot-01", "events" },
		{ "smoke/chunks/boot-01", "events" },
		{ "smoke/huge/boot-01", "events" },
		{ "smoke/batch-discard/boot-01", "events" },
		{ "smoke/virtio-mem/boot-01", NULL },
		{ "touched/finalize/boot-01", "events" },
		{ "touched/stock/boot-01", "fentry" },
		{ "touched/free-page-reporting/boot-01", NULL },
	};
	json_t *result;
	size_t i;

	for (i = 0; i < SUITE_BOOTS; i++) {
		print_message("# %s\n", boots[i].boot);
		result = result_of(tree, boots[i].boot);
		expect_ok(result);
		if (boots[i].mechanism)
			expect_traced(result, boots[i].mechanism);
		if (!strncmp(boots[i].boot, "touched", 7))
			expect_victims(result);
		json_decref(result);
	}
}

/* Interrupted in the middle, and resumed in another box. */
static void every_path_works_under_kvm(void **state)
{
	const char *run[] = { "run", "--suite", "box", "--host", HOST, "-o", in_test_dir("paths"),
			      NULL };
	const char *resume[] = { "run", "--resume", in_test_dir("paths"), NULL };
	size_t before;
	pid_t pid;

	(void)state;
	need_host();
	pid = start_program("balloonbench", run);
	AWAIT_WITHIN(300, finished("paths") >= 3);
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	before = finished("paths");
	assert_in_range(before, 3, SUITE_BOOTS - 1);
	assert_int_equal(count_processes(in_test_dir("paths")), 0);
	expect_outcome(run_program("balloonbench", resume), 0, "accelerator: kvm in ",
		       "8 boots ok, 0 failed, 0 invalid");
	check_paths("paths");
}

static bool warns_of(const json_t *result, const char *text)
{
	size_t i;

	for (i = 0; i < size_of(result, "boot_warnings"); i++)
		if (strstr(json_string_value(item_of(result, "boot_warnings", i)), text))
			return true;
	return false;
}

/* A CPU whose XSAVE state no kernel believes; and the second of three boots loses its box. */
static void a_guest_warns_and_a_box_dies(void **state)
{
	const char *run[] = {
		"run",	   "--host", HOST, "--scenario",	SMOKE, "--variant", "huge",
		"--boots", "3",	     "-o", in_test_dir("died"), NULL
	};
	json_t *result;
	pid_t pid;

	(void)state;
	need_host();
	setenv("BALLOONBENCH_BOX_CPU", "max", 1);
	pid = start_program("balloonbench", run);
	unsetenv("BALLOONBENCH_BOX_CPU");
	AWAIT_WITHIN(300, finished("died") == 1);
	kill(box_of(pid), SIGKILL);
	assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
	assert_int_equal(finished("died"), 3);
	result = result_of("died", "smoke/huge/boot-01");
	expect_ok(result);
	assert_true(warns_of(result, "xstate.c"));
	json_decref(result);
	result = result_of("died", "smoke/huge/boot-02");
	assert_string_equal(text_of(result, "status"), "failed");
	assert_contains(text_of(result, "reason"), "host " HOST ": QEMU ended");
	assert_int_equal(access(in_test_dir("died/smoke/huge/boot-02/host-console.log"), R_OK), 0);
	json_decref(result);
	result = result_of("died", "smoke/huge/boot-03");
	expect_ok(result);
	json_decref(result);
	assert_int_equal(count_processes(in_test_dir("died")), 0);
}

static void nonsense_is_refused(void **state)
{
	const char *none[] = { "run", "--host", "no-such-kernel", "-o", in_test_dir("none"), NULL };
	const char *lean[] = { "run", "--host", "finalize", "-o", in_test_dir("lean"), NULL };
	const char *tcg[] = { "run", "--host",		 HOST, "--accel", "tcg",
			      "-o",  in_test_dir("tcg"), NULL };

	(void)state;
	need_host();
	expect_outcome(run_program("balloonbench", none), EXIT_USAGE, "no-such-kernel",
		       "balloonbench build --debian");
	expect_outcome(run_program("balloonbench", lean), EXIT_USAGE, "has no KVM",
		       "--config host");
	expect_outcome(run_program("balloonbench", tcg), EXIT_USAGE, "--accel tcg");
}

/* What a boot of huge took to inflate and to deflate. */
static void instructions_of(const char *tree, const char *boot, double counts[2])
{
	json_t *result = result_of(tree, boot);

	expect_ok(result);
	expect_traced(result, "events");
	assert_string_equal(text_of(result, "accel"), "kvm in icount");
	counts[0] = number_of(item_of(result, "cycles", 0), "inflate.duration_ns");
	counts[1] = number_of(item_of(result, "cycles", 0), "deflate.duration_ns");
	json_decref(result);
}

/* Of guest, QEMU and the host's kernel together. */
static void instructions_repeat(void **state)
{
	const char *run[] = { "run",
			      "--host",
			      HOST,
			      "--accel",
			      "icount",
			      "--scenario",
			      SMOKE,
			      "--variant",
			      "huge",
			      "--boots",
			      "2",
			      "-o",
			      in_test_dir("counted"),
			      NULL };
	double first[2], second[2];
	int i;

	(void)state;
	need_host();
	expect_outcome(run_program("balloonbench", run), 0, "accelerator: kvm in icount",
		       "M instructions", "2 boots ok");
	instructions_of("counted", "smoke/huge/boot-01", first);
	instructions_of("counted", "smoke/huge/boot-02", second);
	for (i = 0; i < 2; i++) {
		print_message("# %s: %.0f and %.0f instructions\n", i ? "deflate" : "inflate",
			      first[i], second[i]);
		assert_at_most(second[i], first[i] * 1.02);
		assert_at_least(second[i], first[i] / 1.02);
	}
}

static long number_in(const char *variable, long otherwise)
{
	const char *text = getenv(variable);
	long number = text && *text ? strtol(text, NULL, 10) : otherwise;

	if (number < 1 || number > 999)
		fail_msg("%s=%s: expected an integer in [1, 999]", variable, text);
	return number;
}

struct survival {
	unsigned int ok, failed, invalid;
};

/* Count a boot, and say what was wrong with it. */
static void count_boot(struct survival *count, const char *path)
{
	json_t *result = load_json(path);
	const char *status = text_of(result, "status");

	if (!strcmp(status, "ok"))
		count->ok++;
	else if (!strcmp(status, "invalid"))
		count->invalid++;
	else
		count->failed++;
	if (strcmp(status, "ok"))
		print_message("# %s is %s: %s\n", path, status, text_of(result, "reason"));
	json_decref(result);
}

/* Run so many guests in a box, and count how they ended. */
static void fill_box(struct survival *count, const char *tree, long boots)
{
	const char *accel = getenv("ACCEL");
	struct outcome outcome =
		run_shell("rm -rf '%s' && %s/balloonbench run --host " HOST
			  " --accel %s --scenario " SMOKE " --variant huge --boots %ld -o '%s'",
			  tree, TEST_BUILD, accel && *accel ? accel : "auto", boots, tree);
	char path[512];
	long i;

	for (i = 1; i <= boots; i++) {
		snprintf(path, sizeof(path), "%s/smoke/huge/boot-%02ld/result.json", tree, i);
		if (!access(path, R_OK))
			count_boot(count, path);
	}
	if (count->ok + count->failed + count->invalid < boots)
		print_message("# %s\n", outcome.output);
	outcome_release(&outcome);
}

/* An invalid boot is one that was measured wrongly; a guest that resets or hangs has failed. */
static void guests_survive(void **state)
{
	const long boots = number_in("BOOTS", 1), boxes = number_in("BOXES", 1);
	struct survival all = { 0 };
	char tree[512];
	long box, some;

	(void)state;
	need_host();
	for (box = 0; box < boxes; box++) {
		struct survival count = { 0 };

		some = boots * (box + 1) / boxes - boots * box / boxes;
		snprintf(tree, sizeof(tree), TEST_BUILD "/box-survival/box-%02ld", box + 1);
		fill_box(&count, tree, some);
		print_message("# box %ld: %u of %ld guests ok, %u failed, %u invalid\n", box + 1,
			      count.ok, some, count.failed, count.invalid);
		all.ok += count.ok;
		all.failed += count.failed;
		all.invalid += count.invalid;
	}
	print_message("# %u of %ld guests ok, %u failed, %u invalid\n", all.ok, boots, all.failed,
		      all.invalid);
	assert_int_equal(all.failed, 0);
	assert_int_equal(all.ok + all.invalid, boots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(every_path_works_under_kvm),
		cmocka_unit_test(a_guest_warns_and_a_box_dies),
		cmocka_unit_test(instructions_repeat),
	};
	const struct CMUnitTest survival[] = {
		cmocka_unit_test(guests_survive),
	};

	if (getenv("BOOTS"))
		return cmocka_run_group_tests(survival, set_up, test_dir_tear_down);
	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

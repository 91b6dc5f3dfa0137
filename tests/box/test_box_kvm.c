/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM on any machine: guests in a host that is a guest under TCG, with Debian's kernel. What is
 * checked under TCG elsewhere holds under KVM: counts are exact, phases and the host's calls are
 * there. A box that dies costs one boot; Ctrl-C ends it, and --resume runs the rest.
 */
#include "tests/helpers/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/build/ready.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/scenario.h"
#include "tests/helpers/schema.h"

#define HOST "box-host"
#define ACCEL "kvm in tcg"

static char unavailable[1024];

/* The images of the build, and beside them Debian's kernel as one that can be a host. */
static void write_images(const struct ready_kernel *kernel)
{
	char *images = read_file(build_path("images.ini"));
	char *text = NULL;

	if (asprintf(&text,
		     "%s\n[cut " HOST "]\nimage = %s\nmodules = %s\nhost_modules = %s\n"
		     "release = %s\nversion = %s\n",
		     images, kernel->image, kernel->modules, kernel->host_modules, kernel->release,
		     kernel->version) < 0)
		abort();
	write_file(test_dir, "images.ini", text);
	free(text);
	free(images);
}

static void link_data(const char *name)
{
	char from[512];

	snprintf(from, sizeof(from), TEST_SOURCE "/bench/%s", name);
	assert_int_equal(symlink(from, in_test_dir(name)), 0);
}

static int set_up(void **state)
{
	struct ready_kernel kernel;

	test_dir_set_up(state);
	/* No network, or the archive has it no more. */
	if (!debian_kernel("6.12", &kernel, unavailable, sizeof(unavailable))) {
		write_images(&kernel);
		link_data("variants.ini");
		link_data("suites.ini");
		link_data("scenarios");
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

/* A run of a scenario of this folder, with up to six variants. */
static struct outcome run(const char *scenario, const char *tree, const char *const *variants)
{
	const char *args[ARGS_MAX] = { "run", "--host", HOST, "--boots", "1", "--scenario" };
	char path[256];
	size_t n = 6;

	snprintf(path, sizeof(path), TEST_SOURCE "/tests/box/%s.ini", scenario);
	args[n++] = path;
	while (*variants) {
		args[n++] = "--variant";
		args[n++] = *variants++;
	}
	args[n++] = "-o";
	args[n++] = in_test_dir(tree);
	return run_program("balloonbench", args);
}

static json_t *result_of(const char *tree, const char *scenario, const char *variant)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/%s/boot-01/result.json", tree, scenario, variant);
	assert_fits_schema(in_test_dir(path));
	return load_json(in_test_dir(path));
}

static void expect_ok(const json_t *result)
{
	const json_t *inflate = json_at(item_of(result, "cycles", 0), "inflate");

	assert_string_equal(text_of(result, "status"), "ok");
	assert_string_equal(text_of(result, "accel"), ACCEL);
	assert_non_null(strstr(text_of(result, "host_kernel_release"), "6.12"));
	assert_true(json_is_true(json_at(result, "checks.ok")));
	assert_true(number_of(inflate, "bytes") == 64.0 * MIB);
	assert_true(number_of(inflate, "duration_ns") > 0);
}

static void every_path_works_under_kvm(void **state)
{
	static const char *const variants[] = { "pfn-array",	 "chunks",     "huge",
						"batch-discard", "virtio-mem", NULL };
	const char *const *v;
	json_t *result;

	(void)state;
	need_host();
	expect_outcome(run("smoke", "paths", variants), 0, "accelerator: " ACCEL, "5 boots ok");
	for (v = variants; *v; v++) {
		print_message("# %s\n", *v);
		result = result_of("paths", "smoke", *v);
		expect_ok(result);
		json_decref(result);
	}
}

/* The series' events, fentry of a kernel without them, and the host's tracepoints. */
static void both_sides_are_traced(void **state)
{
	static const char *const variants[] = { "finalize", "stock", "free-page-reporting", NULL };
	static const char *const mechanisms[] = { "events", "fentry" };
	const json_t *cycle;
	json_t *result;
	size_t i;

	(void)state;
	need_host();
	expect_outcome(run("touched", "traced", variants), 0, "3 boots ok");
	for (i = 0; i < 2; i++) {
		result = result_of("traced", "touched", variants[i]);
		expect_ok(result);
		cycle = item_of(result, "cycles", 0);
		assert_string_equal(text_of(json_at(result, "trace.guest"), "mechanism"),
				    mechanisms[i]);
		assert_true(number_of(cycle, "inflate.phases.host_discard_ns") > 0);
		assert_true(number_of(cycle, "inflate.phases.notify_ns") > 0);
		assert_true(number_of(cycle, "inflate.host.discard_calls") > 0);
		assert_true(number_of(result, "victims.guest.sched_ns.inflate.count") > 0);
		assert_true(number_of(result, "victims.host.sched_ns.inflate.count") > 0);
		json_decref(result);
	}
}

static pid_t start(const char *tree, const char *boots)
{
	const char *args[] = { "run",
			       "--host",
			       HOST,
			       "--scenario",
			       TEST_SOURCE "/tests/box/smoke.ini",
			       "--variant",
			       "huge",
			       "--boots",
			       boots,
			       "-o",
			       in_test_dir(tree),
			       NULL };

	return start_program("balloonbench", args);
}

static size_t finished(const char *tree)
{
	return count_paths(in_test_dir(tree), "/smoke/huge/boot-*/result.json");
}

/* The QEMU of the box: the only child of balloonbench. */
static pid_t box_of(pid_t pid)
{
	struct outcome outcome = run_shell("cat /proc/%d/task/*/children", (int)pid);
	pid_t child = atoi(outcome.output);

	outcome_release(&outcome);
	return child;
}

static void a_box_that_dies_costs_one_boot(void **state)
{
	json_t *result;
	pid_t pid;

	(void)state;
	need_host();
	pid = start("killed", "3");
	AWAIT_WITHIN(300, finished("killed") == 1);
	kill(box_of(pid), SIGKILL);
	assert_int_equal(wait_program(pid), EXIT_ENVIRONMENT);
	assert_int_equal(finished("killed"), 3);
	result = load_json(in_test_dir("killed/smoke/huge/boot-02/result.json"));
	assert_string_equal(text_of(result, "status"), "failed");
	assert_contains(text_of(result, "reason"), "host " HOST ": QEMU ended");
	json_decref(result);
	result = load_json(in_test_dir("killed/smoke/huge/boot-03/result.json"));
	expect_ok(result);
	json_decref(result);
	assert_int_equal(count_processes(in_test_dir("killed")), 0);
}

static void a_run_can_be_interrupted_and_resumed(void **state)
{
	const char *args[] = { "run", "--resume", in_test_dir("stopped"), NULL };
	pid_t pid;

	(void)state;
	need_host();
	pid = start("stopped", "2");
	AWAIT_WITHIN(300, finished("stopped") == 1);
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	assert_int_equal(finished("stopped"), 1);
	expect_outcome(run_program("balloonbench", args), 0, "2 boots ok");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(every_path_works_under_kvm),
		cmocka_unit_test(both_sides_are_traced),
		cmocka_unit_test(a_box_that_dies_costs_one_boot),
		cmocka_unit_test(a_run_can_be_interrupted_and_resumed),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

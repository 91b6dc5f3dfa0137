/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM on any machine: guests in a host that is a guest under TCG, with Debian's kernel. What is
 * checked under TCG elsewhere holds under KVM: counts are exact, phases and the host's calls are
 * there.
 *
 * BOOTS=N in the environment: only so many guests one after the other, none of which may reset or
 * hang. BOXES=N: in so many boxes, one after the other (default 1). ACCEL=icount: boxes that count.
 * `make test-box-survival` does that. The trees stay in box-survival/ of the build.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "tests/helpers/box.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define SUITE_BOOTS 9

static void expect_victims(const json_t *result)
{
	assert_above(number_of(result, "victims.guest.sched_ns.inflate.count"), 0);
	assert_above(number_of(result, "victims.host.sched_ns.inflate.count"), 0);
}

static void check_paths(const char *tree)
{
	static const struct {
		const char *boot, *mechanism, *source; /* NULL: no balloon */
	} boots[SUITE_BOOTS] = {
		{ "smoke/pfn-array/boot-01", "events", "batches" },
		{ "smoke/chunks/boot-01", "events", "batches" },
		{ "smoke/huge/boot-01", "events", "batches" },
		{ "smoke/batch-discard/boot-01", "events", "batches" },
		{ "smoke/kprobes/boot-01", "kprobe", "batches" },
		{ "smoke/virtio-mem/boot-01", NULL, NULL },
		{ "touched/finalize+pages/boot-01", "events", "tracepoints" },
		{ "touched/stock/boot-01", "fentry", "batches" },
		{ "touched/free-page-reporting/boot-01", NULL, NULL },
	};
	json_t *result;
	size_t i;

	for (i = 0; i < SUITE_BOOTS; i++) {
		print_message("# %s\n", boots[i].boot);
		result = box_result(tree, boots[i].boot);
		box_expect_ok(result);
		if (boots[i].mechanism)
			box_expect_traced(result, boots[i].mechanism, boots[i].source);
		if (!strncmp(boots[i].boot, "touched", 7))
			expect_victims(result);
		json_decref(result);
	}
}

static void every_path_works_under_kvm(void **state)
{
	const char *run[] = {
		"run",	  "--suite", "box", "--variants",	  in_test_dir("own.ini"),
		"--host", BOX_HOST,  "-o",  in_test_dir("paths"), NULL
	};

	(void)state;
	box_need();
	expect_outcome(run_program("balloonbench", run), 0, "accelerator: kvm in ",
		       "9 boots ok, 0 failed, 0 invalid");
	check_paths("paths");
	assert_int_equal(count_processes(in_test_dir("paths")), 0);
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		const char *host, *accel, *says;
	} runs[] = {
		{ "no-such-kernel", "auto", "balloonbench build --debian" },
		{ "finalize", "auto", "this kernel has no KVM; build it as a host" },
		{ BOX_HOST, "tcg", "--accel tcg: in a host of its own a guest runs under KVM" },
	};
	size_t i;

	(void)state;
	box_need();
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		expect_outcome(run_shell("%s/balloonbench run --suite box --variant huge "
					 "--host %s --accel %s",
					 TEST_BUILD, runs[i].host, runs[i].accel),
			       EXIT_USAGE, runs[i].says);
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
		run_shell("rm -rf '%s' && %s/balloonbench run --suite box --host " BOX_HOST
			  " --accel %s --scenario " BOX_SMOKE " --variant huge --boots %ld -o '%s'",
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
	box_need();
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
	};
	const struct CMUnitTest survival[] = {
		cmocka_unit_test(guests_survive),
	};

	if (getenv("BOOTS"))
		return cmocka_run_group_tests(survival, box_set_up, test_dir_tear_down);
	return cmocka_run_group_tests(tests, box_set_up, test_dir_tear_down);
}

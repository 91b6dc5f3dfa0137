/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A short stress run on debug kernels: nothing is found in those of the series, and the
 * list corruption of tests/seeded-bugs/driver is.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

/* The same schedule for all kernels: the one that finds the bug passes on the others. */
#define SEED "37"
#define OPERATIONS "24"

/* What the names of tests with the method vmware end with. */
#define VMWARE "-vmware"

static char debug_images[512], known_bad_images[512], ordinary_images[512];

/* These two run in parallel with the others, to save time. */
static pid_t chunks, known_bad;

/* Of a cut, or of "CUT-vmware": with the balloon of vmw_balloon in place of virtio's. */
static const char *const *arguments(const char *images, const char *name)
{
	static const char *args[14];
	static char cut[64];
	const char *method = strstr(name, VMWARE);

	snprintf(cut, sizeof(cut), "%.*s", (int)(method ? method - name : (long)strlen(name)),
		 name);
	args[0] = "--images";
	args[1] = images;
	args[2] = "--cut";
	args[3] = cut;
	args[4] = "--seed";
	args[5] = SEED;
	args[6] = "--ops";
	args[7] = OPERATIONS;
	args[8] = "--output";
	args[9] = in_test_dir(name);
	args[10] = method ? "--method" : NULL;
	args[11] = method ? "vmware" : NULL;
	return args;
}

static int set_up(void **state)
{
	int err = test_dir_set_up(state);

	snprintf(debug_images, sizeof(debug_images), "%s", build_path("debug/images.ini"));
	snprintf(known_bad_images, sizeof(known_bad_images), "%s",
		 build_path("known-bad/images.ini"));
	snprintf(ordinary_images, sizeof(ordinary_images), "%s", build_path("images.ini"));
	if (!err && !access(known_bad_images, R_OK)) {
		chunks = start_program("tests/stress/stress", arguments(debug_images, "chunks"));
		known_bad = start_program("tests/stress/stress",
					  arguments(known_bad_images, "known-bad"));
	}
	return err;
}

static void skip_without_images(void)
{
	if (!known_bad)
		skip_test("no %s: make test builds it, unless KERNEL_PATCHES is set",
			  known_bad_images);
}

static json_t *summary_of(const char *cut)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/summary.json", cut);
	return load_json(in_test_dir(name));
}

/* Each kind of stress was applied, and the guest was audited. */
static void check_counts(const json_t *row)
{
	static const char *const counts[] = { "audits", "leak_scans", "boots", "faults_injected",
					      "inflated_pages" };
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (number_of(row, counts[i]) < 1)
			fail_msg("%s of %s: %g", counts[i], text_of(row, "cut"),
				 number_of(row, counts[i]));
	assert_at_least(number_of(row, "operation_count"), atoi(OPERATIONS));
	assert_number(number_of(row, "inflated_pages"), number_of(row, "deflated_pages"));
	assert_number(number_of(row, "boots_with_page_owner") +
			      number_of(row, "boots_without_page_owner"),
		      number_of(row, "boots"));
}

static void check_good(const char *cut, int status)
{
	json_t *summary = summary_of(cut);
	const json_t *row = item_of(summary, "cuts", 0);

	if (size_of(row, "findings"))
		fail_msg("%s: %s", cut, text_of(item_of(row, "findings", 0), "line"));
	assert_int_equal(status, 0);
	check_counts(row);
	assert_number(number_of(summary, "seed"), atoi(SEED));
	print_message("# %s: %g operations, %g allocations failed, %g pages migrated\n", cut,
		      number_of(row, "operation_count"), number_of(row, "faults_injected"),
		      number_of(row, "migrated_pages"));
	json_decref(summary);
}

static void expect_nothing_found(const char *cut)
{
	struct outcome outcome;

	skip_without_images();
	outcome = run_program("tests/stress/stress", arguments(debug_images, cut));
	if (outcome.status)
		print_message("%s", outcome.output);
	check_good(cut, outcome.status);
	outcome_release(&outcome);
}

static void nothing_found_in_finalize(void **state)
{
	(void)state;
	expect_nothing_found("finalize");
}

static void nothing_found_in_chunks(void **state)
{
	(void)state;
	skip_without_images();
	check_good("chunks", wait_program(chunks));
}

static void nothing_found_in_huge(void **state)
{
	(void)state;
	expect_nothing_found("huge");
}

/* All of the series: pages that are not initialised, and allocated while the host works. */
static void nothing_found_in_huge_pipeline(void **state)
{
	(void)state;
	expect_nothing_found("huge-pipeline");
}

/* With the schedule that finalize passes: the two kernels differ in two lines. */
static void seeded_bug_is_found(void **state)
{
	const json_t *finding;
	json_t *summary;

	(void)state;
	skip_without_images();
	assert_int_equal(wait_program(known_bad), 1);
	summary = summary_of("known-bad");
	finding = item_of(item_of(summary, "cuts", 0), "findings", 0);
	assert_string_equal(text_of(finding, "kind"), "list corruption");
	assert_contains(text_of(finding, "replay"), "--cut known-bad --seed " SEED " --replay 1");
	print_message("# found in boot %g, round %g: %s\n", number_of(finding, "boot"),
		      number_of(finding, "round"), text_of(finding, "line"));
	json_decref(summary);
}

/* vmw_balloon, whose migration calls balloon_page_delete() and balloon_page_finalize() itself. */
static void nothing_found_in_list_of_vmware(void **state)
{
	(void)state;
	expect_nothing_found("list" VMWARE);
}

static void nothing_found_in_finalize_of_vmware(void **state)
{
	(void)state;
	expect_nothing_found("finalize" VMWARE);
}

static void seeded_bug_is_found_in_vmware(void **state)
{
	const json_t *finding;
	json_t *summary;

	(void)state;
	skip_without_images();
	expect_outcome(
		run_program("tests/stress/stress", arguments(known_bad_images, "known-bad" VMWARE)),
		1, "");
	summary = summary_of("known-bad" VMWARE);
	finding = item_of(item_of(summary, "cuts", 0), "findings", 0);
	assert_string_equal(text_of(finding, "kind"), "list corruption");
	assert_contains(text_of(finding, "replay"),
			"--cut known-bad --method vmware --seed " SEED " --replay 1");
	json_decref(summary);
}

static void unknown_cut(void **state)
{
	(void)state;
	skip_without_images();
	expect_outcome(run_program("tests/stress/stress", arguments(debug_images, "no-such-cut")),
		       2, "no cut 'no-such-cut'");
}

/* An ordinary kernel has no kmemleak, which is an error, not a finding. */
static void ordinary_kernel_is_refused(void **state)
{
	(void)state;
	expect_outcome(run_program("tests/stress/stress", arguments(ordinary_images, "list")), 3,
		       "build/debug/images.ini");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_cut),
		cmocka_unit_test(ordinary_kernel_is_refused),
		cmocka_unit_test(nothing_found_in_finalize),
		cmocka_unit_test(nothing_found_in_chunks),
		cmocka_unit_test(nothing_found_in_huge),
		cmocka_unit_test(nothing_found_in_huge_pipeline),
		cmocka_unit_test(seeded_bug_is_found),
		cmocka_unit_test(nothing_found_in_list_of_vmware),
		cmocka_unit_test(nothing_found_in_finalize_of_vmware),
		cmocka_unit_test(seeded_bug_is_found_in_vmware),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of a run in which guests replayed a workload: a section of its own with footprint,
 * time at work and verdicts, and the least footprint that costs next to nothing.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define GIB (1LL << 30)

/* A footprint in GiB min and a time at work in ms, each 0.1 % from boot to boot. */
static void add_boots(const char *tree, const char *variant, int count, double footprint,
		      double work_ms)
{
	int i;

	for (i = 1; i <= count; i++) {
		struct boot_result boot = build_boot("job", variant, i, 100);
		const double factor = 1 + i * 0.001;
		struct replay_result *r = boot_replay(&boot, footprint * factor, work_ms * factor);

		record_append_pair(&r->demand, 0, GIB / 2);
		record_append_pair(&r->demand, 10000 * MS, 0);
		record_append_pair(&r->footprint, 0, GIB);
		record_append_pair(&r->footprint, 10200 * MS, GIB);
		put_boot(tree, &boot);
	}
}

static void write_plan(const char *tree)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/plan.json", tree);
	write_file(
		test_dir, name,
		"{\"seed\": 1, \"boots\": 6, \"scenarios\": [{\"name\": \"job\", "
		"\"memory_bytes\": 1073741824, \"inflate_bytes\": 536870912, \"vcpus\": 2, "
		"\"cycles\": 1, \"scale\": 1.0, \"thp\": true, \"backing\": \"anonymous\", "
		"\"description\": \"a job\", \"workload\": {\"file\": \"gcc-lto\", \"speed\": 2.0, "
		"\"size\": 3.0}}], \"variants\": [{\"name\": \"none\"}, {\"name\": \"slow\"}, "
		"{\"name\": \"good\"}]}");
	snprintf(name, sizeof(name), "%s/env.json", tree);
	write_file(test_dir, name, "{}");
}

static int set_up(void **state)
{
	if (test_dir_set_up(state) < 0)
		return -1;
	/* slow has the least footprint, but costs the workload 10 %. */
	add_boots("t", "none", 6, 0.10, 1000);
	add_boots("t", "slow", 6, 0.04, 1100);
	add_boots("t", "good", 6, 0.07, 1001);
	write_plan("t");
	add_boots("one", "none", 6, 0.10, 1000);
	add_boots("one", "slow", 6, 0.04, 1100);
	write_plan("one");
	/* Three boots have no interval of 95 %. */
	add_boots("few", "none", 3, 0.10, 1000);
	add_boots("few", "good", 3, 0.07, 1001);
	write_plan("few");
	return 0;
}

/* The report of a tree; to be freed. */
static char *text_of_tree(const char *tree)
{
	struct table table;
	char *text;

	load_table(&table, tree);
	text = report_text(&table);
	table_release(&table);
	return text;
}

static void a_workload_has_its_section(void **state)
{
	char *text = text_of_tree("t");

	(void)state;
	assert_contains(text, "## Workloads under a policy");
	assert_contains(text, "### job");
	assert_contains(text,
			"Workload: gcc-lto, 2 times as fast and 3 times as large as recorded.");
	assert_contains(text, "footprint, GiB min [95 %]");
	assert_contains(text, "What it costs the guest and the host:");
	assert_contains(text, "3 variants in 1 scenario, 6 boots of each");
	assert_contains(text, "improve");
	assert_contains(text, "regress");
	/* No resize was measured. */
	assert_lacks(text, "## Results");
	assert_lacks(text, "was not run");
	free(text);
}

static void the_least_footprint_is_named(void **state)
{
	char *text = text_of_tree("t");

	(void)state;
	assert_contains(text, "the least footprint has good, 0.700");
	free(text);
	text = text_of_tree("one");
	assert_contains(text,
			"These boots show of no variant that its time at work is at most 2 %");
	free(text);
	text = text_of_tree("few");
	assert_contains(text,
			"These boots show of no variant that its time at work is at most 2 %");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_workload_has_its_section),
		cmocka_unit_test(the_least_footprint_is_named),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

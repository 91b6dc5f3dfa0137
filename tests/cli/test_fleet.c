/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What balloonstat says of a tree of several hosts: compare, gate and report name them. */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

#define BOOTS 5

static void put(const char *tree, const char *host, int number, const char *variant, double ms)
{
	struct boot_result boot = build_boot("idle", variant, number, ms);

	record_set_text(&boot.host_name, host);
	put_boot(tree, &boot);
}

/* So many hosts, the last with another ratio, each of another speed and the second of another CPU.
 */
static void put_fleet(const char *tree, int hosts, double ratio, double last)
{
	json_t *fleet = json_object(),
	       *env = json_pack("{s:i, s:o}", "schema_version", 2, "fleet", fleet);
	char name[16], path[300];
	int h, i;

	for (h = 1; h <= hosts; h++) {
		snprintf(name, sizeof(name), "node%d", h);
		json_object_set_new(fleet, name,
				    json_pack("{s:s, s:i, s:I, s:s}", "cpu_model",
					      h == 2 ? "Slow CPU" : "Fast CPU", "cpus", 8,
					      "memory_bytes", (json_int_t)1 << 35, "kernel_release",
					      "6.12.0"));
		for (i = 1; i <= BOOTS; i++) {
			put(tree, name, BOOTS * h + i, "list", h * (100 + 0.3 * i));
			put(tree, name, BOOTS * h + i, "huge",
			    h * (100 + 0.3 * (BOOTS - i)) * (h == hosts ? last : ratio));
		}
	}
	snprintf(path, sizeof(path), "%s/env.json", in_test_dir(tree));
	assert_int_equal(json_dump_file(env, path, 0), 0);
	json_decref(env);
}

static struct outcome run_stat(const char *command, const char *tree, const char *option,
			       const char *value)
{
	const char *args[] = { command, in_test_dir(tree), option, value, NULL };

	return run_program("balloonstat", args);
}

static void compare_names_the_hosts(void **state)
{
	json_t *all;
	const json_t *row, *host;
	struct outcome outcome;

	(void)state;
	put_fleet("six", 6, 0.8, 1.3);
	expect_outcome(run_stat("compare", "six", "--base", "list"), 0, "N counts hosts",
		       "within each host, then the mean over hosts", "node1", " (odd)",
		       "Slow CPU, 8 CPUs, 32 GiB, Linux 6.12.0");
	outcome = run_program("balloonstat",
			      (const char *const[]){ "compare", in_test_dir("six"), "--base",
						     "list", "--json", NULL });
	all = json_loads(outcome.output, 0, NULL);
	row = item_of(all, "comparisons", 0);
	assert_int_equal(number_of(row, "n"), 6);
	assert_int_equal(size_of(row, "hosts"), 6);
	host = item_of(row, "hosts", 5);
	assert_string_equal(text_of(host, "host"), "node6");
	assert_true(json_is_true(json_object_get(host, "odd")));
	assert_int_equal(number_of(host, "n"), BOOTS);
	assert_above(number_of(row, "hosts_scatter"), 0.1);
	assert_below(number_of(row, "hosts_p"), 0.001);
	json_decref(all);
	outcome_release(&outcome);
}

/* All hosts agree, and three are not enough to say so of others. */
static void few_hosts_have_no_verdict(void **state)
{
	(void)state;
	put_fleet("three", 3, 1.2, 1.21);
	expect_outcome(run_stat("compare", "three", "--base", "list"), 0,
		       "on these hosts: worse; others: 4 hosts or more");
	expect_outcome(run_stat("gate", "three", "--max-regress", "inflate.duration_ns=5%"),
		       EXIT_INCONCLUSIVE, "too few hosts: 3 of the 4 it takes");
}

static void gate_judges_over_hosts(void **state)
{
	(void)state;
	put_fleet("worse", 5, 1.2, 1.21);
	expect_outcome(run_stat("gate", "worse", "--max-regress", "inflate.duration_ns=5%"),
		       EXIT_REGRESSION, "the whole interval is beyond the limit");
	expect_outcome(run_stat("gate", "worse", "--max-regress", "inflate.duration_ns=40%"), 0,
		       "pass");
	put_fleet("split", 5, 1, 1.5);
	expect_outcome(run_stat("gate", "split", "--max-regress", "inflate.duration_ns=5%"),
		       EXIT_INCONCLUSIVE, "the interval holds the limit");
}

static void report_has_a_section(void **state)
{
	char path[300], *text;

	(void)state;
	put_fleet("reported", 5, 0.8, 0.81);
	snprintf(path, sizeof(path), "%s", in_test_dir("report"));
	expect_outcome(
		run_program("balloonstat", (const char *const[]){ "report", in_test_dir("reported"),
								  "-o", path, "--no-html", NULL }),
		0, "");
	text = read_file(in_test_dir("report/REPORT.md"));
	assert_contains(text, "## Hosts");
	assert_contains(text, "on 5 hosts (Fast CPU; Slow CPU)");
	assert_contains(text, "n: hosts.");
	assert_contains(text, "node5");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compare_names_the_hosts),
		cmocka_unit_test(few_hosts_have_no_verdict),
		cmocka_unit_test(gate_judges_over_hosts),
		cmocka_unit_test(report_has_a_section),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

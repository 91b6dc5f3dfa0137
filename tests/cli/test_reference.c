/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT.md is what `make report` makes of results/reference/.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

static void report_agrees_with_reference(void **state)
{
	char *dir = strdup(make_temp_dir()), plots[512], path[512], *committed, *made;
	const char *args[] = { "report",     TEST_SOURCE "/results/reference",
			       "-o",	     dir,
			       "--plots",    plots,
			       "--no-plots", NULL };
	struct outcome outcome;

	(void)state;
	/* The links are relative: the same place below another top. */
	snprintf(plots, sizeof(plots), "%s/results/reference/plots", dir);
	outcome = run_program("balloonstat", args);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/REPORT.md", dir);
	made = read_file(path);
	committed = read_file(TEST_SOURCE "/REPORT.md");
	assert_non_null(committed);
	assert_string_equal(made, committed);
	free(made);
	free(committed);
	remove_tree(dir);
	free(dir);
}

static void linked_plots_are_there(void **state)
{
	char *report = read_file(TEST_SOURCE "/REPORT.md"), *at = report, path[512];
	int links = 0;

	(void)state;
	assert_non_null(report);
	while ((at = strstr(at, "]("))) {
		at += 2;
		snprintf(path, sizeof(path), "%s/%.*s", TEST_SOURCE, (int)strcspn(at, ")"), at);
		if (access(path, R_OK))
			fail_msg("REPORT.md links %s, which is not there", path);
		links++;
	}
	assert_true(links >= 4);
	free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_agrees_with_reference),
		cmocka_unit_test(linked_plots_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

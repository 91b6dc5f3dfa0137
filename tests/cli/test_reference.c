/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT.md is what `make report` makes of results/reference/.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_agrees_with_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

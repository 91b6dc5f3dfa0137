/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT.md is what `make report` makes of results/reference/, and so are the reports of its parts.
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

/* Those of other suites. Files of claims are named as `make report` names them. */
static void reports_of_parts_agree(void **state)
{
	char *dir = strdup(make_temp_dir());
	struct outcome outcome = run_shell(
		"cd " TEST_SOURCE
		" && for part in results/reference/qos results/reference/elastic* "
		"results/reference/liveness; do [ -e $part ] || continue; " TEST_BUILD
		"/balloonstat report $part -o %s $(printf ' --qos %%s' bench/qos/*.ini) "
		"--only-measured --no-html --no-plots >%s/log 2>&1; [ $? -le 1 ] || cat %s/log; "
		"cmp %s/REPORT.md $part/REPORT.md; done",
		dir, dir, dir, dir);

	(void)state;
	assert_string_equal(outcome.output, "");
	outcome_release(&outcome);
	remove_tree(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_agrees_with_reference),
		cmocka_unit_test(reports_of_parts_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

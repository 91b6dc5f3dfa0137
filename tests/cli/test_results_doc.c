/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * docs/results.md, which other projects go by: its result fits the schema and is all that
 * balloonstat needs, and its catalogue has every scenario that is shipped.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/schema.h"

#define PAGE TEST_SOURCE "/docs/results.md"
#define EXAMPLE "sed -n '/^    {$/,/^    }$/s/^    //p' " PAGE

/* As lines of a boot each: the second variant has two thirds of the footprint. */
#define LINES                                                                                      \
	"mkdir -p %s/t/boots && for v in none lean; do for b in 1 2 3 4 5 6; do " EXAMPLE          \
	" | sed \"s/\\\"none\\\"/\\\"$v\\\"/; s/\\\"boot\\\": 1/\\\"boot\\\": $b/\" | "            \
	"if [ $v = lean ]; then sed 's/0\\.105/0.07/'; else cat; fi | "                            \
	"tr -d '\\n'; echo; done; done >%s/t/boots/elastic.jsonl"

static void the_example_fits_the_schema(void **state)
{
	(void)state;
	expect_outcome(run_shell(EXAMPLE " >%s", in_test_dir("result.json")), 0, "");
	assert_fits_schema(in_test_dir("result.json"));
}

static void the_example_is_compared(void **state)
{
	(void)state;
	expect_outcome(run_shell(LINES, test_dir, test_dir), 0, "");
	expect_outcome(run_program("balloonstat",
				   (const char *[]){ "compare", in_test_dir("t"), "-m",
						     "replay.footprint_gib_minutes", NULL }),
		       0, "0.667 [0.667, 0.667]");
	/* Footprint and time at work have verdicts, which they need not be asked for. */
	expect_outcome(
		run_program("balloonstat", (const char *[]){ "compare", in_test_dir("t"), NULL }),
		0, "improve by", "P is corrected for the 2 comparisons");
	/* Without curves there is nothing to draw. */
	expect_outcome(run_program("balloonstat", (const char *[]){ "report", in_test_dir("t"),
								    "-o", test_dir, NULL }),
		       0, "REPORT.md is written");
	expect_outcome(run_shell("cat %s/REPORT.md", test_dir), 0, "### elastic");
}

static void the_catalogue_is_complete(void **state)
{
	struct outcome outcome =
		run_shell("cd " TEST_SOURCE "/bench/scenarios && for f in *.ini; do "
			  "grep -q \"^|.*\\`${f%%.ini}\\`.*|.*|.*|.*|\" " PAGE " || echo $f; done");

	(void)state;
	assert_string_equal(outcome.output, "");
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_fits_the_schema),
		cmocka_unit_test(the_example_is_compared),
		cmocka_unit_test(the_catalogue_is_complete),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

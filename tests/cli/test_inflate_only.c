/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A variant that is no balloon and knows no way back: its results have no deflate,
 * and nothing that reads them falls over that.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

#define BOOTS 6

static char dir[256];

static struct histogram *make_phase(void)
{
	struct histogram *h = build_histogram(0, 0);
	int i;

	for (i = 0; i < 2000; i++)
		histogram_add(h, 1000 + i);
	return h;
}

/* A victim with as many phases as there are. */
static void add_faults(struct boot_result *boot, int phases)
{
	struct victim_result *victim =
		add_victim(&boot->victims.guest, "fault_ns", make_phase(), make_phase());
	int i;

	for (i = 0; i < phases; i++) {
		struct victim_mark *mark = record_append(&victim_mark_record, &victim->marks);

		*mark = (struct victim_mark){ (i + 1) * 1000 * MS, i };
		if (i > PHASE_INFLATE)
			victim->phases[i] = make_phase();
	}
	victim->period_ns = MS;
	victim->series_ns = 10 * MS;
	for (i = 0; i < phases * 100; i++)
		record_append_pair(&victim->series, (100 + i) * 10 * MS, 1000 + i);
}

static struct boot_result make_boot(const char *variant, int number, enum result_method method)
{
	struct boot_result boot = build_boot("victim", variant, number, 100 + number);
	struct cycle_result *cycle = boot_cycle(&boot);

	boot.method = method;
	record_release(&resize_record, &cycle->deflate);
	if (method == RESULT_BALLOON)
		cycle->deflate = build_resize(1LL << 30, 50 + number);
	add_faults(&boot, method == RESULT_BALLOON ? VICTIM_PHASES : PHASE_PLATEAU + 1);
	return boot;
}

static int set_up(void **state)
{
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		struct boot_result balloon = make_boot("a-balloon", i, RESULT_BALLOON);
		struct boot_result reporting =
			make_boot("free-page-reporting", i, RESULT_REPORTING);

		put_boot("t", &balloon);
		put_boot("t", &reporting);
	}
	write_file(test_dir, "t/plan.json",
		   "{\"variants\": [{\"name\": \"a-balloon\"}, {\"name\": "
		   "\"free-page-reporting\"}]}");
	snprintf(dir, sizeof(dir), "%s/t", test_dir);
	return 0;
}

#define STAT(...) run_program("balloonstat", (const char *const[]){ __VA_ARGS__, NULL })

static void only_a_method_without_one_may_lack_a_deflate(void **state)
{
	struct boot_result boot = make_boot("x", 1, RESULT_REPORTING);
	char err[256] = "";

	(void)state;
	assert_int_equal(result_check(&boot, "it", err, sizeof(err)), 0);
	boot.method = RESULT_BALLOON;
	assert_int_not_equal(result_check(&boot, "it", err, sizeof(err)), 0);
	assert_non_null(strstr(err, "cycles[0].deflate"));
	record_release(&boot_record, &boot);
}

static void the_report_has_a_dash(void **state)
{
	char path[300], *text;

	(void)state;
	expect_outcome(STAT("report", dir), EXIT_FINE, "REPORT.md is written");
	snprintf(path, sizeof(path), "%s/REPORT.md", dir);
	text = read_file(path);
	assert_non_null(strstr(text, "| deflate | free-page-reporting | — | — | — | — | | — |"));
	assert_non_null(strstr(text, "| free-page-reporting | deflate | — |"));
	assert_null(strstr(text, "no boot that is ok"));
	assert_null(strstr(text, "nan"));
	/* Of all resizes that there were. */
	assert_non_null(strstr(text, "Of 18 timed resizes, 18 have"));
	free(text);
	snprintf(path, sizeof(path), "%s/plots/victim-guest-fault_ns-time.svg", dir);
	text = read_file(path);
	assert_non_null(strstr(text, "free-page-reporting"));
	free(text);
}

static void comparisons_say_why_not(void **state)
{
	(void)state;
	expect_outcome(STAT("compare", dir), EXIT_FINE, "absent: its boots have no such value");
	expect_outcome(STAT("compare", dir, "--base", "free-page-reporting"), EXIT_FINE,
		       "absent: the base's boots have no such value");
	expect_outcome(STAT("compare", dir, "--json"), EXIT_FINE, "\"verdict\": \"absent\"");
	expect_outcome(STAT("cover-letter", dir), EXIT_FINE, "no such resize");
	expect_outcome(STAT("export", dir, "--format", "csv"), EXIT_FINE, "inflate");
}

static void claims_are_about_what_there_is(void **state)
{
	char ini[300];

	(void)state;
	snprintf(ini, sizeof(ini), "%s",
		 write_file(test_dir, "it.ini", "[it]\nclaim = deflate.duration_ns <= 1 s\n"));
	expect_outcome(STAT("gate", dir, "--qos", ini, "--variant", "a-balloon"), EXIT_FINE,
		       "1 claims: 1 pass");
	expect_outcome(STAT("gate", dir, "--qos", ini, "--only-measured"), EXIT_INCONCLUSIVE,
		       "not in these boots");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_method_without_one_may_lack_a_deflate),
		cmocka_unit_test(the_report_has_a_dash),
		cmocka_unit_test(comparisons_say_why_not),
		cmocka_unit_test(claims_are_about_what_there_is),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

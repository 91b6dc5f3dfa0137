/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A variant that is no balloon and knows no way back: its results have no deflate,
 * and nothing that reads them falls over that.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exit_status.h"
#include "lib/histogram.h"
#include "lib/result.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"

#define BOOTS 5
#define MS 1000000LL
#define GIB (1LL << 30)

static char dir[256];

static json_t *make_move(int ms)
{
	return json_pack("{s:I, s:I, s:f, s:I, s:I, s:i, s:[[i, i], [I, I]]}", "bytes", GIB,
			 "duration_ns", ms * MS, "gib_per_s", 1000.0 / ms, "resolution_ns",
			 (json_int_t)1000, "wall_ns", ms * MS, "steps", 1, "progress", 0, 0,
			 ms * MS, GIB);
}

static json_t *make_phase(void)
{
	struct histogram h = { .count = 0 };
	int i;

	for (i = 0; i < 2000; i++)
		histogram_add(&h, 1000 + i);
	return histogram_to_json(&h);
}

/* What a victim noted of as many phases as there are. */
static json_t *make_faults(bool deflates)
{
	static const char *const phases[] = { "before", "inflate", "plateau", "deflate", "after" };
	json_t *figure = json_object(), *marks = json_array(), *series = json_array();
	int i, count = deflates ? 5 : 3;

	for (i = 0; i < count; i++) {
		json_object_set_new(figure, phases[i], make_phase());
		json_array_append_new(marks, json_pack("[I, s]", (i + 1) * 1000 * MS, phases[i]));
	}
	for (i = 0; i < count * 100; i++)
		json_array_append_new(series, json_pack("[I, i]", (100 + i) * 10 * MS, 1000 + i));
	json_object_set_new(figure, "period_ns", json_integer(MS));
	json_object_set_new(figure, "marks", marks);
	json_object_set_new(figure, "series_ns", json_integer(10 * MS));
	json_object_set_new(figure, "series", series);
	return figure;
}

static json_t *make_boot(const char *variant, int boot, const char *method)
{
	json_t *result = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:[{s:o}], s:{s:{s:o}}}",
				   "schema_version", 1, "scenario", "victim", "variant", variant,
				   "cut", "list", "accel", "tcg", "boot", boot, "status", "ok",
				   "cycles", "inflate", make_move(100 + boot), "victims", "guest",
				   "fault_ns", make_faults(!method));

	if (method)
		json_object_set_new(result, "mover", json_string(method));
	else
		json_object_set_new(json_array_get(json_object_get(result, "cycles"), 0), "deflate",
				    make_move(50 + boot));
	return result;
}

static void add_boot(const char *variant, int boot, const char *method)
{
	json_t *b = make_boot(variant, boot, method);
	char name[128], *text = json_dumps(b, 0);

	snprintf(name, sizeof(name), "t/victim/%s/boot-%02d/result.json", variant, boot);
	write_file(test_dir, name, text);
	free(text);
	json_decref(b);
}

static int set_up(void **state)
{
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		add_boot("a-balloon", i, NULL);
		add_boot("free-page-reporting", i, "free-page-reporting");
	}
	snprintf(dir, sizeof(dir), "%s/t", test_dir);
	return 0;
}

#define STAT(...) run_program("balloonstat", (const char *const[]){ __VA_ARGS__, NULL })

static void only_a_mover_may_lack_a_deflate(void **state)
{
	json_t *boot = make_boot("x", 1, "free-page-reporting");
	char err[256] = "";

	(void)state;
	assert_int_equal(result_check(boot, "it", err, sizeof(err)), 0);
	json_object_del(boot, "mover");
	assert_int_not_equal(result_check(boot, "it", err, sizeof(err)), 0);
	assert_non_null(strstr(err, "cycles[0].deflate"));
	json_decref(boot);
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
	/* Of all moves that there were. */
	assert_non_null(strstr(text, "Of 15 timed moves, 15 have"));
	free(text);
	snprintf(path, sizeof(path), "%s/plots/victim-guest-fault_ns-time.svg", dir);
	text = read_file(path);
	assert_non_null(strstr(text, "free-page-reporting"));
	free(text);
}

static void comparisons_say_why_not(void **state)
{
	(void)state;
	expect_outcome(STAT("compare", dir), EXIT_FINE, "absent: its boots have no such figure");
	expect_outcome(STAT("compare", dir, "--base", "free-page-reporting"), EXIT_FINE,
		       "absent: the base's boots have no such figure");
	expect_outcome(STAT("compare", dir, "--json"), EXIT_FINE, "\"verdict\": \"absent\"");
	expect_outcome(STAT("cover-letter", dir), EXIT_FINE, "-   there is no such move");
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
		cmocka_unit_test(only_a_mover_may_lack_a_deflate),
		cmocka_unit_test(the_report_has_a_dash),
		cmocka_unit_test(comparisons_say_why_not),
		cmocka_unit_test(claims_are_about_what_there_is),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

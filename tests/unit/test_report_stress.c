/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report's part about a stress: what its summary says, and nothing else.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/report/report.h"
#include "tests/helpers/files.h"

#define CUT                                                                                        \
	"{\"cut\": \"huge\", \"device\": \"page-chunks=on\", \"duration_s\": 90.0, \"boots\": 2, " \
	"\"weight\": 4, \"boots_with_page_owner\": 2, \"boots_without_page_owner\": 0, "           \
	"\"boots_with_init_on_alloc\": 1, "                                                        \
	"\"rounds\": 31, \"audits\": %d, \"leak_scans\": 2, \"operation_count\": 210, "            \
	"\"operations\": {\"target\": {\"done\": 70, \"failed\": 0}, "                             \
	"\"rebind\": {\"done\": 9, \"failed\": 3}}, \"faults_injected\": 12345, "                  \
	"\"processes_killed\": 4, \"inflated_pages\": 4096, \"deflated_pages\": 4096, "            \
	"\"migrated_pages\": 17, \"findings\": [%s]}"

#define SUMMARY                                                                                    \
	"{\"schema_version\": 1, \"started_utc\": \"2026-11-21T00:00:00Z\", \"duration_s\": "      \
	"90.0, \"interrupted\": %s, \"seed\": 42, \"accel\": \"tcg\", \"memory_bytes\": "          \
	"402653184, \"vcpus\": 2, \"qemu_version\": \"10.0.13\", \"kernel\": {\"source\": "        \
	"\"linux-source-6.12\"}, \"cuts\": [" CUT "]}"

#define FINDING                                                                                    \
	"{\"kind\": \"KASAN\", \"line\": \"BUG: KASAN: <b>|\", \"boot\": 2, \"round\": 7, "        \
	"\"replay\": \"stress --seed 42 --replay 2\"}"

static char *markdown_of(void (*say)(struct writer *w, void *context), void *context)
{
	struct writer *w = write_open();
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	write_to(w, WRITE_MARKDOWN, f, NULL, NULL, 0);
	say(w, context);
	write_close(w);
	fclose(f);
	return text;
}

static void say_summary(struct writer *w, void *summary)
{
	const struct report none = { .table = NULL };

	stress_summary_write(w, &none, summary);
}

/* A summary of so many audits, interrupted or not, with a finding or without. */
static char *printed(int audits, const char *interrupted, const char *finding)
{
	struct document *summary;
	char json[4096], err[256], *text;

	snprintf(json, sizeof(json), SUMMARY, interrupted, audits, finding);
	summary = document_load(write_file(test_dir, "summary.json", json), err, sizeof(err));
	assert_non_null(summary);
	text = markdown_of(say_summary, summary);
	document_release(summary);
	return text;
}

static void what_was_done_is_counted(void **state)
{
	char *text = printed(5, "false", "");

	(void)state;
	assert_non_null(strstr(text, "| huge | page-chunks=on | 1.5 | 2 | 31 | 210 | 5 | 2 | 12345 "
				     "| 4 | 4096 | 4096 | 17 | 0 |"));
	assert_non_null(strstr(text, "| huge | 4 | 2 | 0 | 1 |"));
	assert_non_null(strstr(text, "| cut | target | rebind |\n"));
	assert_non_null(strstr(text, "| huge | 70 (0) | 9 (3) |"));
	assert_non_null(strstr(text, "| seed | 42 |"));
	assert_non_null(strstr(text, "| guest memory | 384 MiB |"));
	assert_non_null(strstr(text, "Nothing was found"));
	assert_null(strstr(text, "stopped before"));
	free(text);
}

static void nothing_is_claimed_that_was_not_looked_at(void **state)
{
	char *text = printed(0, "true", "");

	(void)state;
	assert_null(strstr(text, "Nothing was found"));
	assert_non_null(strstr(text, "is not known"));
	assert_non_null(strstr(text, "stopped before its end"));
	free(text);
}

/* The text of a kernel's console takes no effect. */
static void findings_are_shown(void **state)
{
	char *text = printed(1, "false", FINDING);

	(void)state;
	assert_null(strstr(text, "Nothing was found"));
	assert_non_null(strstr(text, "- huge, boot 2, round 7, KASAN: BUG: KASAN: &lt;b>\\|"));
	assert_non_null(strstr(text, "stress --seed 42 --replay 2"));
	free(text);
}

static void say_section(struct writer *w, void *dir)
{
	struct table table = { .dir = dir };
	struct report report = { .table = &table };

	section_stress(w, &report);
}

static char *part_of(char *dir)
{
	return markdown_of(say_section, dir);
}

static void a_tree_may_have_one(void **state)
{
	char json[4096], *text;

	(void)state;
	text = part_of(test_dir);
	assert_null(strstr(text, "Stress"));
	free(text);
	snprintf(json, sizeof(json), SUMMARY, "false", 5, "");
	write_file(test_dir, "stress/summary.json", json);
	text = part_of(test_dir);
	assert_non_null(strstr(text, "## Stress"));
	free(text);
	write_file(test_dir, "stress/summary.json", "[1");
	text = part_of(test_dir);
	assert_null(strstr(text, "Stress"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_done_is_counted),
		cmocka_unit_test(nothing_is_claimed_that_was_not_looked_at),
		cmocka_unit_test(findings_are_shown),
		cmocka_unit_test(a_tree_may_have_one),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

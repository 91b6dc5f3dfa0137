/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the report says of the state of memory, and what it answers: trees whose
 * truth is known. A stand-in for gnuplot keeps the data of the plots.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/report/plot_memory.h"
#include "analysis/report/report.h"
#include "analysis/report/report_write.h"
#include "lib/histogram.h"
#include "tests/helpers/files.h"

#define BOOTS 4
#define MIB (1LL << 20)
#define PAGE 4096
/* Entries that the host is told of so many pages. */
#define PAGES 1000

static struct tree tree;

static json_t *make_move(int entries, int ms)
{
	json_int_t ns = ms * 1000000LL;

	return json_pack("{s:I, s:I, s:f, s:I, s:{s:i}}", "bytes", (json_int_t)PAGES * PAGE,
			 "duration_ns", ns, "gib_per_s",
			 (double)PAGES * PAGE / (1 << 30) / (ns / 1e9), "resolution_ns",
			 (json_int_t)1000, "entries", "count", entries);
}

static json_t *make_boot(const char *scenario, const char *variant, int boot, int entries, int ms)
{
	json_t *move = make_move(entries, ms);
	json_t *result = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:[{s:O, s:o}]}",
				   "schema_version", 1, "scenario", scenario, "variant", variant,
				   "cut", "list", "accel", "tcg", "boot", boot, "status", "ok",
				   "cycles", "inflate", move, "deflate", json_deep_copy(move));

	json_decref(move);
	return result;
}

static json_t *cycle_of(const json_t *boot)
{
	return json_array_get(json_object_get(boot, "cycles"), 0);
}

static void write_boot(const char *name, json_t *boot)
{
	static int directory;
	char path[128], *text = json_dumps(boot, 0);

	snprintf(path, sizeof(path), "%s/s/v/boot-%03d/result.json", name, ++directory);
	write_file(test_dir, path, text);
	free(text);
	json_decref(boot);
}

/* A quarter of what is free lies in single pages, half in pairs, the rest in 4 MiB. */
static void add_fragmented(const char *variant, int boot, int entries, int ms)
{
	json_t *b = make_boot("fragmented", variant, boot, entries, ms);

	json_object_set_new(cycle_of(b), "fragmentation",
			    json_pack("{s:{s:f, s:[i, i, i, i, i, i, i, i, i, i, i]}}", "before",
				      "share_order4", 0.25, "free_pages", 1024, 2048, 0, 0, 0, 0, 0,
				      0, 0, 0, 1024));
	write_boot("t", b);
}

/* Calls of one page and of two to three, a third of the bytes and two. */
static void add_traced(const char *variant, int boot)
{
	json_t *b = make_boot("fragmented", variant, boot, 500, 10);
	struct histogram h = { .count = 0 };
	int i;

	for (i = 0; i < 60; i++)
		histogram_add(&h, i < 25 ? PAGE : i < 45 ? 2 * PAGE : 3 * PAGE);
	json_object_set_new(b, "trace",
			    json_pack("{s:{s:{s:{s:o}}}}", "host", "calls", "dontneed",
				      "length_bytes", histogram_to_json(&h)));
	write_boot("t", b);
}

static void add_refaulted(const char *variant, int boot, int ms)
{
	static const char *const moments[] = { "before", "plateau", "deflated", "refaulted" };
	json_t *b = make_boot("refault", variant, boot, 1000, 20), *memory = json_object();
	int m;

	for (m = 0; m < 4; m++)
		json_object_set_new(memory, moments[m],
				    json_pack("{s:I, s:I}", "rss_bytes", 2048 * MIB,
					      "anon_huge_bytes", (1024 >> m) * MIB));
	json_object_set_new(cycle_of(b), "host_memory", memory);
	json_object_set_new(
		cycle_of(b), "refault",
		json_pack("{s:I, s:I}", "bytes", MIB, "duration_ns", (json_int_t)ms * 1000000));
	write_boot("t", b);
}

static void add_compacted(const char *variant, int boot)
{
	json_t *b = make_boot("compaction", variant, boot, 1000, 20);

	json_object_set_new(cycle_of(b), "compaction",
			    json_pack("{s:i, s:i, s:i, s:i}", "migrated_pages", 100 * boot,
				      "round_trips", 200 * boot, "duration_ns", 5000000 * boot,
				      "migrate_again", 0));
	write_boot("t", b);
}

static int set_up(void **state)
{
	char path[4096], err[512];
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		add_fragmented("finalize", i, 1000, 10);
		add_fragmented("chunks", i, 400, 5);
		add_traced("chunks+pages", i);
		add_refaulted("finalize", i, 100);
		add_refaulted("chunks", i, 50);
		add_compacted("finalize", i);
		write_boot("bare", make_boot("idle", "list", i, 1000, 10));
		write_boot("bare", make_boot("idle", "huge", i, 1000, 10));
	}
	snprintf(path, sizeof(path), "%s/t", test_dir);
	if (tree_load(&tree, path, err, sizeof(err)))
		fail_msg("%s", err);
	/* It ends its files as gnuplot does, or they would count as cut off. */
	write_file(test_dir, "bin/gnuplot",
		   "#!/bin/sh\n/bin/cat \"$4\" >\"$5.svg\"\necho '</svg>' >>\"$5.svg\"\n"
		   "echo IEND >\"$5.png\"\n");
	snprintf(path, sizeof(path), "%s/bin/gnuplot", test_dir);
	return chmod(path, 0755);
}

static int tear_down(void **state)
{
	tree_release(&tree);
	return test_dir_tear_down(state);
}

static void make_report(struct report *report, const struct tree *t)
{
	const struct report_input input = { .tree = t, .smallest_effect = SMALLEST_EFFECT };

	assert_int_equal(report_make(report, &input), 0);
	report->plots = "plots";
}

static char *text_of(const struct tree *t)
{
	struct report report;
	char *text = NULL;
	size_t size;
	FILE *f;

	make_report(&report, t);
	f = open_memstream(&text, &size);
	report_write(&report, f);
	fclose(f);
	report_release(&report);
	return text;
}

static void expect_text(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' is not in:\n%s", words, text);
}

static const struct report_scenario *scenario_of(const struct report *report, const char *name)
{
	size_t i;

	for (i = 0; i < report->scenario_count; i++)
		if (!strcmp(report->scenarios[i].name, name))
			return &report->scenarios[i];
	fail_msg("no scenario %s", name);
	return NULL;
}

/* What gnuplot was given. */
static char *data_of(enum memory_plot plot, const char *scenario)
{
	char *before = strdup(getenv("PATH")), output[256], err[512] = "", bin[256], *data;
	struct report report;
	int status;

	make_report(&report, &tree);
	snprintf(bin, sizeof(bin), "%s/bin", test_dir);
	snprintf(output, sizeof(output), "%s/data", test_dir);
	setenv("PATH", bin, 1);
	status = memory_plot_draw(plot, &report, scenario_of(&report, scenario), output, err,
				  sizeof(err));
	setenv("PATH", before, 1);
	free(before);
	report_release(&report);
	if (status)
		fail_msg("%d: %s", status, err);
	strcat(output, ".svg");
	data = read_file(output);
	assert_non_null(data);
	return data;
}

#define END "NaN NaN NaN NaN\n\n\n"
#define FREE                                                                                       \
	"0 25 25 25\n1 50 50 50\n2 0 0 0\n3 0 0 0\n4 0 0 0\n5 0 0 0\n6 0 0 0\n7 0 0 0\n8 0 0 0\n"  \
	"9 0 0 0\n10 25 25 25\n" END

/* 25 of 110 pages in calls of one, all others in those of two and three. */
#define CALLED "0 22.7272727 22.7272727 22.7272727\n1 77.2727273 77.2727273 77.2727273\n2 0 0 0\n"

static void runs_are_shares_of_memory(void **state)
{
	char *data = data_of(MEMORY_PLOT_RUNS, "fragmented");

	(void)state;
	/* No call of finalize was seen; those of chunks were, in its traced arm. */
	assert_int_equal(strncmp(data, FREE END FREE CALLED, strlen(FREE END FREE CALLED)), 0);
	free(data);
}

static void the_hosts_memory_is_in_gib(void **state)
{
	char *data = data_of(MEMORY_PLOT_HOST, "refault");

	(void)state;
	expect_text(data, "1 1 1 1 2 2 2\n2 0.5 0.5 0.5 2 2 2\n3 0.25 0.25 0.25 2 2 2\n"
			  "4 0.125 0.125 0.125 2 2 2\n");
	free(data);
}

static void nothing_is_drawn_of_nothing(void **state)
{
	char err[512] = "";
	struct report report;
	int plot;

	(void)state;
	make_report(&report, &tree);
	for (plot = 0; plot < MEMORY_PLOTS; plot++) {
		const struct report_scenario *s = scenario_of(&report, "compaction");

		assert_false(memory_plot_known(plot, &report, s));
		assert_int_equal(
			memory_plot_draw(plot, &report, s, "/nowhere/it", err, sizeof(err)), 0);
	}
	report_release(&report);
}

static void the_report_tells_of_memory(void **state)
{
	char *text = text_of(&tree);

	(void)state;
	expect_text(text, "## Quality of service\n\n### State of memory\n");
	expect_text(text, "#### fragmented: memory\n");
	expect_text(text, "| pages of an entry that the host is told, on average | "
			  "1.00 [1.00, 1.00] | 2.50 [2.50, 2.50] |\n");
	expect_text(text, "(plots/fragmented-runs.png)");
	expect_text(text, "(plots/refault-host-memory.png)");
	expect_text(text, "| round trips to the host for each of them | 2.00 [2.00, 2.00] |");
	assert_null(strstr(text, "compaction-runs.png"));
	/* An entry's length is told where memory was fragmented only. */
	assert_null(strstr(strstr(text, "#### refault: memory"), "pages of an entry that"));
	free(text);
}

static void questions_are_answered_by_what_there_is(void **state)
{
	char *text = text_of(&tree);

	(void)state;
	expect_text(text, "**1. Does MADV_WILLNEED on a deflate help the guest, or cost it?** Not "
			  "measured in this run: it needs the variants no-willneed and finalize;");
	expect_text(text,
		    "| duration of an inflate | fragmented | chunks against finalize | 4, 4 | "
		    "0.500 [0.500, 0.500] x |\n");
	expect_text(text, "Not measured in this run: duration of an inflate (huge against "
			  "finalize). It needs scenario fragmented");
	expect_text(text, "| writing to the memory again | refault | chunks against finalize | "
			  "4, 4 | 0.500 [0.500, 0.500] x |\n");
	expect_text(text, "| inflated | refault | chunks | 4 | 512 [512, 512] MiB |\n");
	/* A figure of each boot: they migrated 100 to 400 pages. */
	expect_text(text, "| time of compaction for a migrated page | compaction | finalize | 4 | "
			  "50 [50, 50] µs |\n");
	free(text);
}

static void without_an_answer_no_question_is_asked(void **state)
{
	char path[256], err[512], *text;
	struct tree bare;

	(void)state;
	snprintf(path, sizeof(path), "%s/bare", test_dir);
	assert_int_equal(tree_load(&bare, path, err, sizeof(err)), 0);
	text = text_of(&bare);
	assert_null(strstr(text, "Six questions"));
	assert_null(strstr(text, "Quality of service"));
	free(text);
	tree_release(&bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_shares_of_memory),
		cmocka_unit_test(the_hosts_memory_is_in_gib),
		cmocka_unit_test(nothing_is_drawn_of_nothing),
		cmocka_unit_test(the_report_tells_of_memory),
		cmocka_unit_test(questions_are_answered_by_what_there_is),
		cmocka_unit_test(without_an_answer_no_question_is_asked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

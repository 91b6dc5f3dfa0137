/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the report says of the state of memory, and what it answers: trees whose
 * truth is known.
 */
#include "tests/helpers/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define BOOTS 6
#define MIB (1LL << 20)
#define PAGE 4096
/* Entries that the host is told of so many pages. */
#define PAGES 1000

static struct table table;

static struct boot_result make_boot(const char *scenario, const char *variant, int number,
				    int entries, int ms)
{
	struct boot_result boot = build_boot(scenario, variant, number, ms);
	struct cycle_result *cycle = boot_cycle(&boot);
	int d;

	for (d = 0; d < DIRECTIONS; d++) {
		struct resize_result *resize = cycle_resize(cycle, d);

		record_release(&resize_record, resize);
		*resize = build_resize((int64_t)PAGES * PAGE, ms);
		resize->entries.count = entries;
	}
	return boot;
}

/* A quarter of what is free lies in single pages, half in pairs, the rest in 4 MiB. */
static void add_fragmented(const char *variant, int number, int entries, int ms)
{
	struct boot_result boot = make_boot("fragmented", variant, number, entries, ms);
	struct free_memory *before = &boot_cycle(&boot)->fragmentation.before;
	int order;

	before->share_order4 = 0.25;
	for (order = 0; order < 11; order++)
		record_append_number(&before->free_pages, order == 1   ? 2048
							  : order % 10 ? 0
								       : 1024);
	boot_cycle(&boot)->fragmentation.longest_run = 1;
	boot_cycle(&boot)->fragmentation.pinned_bytes = 0;
	boot_cycle(&boot)->fragmentation.duration_ns = 1;
	put_boot("t", &boot);
}

/* Calls of one page and of two to three, a third of the bytes and two. */
static void add_traced(const char *variant, int number)
{
	struct boot_result boot = make_boot("fragmented", variant, number, 500, 10);
	struct histogram *lengths = build_histogram(0, 0);
	int i;

	for (i = 0; i < 60; i++)
		histogram_add(lengths, i < 25 ? PAGE : i < 45 ? 2 * PAGE : 3 * PAGE);
	add_call(&boot, "dontneed", build_histogram(100, 60), lengths);
	put_boot("t", &boot);
}

static void add_refaulted(const char *variant, int number, int ms)
{
	struct boot_result boot = make_boot("refault", variant, number, 1000, 20);
	struct cycle_result *cycle = boot_cycle(&boot);

	cycle->host_memory.before = (struct qemu_memory){ 2048 * MIB, 1024 * MIB };
	cycle->host_memory.plateau = (struct qemu_memory){ 2048 * MIB, 512 * MIB };
	cycle->host_memory.deflated = (struct qemu_memory){ 2048 * MIB, 256 * MIB };
	cycle->host_memory.refaulted = (struct qemu_memory){ 2048 * MIB, 128 * MIB };
	cycle->refault.bytes = MIB;
	cycle->refault.duration_ns = ms * MS;
	put_boot("t", &boot);
}

static void add_compacted(const char *variant, int number)
{
	struct boot_result boot = make_boot("compaction", variant, number, 1000, 20);
	struct compaction *compaction = &boot_cycle(&boot)->compaction;

	compaction->rounds = 1;
	compaction->migrate_failed = 0;
	compaction->migrated_pages = 100 * number;
	compaction->round_trips = 200 * number;
	compaction->duration_ns = 5 * MS * number;
	compaction->migrate_again = 0;
	put_boot("t", &boot);
}

static int set_up(void **state)
{
	int i;

	if (test_dir_set_up(state))
		return -1;
	for (i = 1; i <= BOOTS; i++) {
		struct boot_result list = make_boot("idle", "list", i, 1000, 10);
		struct boot_result huge = make_boot("idle", "huge", i, 1000, 10);

		add_fragmented("finalize", i, 1000, 10);
		add_fragmented("chunks", i, 400, 5);
		add_traced("chunks+pages", i);
		add_refaulted("finalize", i, 100);
		add_refaulted("chunks", i, 50);
		add_compacted("finalize", i);
		put_boot("bare", &list);
		put_boot("bare", &huge);
	}
	/* The order of the plan: the base first. */
	write_file(test_dir, "t/plan.json",
		   "{\"scenarios\": [{\"name\": \"fragmented\"}, {\"name\": \"refault\"}, "
		   "{\"name\": \"compaction\"}], \"variants\": [{\"name\": \"finalize\"}, "
		   "{\"name\": \"chunks\"}, {\"name\": \"chunks+pages\"}]}");
	write_file(test_dir, "bare/plan.json",
		   "{\"variants\": [{\"name\": \"list\"}, {\"name\": \"huge\"}]}");
	load_table(&table, "t");
	return 0;
}

static int tear_down(void **state)
{
	table_release(&table);
	return test_dir_tear_down(state);
}

static char *data_of(enum report_plot plot, const char *scenario)
{
	struct report report;
	char *data;

	make_report(&report, &table);
	data = plot_data(plot, (struct plot_of){ .report = &report,
						 .scenario = scenario_named(&report, scenario) });
	report_release(&report);
	return data;
}

#define END "NaN NaN NaN NaN NaN NaN NaN\n\n\n"
#define FREE                                                                                       \
	"0 25 25 25\n1 50 50 50\n2 0 0 0\n3 0 0 0\n4 0 0 0\n5 0 0 0\n6 0 0 0\n7 0 0 0\n8 0 0 0\n"  \
	"9 0 0 0\n10 25 25 25\n" END

/* 25 of 110 pages in calls of one, all others in those of two and three. */
#define CALLED "0 22.7272727 22.7272727 22.7272727\n1 77.2727273 77.2727273 77.2727273\n2 0 0 0\n"

static void runs_are_shares_of_memory(void **state)
{
	char *data = data_of(PLOT_RUNS, "fragmented");

	(void)state;
	assert_non_null(data);
	/* No call of finalize was seen; those of chunks were, in its traced arm. */
	if (strncmp(data, FREE END FREE CALLED, strlen(FREE END FREE CALLED)))
		fail_msg("%s", data);
	free(data);
}

static void the_hosts_memory_is_in_gib(void **state)
{
	char *data = data_of(PLOT_HOST_MEMORY, "refault");

	(void)state;
	assert_non_null(data);
	assert_contains(data, "1 1 1 1 2 2 2\n2 0.5 0.5 0.5 2 2 2\n3 0.25 0.25 0.25 2 2 2\n"
			      "4 0.125 0.125 0.125 2 2 2\n");
	free(data);
}

static void nothing_is_drawn_of_nothing(void **state)
{
	(void)state;
	assert_null(data_of(PLOT_RUNS, "compaction"));
	assert_null(data_of(PLOT_HOST_MEMORY, "compaction"));
}

static void plots_are_drawn(void **state)
{
	struct report report;
	char *svg;

	(void)state;
	make_report(&report, &table);
	svg = drawn_plot(PLOT_RUNS,
			 (struct plot_of){ .report = &report,
					   .scenario = scenario_named(&report, "fragmented") });
	assert_contains(svg, "64 KiB");
	free(svg);
	svg = drawn_plot(PLOT_HOST_MEMORY,
			 (struct plot_of){ .report = &report,
					   .scenario = scenario_named(&report, "refault") });
	assert_contains(svg, "AnonHugePages");
	free(svg);
	report_release(&report);
}

static void the_report_tells_of_memory(void **state)
{
	char *text = report_text(&table), *refault;

	(void)state;
	assert_contains(text, "## State of memory\n");
	assert_contains(text, "### fragmented: memory\n");
	/* Variants are rows; the last column has the pages of an entry. */
	assert_contains(text, "| finalize | 6 | 25.0 [25.0, 25.0] | 1.00 [1.00, 1.00] |\n");
	assert_contains(text, "| chunks | 6 | 25.0 [25.0, 25.0] | 2.50 [2.50, 2.50] |\n");
	assert_contains(text, "(plots/fragmented-runs.png)");
	assert_contains(text, "(plots/refault-host-memory.png)");
	assert_contains(text, "| round trips to the host for each |");
	assert_contains(text, "| 2.00 [2.00, 2.00] | 0 [0, 0] |");
	assert_lacks(text, "compaction-runs.png");
	assert_lacks(text, "times out of puff");
	/* An entry's length is there where memory was fragmented only. */
	refault = strstr(text, "### refault: memory");
	assert_non_null(refault);
	assert_lacks(refault, "| pages of an entry");
	free(text);
}

static void questions_are_answered_by_what_there_is(void **state)
{
	char *text = report_text(&table);

	(void)state;
	assert_contains(text, "- The question \"Does MADV_WILLNEED on a deflate help the guest, or "
			      "cost it?\": it needs the variants no-willneed and finalize;");
	assert_contains(text,
			"| duration of an inflate | fragmented | chunks against finalize | 6, 6 | "
			"0.500 [0.500, 0.500] x |\n");
	assert_contains(text, "- Part of the question \"How long are the runs where memory is "
			      "fragmented, and what is left of the gain?\": it needs scenario "
			      "fragmented");
	assert_contains(text, "| writing to the memory again | refault | chunks against finalize | "
			      "6, 6 | 0.500 [0.500, 0.500] x |\n");
	assert_contains(text, "| inflated | refault | chunks | 6 | 512 [512, 512] MiB |\n");
	/* A value of each boot: they migrated 100 to 600 pages. */
	assert_contains(text,
			"| time of compaction for a migrated page | compaction | finalize | 6 | "
			"50 [50, 50] µs |\n");
	free(text);
}

static void without_an_answer_no_question_is_asked(void **state)
{
	struct table bare;
	char *text;

	(void)state;
	load_table(&bare, "bare");
	text = report_text(&bare);
	assert_lacks(text, "## Questions");
	assert_lacks(text, "he question \"");
	assert_lacks(text, "Quality of service");
	assert_lacks(text, "State of memory");
	free(text);
	table_release(&bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_shares_of_memory),
		cmocka_unit_test(the_hosts_memory_is_in_gib),
		cmocka_unit_test(nothing_is_drawn_of_nothing),
		cmocka_unit_test(plots_are_drawn),
		cmocka_unit_test(the_report_tells_of_memory),
		cmocka_unit_test(questions_are_answered_by_what_there_is),
		cmocka_unit_test(without_an_answer_no_question_is_asked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

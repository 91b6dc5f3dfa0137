/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a result tree on disk to comparisons and REPORT.md.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

/* A boot of two cycles whose inflates take @ms and @ms + 2. */
static void add_boot(const char *variant, int number, int ms)
{
	struct boot_result boot = build_boot("idle", variant, number, ms);
	struct cycle_result *second = record_append(&cycle_record, &boot.cycles);

	second->inflate = build_resize(1LL << 30, ms + 2);
	second->deflate = build_resize(1LL << 30, ms + 2);
	put_boot("t", &boot);
}

static void make_tree(void)
{
	int i;

	for (i = 1; i <= 6; i++) {
		add_boot("old", i, 100 + i);
		add_boot("new", i, 50 + i);
	}
	put_failed("t", "idle", "new", 7, BOOT_FAILED, "it <broke> | `here`");
	write_file(test_dir, "t/plan.json",
		   "{\"seed\": 42, \"boots\": 6, \"scenarios\": [{\"name\": \"idle\", "
		   "\"memory_bytes\": 8589934592, \"inflate_bytes\": 7516192768, \"vcpus\": 2, "
		   "\"cycles\": 2, \"scale\": 1.0, \"thp\": true, \"backing\": \"anonymous\", "
		   "\"description\": \"a *test*\"}], "
		   "\"variants\": [{\"name\": \"old\"}, {\"name\": \"new\"}]}");
	write_file(test_dir, "t/env.json",
		   "{\"command\": \"balloonbench run\", \"accel_reason\": \"asked for\"}");
}

static void make_config_tree(void)
{
	static const char *const scenarios[] = { "idle", "distro" };
	static const char *const variants[] = { "old", "new" };
	struct boot_result boot;
	int i;

	for (i = 0; i < 16; i++) {
		boot = build_boot(scenarios[i / 8], variants[i / 4 % 2], i % 4 + 1, 100 + i);
		put_boot("c", &boot);
	}
	write_file(test_dir, "c/plan.json",
		   "{\"scenarios\": [{\"name\": \"idle\", \"memory_bytes\": 1}, "
		   "{\"name\": \"distro\", \"config\": \"distro\"}], "
		   "\"variants\": [{\"name\": \"old\"}, {\"name\": \"new\"}]}");
	write_file(test_dir, "c/env.json",
		   "{\"cuts\": {\"old\": {\"config_sha256\": \"4567\"}, "
		   "\"old-distro\": {\"config\": \"distro\", \"config_sha256\": \"0123\"}}}");
}

/* The host alone takes 10 ms for what takes 100 and 50. */
static void make_floor_tree(void)
{
	static const char *const variants[] = { "old", "new", "least" };
	static const int ms[] = { 100, 50, 10 };
	struct boot_result boot;
	int i, v;

	for (i = 1; i <= 6; i++)
		for (v = 0; v < 3; v++) {
			boot = build_boot("idle", variants[v], i, ms[v]);
			put_boot("f", &boot);
		}
	write_file(test_dir, "f/plan.json",
		   "{\"scenarios\": [{\"name\": \"idle\"}], \"variants\": [{\"name\": \"old\"}, "
		   "{\"name\": \"new\"}, {\"name\": \"least\", \"method\": \"floor\"}]}");
	write_file(test_dir, "f/env.json", "{}");
}

static void a_boot_is_one_value(void **state)
{
	struct measure duration = measure_of("inflate.duration_ns");
	struct measure ready = measure_of("ready_ns");
	struct table table;
	struct series s;

	(void)state;
	load_table(&table, "t");
	s = series(&table, "idle", "old", &duration);
	assert_int_equal(s.n, 6);
	/* the median of two cycles, 101 and 103 ms */
	assert_float_equal(s.values[0], 102 * MS, 1e-3);
	assert_string_equal(measure_shown(&duration, RESULT_TCG).name, "ms");
	assert_string_equal(measure_shown(&duration, RESULT_ICOUNT).name, "M instructions");
	series_release(&s);
	s = series(&table, "idle", "new", &duration);
	assert_int_equal(s.n, 6);
	series_release(&s);
	s = series(&table, "idle", "old", &ready);
	assert_int_equal(s.n, 6);
	assert_float_equal(s.values[0], 700 * MS, 1e-3);
	series_release(&s);
	table_release(&table);
}

static void the_plan_orders_and_the_failed_are_counted(void **state)
{
	struct table table;

	(void)state;
	load_table(&table, "t");
	assert_string_equal(table.variants[0], "old");
	assert_string_equal(table.variants[1], "new");
	assert_null(table.variants[2]);
	assert_int_equal(table_count(&table, "idle", "new", BOOT_FAILED), 1);
	assert_int_equal(table_count(&table, NULL, NULL, BOOT_OK), 12);
	table_release(&table);
}

static void the_report_says_what_the_tree_holds(void **state)
{
	char *first, *second;
	struct table table;

	(void)state;
	load_table(&table, "t");
	first = report_text(&table);
	second = report_text(&table);
	assert_string_equal(first, second);
	assert_contains(first, "2 variants in 1 scenario, 6 boots of each; TCG emulates");
	assert_contains(first,
			"Inflating 7 GiB of a guest of 8 GiB in **idle** takes 104.5 ms with "
			"old; the ratio to it is lower with new (0.521 [0.500, 0.543])");
	assert_contains(first,
			"Deflating takes 104.5 ms with old; the ratio to it is lower with new "
			"(0.521 [0.500, 0.543])");
	assert_contains(first, "No variant regresses.");
	/* The headline: the median of 101 to 106, plus 1; 1 GiB of it. */
	assert_contains(first, "| old | 6 | 104.5 | 9.57 | 1 | 104.5 | 9.57 | 1 |");
	assert_contains(first, "The noise floor: \\`balloonbench run --aa\\`");
	/* 2 of 924 partitions are extreme; with n = 4 they are 2 of 70, twice that is above 5 %. */
	assert_contains(first,
			"corrected for the 2 comparisons of this report to the base; "
			"uncorrected, these n allow none below 0.0022; fewer than n = 5 find "
			"nothing.");
	assert_contains(first, "| inflate | old | 6 | 104.5");
	assert_contains(first, "improve |");
	assert_contains(first, "13 boots were run, 1 of them are not used");
	/* Text of the tree cannot end a cell or open a tag. */
	assert_contains(first, "it &lt;broke> \\| \\`here\\`");
	assert_contains(first, "a \\*test\\*");
	assert_contains(first, "--seed 42");
	free(first);
	free(second);
	table_release(&table);
}

static void a_base_without_boots_is_counted(void **state)
{
	struct table table;
	char *text;

	(void)state;
	put_failed("none", "idle", "a", 1, BOOT_FAILED, "it died");
	put_boots("none", "idle", "b", 4, 100);
	load_table(&table, "none");
	text = report_text(&table);
	assert_contains(text, "2 variants in 1 scenario, 0 to 4 boots of each");
	assert_contains(text, "not comparable, as a side has no ok boot, are b (inflate of idle)");
	free(text);
	table_release(&table);
}

/* Each once a cut, whenever it was. */
static void warnings_at_boot_are_shown(void **state)
{
	static const char line[] = "] WARNING: CPU: 0 PID: 0 at fpu/xstate.c:605";
	struct boot_result boot;
	struct table table;
	char *text, stamped[128];
	int i;

	(void)state;
	for (i = 1; i <= 3; i++) {
		boot = build_boot("idle", "list", i, 10);
		record_set_text(&boot.cut, "list");
		snprintf(stamped, sizeof(stamped), "[    0.1%d%s", i, line);
		record_append_text(&boot.boot_warnings, stamped);
		put_boot("warned", &boot);
	}
	load_table(&table, "warned");
	text = report_text(&table);
	assert_contains(text, "- list: WARNING: CPU: 0 PID: 0 at fpu/xstate.c:605\n");
	assert_null(strstr(strstr(text, "xstate") + 1, "xstate"));
	free(text);
	table_release(&table);
}

/* How far each variant is from it; it has no verdict, and takes part in no family. */
static void the_report_measures_against_the_floor(void **state)
{
	struct table table;
	char *text;

	(void)state;
	make_floor_tree();
	load_table(&table, "f");
	assert_false(table_compares(&table, "least", "old"));
	assert_true(table_compares(&table, "old", "least"));
	text = report_text(&table);
	assert_contains(text, "The host alone discards that memory in 10 ms (floor); old takes 10 "
			      "[9.999, 10] and new 5 [5, 5] times that.");
	assert_contains(text, "| times the floor [95 %] |");
	assert_contains(text, "The floor (least) is the host discarding the same memory without a "
			      "balloon, by the fewest calls: 10 [10, 10] ms (n = 6).");
	assert_contains(text, "2 variants in 1 scenario");
	assert_contains(text, "corrected for the 2 comparisons of this report");
	free(text);
	table_release(&table);
}

/* Figures of kernels of another configuration are not mixed up with the others. */
static void the_report_names_configurations(void **state)
{
	struct table table;
	char *text;

	(void)state;
	make_config_tree();
	load_table(&table, "c");
	text = report_text(&table);
	assert_contains(text, "Kernel configurations: idle: lean, distro: distro. ");
	assert_contains(text, "Kernel configuration: lean.");
	assert_contains(text, "Kernel configuration: distro.");
	assert_contains(text, "| configuration of old-distro, SHA-256 | distro: 0123 |");
	free(text);
	table_release(&table);
	load_table(&table, "t");
	text = report_text(&table);
	assert_lacks(text, "Kernel configuration");
	free(text);
	table_release(&table);
}

/* What a maintainer quotes, then the picture, then the table; what is not there is last. */
static void the_report_opens_with_its_answer(void **state)
{
	char *text, *answer, *picture, *headline, *gaps;
	struct table table;

	(void)state;
	load_table(&table, "t");
	text = report_text(&table);
	answer = strstr(text, "\nMeasured under TCG");
	picture =
		strstr(text, "![Duration of an inflate by variant and scenario, ratio to the base]"
			     "(plots/forest.png)");
	headline = strstr(text, "| idle | n | inflate, ms |");
	gaps = strstr(text, "\n## Not measured\n\n- ");
	assert_true(answer && picture && headline && gaps);
	assert_true(answer < picture && picture < headline && headline < gaps);
	assert_lacks(gaps + 1, "\n#");
	free(text);
	table_release(&table);
}

/* Lines that mail, git and the eye leave as they are. */
static void a_cover_letter_passes_through_mail(void **state)
{
	char *text = NULL, *line, *save;
	struct report report;
	struct table table;
	size_t size, i;
	FILE *f;

	(void)state;
	load_table(&table, "t");
	make_report(&report, &table);
	f = open_memstream(&text, &size);
	cover_letter_write(&report, f);
	fclose(f);
	assert_contains(text, "    new      6");
	assert_contains(text, "0.521 [0.500, 0.543]");
	assert_contains(text, "improve\n");
	assert_contains(text, "--seed 42");
	assert_contains(text, "idle: a *test*");
	assert_contains(text, "TCG emulates");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n = strlen(line);

		assert_in_range(n, 1, 72);
		assert_true(line[n - 1] != ' ' && line[0] == ' ');
		for (i = 0; i < n; i++)
			assert_true(line[i] >= ' ' && line[i] < 127);
	}
	free(text);
	report_release(&report);
	table_release(&table);
}

static void plots_are_drawn(void **state)
{
	struct report report;
	struct table table;
	struct plot_of of;
	char *svg;

	(void)state;
	load_table(&table, "t");
	make_report(&report, &table);
	of = (struct plot_of){ .report = &report };
	svg = drawn_plot(PLOT_FOREST, of);
	assert_contains(svg, "idle");
	assert_contains(svg, "ratio to old");
	free(svg);
	of.scenario = &report.scenarios[0];
	svg = drawn_plot(PLOT_DURATION, of);
	assert_contains(svg, "deflate");
	free(svg);
	svg = drawn_plot(PLOT_PROGRESS, of);
	assert_contains(svg, "GiB resized");
	assert_contains(svg, "old");
	free(svg);
	report_release(&report);
	table_release(&table);
}

static void a_forest_has_a_row_a_variant(void **state)
{
	struct report report;
	struct table table;
	double ratio, low, high;
	char *data;
	int row, open;

	(void)state;
	load_table(&table, "t");
	make_report(&report, &table);
	data = plot_data(PLOT_FOREST, (struct plot_of){ .report = &report });
	assert_non_null(data);
	assert_int_equal(sscanf(data, "%d %lf %lf %lf %d", &row, &ratio, &low, &high, &open), 5);
	assert_int_equal(row, 1);
	assert_int_equal(open, 0);
	/*
	 * Of the 36 ratios of 52 to 57 ms to 102 to 107 ms: the geometric mean of the two in the
	 * middle. 19 of the 924 partitions have a rank sum that is by up to 5 the smallest: 2.1 %,
	 * and 6 make it 3.2 %, so the sixth from both ends. The resolution is 1 in 50000.
	 */
	assert_float_equal(ratio, sqrt(53.0 / 102 * 56 / 107), 1e-6);
	assert_float_equal(low, 53.0 / 106, 1e-4);
	assert_float_equal(high, 57.0 / 105, 1e-4);
	free(data);
	report_release(&report);
	table_release(&table);
}

static void expect_broken(struct table *table, const char *says)
{
	assert_int_equal(table->boot_count, 13);
	assert_int_equal(table->broken_count, 1);
	assert_contains(table->broken[0], says);
	table_release(table);
}

/* A result that cannot be used is left out, and the reason is there. */
static void expect_left_out(const char *text, const char *says)
{
	struct table table;
	char path[256];

	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "t/idle/x/boot-01/result.json", text));
	load_table(&table, "t");
	expect_broken(&table, says);
	remove(path);
}

/* The same of a boot that is all it must be but for one key of it, or of its inflate. */
static void expect_refused_value(const char *key, json_t *value, bool of_inflate, const char *says)
{
	struct boot_result boot = build_boot("idle", "x", 1, 2000);
	json_t *json = record_encode(&boot_record, &boot), *inflate;
	char *text;

	inflate = json_object_get(json_array_get(json_object_get(json, "cycles"), 0), "inflate");
	json_object_set_new(of_inflate ? inflate : json, key, value);
	text = json_dumps(json, 0);
	expect_left_out(text, says);
	free(text);
	json_decref(json);
	record_release(&boot_record, &boot);
}

static void bad_trees_are_refused(void **state)
{
	struct boot_result kvm = build_boot("idle", "x", 1, 100);

	(void)state;
	expect_left_out("{", "boot-01/result.json:1:");
	expect_left_out("", "boot-01/result.json:1:");
	expect_left_out("{\"schema_version\": 2}", "scenario");
	expect_refused_value("schema_version", json_integer(99), false, "schema_version 99");
	expect_refused_value("schema_version", json_integer(1), false, "schema_version 1");
	expect_refused_value("status", json_string("fine"), false,
			     "status: expected ok, failed or invalid");
	/* Altered, impossible, or the copy of another boot. */
	expect_refused_value("phases", json_pack("{s:i}", "alloc_ns", -1), true, "alloc_ns");
	expect_refused_value("gib_per_s", json_real(5), true,
			     "cycles[0].inflate.gib_per_s is 5, expected ");
	expect_refused_value("duration_ns", json_integer(0), true, "gib_per_s is ");
	expect_refused_value("cycles", json_pack("[{s:{}}]", "inflate"), false,
			     "cycles[0].inflate");
	expect_refused_value("variant", json_string("old"), false, "the same boot as ");
	expect_left_out("{\"schema_version\": 2, \"ready_ns\": NaN}", "boot-01/result.json:1:");
	kvm.accel = RESULT_KVM;
	put_boot("mixed", &kvm);
	put_boots("mixed", "idle", "old", 1, 100);
	expect_no_table("mixed", -EINVAL, "accelerators are never compared");
	put_boots("plan", "idle", "old", 1, 100);
	write_file(test_dir, "plan/plan.json", "[]");
	expect_no_table("plan", -EINVAL, "plan.json");
	expect_no_table("t/idle", -ENOENT, "no results in it");
}

static void expect_question(const char *ini, const char *says)
{
	struct topics all;
	char err[1024];

	assert_int_equal(topics_load(&all, write_file(test_dir, "q.ini", ini), err, sizeof(err)),
			 -EINVAL);
	assert_contains(err, says);
	topics_release(&all);
}

static void questions_are_data(void **state)
{
	struct topics all;
	char err[1024] = "";

	(void)state;
	/* The report would be written all the same, without what follows a line it cannot read. */
	topics_load(&all, TEST_SOURCE "/analysis/report/report.ini", err, sizeof(err));
	assert_string_equal(err, "");
	topics_release(&all);
	assert_int_equal(
		topics_load(&all, TEST_SOURCE "/analysis/report/questions.ini", err, sizeof(err)),
		0);
	assert_int_equal(all.count, 6);
	assert_int_equal(all.list[0].item_count, 2);
	assert_string_equal(all.list[0].items[0].against, "finalize");
	assert_int_equal(all.list[3].item_count, 6);
	topics_release(&all);
	expect_question("[a]\nwhy = x\n", "q.ini:2: [a] why: unknown key");
	expect_question("[a/b]\nsays = x\n", "no question 'a' above");
	expect_question("[a]\nasks = x\n", "[a] needs asks and needs");
	expect_question("[a]\nasks = x\nneeds = y\n[a/b]\nmeasure = what\n", "no metric 'what'");
	expect_question("[a]\nasks = x\nneeds = y\n[a/b]\nunit = km\n", "'km' is no unit");
	expect_question("[a]\nasks = x\nneeds = y\n[a/b]\nsays = z\nagainst = c\n"
			"measure = ready_ns\n",
			"[a/b] needs says, measure, and variant");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boot_is_one_value),
		cmocka_unit_test(the_plan_orders_and_the_failed_are_counted),
		cmocka_unit_test(the_report_says_what_the_tree_holds),
		cmocka_unit_test(a_base_without_boots_is_counted),
		cmocka_unit_test(warnings_at_boot_are_shown),
		cmocka_unit_test(the_report_names_configurations),
		cmocka_unit_test(the_report_measures_against_the_floor),
		cmocka_unit_test(the_report_opens_with_its_answer),
		cmocka_unit_test(a_cover_letter_passes_through_mail),
		cmocka_unit_test(plots_are_drawn),
		cmocka_unit_test(a_forest_has_a_row_a_variant),
		cmocka_unit_test(bad_trees_are_refused),
		cmocka_unit_test(questions_are_data),
	};
	int failed;

	test_dir_set_up(NULL);
	make_tree();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	test_dir_tear_down(NULL);
	return failed;
}

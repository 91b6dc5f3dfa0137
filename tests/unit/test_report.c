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

#include "analysis/report/cover_letter.h"
#include "analysis/plots/plot.h"
#include "analysis/report/report_write.h"
#include "lib/result.h"
#include "tests/helpers/files.h"

#define MOVE                                                                                       \
	"{\"bytes\": 1073741824, \"duration_ns\": %d, \"gib_per_s\": %.17g, \"resolution_ns\": "   \
	"1000, "                                                                                   \
	"\"wall_ns\": %d, \"steps\": 1, \"progress\": [[0, 0], [%d, 1073741824]]}"

/* A boot of two cycles whose inflates take @ms and @ms + 2, in ms. */
static void add_boot(const char *variant, int boot, const char *status, int ms, const char *accel)
{
	char name[128], text[2048], move[2][512];
	int i;

	for (i = 0; i < 2; i++)
		snprintf(move[i], sizeof(move[i]), MOVE, (ms + 2 * i) * 1000000,
			 1000.0 / (ms + 2 * i), (ms + 2 * i) * 1000000, (ms + 2 * i) * 1000000);
	snprintf(
		text, sizeof(text),
		"{\"schema_version\": 1, \"scenario\": \"idle\", \"variant\": \"%s\", \"cut\": "
		"\"list\", "
		"\"accel\": \"%s\", \"boot\": %d, \"seed\": 1, \"status\": \"%s\", \"reason\": %s, "
		"\"unknown_to_us\": [1], \"ready_ns\": 700000000, \"cycles\": ["
		"{\"inflate\": %s, \"deflate\": %s}, {\"inflate\": %s, \"deflate\": %s}]}",
		variant, accel, boot, status,
		strcmp(status, "ok") ? "\"it <broke> | `here`\"" : "null", move[0], move[0],
		move[1], move[1]);
	snprintf(name, sizeof(name), "idle/%s/boot-%02d/result.json", variant, boot);
	write_file(test_dir, name, text);
}

static void make_tree(void)
{
	int i;

	for (i = 1; i <= 6; i++) {
		add_boot("old", i, "ok", 100 + i, "tcg");
		add_boot("new", i, "ok", 50 + i, "tcg");
	}
	add_boot("new", 7, "failed", 1, "tcg");
	write_file(test_dir, "plan.json",
		   "{\"seed\": 42, \"boots\": 6, \"scenarios\": [{\"name\": \"idle\", "
		   "\"memory_bytes\": 8589934592, "
		   "\"inflate_bytes\": 7516192768, \"vcpus\": 2, \"cycles\": 2, \"scale\": 1.0, "
		   "\"thp\": true, "
		   "\"backing\": \"anonymous\", \"description\": \"a *test*\"}], "
		   "\"variants\": [{\"name\": \"old\"}, {\"name\": \"new\"}]}");
	write_file(test_dir, "env.json",
		   "{\"command\": \"balloonbench run\", \"accel_reason\": \"asked for\"}");
}

static char *report_text(const struct tree *tree)
{
	struct report report;
	char *text = NULL;
	size_t size;
	FILE *f;

	assert_int_equal(
		report_make(&report, &(struct report_input){ .tree = tree,
							     .smallest_effect = SMALLEST_EFFECT }),
		0);
	report.plots = "plots";
	f = open_memstream(&text, &size);
	report_write(&report, f);
	fclose(f);
	report_release(&report);
	return text;
}

static void a_boot_is_one_value(void **state)
{
	struct metric metric;
	struct tree tree;
	double *values;
	char err[512];

	(void)state;
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), 0);
	assert_int_equal(metric_parse(&metric, "inflate.duration_ns", "tcg"), 0);
	assert_int_equal(metric_values(&metric, &tree, "idle", "old", &values), 6);
	/* the median of two cycles, 101 and 103 ms */
	assert_true(fabs(values[0] - 102) < 1e-9);
	assert_string_equal(metric.unit, "ms");
	free(values);
	assert_int_equal(metric_values(&metric, &tree, "idle", "new", &values), 6);
	free(values);
	assert_int_equal(metric_parse(&metric, "ready_ns", "tcg"), 0);
	assert_int_equal(metric_values(&metric, &tree, "idle", "old", &values), 6);
	assert_true(fabs(values[0] - 700) < 1e-9);
	free(values);
	assert_int_equal(metric_parse(&metric, "inflate.duration_ns", "icount"), 0);
	assert_string_equal(metric.unit, "M instructions");
	tree_release(&tree);
}

static void the_plan_orders_and_the_failed_are_counted(void **state)
{
	struct tree tree;
	char err[512];

	(void)state;
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), 0);
	assert_string_equal(tree.variants[0], "old");
	assert_string_equal(tree.variants[1], "new");
	assert_null(tree.variants[2]);
	assert_int_equal(tree_count(&tree, "idle", "new", "failed"), 1);
	assert_int_equal(tree_count(&tree, NULL, NULL, "ok"), 12);
	tree_release(&tree);
}

static void the_report_says_what_the_tree_holds(void **state)
{
	char *first, *second, err[512];
	struct tree tree;

	(void)state;
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), 0);
	first = report_text(&tree);
	second = report_text(&tree);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "**idle**: inflating improves with new (0.522 [0."));
	assert_non_null(strstr(first, "regresses with none. Deflating improves with new (0.522"));
	/* The headline: the median of 101 to 106, plus 1; 1 GiB of it. */
	assert_non_null(strstr(first, "| old | 6 | 104.5 | 9.57 | 1 | 104.5 | 9.57 | 1 |"));
	assert_non_null(strstr(first, "It was not measured here: `balloonbench run --aa`"));
	assert_non_null(
		strstr(first, "with the 2 comparisons that this report makes of the base 5 boots"));
	assert_non_null(strstr(first, "| inflate | old | 6 | 104.5"));
	assert_non_null(strstr(first, "improve |"));
	assert_non_null(strstr(first, "13 boots were run, 1 of them are not used"));
	/* Text of the tree cannot end a cell or open a tag. */
	assert_non_null(strstr(first, "it &lt;broke> \\| \\`here\\`"));
	assert_non_null(strstr(first, "a \\*test\\*"));
	assert_non_null(strstr(first, "--seed 42"));
	assert_non_null(strstr(first, "Under TCG"));
	free(first);
	free(second);
	tree_release(&tree);
}

/* Lines that mail, git and the eye leave as they are. */
static void a_cover_letter_passes_through_mail(void **state)
{
	char *text = NULL, *line, *save, err[512];
	struct report report;
	struct tree tree;
	size_t size;
	FILE *f;

	(void)state;
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), 0);
	assert_int_equal(
		report_make(&report, &(struct report_input){ .tree = &tree,
							     .smallest_effect = SMALLEST_EFFECT }),
		0);
	f = open_memstream(&text, &size);
	cover_letter_write(&report, f);
	fclose(f);
	assert_non_null(strstr(text, "  new                  6"));
	assert_non_null(strstr(text, "0.522  [0."));
	assert_non_null(strstr(text, "improve\n"));
	assert_non_null(strstr(text, "--seed 42"));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n = strlen(line), i;

		assert_in_range(n, 1, 72);
		assert_true(line[n - 1] != ' ' && line[0] == ' ');
		for (i = 0; i < n; i++)
			assert_true(line[i] >= ' ' && line[i] < 127);
	}
	free(text);
	report_release(&report);
	tree_release(&tree);
}

static void plots_are_drawn(void **state)
{
	struct report report;
	struct tree tree;
	char err[512], path[512], *text;
	int status;

	(void)state;
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), 0);
	assert_int_equal(
		report_make(&report, &(struct report_input){ .tree = &tree,
							     .smallest_effect = SMALLEST_EFFECT }),
		0);
	snprintf(path, sizeof(path), "%s/p", test_dir);
	status = plot_duration(&tree, report.scenarios[0].inflate, report.scenarios[0].deflate,
			       report.variant_count, path, err, sizeof(err));
	if (status == -ENOENT)
		skip();
	assert_int_equal(status, 0);
	assert_int_equal(plot_progress(&tree, report.scenarios[0].inflate, report.variant_count,
				       path, err, sizeof(err)),
			 0);
	snprintf(path, sizeof(path), "%s/p.svg", test_dir);
	text = read_file(path);
	assert_non_null(strstr(text, "GiB moved"));
	assert_non_null(strstr(text, "old"));
	free(text);
	snprintf(path, sizeof(path), "%s/p.png", test_dir);
	text = read_file(path);
	assert_memory_equal(text, "\x89PNG", 4);
	free(text);
	report_release(&report);
	tree_release(&tree);
}

/* A result that cannot be used is left out, and it is told why. */
static void expect_left_out(const char *text, const char *says)
{
	char path[256], err[1024];
	const char *why;
	struct tree tree;

	snprintf(path, sizeof(path), "%s",
		 write_file(test_dir, "idle/x/boot-01/result.json", text));
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), 0);
	assert_int_equal(json_array_size(tree.boots), 13);
	assert_int_equal(json_array_size(tree.broken), 1);
	why = json_string_value(json_array_get(tree.broken, 0));
	if (!strstr(why, says))
		fail_msg("it says: %s", why);
	tree_release(&tree);
	remove(path);
}

static void expect_refused(const char *name, const char *text, const char *says)
{
	char path[256], err[1024];
	struct tree tree;

	snprintf(path, sizeof(path), "%s", write_file(test_dir, name, text));
	assert_int_equal(tree_load(&tree, test_dir, err, sizeof(err)), -EINVAL);
	if (!strstr(err, says))
		fail_msg("it says: %s", err);
	remove(path);
}

#define OK_BOOT(variant, bytes, ns, rate, phases)                                                  \
	"{\"schema_version\": 1, \"scenario\": \"idle\", \"variant\": \"" variant                  \
	"\", \"cut\": \"x\", \"accel\": \"tcg\", \"boot\": 1, \"status\": \"ok\", \"cycles\": "    \
	"[{\"inflate\": {\"bytes\": " bytes ", \"duration_ns\": " ns ", \"gib_per_s\": " rate      \
	", \"phases\": " phases "}, \"deflate\": {\"bytes\": 1, \"duration_ns\": 1}}]}"

static void bad_trees_are_refused(void **state)
{
	static const char boot[] = "idle/x/boot-01/result.json";
	char err[512], empty[256];
	struct tree tree;

	(void)state;
	expect_left_out("{", "boot-01/result.json:1:");
	expect_left_out("", "boot-01/result.json:1:");
	expect_left_out("{\"schema_version\": 1}", "'scenario' must be there");
	expect_left_out("{\"schema_version\": 99, \"scenario\": \"idle\", \"variant\": \"x\", "
			"\"cut\": \"x\", "
			"\"accel\": \"tcg\", \"boot\": 1, \"status\": \"ok\", \"cycles\": []}",
			"newer balloonbench");
	expect_refused(boot,
		       "{\"schema_version\": 1, \"scenario\": \"idle\", \"variant\": \"x\", "
		       "\"cut\": \"x\", "
		       "\"accel\": \"kvm\", \"boot\": 1, \"status\": \"ok\", \"cycles\": []}",
		       "accelerators are never compared");
	expect_left_out("{\"schema_version\": 1, \"scenario\": \"idle\", \"variant\": \"x\", "
			"\"cut\": \"x\", "
			"\"accel\": \"tcg\", \"boot\": 1, \"status\": \"fine\", \"cycles\": []}",
			"status 'fine'");
	expect_left_out("{\"schema_version\": 1, \"scenario\": \"idle\", \"variant\": \"x\", "
			"\"cut\": \"x\", "
			"\"accel\": \"tcg\", \"boot\": 1, \"status\": \"ok\", \"cycles\": "
			"[{\"inflate\": {}}]}",
			"cycles[0].inflate needs");
	/* Altered, impossible, or the copy of another boot. */
	expect_left_out(OK_BOOT("x", "1073741824", "2000000000", "0.5", "{\"alloc_ns\": -1}"),
			"cycles[0]: alloc_ns is negative");
	expect_left_out(OK_BOOT("x", "1073741824", "1000000000", "0.5", "{}"),
			"cycles[0].inflate: bytes, duration_ns and gib_per_s do not agree");
	expect_left_out(OK_BOOT("x", "1073741824", "0", "0.5", "{}"), "do not agree");
	expect_left_out(OK_BOOT("x", "1073741824", "2000000000", "NaN", "{}"),
			"boot-01/result.json:1:");
	expect_left_out(OK_BOOT("old", "1073741824", "2000000000", "0.5", "{}"),
			"idle/x/boot-01/result.json: the same boot as ");
	expect_refused("plan.json", "[]", "plan.json");
	snprintf(empty, sizeof(empty), "%s/idle", test_dir);
	assert_int_equal(tree_load(&tree, empty, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "no results in it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boot_is_one_value),
		cmocka_unit_test(the_plan_orders_and_the_failed_are_counted),
		cmocka_unit_test(the_report_says_what_the_tree_holds),
		cmocka_unit_test(a_cover_letter_passes_through_mail),
		cmocka_unit_test(plots_are_drawn),
		cmocka_unit_test(bad_trees_are_refused),
	};
	int failed;

	test_dir_set_up(NULL);
	make_tree();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	test_dir_tear_down(NULL);
	return failed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of a result tree: what is read, from which files, and what measures make of it.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "analysis/data/measure.h"
#include "lib/directory.h"
#include "tests/helpers/files.h"
#include "tests/helpers/report_text.h"
#include "tests/helpers/result_builder.h"

#define EQUAL(a, b)                                                                                \
	do {                                                                                       \
		double is_ = (a), wanted_ = (b);                                                   \
		if (!(fabs(is_ - wanted_) <= 1e-9 * fabs(wanted_)))                                \
			fail_msg("%s is %.12g, not %.12g", #a, is_, wanted_);                      \
	} while (0)

/* Boots as lines of a file, compressed or not. */
static void put_lines(const char *name, struct boot_result *boots, size_t count, const char *mode)
{
	const char *path = write_file(test_dir, name, "");
	gzFile f = gzopen(path, mode);
	json_t *json;
	char *text;
	size_t i;

	for (i = 0; i < count; i++) {
		json = record_encode(&boot_record, &boots[i]);
		text = json_dumps(json, JSON_COMPACT);
		assert_true(gzputs(f, text) > 0 && gzputs(f, "\n") > 0);
		free(text);
		json_decref(json);
		record_release(&boot_record, &boots[i]);
	}
	assert_int_equal(gzclose(f), Z_OK);
}

static double value_of(const struct table *t, const char *variant, const char *measure)
{
	struct measure m;
	struct series s;
	char err[512];
	double value;

	if (measure_parse(&m, measure, err, sizeof(err)))
		fail_msg("%s: %s", measure, err);
	s = series(t, NULL, variant, &m);
	if (s.n != 1)
		fail_msg("%s: %zu values, %zu too few, %zu empty", measure, s.n, s.too_few,
			 s.empty);
	value = s.values[0];
	series_release(&s);
	return value;
}

/* A boot with two cycles and one of each kind of field. */
static void put_rich(const char *tree)
{
	struct boot_result boot = build_boot("idle", "a", 1, 100);
	struct cycle_result *cycle = record_append(&cycle_record, &boot.cycles);

	cycle->inflate = build_resize(2LL << 30, 400);
	cycle->deflate = build_resize(2LL << 30, 400);
	result_cycle(&boot, 0)->inflate.phases.alloc_ns = 262144LL * 10;
	result_cycle(&boot, 1)->inflate.phases.alloc_ns = 262144LL * 80;
	result_cycle(&boot, 0)->inflate.host.source = HOST_BATCHES;
	result_cycle(&boot, 1)->inflate.host.source = HOST_BATCHES;
	result_cycle(&boot, 0)->inflate.host.discard_calls = 10;
	result_cycle(&boot, 1)->inflate.host.discard_calls = 50;
	record_append_counter(&boot.vmstat, "pgfault", 7);
	record_set_text(&boot.kernel_release, "6.12");
	add_op(&boot, "enqueue", build_histogram(100, 2000))->lost = 3;
	add_call(&boot, "dontneed", build_histogram(20, 500), build_histogram(4096, 500));
	boot.trace.guest.mechanism = RESULT_FENTRY;
	memset(&boot.trace.guest.counters, 0, sizeof(boot.trace.guest.counters));
	memset(&boot.trace.guest.blocks, 0, sizeof(boot.trace.guest.blocks));
	record_append_number(&boot.trace.guest.blocks.allocations, 5);
	record_append_number(&boot.trace.guest.blocks.allocations, 6);
	put_boot(tree, &boot);
}

static void fields_are_columns(void **state)
{
	struct table t;
	struct histogram h;

	(void)state;
	put_rich("rich");
	load_table(&t, "rich");
	assert_int_equal(t.boot_count, 1);
	assert_int_equal(t.boots[0].cycle_count, 2);
	assert_string_equal(t.boots[0].scenario, "idle");
	assert_string_equal(table_accel(&t), "tcg");
	assert_string_equal(table_text(&t, &t.boots[0], "kernel_release"), "6.12");
	assert_string_equal(table_text(&t, &t.boots[0], "trace.guest.mechanism"), "fentry");
	assert_string_equal(table_text(&t, &t.boots[0], "qemu_version"), "");
	assert_string_equal(table_text(&t, &t.boots[0], "vcpus"), "");
	EQUAL(table_number(table_column(&t, "inflate.duration_ns"), &t.boots[0], 1), 4e8);
	EQUAL(table_number(table_column(&t, "trace.guest.blocks.allocations.1"), &t.boots[0], 0),
	      6);
	assert_true(table_histogram(table_column(&t, "ops.enqueue.histogram"), &t.boots[0], &h));
	assert_int_equal(h.count, 2000);
	assert_int_equal(h.sum, 200000);
	assert_false(table_histogram(table_column(&t, "ops.alloc.histogram"), &t.boots[0], &h));
	assert_null(table_column(&t, "inflate.kicks"));
	table_release(&t);
}

static void measures_are_numbers_of_a_boot(void **state)
{
	struct table t;
	struct measure m;

	(void)state;
	load_table(&t, "rich");
	EQUAL(value_of(&t, "a", "inflate.duration_ns"), 2.5e8);
	EQUAL(value_of(&t, "a", "ready_ns"), 7e8);
	EQUAL(value_of(&t, "a", "vmstat.pgfault"), 7);
	EQUAL(value_of(&t, "a", "ops.enqueue.count"), 2000);
	EQUAL(value_of(&t, "a", "ops.enqueue.lost"), 3);
	EQUAL(value_of(&t, "a", "ops.enqueue.p99"), 100);
	EQUAL(value_of(&t, "a", "host.dontneed.max"), 20);
	EQUAL(value_of(&t, "a", "trace.host.calls.dontneed.length_bytes.mean"), 4096);
	EQUAL(value_of(&t, "a", "trace.host.calls.dontneed.length_bytes.count"), 500);
	/* In each cycle, before the median is taken: 10 and 40. */
	EQUAL(value_of(&t, "a", "inflate.phases.alloc_ns.per_page"), 25);
	EQUAL(value_of(&t, "a", "inflate.host.discard_calls.per_gib"), (10 + 25) / 2.0);
	EQUAL(value_of(&t, "a", "inflate.resolution_ns.percent"), (1e-3 + 2.5e-4) / 2);
	/* The sums over the cycles: 60 calls, 3 GiB. */
	m = measure_of("inflate.host.discard_calls.per_gib");
	m.statistic = STATISTIC_SUM;
	m.in_each_cycle = false;
	EQUAL(estimate(&t, "idle", "a", &m).median, 20);
	table_release(&t);
}

static void measures_have_units(void **state)
{
	static const struct {
		const char *measure, *unit, *icount, *boxed; /* kvm in icount: both clocks count */
		double scale;
		enum field_better better;
	} wanted[] = {
		{ "inflate.duration_ns", "ms", "M instructions", "M instructions", 1e-6,
		  BETTER_LOWER },
		{ "inflate.wall_ns", "ms", "ms", "M instructions", 1e-6, BETTER_LOWER },
		{ "inflate.gib_per_s", "GiB/s", "GiB/G instructions", "GiB/G instructions", 1,
		  BETTER_HIGHER },
		{ "inflate.host.discard_bytes", "MiB", "MiB", "MiB", 1.0 / (1 << 20),
		  BETTER_HIGHER },
		{ "inflate.kicks", "", "", "", 1, BETTER_LOWER },
		{ "inflate.phases.alloc_ns.per_page", "ns/page", "instructions/page",
		  "instructions/page", 1, BETTER_LOWER },
		{ "inflate.cpu.qemu_ns.per_gib", "s/GiB", "s/GiB", "G instructions/GiB", 1e-9,
		  BETTER_LOWER },
		{ "inflate.phases.alloc_ns.percent", "%", "%", "%", 1, BETTER_LOWER },
		{ "ops.enqueue.p50", "ms", "M instructions", "M instructions", 1e-6, BETTER_LOWER },
		{ "host.dontneed.p50", "ms", "ms", "M instructions", 1e-6, BETTER_LOWER },
		{ "host.bandwidth_bytes_per_s.p50 during inflate", "bytes/s", "bytes/s", "bytes/s",
		  1, BETTER_HIGHER },
		{ "guest.fault_ns.p50 during inflate", "ms", "M instructions", "M instructions",
		  1e-6, BETTER_LOWER },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct measure m = measure_of("%s", wanted[i].measure);
		struct unit_shown shown = measure_shown(&m, RESULT_TCG);

		assert_string_equal(m.text, wanted[i].measure);
		assert_string_equal(shown.name, wanted[i].unit);
		EQUAL(shown.scale, wanted[i].scale);
		assert_string_equal(measure_shown(&m, RESULT_KVM_IN_TCG).name, wanted[i].unit);
		assert_string_equal(measure_shown(&m, RESULT_ICOUNT).name, wanted[i].icount);
		assert_string_equal(measure_shown(&m, RESULT_KVM_IN_ICOUNT).name, wanted[i].boxed);
		assert_int_equal(m.better, wanted[i].better);
	}
}

/* 200 stretches of 10 ms before, one of 20 of which is late; then an inflate of 100 ms. */
static void put_victim(const char *tree, int number, int common, bool has_series)
{
	struct boot_result boot = build_boot("victim", "a", number, 100);
	struct victim_result *victim =
		add_victim(&boot.victims.guest, "fault_ns", build_histogram(100, 2000),
			   build_histogram(1000, common));
	struct victim_mark *mark;
	int i;

	victim->period_ns = MS;
	victim->series_ns = 10 * MS;
	for (i = 0; has_series && i < 210; i++)
		record_append_pair(&victim->series, i * 10 * MS,
				   i >= 200 && i < 204 ? 900
				   : i % 20	       ? 100
						       : 500);
	mark = record_append(&victim_mark_record, &victim->marks);
	*mark = (struct victim_mark){ 0, PHASE_BEFORE };
	mark = record_append(&victim_mark_record, &victim->marks);
	*mark = (struct victim_mark){ 2005 * MS, PHASE_INFLATE };
	put_boot(tree, &boot);
}

static void victims_have_phases(void **state)
{
	struct table t;
	struct victim *victims;
	struct measure m;
	struct series s;

	(void)state;
	put_victim("victim", 1, 2000, true);
	put_victim("short", 1, 50, true);
	put_victim("short", 2, 2000, false);
	load_table(&t, "victim");
	assert_int_equal(victims_of(&t, "victim", &victims), 1);
	assert_string_equal(victims[0].name, "fault_ns");
	assert_string_equal(victim_where(&victims[0]), "in the guest");
	assert_false(victims[0].is_rate);
	free(victims);
	assert_int_equal(victims_of(&t, "other", &victims), 0);
	free(victims);
	EQUAL(value_of(&t, "a", "guest.fault_ns.p99 during inflate"),
	      value_of(&t, "a", "guest.fault_ns.max during inflate"));
	EQUAL(value_of(&t, "a", "guest.fault_ns.count during plateau"), 0);
	/* The stretches from 2005 ms on: half of one and three more are late. */
	EQUAL(value_of(&t, "a", "guest.fault_ns.disturbed_ns during inflate"), 35e6);
	EQUAL(value_of(&t, "a", "guest.fault_ns.disturbed_percent during inflate"),
	      100 * 35.0 / 95);
	/* Before, ten stretches and half of one are late in 2005 ms. */
	EQUAL(value_of(&t, "a", "guest.fault_ns.excess_ns during inflate"),
	      1e6 * (35 - 95 * 105.0 / 2005));
	EQUAL(value_of(&t, "a", "guest.fault_ns.excess_percent during inflate"),
	      100 * (35.0 / 95 - 105.0 / 2005));
	m = measure_of("guest.fault_ns.max during inflate");
	m.over_before = true;
	EQUAL(estimate(&t, NULL, "a", &m).median, 10);
	table_release(&t);
	/* One boot has too few values for p99, and the other no series to know what is late. */
	load_table(&t, "short");
	m = measure_of("guest.fault_ns.p99 during inflate");
	s = series(&t, NULL, NULL, &m);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.too_few, 1);
	series_release(&s);
	assert_int_equal(estimate(&t, NULL, NULL, &m).n, 0);
	m = measure_of("guest.fault_ns.disturbed_ns during inflate");
	assert_int_equal(estimate(&t, NULL, NULL, &m).n, 0);
	m = measure_of("guest.fault_ns.p50 during plateau");
	s = series(&t, NULL, NULL, &m);
	assert_int_equal(s.empty, 2);
	assert_false(series_exists(&t, NULL, NULL, &m));
	series_release(&s);
	table_release(&t);
}

/* A boot with 1000 values, of which @late, at the far end, are of @stalls stalls; -1: not known. */
static void put_stalls(const char *tree, const char *name, int late, int stalls)
{
	bool rate = strstr(name, "per_s");
	uint64_t usual = rate ? 8000000 : 1000, bad = rate ? 1000 : 8000000;
	struct boot_result boot = build_boot("victim", "a", 1, 100);
	struct victim_result *victim =
		add_victim(&boot.victims.guest, name, build_histogram(usual, 2000),
			   build_histogram(usual, 1000 - late));
	int i;

	for (i = 0; i < late; i++)
		histogram_add(victim->phases[PHASE_INFLATE], bad);
	if (stalls >= 0) {
		victim->stalls.phases[PHASE_BEFORE] = build_histogram(usual, 2000);
		victim->stalls.phases[PHASE_INFLATE] = build_histogram(usual, 1000 - late);
	}
	for (i = 0; i < stalls; i++)
		histogram_add(victim->stalls.phases[PHASE_INFLATE], bad);
	put_boot(tree, &boot);
}

static void a_percentile_needs_ten_stalls(void **state)
{
	static const struct {
		const char *name, *metric;
		int late, stalls;
		bool carries;
	} cases[] = {
		/* The same values: of one stall, of nine, of ten; and of who knows how many. */
		{ "fault_ns", "p99", 20, 1, false },
		{ "fault_ns", "p99", 20, 9, false },
		{ "fault_ns", "p99", 20, 10, true },
		{ "fault_ns", "p99", 20, -1, true },
		/* Ten values beyond it as before: 1000 have no p99.9. */
		{ "fault_ns", "p99.9", 20, 20, false },
		/* Where it does not lie in a stall, all that is no shorter counts. */
		{ "fault_ns", "p50", 20, 1, true },
		{ "fault_ns", "max", 20, 1, true },
		/* Half of the time in one stall. */
		{ "fault_ns", "p50", 600, 1, false },
		{ "bytes_per_s", "p1", 20, 1, false },
		{ "bytes_per_s", "p1", 20, 10, true },
		{ "bytes_per_s", "p1", 20, -1, true },
		{ "bytes_per_s", "p50", 20, 1, true },
		{ "bytes_per_s", "p50", 600, 1, false },
	};
	struct victim v;
	struct measure m;
	struct series s;
	struct table t;
	char tree[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(tree, sizeof(tree), "stalls-%zu", i);
		put_stalls(tree, cases[i].name, cases[i].late, cases[i].stalls);
		load_table(&t, tree);
		m = measure_of("guest.%s.%s during inflate", cases[i].name, cases[i].metric);
		s = series(&t, NULL, NULL, &m);
		if (s.n != cases[i].carries || s.too_few == cases[i].carries)
			fail_msg("%s of %d stalls: n is %zu", m.text, cases[i].stalls, s.n);
		v = (struct victim){ .side = "guest", .name = cases[i].name };
		assert_int_equal(victim_has_stalls(&t, &v), cases[i].stalls >= 0);
		series_release(&s);
		table_release(&t);
	}
}

static void lines_are_boots(void **state)
{
	static const char *const names[][2] = { { "plain/boots/idle.jsonl", "wT" },
						{ "packed/boots/idle.jsonl.gz", "w" } };
	struct boot_result boots[3], again;
	struct table t;
	char err[512];
	size_t k, i;

	(void)state;
	for (k = 0; k < 2; k++) {
		for (i = 0; i < 3; i++)
			boots[i] = build_boot("idle", i < 2 ? "b" : "a", i < 2 ? 2 - i : 1,
					      100 + 10 * i);
		put_lines(names[k][0], boots, 3, names[k][1]);
		load_table(&t, k ? "packed" : "plain");
		/* Names as they came, boots in order. */
		assert_string_equal(t.variants[0], "b");
		assert_int_equal(t.boot_count, 3);
		assert_string_equal(t.boots[0].variant, "a");
		assert_int_equal(t.boots[1].number, 1);
		assert_int_equal(t.boots[2].number, 2);
		EQUAL(value_of(&t, "a", "inflate.duration_ns"), 120e6);
		for (i = 0; i < 3; i++) {
			if (table_reread(&t.boots[i], &again, err, sizeof(err)))
				fail_msg("%s", err);
			assert_string_equal(again.variant, t.boots[i].variant);
			assert_int_equal(again.boot, t.boots[i].number);
			record_release(&boot_record, &again);
		}
		table_release(&t);
	}
}

/* A line more than half of which is missing, one that is no boot, and one of version 1. */
static void a_damaged_line_costs_a_boot(void **state)
{
	struct boot_result boot = build_boot("idle", "a", 1, 100);
	char path[256];
	struct table t;
	FILE *f;

	(void)state;
	put_lines("damaged/boots/idle.jsonl", &boot, 1, "wT");
	snprintf(path, sizeof(path), "%s/damaged/boots/idle.jsonl", test_dir);
	f = fopen(path, "a");
	fputs("{\"schema_version\": 2, \"scen\n[1]\n{\"schema_version\": 1}\n", f);
	fclose(f);
	write_file(test_dir, "damaged/boots/other.jsonl.gz", "\x1f\x8b\x08");
	load_table(&t, "damaged");
	assert_int_equal(t.boot_count, 1);
	assert_int_equal(t.broken_count, 4);
	assert_non_null(strstr(t.broken[0], "idle.jsonl:2: "));
	assert_non_null(strstr(t.broken[1], "idle.jsonl:3: expected an object"));
	assert_non_null(strstr(t.broken[2], "idle.jsonl:4: schema_version 1, this program reads"));
	assert_non_null(strstr(t.broken[3], "other.jsonl.gz:1: the file is damaged"));
	table_release(&t);
}

static void a_boot_counts_once(void **state)
{
	struct table t;

	(void)state;
	put_boots("twice", "idle", "a", 2, 100);
	put_boots("twice", "idle", "a", 1, 300);
	load_table(&t, "twice");
	assert_int_equal(t.boot_count, 2);
	assert_int_equal(t.broken_count, 1);
	assert_non_null(strstr(t.broken[0], ": the same boot as "));
	assert_non_null(strstr(t.broken[0], "idle/a/boot-01"));
	assert_true(table_number(table_column(&t, "inflate.duration_ns"), &t.boots[0], 0) < 2e8);
	table_release(&t);
}

static void the_plan_is_kept(void **state)
{
	struct table t, other;

	(void)state;
	put_boots("planned", "idle", "b", 2, 100);
	put_failed("planned", "idle", "c", 1, BOOT_FAILED, "a panic");
	write_file(test_dir, "planned/plan.json",
		   "{\"scenarios\": [{\"name\": \"idle\", \"vcpus\": 2}], \"variants\": ["
		   "{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"b-again\", "
		   "\"control_of\": \"b\"}], \"order\": ["
		   "{\"scenario\": \"idle\", \"variant\": \"b\", \"boot\": 2},"
		   "{\"scenario\": \"idle\", \"variant\": \"b\", \"boot\": 3},"
		   "{\"scenario\": \"idle\", \"variant\": \"a\", \"boot\": 1}]}");
	write_file(test_dir, "planned/env.json", "{\"host\": {\"cpu_model\": \"x\", \"cpus\": 2}}");
	load_table(&t, "planned");
	assert_string_equal(t.variants[0], "a");
	assert_string_equal(t.variants[3], "c");
	assert_int_equal(names_count(t.variants), 4);
	assert_int_equal(table_count_missing(&t, NULL, NULL), 2);
	assert_int_equal(table_count_missing(&t, "idle", "b"), 1);
	assert_true(table_has(&t, "idle", "a"));
	assert_false(table_has(&t, "idle", "b-again"));
	assert_int_equal(table_count(&t, "idle", NULL, BOOT_OK), 2);
	assert_int_equal(table_count(&t, NULL, "c", BOOT_FAILED), 1);
	assert_int_equal(table_count(&t, NULL, NULL, ANY_STATUS), 3);
	assert_string_equal(t.boots[2].reason, "a panic");
	assert_string_equal(table_control_of(&t, "b-again"), "b");
	assert_null(table_control_of(&t, "b"));
	EQUAL(document_number(table_planned(&t, "scenarios", "idle"), "vcpus"), 2);
	assert_string_equal(document_text(t.env, "host.cpu_model"), "x");
	assert_string_equal(document_text(t.plan, "variants.2.control_of"), "b");
	assert_int_equal(document_size(t.plan, "order"), 3);
	load_table(&other, "rich");
	assert_true(table_same_host(&t, &other));
	table_release(&other);
	table_release(&t);
}

static void what_is_no_tree_is_refused(void **state)
{
	struct boot_result boot = build_boot("idle", "a", 2, 100);

	(void)state;
	make_directories(in_test_dir("empty"));
	expect_no_table("empty", -ENOENT, "no results in it");
	expect_no_table("nowhere", -ENOENT, "no results in it");
	make_directories(in_test_dir("drained/boots"));
	write_file(test_dir, "drained/boots/idle.jsonl.gz", "");
	expect_no_table("drained", -ENOENT, "drained: no results in it");
	put_boots("mixed", "idle", "a", 1, 100);
	boot.accel = RESULT_ICOUNT;
	put_boot("mixed", &boot);
	expect_no_table("mixed", -EINVAL, "accelerators are never compared");
	write_file(test_dir, "first/s/v/boot-01/result.json", "{\"schema_version\": 1}");
	expect_no_table("first", -EINVAL, "schema_version 1, this program reads 2; use the");
	put_boots("env", "idle", "a", 1, 100);
	write_file(test_dir, "env/env.json", "[]");
	expect_no_table("env", -EINVAL, "env.json: expected an object");
}

/* A counter that no boot of a variant has changed is 0 there; one of none is absent. */
static void counters_that_did_not_change_are_zero(void **state)
{
	struct table t;
	struct measure m = measure_of("vmstat.pgfault");

	(void)state;
	put_rich("vmstat");
	put_boots("vmstat", "idle", "b", 1, 100);
	load_table(&t, "vmstat");
	EQUAL(value_of(&t, "b", "vmstat.pgfault"), 0);
	assert_true(series_exists(&t, NULL, "b", &m));
	m = measure_of("vmstat.nothing");
	assert_false(series_exists(&t, NULL, NULL, &m));
	table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_columns),
		cmocka_unit_test(measures_are_numbers_of_a_boot),
		cmocka_unit_test(measures_have_units),
		cmocka_unit_test(victims_have_phases),
		cmocka_unit_test(a_percentile_needs_ten_stalls),
		cmocka_unit_test(lines_are_boots),
		cmocka_unit_test(a_damaged_line_costs_a_boot),
		cmocka_unit_test(a_boot_counts_once),
		cmocka_unit_test(the_plan_is_kept),
		cmocka_unit_test(what_is_no_tree_is_refused),
		cmocka_unit_test(counters_that_did_not_change_are_zero),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

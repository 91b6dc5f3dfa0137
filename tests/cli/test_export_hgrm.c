/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat export --format hgrm: percentile distributions against the values
 * themselves, and files where they belong whatever a tree's names are.
 */
#include "tests/helpers/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/directory.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"

#define EVENTS 1000

/* i^3 ns for i from 1 up: what their histogram says can be counted by hand. */
static struct histogram *make_histogram(void)
{
	struct histogram *h = build_histogram(0, 0);
	uint64_t i;

	for (i = 1; i <= EVENTS; i++)
		histogram_add(h, i * i * i);
	return h;
}

static void add_boot(const char *tree, const char *scenario, const char *variant, int number,
		     enum result_accel accel, enum boot_status status)
{
	struct boot_result boot = build_boot(scenario, variant, number, 100);

	boot.accel = accel;
	boot.status = status;
	add_op(&boot, "enqueue", make_histogram())->one_in = accel == RESULT_ICOUNT ? 16 : 1;
	add_call(&boot, "dontneed", make_histogram(), make_histogram());
	add_victim(&boot.victims.guest, "fault_ns", make_histogram(), make_histogram());
	add_victim(&boot.victims.host, "bandwidth_bytes_per_s", make_histogram(), NULL);
	put_boot(tree, &boot);
}

static int set_up(void **state)
{
	if (test_dir_set_up(state))
		return -1;
	add_boot("plain", "idle", "list", 1, RESULT_TCG, BOOT_OK);
	add_boot("plain", "idle", "list", 2, RESULT_TCG, BOOT_FAILED);
	add_boot("icount", "idle", "list", 1, RESULT_ICOUNT, BOOT_OK);
	add_boot("boxed", "idle", "list", 1, RESULT_KVM_IN_ICOUNT, BOOT_OK);
	return 0;
}

/* How many of the i^3 are not above a value. */
static unsigned long long not_above(double ns)
{
	unsigned long long i;

	for (i = 0; i < EVENTS && (i + 1) * (i + 1) * (i + 1) <= ns + 0.5; i++)
		;
	return i;
}

static size_t check_distribution(FILE *f, double divisor)
{
	double value, percentile, last_value = 0, last_percentile = -1, inverse;
	unsigned long long total, last_total = 0;
	char line[256], rest[32];
	size_t lines = 0;

	while (fgets(line, sizeof(line), f) && line[0] != '#') {
		assert_int_equal(
			sscanf(line, "%lf %lf %llu %31s", &value, &percentile, &total, rest), 4);
		assert_true(value >= last_value && percentile > last_percentile);
		assert_true(total >= last_total && total >= percentile * EVENTS);
		assert_int_equal(total, not_above(value * divisor));
		/* The next value below would have been too few. */
		assert_true(value == last_value || last_total < percentile * EVENTS || !lines);
		inverse = atof(rest);
		if (percentile < 1)
			assert_true(fabs(inverse - 1 / (1 - percentile)) <= 0.005001);
		last_value = value;
		last_percentile = percentile;
		last_total = total;
		lines++;
	}
	assert_true(last_percentile == 1 && last_total == EVENTS);
	assert_string_equal(rest, "inf");
	assert_true(fabs(last_value * divisor - 1e9) < 1);
	/* The line that ended it is the first of the trailer. */
	fseek(f, -(long)strlen(line), SEEK_CUR);
	return lines;
}

/* Value column, percentiles, trailer: against the values themselves. */
static void check_hgrm(const char *path, double divisor, const char *unit)
{
	double mean = 0, deviation = 0, sum = 0, squares = 0, max, i;
	int total, buckets, subbuckets;
	char line[256];
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("there is no %s", path);
	for (i = 1; i <= EVENTS; i++) {
		sum += i * i * i;
		squares += pow(i, 6);
	}
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "       Value     Percentile TotalCount 1/(1-Percentile)\n");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "\n");
	/* Five levels to a halving, until the last bucket is reached, with 10 of 1000. */
	assert_in_range(check_distribution(f, divisor), 5 * 6, 5 * 7 + 1);
	assert_int_equal(fscanf(f, "#[Mean = %lf, StdDeviation = %lf]\n", &mean, &deviation), 2);
	assert_int_equal(fscanf(f, "#[Max = %lf, Total count = %d]\n", &max, &total), 2);
	assert_int_equal(fscanf(f, "#[Buckets = %d, SubBuckets = %d]\n", &buckets, &subbuckets), 2);
	assert_true(fabs(mean * divisor - sum / EVENTS) < 1);
	squares = sqrt(squares / EVENTS - pow(sum / EVENTS, 2));
	assert_true(fabs(deviation * divisor / squares - 1) < 1.0 / 32);
	assert_true(max * divisor == 1e9 && total == EVENTS);
	assert_int_equal((buckets + 1) * subbuckets / 2, HISTOGRAM_BUCKETS);
	assert_non_null(fgets(line, sizeof(line), f));
	if (!strstr(line, unit))
		fail_msg("'%s' is not in %s", unit, line);
	fclose(f);
}

static void every_histogram_is_a_file(void **state)
{
	(void)state;
	expect_outcome(EXPORT("plain", "--format", "hgrm", "-o", in_test_dir("hgrm")), 0, "");
	check_hgrm(in_test_dir("hgrm/idle/list/boot-01/ops.enqueue.hgrm"), 1000,
		   "Unit = us, Histogram");
	check_hgrm(in_test_dir("hgrm/idle/list/boot-01/victims.guest.fault_ns.before.hgrm"), 1000,
		   "Unit = us,");
	check_hgrm(in_test_dir("hgrm/idle/list/boot-01/"
			       "victims.host.bandwidth_bytes_per_s.before.hgrm"),
		   1, "Unit = per second,");
	check_hgrm(
		in_test_dir("hgrm/idle/list/boot-01/trace.host.calls.dontneed.length_bytes.hgrm"),
		1, "Unit = bytes,");
	assert_int_equal(access(in_test_dir("hgrm/idle/list/boot-02"), F_OK), -1);
	expect_outcome(EXPORT("icount", "--format", "hgrm", "-o", in_test_dir("hgrm-icount")), 0,
		       "");
	check_hgrm(in_test_dir("hgrm-icount/idle/list/boot-01/ops.enqueue.hgrm"), 1,
		   "Unit = guest instructions, One in = 16, Histogram");
	check_hgrm(
		in_test_dir(
			"hgrm-icount/idle/list/boot-01/trace.host.calls.dontneed.latency_ns.hgrm"),
		1000, "Unit = us,");
}

static void one_histogram_can_be_asked_for(void **state)
{
	(void)state;
	expect_outcome(EXPORT("plain", "--format", "hgrm", "--histogram", "ops.enqueue", "-o",
			      in_test_dir("one.hgrm")),
		       0, "");
	check_hgrm(in_test_dir("one.hgrm"), 1000,
		   "Histogram = ops.enqueue.histogram, Scenario = idle, Variant = list, Boot = 1]");
	expect_outcome(EXPORT("plain", "--format", "hgrm", "-H", "ops.nothing"), EXIT_USAGE,
		       "no ok boot of the selection has a histogram 'ops.nothing'");
	expect_outcome(EXPORT("plain", "--format", "hgrm", "-H", "ops.nothing"), EXIT_USAGE,
		       "there are: ops.enqueue, trace.host.calls.dontneed.latency_ns");
	expect_outcome(EXPORT("plain", "--format", "hgrm", "-H", "ops.enqueue", "--boot", "2"),
		       EXIT_USAGE, "no ok boot");
	expect_outcome(EXPORT("plain", "--format", "hgrm"), EXIT_USAGE, "name a directory with -o");
}

/* Two names that differ are two files, in the directory that was asked for and nowhere else. */
static void hostile_names_are_file_names(void **state)
{
	(void)state;
	add_boot("hostile", "..", "../../../x", 1, RESULT_TCG, BOOT_OK);
	add_boot("hostile", "..", ".._.._.._x", 1, RESULT_TCG, BOOT_OK);
	add_boot("hostile", "\x1b[2J,\"", "", 1, RESULT_TCG, BOOT_OK);
	make_directories(in_test_dir("out/deep"));
	expect_outcome(EXPORT("hostile", "--format", "hgrm", "-o", in_test_dir("out/deep/hgrm")), 0,
		       "");
	assert_int_equal(count_files(in_test_dir("out")), 1);
	assert_int_equal(count_files(in_test_dir("out/deep")), 1);
	assert_int_equal(count_files(in_test_dir("out/deep/hgrm")), 2);
	assert_int_equal(count_files(in_test_dir("out/deep/hgrm/%2E.")), 2);
	check_hgrm(in_test_dir("out/deep/hgrm/%2E./%2E.%2F..%2F..%2Fx/boot-01/ops.enqueue.hgrm"),
		   1000, "Scenario = ..,");
	check_hgrm(in_test_dir("out/deep/hgrm/%1B%5B2J,%22/%/boot-01/ops.enqueue.hgrm"), 1000,
		   "Scenario = ?[2J,\",");
	expect_outcome(EXPORT("hostile", "--format", "csv", "--scenario", "nowhere"), EXIT_USAGE,
		       "there are: .., ?[2J,\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_histogram_is_a_file),
		cmocka_unit_test(one_histogram_can_be_asked_for),
		cmocka_unit_test(hostile_names_are_file_names),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

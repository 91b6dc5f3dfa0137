/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real guests, small ones: the kernel of every cut boots, its balloon goes up
 * and down, and everybody counts the same pages.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/config/images.h"
#include "bench/config/variant.h"
#include "bpf/host_tracer.h"
#include "lib/result.h"
#include "lib/trace_records.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/schema.h"

#define INFLATE_BYTES (384LL << 20)

static const char *file_of(const char *out, const char *variant, const char *file)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/smoke/%s/boot-01/%s", out, variant, file);
	return path;
}

static struct boot_result load(const char *out, const char *variant)
{
	const char *path = file_of(out, variant, "result.json");
	json_t *json = json_load_file(path, 0, NULL);
	struct boot_result result;
	char err[512];

	if (result_decode(&result, json, path, err, sizeof(err)))
		fail_msg("%s", err);
	json_decref(json);
	return result;
}

static const json_t *at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_non_null(value);
	return value;
}

/* Whether the host is told ranges and not each page. */
static bool has_ranges(const struct variant *variant)
{
	return variant->device &&
	       (strstr(variant->device, "page-chunks=on") || strstr(variant->device, "page-sg=on"));
}

static void check_resize(const struct variant *variant, const struct resize_result *resize)
{
	assert_int_equal(resize->bytes, INFLATE_BYTES);
	assert_true(resize->duration_ns > 0);
	assert_true(resize->resolution_ns > 0);
	/* With ranges it can be over before anybody has polled twice. */
	if (has_ranges(variant))
		return;
	assert_true(resize->resolution_ns < resize->duration_ns);
	assert_true(resize->progress.count > 10);
}

/*
 * Device, vmstat, MemTotal, the guest's batches, its events and the sum of the phases, in two
 * resizes of two cycles; those of the boot, and of the host where it is observed.
 */
static void check_checks(const struct boot_result *result)
{
	const struct check *c = result->checks.each.items;
	int times = 0;
	size_t i;

	assert_true(result->checks.ok);
	assert_true(result->checks.each.count >= 20);
	for (i = 0; i < result->checks.each.count; i++) {
		times += c[i].unit == CHECK_NS;
		assert_at_least(c[i].observed, c[i].least);
		assert_at_most(c[i].observed, c[i].most);
		if (c[i].unit == CHECK_PAGES)
			assert_int_equal(c[i].least, c[i].most);
	}
	/* The sum of the phases, and where events and polls begin and end. */
	assert_int_equal(times, 3 * 4);
}

/*
 * 384 MiB are 384 batches of 256 pages, or fewer of ranges, which on a guest
 * that has just booted stand for many pages each.
 */
static void check_entries(const struct variant *variant, const struct resize_result *resize)
{
	if (has_ranges(variant)) {
		assert_in_range(resize->kicks, 1, 384);
		assert_in_range(resize->entries.count, resize->kicks, 384 * 256 / 16);
	} else {
		assert_int_equal(resize->kicks, 384);
		assert_int_equal(resize->entries.count, 384 * 256);
	}
}

/* The time went somewhere. */
static void check_cycle(const struct variant *variant, const struct cycle_result *cycle)
{
	check_resize(variant, &cycle->inflate);
	check_resize(variant, &cycle->deflate);
	assert_true(cycle->inflate.phases.alloc_ns > 0);
	assert_true(cycle->inflate.phases.notify_ns > 0);
	assert_true(cycle->deflate.phases.dequeue_ns > 0);
	assert_true(cycle->deflate.phases.release_ns > 0);
	check_entries(variant, &cycle->inflate);
	check_entries(variant, &cycle->deflate);
}

static void check_boot(const char *out, const struct variant *variant, const char *accel)
{
	struct boot_result result = load(out, variant->name);
	struct images images;
	char err[512];
	size_t i;

	assert_int_equal(images_load(&images, path_images(), err, sizeof(err)), 0);
	assert_int_equal(result.status, BOOT_OK);
	assert_string_equal(accel_names[result.accel], accel);
	assert_non_null(strstr(result.kernel_release, "-balloonbench"));
	assert_string_equal(result.kernel_build_id, images_find(&images, variant->cut)->build_id);
	assert_int_equal(result.cycles.count, 2);
	for (i = 0; i < result.cycles.count; i++)
		check_cycle(variant, result_cycle(&result, i));
	check_checks(&result);
	record_release(&boot_record, &result);
	images_release(&images);
}

static void check_console(const char *out, const struct variant *variant)
{
	static const char *const signs[] = { "WARNING", "BUG", "Oops", "Call Trace", "panic" };
	char path[512], *text;
	size_t i;

	snprintf(path, sizeof(path), "%s/smoke/%s/boot-01/console.log", out, variant->name);
	text = read_file(path);
	assert_non_null(text);
	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(text, signs[i]))
			fail_msg("%s: the console says: %s", variant->name, text);
	free(text);
}

static void run_all(const char *accel)
{
	struct variants variants;
	struct outcome outcome;
	char out[256], err[512];
	size_t i;

	assert_int_equal(variants_load(&variants, path_variants(), err, sizeof(err)), 0);
	snprintf(out, sizeof(out), "%s/%s", test_dir, accel);
	for (i = 0; i < variants.count; i++) {
		const struct variant *v = &variants.list[i];
		const char *args[] = { "run",	"--scenario", "smoke", "--variant",
				       v->name, "--boots",    "1",     "--accel",
				       accel,	"-o",	      NULL,    NULL };
		char one[512];

		/* Other methods, hosts, machines and policies have tests of their own. */
		if (v->method != RESULT_BALLOON || v->host || v->config || v->policy != POLICY_NONE)
			continue;
		snprintf(one, sizeof(one), "%s-%s", out, v->name);
		args[10] = one;
		outcome = run_program("balloonbench", args);
		if (outcome.status)
			fail_msg("%s: %s", v->name, outcome.output);
		outcome_release(&outcome);
		check_boot(one, v, accel);
		check_console(one, v);
	}
	variants_release(&variants);
}

static void every_cut_under_tcg(void **state)
{
	(void)state;
	run_all("tcg");
}

static void every_cut_under_icount(void **state)
{
	(void)state;
	run_all("icount");
}

static int count_record(const struct trace_record *record, void *records)
{
	(void)record;
	++*(int *)records;
	return 0;
}

/* Every level, and a profile: the results fit the schema, and the report has its parts. */
static void every_level_is_reported(void **state)
{
	static const char *const levels[] = { "finalize+off", "finalize", "finalize+pages=1" };
	char out[256], path[512], *text;
	const char *run[] = { "run",	   "--scenario", "smoke",     "--variant", levels[0],
			      "--variant", levels[1],	 "--variant", levels[2],   "--boots",
			      "1",	   "--cycles",	 "1",	      "--accel",   "tcg",
			      "--perf",	   "-o",	 out,	      NULL };
	const char *report[] = { "report", "--no-plots", out, NULL };
	static const char *const parts[] = {
		"| alloc |",
		"### Cross-checks",
		"### Latencies, smoke",
		"| finalize (delete before cut finalize) | finalize+pages=1 | 1 | 98304 |",
		"### What tracing costs",
		"### QEMU's profile",
	};
	char err[1024];
	int records = 0;
	struct outcome outcome;
	size_t i;

	(void)state;
	snprintf(out, sizeof(out), "%s/levels", test_dir);
	outcome = run_program("balloonbench", run);
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/smoke/%s/boot-01/result.json", out, levels[i]);
		assert_fits_schema(path);
		snprintf(path, sizeof(path), "%s/smoke/%s/boot-01/" TRACE_FILE, out, levels[i]);
		assert_int_equal(trace_read(path, count_record, &records, err, sizeof(err)),
				 i ? 0 : -ENOENT);
		assert_int_equal(records > 0, i > 0);
	}
	outcome = run_program("balloonstat", report);
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	snprintf(path, sizeof(path), "%s/REPORT.md", out);
	text = read_file(path);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text, parts[i]))
			fail_msg("'%s' is not in:\n%s", parts[i], text);
	free(text);
}

/* A QEMU without our trace events: its calls are traced, and translation is not observed. */
static void debians_qemu_has_no_translation(void **state)
{
	static const char qemu[] = "/usr/bin/qemu-system-x86_64";
	char out[256];
	const char *run[] = { "run",	 "--scenario", "smoke",	   "--variant", "finalize",
			      "--boots", "1",	       "--cycles", "1",		"--accel",
			      "tcg",	 "-o",	       out,	   NULL };
	const struct tracer_options options = { .trace.level = TRACE_PHASES };
	struct host_tracer *tracer = NULL;
	const struct resize_result *inflate;
	struct boot_result result;
	struct outcome outcome;
	char err[512];

	(void)state;
	if (access(qemu, X_OK))
		skip_test("%s is not installed", qemu);
	if (host_tracer_open(&tracer, &options, err, sizeof(err)))
		skip_test("the host cannot be traced: %s", err);
	host_tracer_close(tracer);
	snprintf(out, sizeof(out), "%s/debian", test_dir);
	setenv("QEMU", qemu, 1);
	outcome = run_program("balloonbench", run);
	unsetenv("QEMU");
	if (outcome.status)
		fail_msg("%s", outcome.output);
	outcome_release(&outcome);
	result = load(out, "finalize");
	inflate = &result_cycle(&result, 0)->inflate;
	assert_number(inflate->phases.host_translate_ns, RECORD_ABSENT);
	assert_int_equal(inflate->host.source, HOST_TRACEPOINTS);
	assert_int_equal(inflate->host.discard_bytes, INFLATE_BYTES);
	record_release(&boot_record, &result);
}

static void compare_reads_what_run_wrote(void **state)
{
	char out[256];
	const char *run[] = { "run",	   "--scenario", "smoke",   "--variant", "pfn-array",
			      "--variant", "finalize",	 "--boots", "1",	 "--accel",
			      "tcg",	   "-q",	 "-o",	    out,	 NULL };
	const char *compare[] = { "compare", out, "--json", NULL };
	struct outcome outcome;
	const json_t *row;
	json_t *all;
	size_t i;

	(void)state;
	snprintf(out, sizeof(out), "%s/compared", test_dir);
	outcome = run_program("balloonbench", run);
	assert_int_equal(outcome.status, 0);
	outcome_release(&outcome);
	outcome = run_program("balloonstat", compare);
	assert_int_equal(outcome.status, 0);
	all = json_loads(outcome.output, 0, NULL);
	assert_int_equal(json_array_size(at(all, "comparisons")), 2);
	json_array_foreach (at(all, "comparisons"), i, row) {
		static const char *const keys[] = { "metric", "base",	 "variant",
						    "n",      "median",	 "ratio",
						    "ci_low", "ci_high", "verdict" };
		size_t k;

		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			at(row, keys[k]);
		assert_string_equal(json_string_value(at(row, "base")), "pfn-array");
		assert_string_equal(json_string_value(at(row, "verdict")), "inconclusive");
	}
	json_decref(all);
	outcome_release(&outcome);
}

/* A user who stops a run in the middle of a real boot. */
static void ctrl_c_ends_the_vm(void **state)
{
	char out[256], result[300];
	const char *args[] = { "run", "--scenario", "idle", "--variant", "finalize", "--boots",
			       "1",   "--accel",    "tcg",  "-o",	 out,	     NULL };
	pid_t pid;
	int tries;

	(void)state;
	snprintf(out, sizeof(out), "%s/stopped", test_dir);
	pid = start_program("balloonbench", args);
	/* the program itself, and QEMU, bear the directory on their command lines */
	for (tries = 0; tries < 500 && count_processes(out) < 2; tries++)
		usleep(10000);
	assert_true(tries < 500);
	usleep(1500000);
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), 130);
	assert_int_equal(count_processes(out), 0);
	/* a boot that was stopped is no boot, not a failed one */
	snprintf(result, sizeof(result), "%s/idle/finalize/boot-01", out);
	assert_int_equal(access(result, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_under_tcg),
		cmocka_unit_test(every_cut_under_icount),
		cmocka_unit_test(every_level_is_reported),
		cmocka_unit_test(debians_qemu_has_no_translation),
		cmocka_unit_test(compare_reads_what_run_wrote),
		cmocka_unit_test(ctrl_c_ends_the_vm),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

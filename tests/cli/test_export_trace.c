/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonstat export of what is in trace.jsonl: batches that are known, by clocks
 * that are known, in files that are long, and damaged.
 */
#include "tests/helpers/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/exit_status.h"
#include "lib/trace_records.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/program.h"
#include "tests/helpers/result_builder.h"
#include "tests/helpers/timeline.h"

#define US 1000LL

/* The guest's clock is 1 s and 100 us behind the host's at the first comparison. */
#define OFFSET_NS (-1000100 * US)

/* Inflate from 1.0000 s of the guest's clock on: two batches, with one sleep; deflate: one batch.
 */
static const char trace_text[] = "{\"schema_version\":2,\"level\":\"phases\"}\n"
				 "{\"cycle\":1,\"resize\":\"inflate\"}\n"
				 "[\"step\",1000000000,900000]\n"
				 "[\"guest\",1000010000,100000,40000,50000,200000,0,256,256]\n"
				 "[\"guest\",1000400000,100000,0,50000,200000,0,256,255]\n"
				 "[\"host\",2000350000,100000,0,256,256,1048576,16,1920]\n"
				 "[\"host\",2000740000,100000,0,255,256,1048576,0,0]\n"
				 "{\"cycle\":1,\"resize\":\"deflate\"}\n"
				 "[\"step\",1001000000,400000]\n"
				 "[\"guest\",1001010000,0,0,50000,200000,30000,512,512]\n"
				 "[\"host\",2001250000,100000,1,512,512,2097152,512,999999]\n"
				 "{\"records\":8}\n";

/* Boot 1 of "idle" with "list", without comparisons of the clocks. */
static struct boot_result make_boot(void)
{
	struct boot_result boot = build_boot("idle", "list", 1, 0.9);

	boot_cycle(&boot)->inflate.batches = 2;
	boot_cycle(&boot)->inflate.resolution_ns = 50000;
	boot_cycle(&boot)->deflate.batches = 1;
	boot.trace.host.clock_ns = 20;
	boot.trace.level = RESULT_PHASES;
	return boot;
}

/* Comparisons at 2 s and 2.001 s of the host's clock; 10 us are lost between them. */
static struct boot_result make_compared_boot(void)
{
	struct boot_result boot = make_boot();

	boot.clock.begin = (struct clock_offset){ 2000000000, OFFSET_NS, 3000, 32 };
	*(struct clock_offset *)record_append(&clock_offset_record, &boot.clock.between) =
		(struct clock_offset){ 2001000000, -1000110 * US, 4000, 32 };
	boot.clock.end = (struct clock_offset){ 2002000000, -1000110 * US, 2000, 32 };
	return boot;
}

/* Where a trace can be put beside it. */
static void add_result(const char *tree, struct boot_result boot)
{
	json_t *json = record_encode(&boot_record, &boot);
	char name[256], *text = json_dumps(json, 0);

	snprintf(name, sizeof(name), "%s/s/v/boot-%02d/result.json", tree, (int)boot.boot);
	write_file(test_dir, name, text);
	free(text);
	json_decref(json);
	record_release(&boot_record, &boot);
}

static void make_tree(const char *tree, struct boot_result boot, const char *trace)
{
	char name[256];

	add_result(tree, boot);
	snprintf(name, sizeof(name), "%s/s/v/boot-01/" TRACE_FILE, tree);
	write_file(test_dir, name, trace);
}

static struct outcome export_to(const char *tree, const char *format, const char *file)
{
	const char *perfetto[] = { "export", in_test_dir(tree), "--format", format,
				   "-o",     in_test_dir(file), NULL };
	const char *csv[] = { "export", in_test_dir(tree), "--format", format, "--table", "batches",
			      "-o",	in_test_dir(file), NULL };

	return run_program("balloonstat", strcmp(format, "csv") ? perfetto : csv);
}

static void expect_file(const char *file, const char *text)
{
	char *found = read_file(in_test_dir(file));

	assert_non_null(found);
	assert_string_equal(found, text);
	free(found);
}

#define HEAD                                                                                       \
	"scenario,variant,accel,boot,status,cycle,resize,side,batch,begin_ns,alloc_ns,alloc_"      \
	"retry_ns,"                                                                                \
	"move_ns,tell_ns,release_ns,pages,entries,end_ns,ns,queue,calls,bytes,timed,timed_ns\n"
#define FIRST                                                                                      \
	"idle,list,tcg,1,ok,1,inflate,guest,1,1000010000,100000,40000,50000,200000,0,256,256,"     \
	",,,,,,\n"
#define REST                                                                                       \
	"idle,list,tcg,1,ok,1,inflate,guest,2,1000400000,100000,0,50000,200000,0,256,255,"         \
	",,,,,,\n"                                                                                 \
	"idle,list,tcg,1,ok,1,inflate,host,1,,,,,,,,256,2000350000,100000,0,256,1048576,16,1920\n" \
	"idle,list,tcg,1,ok,1,inflate,host,2,,,,,,,,255,2000740000,100000,0,256,1048576,0,0\n"     \
	"idle,list,tcg,1,ok,1,deflate,guest,1,1001010000,0,0,50000,200000,30000,512,512,"          \
	",,,,,,\n"                                                                                 \
	"idle,list,tcg,1,ok,1,deflate,host,1,,,,,,,,512,2001250000,100000,1,512,2097152,512,"      \
	"999999\n"

static void csv_has_every_batch(void **state)
{
	(void)state;
	make_tree("known", make_compared_boot(), trace_text);
	expect_outcome(export_to("known", "csv", "known.csv"), 0, "");
	expect_file("known.csv", HEAD FIRST REST);
}

static void boots_without_batches(void **state)
{
	struct boot_result failed = make_boot();

	(void)state;
	add_result("untraced", make_boot());
	expect_outcome(export_to("untraced", "csv", "untraced.csv"), 0, "the table is empty");
	expect_file("untraced.csv", HEAD);
	expect_outcome(export_to("untraced", "perfetto", "untraced.json"), EXIT_ENVIRONMENT,
		       "no ok boot of the selection has a trace.jsonl");
	assert_int_equal(access(in_test_dir("untraced.json"), F_OK), -1);
	failed.boot = 2;
	failed.status = BOOT_FAILED;
	add_result("untraced", failed);
	expect_outcome(export_to("untraced", "csv", "untraced.csv"), 0, "");
	expect_file("untraced.csv", HEAD "idle,list,tcg,2,failed,,,,,,,,,,,,,,,,,,,\n");
}

/* Cut off at a place: the records before it are there, the file is named, the status is 3. */
static void what_is_whole_is_exported(void **state)
{
	const char *at = strstr(trace_text, "1000400000");
	char text[sizeof(trace_text)];

	(void)state;
	snprintf(text, sizeof(text), "%.*s", (int)(at - trace_text) + 20, trace_text);
	make_tree("cut", make_compared_boot(), text);
	make_tree("cut\x1b[2J", make_compared_boot(), text);
	expect_outcome(export_to("cut", "csv", "cut.csv"), EXIT_ENVIRONMENT,
		       "cut/s/v/boot-01/trace.jsonl: after 2 records: the file ends too early; "
		       "what stands before is exported");
	expect_file("cut.csv", HEAD FIRST);
	expect_outcome(export_to("cut", "perfetto", "cut.json"), EXIT_ENVIRONMENT,
		       "cut/s/v/boot-01/");
	expect_outcome(export_to("cut\x1b[2J", "csv", "cut.csv"), EXIT_ENVIRONMENT,
		       "cut?[2J/s/v/boot-01/");
}

static void expect_slice(const json_t *all, long long pid, const char *name, int n, long long begin,
			 long long end)
{
	struct slice s = find_slice(all, pid, name, n);

	if (s.begin != begin || s.end != end)
		fail_msg("%s %d: %lld to %lld, not %lld to %lld", name, n, s.begin, s.end, begin,
			 end);
}

/*
 * What is drawn begins at the first comparison. Until the second the guest's clock,
 * which lost 10 us meanwhile, is stretched; from then on it keeps step.
 */
static long long by_host(long long guest_ns)
{
	long long since = guest_ns - (2000000 * US + OFFSET_NS);

	/* 990 us of the guest's clock went by while 1000 of the host's did. */
	if (since <= 990 * US)
		return (long long)(since * (1000.0 / 990) + 0.5);
	return since + 10 * US;
}

static long long uncertainty_of(const json_t *all, const char *move)
{
	struct slice s = find_slice(all, 1, move, 0);

	return slice_arg(&s, "clock_uncertainty_ns");
}

static void a_timeline_is_by_the_host_s_clock(void **state)
{
	const json_t *other;
	json_t *all;

	(void)state;
	make_tree("aligned", make_compared_boot(), trace_text);
	expect_outcome(export_to("aligned", "perfetto", "aligned.json"), 0, "");
	all = load_timeline(in_test_dir("aligned.json"));
	expect_slice(all, 1, "inflate", 0, by_host(1000000000), by_host(1000900000));
	expect_slice(all, 1, "batch", 0, by_host(1000010000), by_host(1000360000));
	expect_slice(all, 1, "alloc", 0, by_host(1000010000), by_host(1000110000));
	expect_slice(all, 1, "alloc retry", 0, by_host(1000070000), by_host(1000110000));
	expect_slice(all, 1, "enqueue", 0, by_host(1000110000), by_host(1000160000));
	expect_slice(all, 1, "notify", 0, by_host(1000160000), by_host(1000360000));
	expect_slice(all, 1, "batch", 1, by_host(1000400000), by_host(1000750000));
	expect_slice(all, 1, "dequeue", 0, 1120 * US, 1170 * US);
	expect_slice(all, 1, "notify", 2, 1170 * US, 1370 * US);
	expect_slice(all, 1, "release", 0, 1370 * US, 1400 * US);
	/* QEMU's: 16 calls of 120 ns, of which 20 are the clock's; none timed; more than there was.
	 */
	expect_slice(all, 2, "batch", 0, 250 * US, 350 * US);
	expect_slice(all, 2, "discard", 0, 350 * US - 256 * 100, 350 * US);
	expect_slice(all, 2, "batch", 1, 640 * US, 740 * US);
	expect_slice(all, 2, "willneed", 0, 1150 * US, 1250 * US);
	other = json_object_get(all, "otherData");
	assert_true(json_is_true(json_object_get(other, "aligned")));
	assert_true(json_is_true(json_object_get(other, "whole")));
	assert_int_equal(json_integer_value(json_object_get(other, "uncertainty_ns")), 14000);
	assert_int_equal(json_integer_value(json_object_get(other, "origin_host_ns")), 2000000000);
	assert_int_equal(uncertainty_of(all, "inflate"), 14000);
	assert_int_equal(uncertainty_of(all, "deflate"), 4000);
	json_decref(all);
}

/* The balloon's size after each batch. */
static void the_balloon_is_drawn(void **state)
{
	static const long long mib[] = { 0, 1, 2, 2, 0 };
	json_t *all = load_timeline(in_test_dir("aligned.json"));
	const json_t *event;
	size_t i, n = 0;

	(void)state;
	json_array_foreach (json_object_get(all, "traceEvents"), i, event) {
		if (strcmp(json_string_value(json_object_get(event, "ph")), "C"))
			continue;
		assert_true(n < 5);
		assert_int_equal(json_integer_value(
					 json_object_get(json_object_get(event, "args"), "bytes")),
				 mib[n++] << 20);
	}
	assert_int_equal(n, 5);
	json_decref(all);
}

static void clocks_that_are_not_known(void **state)
{
	static const struct {
		enum result_accel accel;
		struct clock_offset begin;
		struct clock_offset end;
		const char *says;
	} cases[] = {
		{ RESULT_TCG,
		  { RECORD_ABSENT, RECORD_ABSENT, RECORD_ABSENT, RECORD_ABSENT },
		  { RECORD_ABSENT, RECORD_ABSENT, RECORD_ABSENT, RECORD_ABSENT },
		  "did not compare the clocks" },
		{ RESULT_ICOUNT, { 4, 1, 1, 1 }, { 5, 1, 1, 1 }, "counts instructions" },
		{ RESULT_TCG, { 4, 1, -1, 1 }, { 5, 1, 1, 1 }, "is not complete" },
		{ RESULT_TCG, { 4, 1, 1, 1 }, { 5, 1, 1LL << 60, 1 }, "is not complete" },
		{ RESULT_TCG, { 5, 1, 1, 1 }, { 4, 1, 1, 1 }, "contradicts itself" },
	};
	struct boot_result boot;
	const json_t *other;
	json_t *all;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		boot = make_boot();
		boot.accel = cases[i].accel;
		boot.clock.begin = cases[i].begin;
		boot.clock.end = cases[i].end;
		make_tree("unaligned", boot, trace_text);
		expect_outcome(export_to("unaligned", "perfetto", "unaligned.json"), 0,
			       "are not aligned");
		expect_outcome(export_to("unaligned", "perfetto", "unaligned.json"), 0,
			       cases[i].says);
		all = load_timeline(in_test_dir("unaligned.json"));
		other = json_object_get(all, "otherData");
		assert_true(json_is_false(json_object_get(other, "aligned")));
		assert_non_null(strstr(json_string_value(json_object_get(other, "why_not_aligned")),
				       cases[i].says));
		/* Each by its own clock. */
		assert_int_equal(find_slice(all, 1, "batch", 1).begin -
					 find_slice(all, 1, "batch", 0).begin,
				 390 * US);
		assert_int_equal(find_slice(all, 2, "batch", 1).begin -
					 find_slice(all, 2, "batch", 0).begin,
				 390 * US);
		json_decref(all);
		text = read_file(in_test_dir("unaligned.json"));
		assert_non_null(strstr(text, "QEMU / host (clocks NOT aligned)"));
		free(text);
	}
}

/* In a box both clocks do, at the same rate. */
static void clocks_that_count_instructions(void **state)
{
	struct boot_result boot = make_compared_boot();
	char *text, *label;

	(void)state;
	boot.accel = RESULT_KVM_IN_ICOUNT;
	make_tree("boxed", boot, trace_text);
	expect_outcome(export_to("boxed", "perfetto", "boxed.json"), 0, "");
	text = read_file(in_test_dir("boxed.json"));
	assert_null(strstr(text, "NOT aligned"));
	label = strstr(text, "1 us is 1000 instructions");
	assert_non_null(label);
	assert_non_null(strstr(label + 1, "1 us is 1000 instructions"));
	free(text);
}

/* Two threads of the guest at once: a track for each. */
static void batches_that_overlap(void **state)
{
	static const char text[] = "{\"schema_version\":2}\n{\"cycle\":1,\"resize\":\"inflate\"}\n"
				   "[\"guest\",1000010000,100000,0,50000,200000,0,256,256]\n"
				   "[\"guest\",1000000000,100000,0,50000,800000,0,256,256]\n"
				   "[\"guest\",1000400000,100000,0,50000,200000,0,256,256]\n"
				   "{\"records\":3}\n";
	json_t *all;

	(void)state;
	make_tree("overlap", make_compared_boot(), text);
	expect_outcome(export_to("overlap", "perfetto", "overlap.json"), 0, "");
	all = load_timeline(in_test_dir("overlap.json"));
	assert_true(find_slice(all, 1, "batch", 0).tid != find_slice(all, 1, "batch", 1).tid);
	assert_true(find_slice(all, 1, "batch", 0).tid == find_slice(all, 1, "batch", 2).tid);
	json_decref(all);
}

static void a_cut_timeline_can_be_loaded(void **state)
{
	json_t *all;

	(void)state;
	all = load_timeline(in_test_dir("cut.json"));
	assert_true(json_is_false(json_object_get(json_object_get(all, "otherData"), "whole")));
	expect_slice(all, 1, "batch", 0, by_host(1000010000), by_host(1000360000));
	json_decref(all);
}

/* @records of them, half of either side. */
static void make_long_trace(const char *tree, long records)
{
	struct trace_guest_batch guest = { 1000000000, 100000, 0, 50000, 200000, 0, 256, 256 };
	struct trace_host_batch host = { 2000350000, 100000, 0, 256, 256, 1048576, 15, 9774 };
	struct trace_writer writer;
	char name[256];
	FILE *f;
	long i;

	make_tree(tree, make_compared_boot(), "");
	snprintf(name, sizeof(name), "%s/s/v/boot-01/" TRACE_FILE, in_test_dir(tree));
	f = fopen(name, "w");
	assert_non_null(f);
	trace_write_begin(&writer, f, "phases");
	trace_write_resize(&writer, 1, INFLATE);
	for (i = 0; i < records / 2; i++, guest.begin_ns += 400 * US)
		trace_write_record(&writer, TRACE_GUEST, &guest);
	for (i = 0; i < records / 2; i++, host.end_ns += 400 * US)
		trace_write_record(&writer, TRACE_HOST, &host);
	trace_write_end(&writer);
	assert_int_equal(fclose(f), 0);
}

/* KiB at the most; how many bytes came out goes to *@written. */
static long peak_of(const char *tree, const char *format, long long *written)
{
	struct rusage usage;
	char buffer[65536];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	*written = 0;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		dup2(ends[1], 1);
		close(ends[0]);
		dup2(open("/dev/null", O_WRONLY), 2);
		if (!strcmp(format, "csv"))
			execl(build_path("balloonstat"), "balloonstat", "export", in_test_dir(tree),
			      "--format", format, "--table", "batches", NULL);
		else
			execl(build_path("balloonstat"), "balloonstat", "export", in_test_dir(tree),
			      "--format", format, NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], buffer, sizeof(buffer))) > 0)
		*written += n;
	close(ends[0]);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return usage.ru_maxrss;
}

/* Ten times the records take no more memory: a record held would be 90 MB of them. */
static void memory_does_not_grow(void **state)
{
	static const char *const formats[] = { "csv", "perfetto" };
	long long few_bytes, many_bytes;
	long few, many;
	size_t i;

	(void)state;
	make_long_trace("few", 100000);
	make_long_trace("many", 1000000);
	for (i = 0; i < 2; i++) {
		few = peak_of("few", formats[i], &few_bytes);
		many = peak_of("many", formats[i], &many_bytes);
		print_message("# %s: %ld KiB for 1e5 records, %ld KiB for 1e6\n", formats[i], few,
			      many);
		assert_true(many_bytes > 9 * few_bytes && few_bytes > 100000 * 50);
		assert_true(many < few + 1024);
	}
}

/* The first counter event of a name: its time in us, and its value. */
static double find_counter(const json_t *all, int pid, const char *name, long long *worst)
{
	const json_t *event;
	size_t i;

	json_array_foreach (json_object_get(all, "traceEvents"), i, event) {
		if (strcmp(json_string_value(json_object_get(event, "name")), name) ||
		    json_integer_value(json_object_get(event, "pid")) != pid)
			continue;
		assert_string_equal(json_string_value(json_object_get(event, "ph")), "C");
		*worst = json_integer_value(
			json_object_get(json_object_get(event, "args"), "worst"));
		return json_number_value(json_object_get(event, "ts"));
	}
	fail_msg("no counter %s in process %d", name, pid);
	return 0;
}

/* Beside the batches, by the same clock: the guest's 1.0005 s are the host's 2.0006. */
static void victims_are_counters(void **state)
{
	struct boot_result boot = make_compared_boot();
	struct victim_result *victim;
	long long worst;
	json_t *all;
	double us;

	(void)state;
	victim = add_victim(&boot.victims.guest, "fault_ns", build_histogram(5, 1), NULL);
	record_append_pair(&victim->series, 1000500000, 700);
	record_append_pair(&victim->series, 1010500000, 900);
	victim = add_victim(&boot.victims.host, "sched_ns", build_histogram(5, 1), NULL);
	record_append_pair(&victim->series, 2000600000, 50);
	record_append_pair(&victim->series, INT64_MIN + 5, 60);
	victim = add_victim(&boot.victims.host, "<b>\n_ns", build_histogram(5, 1), NULL);
	record_append_pair(&victim->series, 1, 2);
	make_tree("victims", boot, trace_text);
	expect_outcome(export_to("victims", "perfetto", "victims.json"), 0, "");
	all = load_timeline(in_test_dir("victims.json"));
	us = find_counter(all, 1, "fault_ns", &worst);
	assert_true(us > 600 && us < 611);
	assert_int_equal(worst, 700);
	us = find_counter(all, 2, "sched_ns", &worst);
	assert_true(us > 599.9 && us < 600.1);
	assert_int_equal(worst, 50);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_has_every_batch),
		cmocka_unit_test(boots_without_batches),
		cmocka_unit_test(what_is_whole_is_exported),
		cmocka_unit_test(a_timeline_is_by_the_host_s_clock),
		cmocka_unit_test(the_balloon_is_drawn),
		cmocka_unit_test(clocks_that_are_not_known),
		cmocka_unit_test(clocks_that_count_instructions),
		cmocka_unit_test(batches_that_overlap),
		cmocka_unit_test(a_cut_timeline_can_be_loaded),
		cmocka_unit_test(memory_does_not_grow),
		cmocka_unit_test(victims_are_counters),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balloonbench record: programs whose memory and CPU time are known. Nothing is said of how long
 * they took.
 */
#include "tests/helpers/unit.h"

#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>

#include "bench/config/workload.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"

#define USE_MEMORY TEST_BUILD "/tests/helpers/use-memory/use-memory"
#define MIB (1ULL << 20)
#define NS_PER_MS 1000000ULL
/* The rest of a small program, and what control groups account late. */
#define REST_BYTES (4 * MIB)

static const char *output(void)
{
	return in_test_dir("out.workload");
}

/* Record a shell's command; the workload is to be released. */
static struct workload record(int status, const char *by, const char *command)
{
	struct workload w;
	char err[512] = "";

	expect_outcome(run_program("balloonbench",
				   (const char *[]){ "record", "--period", "20ms", "--by", by, "-o",
						     output(), "--", "sh", "-c", command, NULL }),
		       status, "out.workload: ");
	assert_int_equal(workload_load(&w, output(), err, sizeof(err)), 0);
	assert_string_equal(err, "");
	return w;
}

static uint64_t peak_anon(const struct workload *w)
{
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < w->count; i++)
		if (w->rows[i].anon_bytes > most)
			most = w->rows[i].anon_bytes;
	return most;
}

static uint64_t faults_of(const struct workload *w)
{
	uint64_t faults = 0;
	size_t i;

	for (i = 0; i < w->count; i++)
		faults += w->rows[i].faults;
	return faults;
}

static void expect_known_memory(const char *by)
{
	/* What a program takes to begin, under a sanitizer thousands of faults. */
	struct workload empty = record(0, by, "exec " USE_MEMORY " 0 0 100");
	struct workload w = record(0, by, "exec " USE_MEMORY " 48 0 400");
	const struct workload_row *last = &w.rows[w.count - 1];

	assert_in_range(peak_anon(&w), 48 * MIB - REST_BYTES, 48 * MIB + REST_BYTES);
	/* One for each page, or each huge page. */
	assert_in_range(faults_of(&w), 48 / 2, faults_of(&empty) + 48 * MIB / 4096 + 2000);
	/* The program has not begun, and has ended. */
	assert_int_equal(w.rows[0].anon_bytes, 0);
	assert_int_equal(last->anon_bytes + last->file_bytes, 0);
	workload_release(&empty);
	workload_release(&w);
}

static void memory_of_processes(void **state)
{
	(void)state;
	expect_known_memory("processes");
}

static bool has_groups(void)
{
	struct outcome o =
		run_program("balloonbench", (const char *[]){ "record", "--by", "cgroup", "-o",
							      output(), "true", NULL });
	bool has = o.status != 4;

	if (!has)
		assert_contains(o.output, "try as root, or --by processes");
	outcome_release(&o);
	return has;
}

static void memory_of_a_group(void **state)
{
	(void)state;
	if (!has_groups())
		skip_test("no control group can be made here");
	expect_known_memory("cgroup");
}

/* A file that no process maps any more: only a group sees its page cache. */
static void page_cache_of_a_group(void **state)
{
	char command[256];
	struct workload w;
	uint64_t most = 0;
	size_t i;

	(void)state;
	if (!has_groups())
		skip_test("no control group can be made here");
	snprintf(command, sizeof(command), "head -c 33554432 /dev/zero >%s && sleep 0.4",
		 in_test_dir("file"));
	w = record(0, "cgroup", command);
	for (i = 0; i < w.count; i++)
		if (w.rows[i].file_bytes > most)
			most = w.rows[i].file_bytes;
	assert_at_most(most, 32 * MIB + REST_BYTES);
	/* On a tmpfs it is shared memory. */
	assert_at_least(most + peak_anon(&w), 32 * MIB - REST_BYTES);
	workload_release(&w);
}

static void forked_memory_counts_once(void **state)
{
	struct workload w = record(0, "processes", "exec " USE_MEMORY " 32 0 400 3");
	const uint64_t most = 32 * MIB + REST_BYTES;
	size_t once = 0, more = 0, i;

	(void)state;
	for (i = 0; i < w.count; i++) {
		once += w.rows[i].anon_bytes >= 32 * MIB - REST_BYTES &&
			w.rows[i].anon_bytes <= most;
		more += w.rows[i].anon_bytes > most;
	}
	/* A sample that a fork() falls into counts pages of the child twice. */
	assert_above(once, more);
	workload_release(&w);
}

/* By the program itself, by one that has ended, and by one that outlives its parent. */
static void cpu_time_is_complete(void **state)
{
	struct workload w = record(0, "auto",
				   USE_MEMORY " 1 200 0; (" USE_MEMORY
					      " 1 200 0 &); exec " USE_MEMORY " 1 200 600");

	(void)state;
	/* In ticks of 10 ms, and with the shell's own. */
	assert_in_range(workload_cpu_ns(&w), 560 * NS_PER_MS, 900 * NS_PER_MS);
	workload_release(&w);
}

static void a_command_that_fails_is_recorded(void **state)
{
	struct workload w = record(3, "auto", "exec " USE_MEMORY " 16 0 100 0 7");

	(void)state;
	workload_release(&w);
	expect_outcome(run_program("balloonbench", (const char *[]){ "record", "-o", output(),
								     "/nowhere/program", NULL }),
		       3, "cannot run /nowhere/program: No such file or directory");
	expect_outcome(run_program("balloonbench",
				   (const char *[]){ "record", "-o", "/nowhere/x", "true", NULL }),
		       3, "cannot write /nowhere/x: No such file or directory");
	expect_outcome(run_program("balloonbench",
				   (const char *[]){ "record", "--period", "1ms", "true", NULL }),
		       2, "--period: expected 10 ms to 60 s");
	expect_outcome(run_program("balloonbench", (const char *[]){ "record", NULL }), 2,
		       "missing argument: COMMAND");
}

static void an_interrupted_recording_is_whole(void **state)
{
	char err[512], started[256];
	struct workload w;
	pid_t pid;

	(void)state;
	snprintf(started, sizeof(started), "%s", in_test_dir("started"));
	pid = start_program("balloonbench",
			    (const char *[]){ "record", "-o", output(), "--", "sh", "-c",
					      "touch $0; exec sleep 600", started, NULL });
	AWAIT(!access(started, F_OK));
	kill(pid, SIGINT);
	assert_int_equal(wait_program(pid), 130);
	assert_int_equal(workload_load(&w, output(), err, sizeof(err)), 0);
	workload_release(&w);
	assert_int_equal(count_processes(started), 0);
}

/* Those that are shipped are read, and small. */
static void shipped_workloads_are_right(void **state)
{
	struct workload w;
	char err[512] = "";
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob(TEST_SOURCE "/bench/workloads/*.workload", 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		if (workload_load(&w, found.gl_pathv[i], err, sizeof(err)))
			fail_msg("%s", err);
		assert_at_least(workload_peak_bytes(&w), MIB);
		workload_release(&w);
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_processes),
		cmocka_unit_test(memory_of_a_group),
		cmocka_unit_test(page_cache_of_a_group),
		cmocka_unit_test(forked_memory_counts_once),
		cmocka_unit_test(cpu_time_is_complete),
		cmocka_unit_test(a_command_that_fails_is_recorded),
		cmocka_unit_test(an_interrupted_recording_is_whole),
		cmocka_unit_test(shipped_workloads_are_right),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

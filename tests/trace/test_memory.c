/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came of the advice: processes that release memory of each kind, of which the outcome is
 * known, beside what balloontrace says of them.
 */
#include "tests/helpers/unit.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/memory_outcome.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/host_tracing.h"

#define MIB (1 << 20)

/* What the command prints of a helper of that kind, which releases memory meanwhile. */
static json_t *trace(const char *kind)
{
	char go[256], done[256], ready[300], id[16];
	const char *args[] = { kind, go, done, NULL };
	struct host_tracing tracing;
	json_t *json;
	int status;
	pid_t pid;

	snprintf(go, sizeof(go), "%s", in_test_dir("go"));
	snprintf(done, sizeof(done), "%s", in_test_dir("done"));
	snprintf(ready, sizeof(ready), "%s.ready", done);
	unlink(go);
	unlink(done);
	unlink(ready);
	pid = start_program("tests/helpers/advise/advise", args);
	AWAIT(!access(ready, F_OK) || waitpid(pid, &status, WNOHANG) == pid);
	if (access(ready, F_OK))
		skip_test("no %s memory here", kind);
	snprintf(id, sizeof(id), "%d", (int)pid);
	host_tracing_start(&tracing, (const char *[]){ "host", "-p", id, "--json", NULL });
	write_file(test_dir, "go", "");
	AWAIT(!access(done, F_OK));
	host_tracing_end(&tracing);
	assert_int_equal(tracing.status, 0);
	json = json_loads(tracing.output, 0, NULL);
	assert_non_null(json);
	host_tracing_release(&tracing);
	kill(pid, SIGKILL);
	wait_program(pid);
	return json;
}

static double of_process(const json_t *json, const char *path)
{
	return number_of(item_of(json, "processes", 0), path);
}

static double change(const json_t *json, const char *what)
{
	char before[64], after[64];

	snprintf(before, sizeof(before), "memory.before.%s", what);
	snprintf(after, sizeof(after), "memory.after.%s", what);
	return of_process(json, after) - of_process(json, before);
}

/* The kernel's counters of a process are exact to some pages a CPU. */
#define assert_near(value, wanted) assert_below(fabs((value) - (wanted)), MIB)

static void private_memory(void **state)
{
	json_t *json;

	(void)state;
	skip_without_tracer();
	json = trace("private");
	assert_near(change(json, "anonymous_bytes"), -15 * MIB);
	assert_number(of_process(json, "memory.advised_bytes"), 15 * MIB);
	assert_near(of_process(json, "memory.freed_bytes"), 15 * MIB);
	assert_below(of_process(json, "memory.not_freed_bytes"), MIB);
	json_decref(json);
}

/* RSS falls as if the memory were free; the file keeps it. */
static void shared_memory(void **state)
{
	const json_t *reason;
	json_t *json;

	(void)state;
	skip_without_tracer();
	json = trace("shared");
	assert_near(change(json, "rss_bytes"), -15 * MIB);
	assert_number(change(json, "shared_bytes"), 0);
	assert_number(of_process(json, "memory.before.shared_bytes"), 16 * MIB);
	assert_number(of_process(json, "calls.dontneed.bytes"), 15 * MIB);
	assert_near(of_process(json, "memory.not_freed_bytes"), 15 * MIB);
	reason = json_at(item_of(json, "processes", 0), "memory.reason");
	assert_contains(json_string_value(reason), "memory is shared");
	json_decref(json);
}

static void punched_memory(void **state)
{
	json_t *json;

	(void)state;
	skip_without_tracer();
	json = trace("punched");
	assert_number(change(json, "shared_bytes"), -15 * MIB);
	assert_number(of_process(json, "calls.punch_hole.bytes"), 15 * MIB);
	assert_below(of_process(json, "memory.not_freed_bytes"), MIB);
	json_decref(json);
}

static void locked_memory(void **state)
{
	const json_t *reason;
	json_t *json;

	(void)state;
	skip_without_tracer();
	json = trace("locked");
	assert_number(of_process(json, "memory.before.locked_bytes"), 4 * MIB);
	assert_number(of_process(json, "calls.dontneed.errors"), 3);
	assert_number(of_process(json, "calls.dontneed.errors_by_name.EINVAL"), 3);
	assert_number(of_process(json, "calls.dontneed.bytes"), 0);
	reason = json_at(item_of(json, "processes", 0), "memory.reason");
	assert_contains(json_string_value(reason), "memory is locked");
	json_decref(json);
}

static void huge_memory(void **state)
{
	json_t *json;

	(void)state;
	skip_without_tracer();
	json = trace("hugetlb");
	assert_number(change(json, "hugetlb_bytes"), -2 * MIB);
	assert_number(of_process(json, "memory.before.hugetlb_bytes"), 4 * MIB);
	json_decref(json);
}

static struct process_memory known(int64_t anonymous, int64_t shared)
{
	return (struct process_memory){ .rss_bytes = anonymous,
					.anonymous_bytes = anonymous,
					.shared_bytes = shared,
					.anon_huge_bytes = RECORD_ABSENT };
}

/* With figures at hand: what is known, and what is not. */
static void outcomes(void **state)
{
	struct process_memory before = known(100, 0), after = known(40, RECORD_ABSENT);
	struct host_stats *stats = calloc(1, sizeof(*stats));
	struct memory_outcome outcome;

	(void)state;
	memory_outcome(&outcome, &before, &after, stats, true);
	assert_int_equal(outcome.advised_bytes, 0);
	assert_int_equal(outcome.freed_bytes, 60);
	assert_contains(outcome.reason, "vfio");
	stats->advice[ADVICE_DONTNEED].bytes = 70;
	stats->advice[ADVICE_PUNCH_HOLE].bytes = 90;
	memory_outcome(&outcome, &before, &after, stats, false);
	assert_int_equal(outcome.advised_bytes, 90);
	assert_int_equal(outcome.not_freed_bytes, 30);
	assert_null(outcome.reason);
	before.shared_bytes = 50;
	memory_outcome(&outcome, &before, &after, stats, false);
	assert_true(outcome.freed_bytes == RECORD_ABSENT);
	assert_true(outcome.not_freed_bytes == RECORD_ABSENT);
	after = known(400, 0);
	memory_outcome(&outcome, &before, &after, stats, false);
	assert_int_equal(outcome.freed_bytes, 0);
	assert_int_equal(outcome.not_freed_bytes, 90);
	free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_memory), cmocka_unit_test(shared_memory),
		cmocka_unit_test(punched_memory), cmocka_unit_test(locked_memory),
		cmocka_unit_test(huge_memory),	  cmocka_unit_test(outcomes),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

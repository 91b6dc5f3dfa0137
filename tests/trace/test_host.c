/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's tracer, with processes whose calls are known. Skipped if this user may not
 * trace.
 */
#include "tests/helpers/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/host_tracer.h"
#include "bpf/host.skel.h"
#include "bpf/traced_processes.h"
#include "lib/exit_status.h"
#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/host_tracing.h"

#define THREADS 2

/* Three processes that do the same, two of which are traced. */
static pid_t pids[3];
static const int calls[3] = { 500, 300, 700 };
static char go[256], done[3][256];

static void start(int i)
{
	char number[16];
	const char *args[] = { number, go, done[i], NULL };

	snprintf(number, sizeof(number), "%d", calls[i]);
	snprintf(done[i], sizeof(done[i]), "%s/done-%d", test_dir, i);
	unlink(done[i]);
	pids[i] = start_program("tests/helpers/advise/advise", args);
}

static void start_all(void)
{
	int i;

	snprintf(go, sizeof(go), "%s/go", test_dir);
	unlink(go);
	for (i = 0; i < 3; i++)
		start(i);
}

static void await_all(void)
{
	int i;

	write_file(test_dir, "go", "");
	for (i = 0; i < 3; i++)
		AWAIT(!access(done[i], F_OK));
}

static void stop_all(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* Open a tracer, or skip the test if that is not permitted or not possible. */
static struct host_tracer *open_or_skip(enum trace_level level)
{
	const struct tracer_options options = { .trace.level = level };
	struct host_tracer *tracer = NULL;
	char err[512];

	if (host_tracer_open(&tracer, &options, err, sizeof(err)))
		skip_test("%s", err);
	return tracer;
}

/* The slot of a process that is traced from now on. */
static int add(struct host_tracer *tracer, pid_t pid)
{
	int slot = host_tracer_add(tracer, pid);

	assert_at_least(slot, 0);
	return slot;
}

static bool is_per_cpu(const struct bpf_map *map)
{
	const enum bpf_map_type type = bpf_map__type(map);

	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static void check(const struct advice_stats *a, uint64_t count, uint64_t bytes, uint64_t errors,
		  uint64_t length)
{
	assert_int_equal(a->calls, count);
	assert_int_equal(a->latency_ns.count, count);
	assert_int_equal(a->length_bytes.count, count);
	assert_int_equal(a->by_error[CALL_EINVAL], errors);
	assert_int_equal(a->lost + a->unplaced, 0);
	assert_int_equal(a->bytes, bytes);
	assert_int_equal(a->errors, errors);
	assert_int_equal(a->length_bytes.min, length);
	assert_int_equal(a->length_bytes.max, length);
	assert_above(a->latency_ns.min, 0);
	assert_below(a->latency_ns.max, 10e9);
}

static void all_calls_are_counted(void **state)
{
	struct host_tracer *tracer = open_or_skip(TRACE_PAGES);
	uint64_t counters[COUNTER_COUNT], n;
	struct host_stats *stats = calloc(1, sizeof(*stats));
	int slots[2], i;

	(void)state;
	start_all();
	for (i = 0; i < 2; i++)
		slots[i] = add(tracer, pids[i]);
	await_all();
	for (i = 0; i < 2; i++) {
		n = (uint64_t)THREADS * calls[i];
		assert_int_equal(host_tracer_stats(tracer, slots[i], stats), 0);
		check(&stats->advice[ADVICE_DONTNEED], 2 * n, n * 4096, n, 4096);
		check(&stats->advice[ADVICE_WILLNEED], 2 * n, 2 * n * 8192, 0, 8192);
		check(&stats->advice[ADVICE_PUNCH_HOLE], n, n * 16384, 0, 16384);
		check(&stats->advice[ADVICE_COLD], n, n * 12288, 0, 12288);
		assert_int_equal(stats->advice[ADVICE_COLD].ranges, 2 * n);
		assert_int_equal(stats->advice[ADVICE_WILLNEED].ranges, 3 * n);
		assert_int_equal(stats->advice[ADVICE_DONTNEED].ranges, 0);
		assert_int_equal(stats->advice[ADVICE_FREE].calls, 0);
		assert_int_equal(stats->advice[ADVICE_OTHER].calls, 0);
	}
	assert_int_equal(host_tracer_stats(tracer, slots[1] + 1, stats), -ESRCH);
	assert_int_equal(host_tracer_counters(tracer, counters), 0);
	assert_int_equal(counters[COUNTER_LOST_PAIRS], 0);
	stop_all();
	free(stats);
	host_tracer_close(tracer);
}

/* More threads than a map has room for make calls while one call lasts: none is lost. */
static void a_call_in_a_crowd_is_counted(void **state)
{
	struct host_tracer *tracer = open_or_skip(TRACE_PAGES);
	struct host_stats *stats = calloc(1, sizeof(*stats));
	const char *args[] = { "crowd", go, done[0], NULL };
	uint64_t counters[COUNTER_COUNT];
	int status, slot;
	pid_t pid;

	(void)state;
	snprintf(go, sizeof(go), "%s/go", test_dir);
	snprintf(done[0], sizeof(done[0]), "%s/done", test_dir);
	unlink(go);
	unlink(done[0]);
	pid = start_program("tests/helpers/advise/advise", args);
	slot = add(tracer, pid);
	write_file(test_dir, "go", "");
	AWAIT(!access(done[0], F_OK) || waitpid(pid, &status, WNOHANG) == pid);
	if (access(done[0], F_OK))
		skip_test("userfaultfd is not permitted");
	assert_int_equal(host_tracer_stats(tracer, slot, stats), 0);
	assert_int_equal(host_tracer_counters(tracer, counters), 0);
	assert_int_equal(stats->advice[ADVICE_POPULATE].calls, 1);
	assert_int_equal(stats->advice[ADVICE_FREE].calls, 20000);
	assert_int_equal(counters[COUNTER_LOST_PAIRS], 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(stats);
	host_tracer_close(tracer);
}

/* The maps do not grow with the number of possible CPUs, of which a host may have hundreds. */
static void maps_are_small(void **state)
{
	const uint64_t cpus = 256;
	struct bpf_object *object;
	struct bpf_map *map;
	uint64_t bytes = 0;
	const void *elf;
	size_t size;

	(void)state;
	elf = host__elf_bytes(&size);
	object = bpf_object__open_mem(elf, size, NULL);
	assert_non_null(object);
	bpf_object__for_each_map(map, object) bytes += (uint64_t)bpf_map__max_entries(map) *
						       bpf_map__value_size(map) *
						       (is_per_cpu(map) ? cpus : 1);
	assert_below(bytes, 16 << 20);
	bpf_object__close(object);
}

/* A slot starts from zero when it is used again. */
static void slots_are_reused(void **state)
{
	struct host_tracer *tracer = open_or_skip(TRACE_PAGES);
	struct host_stats *stats = calloc(1, sizeof(*stats));
	int slot;

	(void)state;
	start_all();
	slot = add(tracer, pids[0]);
	assert_int_equal(host_tracer_add(tracer, pids[0]), -EEXIST);
	await_all();
	assert_int_equal(host_tracer_stats(tracer, slot, stats), 0);
	assert_int_equal(stats->advice[ADVICE_DONTNEED].calls, 4 * calls[0]);
	host_tracer_forget(tracer, slot);
	assert_int_equal(host_tracer_stats(tracer, slot, stats), -ESRCH);
	assert_int_equal(add(tracer, pids[1]), slot);
	assert_int_equal(host_tracer_stats(tracer, slot, stats), 0);
	assert_int_equal(stats->advice[ADVICE_DONTNEED].calls, 0);
	assert_int_equal(stats->advice[ADVICE_DONTNEED].latency_ns.buckets[0], 0);
	stop_all();
	assert_int_equal(host_tracer_add(tracer, pids[2]), -ESRCH);
	free(stats);
	host_tracer_close(tracer);
}

/* Without probes for batches, calls are traced at level phases too. */
static void calls_of_a_program_without_probes(void **state)
{
	struct host_tracer *tracer = open_or_skip(TRACE_PHASES);
	const struct observation *seen;
	size_t count;
	int slot;

	(void)state;
	start_all();
	assert_false(host_tracer_sees_calls(tracer));
	slot = add(tracer, pids[0]);
	assert_true(host_tracer_sees_calls(tracer));
	assert_false(host_tracer_sees_batches(tracer, slot));
	seen = host_tracer_observations(tracer, &count);
	assert_int_equal(count, 5);
	assert_null(seen[0].how);
	assert_contains(seen[0].why_not, "no probe");
	assert_string_equal(seen[1].how, "tracepoint");
	assert_null(seen[3].how);
	assert_contains(seen[3].what, "io_uring");
	stop_all();
	host_tracer_close(tracer);
}

/* What keeps the probe from being attached is said, and is not taken for the lack of it. */
static void a_probe_that_cannot_be_attached(void **state)
{
	struct host_tracer *tracer = open_or_skip(TRACE_PAGES);
	const struct observation *seen;
	struct rlimit files, one;
	int lowest, slot;
	size_t count;

	(void)state;
	start_all();
	lowest = dup(STDERR_FILENO);
	close(lowest);
	getrlimit(RLIMIT_NOFILE, &files);
	/* One descriptor is left, for the process. */
	one = (struct rlimit){ lowest + 1, files.rlim_max };
	setrlimit(RLIMIT_NOFILE, &one);
	slot = host_tracer_add(tracer, pids[0]);
	setrlimit(RLIMIT_NOFILE, &files);
	assert_at_least(slot, 0);
	seen = host_tracer_observations(tracer, &count);
	assert_null(seen[0].how);
	assert_contains(seen[0].why_not, "cannot attach");
	assert_contains(seen[0].why_not, "Too many open files (errno 24)");
	stop_all();
	host_tracer_close(tracer);
}

static const json_t *find_process(const json_t *json, pid_t pid)
{
	const json_t *process;
	size_t i;

	json_array_foreach (json_object_get(json, "processes"), i, process)
		if (json_integer_value(json_object_get(process, "pid")) == pid)
			return process;
	return NULL;
}

static void command_counts_all_calls(void **state)
{
	struct host_tracing tracing;
	char pid[16];
	json_t *json;

	(void)state;
	skip_without_tracer();
	start_all();
	snprintf(pid, sizeof(pid), "%d", (int)pids[1]);
	host_tracing_start(&tracing, (const char *[]){ "host", "-p", pid, "--json", NULL });
	await_all();
	host_tracing_end(&tracing);
	assert_int_equal(tracing.status, 0);
	json = json_loads(tracing.output, 0, NULL);
	assert_number(number_of(find_process(json, pids[1]), "calls.dontneed.calls"),
		      2 * THREADS * calls[1]);
	assert_null(find_process(json, pids[2]));
	json_decref(json);
	host_tracing_release(&tracing);
	stop_all();
}

/* The text output: a row per interval, totals at the end, and --list. */
static void command_prints_text(void **state)
{
	struct host_tracing tracing;
	char pid[16];

	(void)state;
	skip_without_tracer();
	start_all();
	snprintf(pid, sizeof(pid), "%d", (int)pids[1]);
	host_tracing_start(&tracing,
			   (const char *[]){ "host", "-p", pid, "--interval", "50ms", NULL });
	await_all();
	AWAIT(host_tracing_says(pid) > 1);
	host_tracing_end(&tracing);
	assert_int_equal(tracing.status, 0);
	assert_contains(tracing.messages, "balloontrace host: tracing 1 process until Ctrl-C\n");
	assert_contains(tracing.output, " s ");
	assert_contains(tracing.output, "dontneed");
	host_tracing_release(&tracing);
	expect_outcome(
		run_program("balloontrace", (const char *[]){ "host", "-p", pid, "--list", NULL }),
		0, "madvise", "fallocate");
	stop_all();
}

/* After --duration; a signal before that is said by the status. */
static void command_ends_by_itself(void **state)
{
	struct host_tracing tracing;
	struct outcome outcome;

	(void)state;
	skip_without_tracer();
	outcome = run_program("balloontrace",
			      (const char *[]){ "host", "--duration", "50ms", "--json", NULL });
	expect_outcome(outcome, 0, "\"event\"");
	host_tracing_start(&tracing, (const char *[]){ "host", "--duration", "1h", NULL });
	host_tracing_end(&tracing);
	assert_int_equal(tracing.status, EXIT_INTERRUPTED);
	host_tracing_release(&tracing);
}

static void signal_ends_the_command(void **state)
{
	/* The other interval is over before it begins. */
	static const char *const intervals[] = { "1", "1us" };
	struct host_tracing tracing;
	size_t i;

	(void)state;
	skip_without_tracer();
	for (i = 0; i < 2; i++) {
		host_tracing_start(&tracing,
				   (const char *[]){ "host", "--interval", intervals[i], NULL });
		host_tracing_end(&tracing);
		assert_int_equal(tracing.status, 0);
		host_tracing_release(&tracing);
	}
}

/* It ends although it cannot write: the pipe is full, and nobody reads it. */
static void signal_ends_a_blocked_command(void **state)
{
	const char page[4096] = "", *errors = in_test_dir("blocked.err");
	int ends[2];
	pid_t pid;

	(void)state;
	skip_without_tracer();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, sizeof(page)), sizeof(page));
	assert_int_equal(write(ends[1], page, sizeof(page)), sizeof(page));
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(open(errors, O_CREAT | O_WRONLY, 0600), STDERR_FILENO);
		execl(build_path("balloontrace"), "balloontrace", "host", "--all-qemu",
		      "--interval", "1us", "--json", NULL);
		_exit(127);
	}
	AWAIT(count_in_file(errors, "\n"));
	kill(pid, SIGTERM);
	assert_int_equal(wait_program(pid), EXIT_INTERRUPTED);
	close(ends[0]);
	close(ends[1]);
}

/* A process with a given ID, which was another's before. */
static pid_t sleep_as(pid_t wanted)
{
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&wanted,
				   .set_tid_size = 1 };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

static void process_with_the_id_of_another(void **state)
{
	struct traced_processes traced = { .tracer = open_or_skip(TRACE_PAGES) };
	pid_t pid = fork(), next;

	(void)state;
	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(traced_processes_add(&traced, pid), 0);
	traced_processes_update(&traced);
	assert_false(traced.list[0]->gone);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	next = sleep_as(pid);
	if (next < 0)
		skip_test("cannot choose the ID of a process: %s", strerror(errno));
	traced_processes_update(&traced);
	assert_true(traced.list[0]->gone);
	assert_int_equal(traced_processes_add(&traced, next), 0);
	assert_int_equal(traced.count, 2);
	assert_int_equal(traced.living, 1);
	kill(next, SIGKILL);
	waitpid(next, NULL, 0);
	host_tracer_close(traced.tracer);
	traced_processes_release(&traced);
}

static void wrong_options(void **state)
{
	static const struct {
		const char *args[6];
		const char *words;
	} cases[] = {
		{ { "host", "-p", "0", NULL }, "--pid 0" },
		{ { "host", "-p", "4194303", NULL }, "process 4194303: no such process" },
		{ { "host", "--duration", "soon", NULL }, "--duration soon" },
		{ { "host", "--level", "off", NULL }, "--level off" },
		{ { "host", "--ring", "5 KiB", NULL }, "--ring 5 KiB" },
		{ { "guest", "--mechanism", "magic", NULL }, "--mechanism magic" },
		{ { "host", "--duration", "18446744073709551615ns", NULL }, "expected a time" },
		{ { "host", "--interval", "5000000h", NULL }, "expected a time" },
		{ { "host", "all", NULL }, "unexpected argument: all" },
	};
	struct outcome outcome;
	size_t i;

	(void)state;
	skip_without_tracer();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		outcome = run_program("balloontrace", cases[i].args);
		assert_contains(outcome.output, cases[i].words);
		assert_in_range(outcome.status, 2, 3);
		outcome_release(&outcome);
	}
}

/* Without the permission there is one clear line. The copy can be run by everybody. */
static void without_permission(void **state)
{
	static const char *const sides[] = { "host", "guest" };
	struct outcome outcome;
	size_t i;

	(void)state;
	if (geteuid())
		skip_test("only root can become another user");
	for (i = 0; i < 2; i++) {
		outcome = run_shell("chmod 755 %1$s && cp %2$s %1$s/ && cd / && "
				    "setpriv --reuid=65534 --regid=65534 --clear-groups "
				    "%1$s/balloontrace %3$s --duration 1",
				    test_dir, build_path("balloontrace"), sides[i]);
		assert_int_equal(outcome.status, 3);
		assert_contains(outcome.output,
				"not permitted (errno 1); run it as root, or with CAP_BPF");
		assert_string_equal(strchr(outcome.output, '\n'), "\n");
		outcome_release(&outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_calls_are_counted),
		cmocka_unit_test(a_call_in_a_crowd_is_counted),
		cmocka_unit_test(maps_are_small),
		cmocka_unit_test(slots_are_reused),
		cmocka_unit_test(calls_of_a_program_without_probes),
		cmocka_unit_test(a_probe_that_cannot_be_attached),
		cmocka_unit_test(command_counts_all_calls),
		cmocka_unit_test(command_prints_text),
		cmocka_unit_test(command_ends_by_itself),
		cmocka_unit_test(signal_ends_the_command),
		cmocka_unit_test(signal_ends_a_blocked_command),
		cmocka_unit_test(process_with_the_id_of_another),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(without_permission),
	};

	return cmocka_run_group_tests(tests, test_dir_set_up, test_dir_tear_down);
}

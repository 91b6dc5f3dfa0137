/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's tracer and namespaces: processes in a PID or mount namespace of their own, seen from
 * inside and from outside, and the batches of programs whose file is not where the tracer is.
 */
#include "tests/helpers/unit.h"

#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/helpers/expect.h"
#include "tests/helpers/files.h"
#include "tests/helpers/host_tracing.h"

#define CALLS 80
#define BATCHES 7

static void copy(const char *helper, const char *name)
{
	expect_outcome(run_shell("cp %s %s/%s", build_path(helper), test_dir, name), 0, "");
}

static int set_up(void **state)
{
	test_dir_set_up(state);
	copy("tests/helpers/advise/advise", "vmm");
	return 0;
}

/* Traces one process of a namespace from inside of it, and says its ID there. */
static const char container[] =
	"cd $1; ./vmm brief $2 go-inside -name inside & pid=$!\n"
	"$3 host -p $pid >inside.out 2>inside.err & tracer=$!\n"
	"until grep -q 'tracing 1 process' inside.err || ! kill -0 $tracer; do sleep 0.01; done\n"
	"touch go-inside; wait $pid; kill -TERM $tracer; wait $tracer\n"
	"cat inside.out inside.err; echo traced $pid\n";

/*
 * In a PID and a mount namespace of its own, -p takes the ID that is seen there; those outside are
 * not there.
 */
static void inside_a_container(void **state)
{
	struct outcome outcome;

	(void)state;
	skip_without_tracer();
	write_file(test_dir, "container.sh", container);
	outcome = run_shell("unshare --pid --mount --fork --mount-proc "
			    "bash %1$s/container.sh %1$s %2$d %3$s",
			    test_dir, CALLS, build_path("balloontrace"));
	assert_contains(outcome.output, "inside (2)");
	assert_contains(outcome.output, "cold: 80 calls");
	assert_contains(outcome.output, "traced 2\n");
	outcome_release(&outcome);
}

/* Without a /proc of the namespace there are no such processes, and that is why. */
static void inside_with_the_proc_of_the_host(void **state)
{
	(void)state;
	skip_without_tracer();
	expect_outcome(run_shell("unshare --pid --fork bash -c '%s host -p 77 --duration 1'",
				 build_path("balloontrace")),
		       3,
		       "process 77: no such process; this /proc is that of another PID namespace");
}

/* The ID of a thread is no process: its process is named. */
static void a_thread(void **state)
{
	const char *go = in_test_dir("go-thread"), *args[] = { "1", go, "-", NULL };
	char tasks[64], says[64], id[16];
	pid_t pid = start_program("tests/helpers/advise/advise", args), thread = 0;
	DIR *dir;
	struct dirent *entry;

	(void)state;
	skip_without_tracer();
	write_file(test_dir, "go-thread", "");
	snprintf(tasks, sizeof(tasks), "/proc/%d/task", (int)pid);
	AWAIT(count_files(tasks) == 3);
	dir = opendir(tasks);
	while ((entry = readdir(dir)))
		if (atoi(entry->d_name) != pid)
			thread = atoi(entry->d_name) ?: thread;
	closedir(dir);
	snprintf(id, sizeof(id), "%d", (int)thread);
	snprintf(says, sizeof(says), "it is a thread of process %d; use -p %d", (int)pid, (int)pid);
	expect_outcome(run_program("balloontrace",
				   (const char *[]){ "host", "-p", id, "--duration", "1", NULL }),
		       3, says);
	kill(pid, SIGKILL);
	wait_program(pid);
}

/* Start a command of bash, a printf() format. */
static pid_t start_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static pid_t start_shell(const char *format, ...)
{
	char command[2048];
	va_list ap;
	pid_t pid;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/bin/bash", "bash", "-c", command, NULL);
	_exit(127);
}

/* Batches of the traced virtual machine of that name; the test fails if it is not there. */
static double batches_of(const json_t *json, const char *vm)
{
	const json_t *process;
	size_t i;

	json_array_foreach (json_object_get(json, "processes"), i, process)
		if (!strcmp(text_of(process, "vm"), vm))
			return number_of(process, "batches.inflate.batches");
	fail_msg("no virtual machine %s", vm);
	return 0;
}

/*
 * Trace every machine at level phases while the commands of @start make two of them, "one" and
 * "two", which release their batches once both are traced. What the command prints.
 */
static json_t *trace_two(void (*start)(pid_t pids[2]))
{
	struct host_tracing tracing;
	char record[512], done[2][512];
	pid_t pids[2];
	json_t *json;
	int i;

	skip_without_tracer();
	snprintf(record, sizeof(record), "%s", in_test_dir("two.jsonl"));
	snprintf(done[0], sizeof(done[0]), "%s", in_test_dir("done-one"));
	snprintf(done[1], sizeof(done[1]), "%s", in_test_dir("done-two"));
	unlink(record);
	unlink(in_test_dir("go"));
	host_tracing_start(&tracing, (const char *[]){ "host", "--level", "phases", "--json",
						       "--record", record, NULL });
	start(pids);
	AWAIT(count_in_file(record, "\"one\"") && count_in_file(record, "\"two\""));
	write_file(test_dir, "go", "");
	for (i = 0; i < 2; i++) {
		AWAIT(!access(done[i], F_OK));
		unlink(done[i]);
	}
	host_tracing_end(&tracing);
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	json = json_loads(tracing.output, 0, NULL);
	assert_non_null(json);
	host_tracing_release(&tracing);
	return json;
}

static void expect_batches(json_t *json)
{
	assert_number(batches_of(json, "one"), BATCHES);
	assert_number(batches_of(json, "two"), BATCHES);
	json_decref(json);
}

/* The arguments of a command: directory, number of batches, name, program. */
#define EXEC_VM "exec ./qemu-system-x86_64 %2$d %1$s/go %1$s/done-%3$s -name guest=%3$s"
static void start_by(const char *format, pid_t pids[2])
{
	static const char *const names[] = { "one", "two" };
	char command[2048];
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(command, sizeof(command), format, test_dir, BATCHES, names[i],
			 build_path("tests/helpers/release-batches/release-batches"));
		pids[i] = start_shell("exec unshare --mount bash -c '%s'", command);
	}
}

/* Each has its program in a file system that nobody else sees. */
static void start_private(pid_t pids[2])
{
	start_by("mkdir -p %1$s/private && mount -t tmpfs none %1$s/private && cd %1$s/private && "
		 "cp %4$s qemu-system-x86_64 && " EXEC_VM,
		 pids);
}

static void programs_of_other_mounts(void **state)
{
	(void)state;
	expect_batches(trace_two(start_private));
}

/* One file, of which each has a view of its own, as two containers of an image have. */
static void start_overlaid(pid_t pids[2])
{
	start_by("cd %1$s && mkdir view-%3$s && mount -t overlay overlay "
		 "-o lowerdir=image:empty view-%3$s && cd view-%3$s && " EXEC_VM,
		 pids);
}

static void one_program_of_two_views(void **state)
{
	struct outcome outcome;

	(void)state;
	skip_without_tracer();
	outcome =
		run_shell("cd %s && mkdir image empty && cp %s image/qemu-system-x86_64 && "
			  "unshare --mount mount -t overlay overlay -o lowerdir=image:empty image",
			  test_dir, build_path("tests/helpers/release-batches/release-batches"));
	if (outcome.status)
		skip_test("no overlay here: %s", outcome.output);
	outcome_release(&outcome);
	expect_batches(trace_two(start_overlaid));
}

/* Its file is gone before the tracer comes, as after an upgrade. */
static void program_without_its_file(void **state)
{
	char go[256], done[256], id[16];
	struct host_tracing tracing;
	json_t *json;
	pid_t pid;

	(void)state;
	skip_without_tracer();
	snprintf(go, sizeof(go), "%s", in_test_dir("go-deleted"));
	snprintf(done, sizeof(done), "%s", in_test_dir("done-deleted"));
	copy("tests/helpers/release-batches/release-batches", "old");
	pid = start_shell("exec %s/old %d %s %s -name old", test_dir, BATCHES, go, done);
	await_program(pid, "old");
	unlink(in_test_dir("old"));
	snprintf(id, sizeof(id), "%d", (int)pid);
	host_tracing_start(&tracing, (const char *[]){ "host", "-p", id, "--json", NULL });
	write_file(test_dir, "go-deleted", "");
	AWAIT(!access(done, F_OK));
	host_tracing_end(&tracing);
	json = json_loads(tracing.output, 0, NULL);
	assert_number(batches_of(json, "old"), BATCHES);
	json_decref(json);
	host_tracing_release(&tracing);
	kill(pid, SIGKILL);
	wait_program(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_a_container),
		cmocka_unit_test(inside_with_the_proc_of_the_host),
		cmocka_unit_test(a_thread),
		cmocka_unit_test(programs_of_other_mounts),
		cmocka_unit_test(one_program_of_two_views),
		cmocka_unit_test(program_without_its_file),
	};

	return cmocka_run_group_tests(tests, set_up, test_dir_tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/guest/concurrent.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/channel.h"
#include "bench/guest/procfs.h"
#include "lib/clock.h"

#define TASKS_MAX 16
#define STEPS_MAX 12
/* How often the agent looks whether they are done. */
#define LOOK_MS 5
/* /proc/PID/oom_score_adj: first to be killed, and never. */
#define OOM_FIRST "1000"
#define OOM_NEVER "-1000"

/* What a task tells of itself, in memory that it shares with the agent. */
struct report {
	uint64_t duration_ns;
	int steps; /* done */
	int errors[STEPS_MAX];
};

struct task {
	const json_t *steps;
	pid_t pid; /* 0: has ended, or was never begun */
	int fork_error;
	int wait_status;
};

static struct report *reports;

static void nap_ms(json_int_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NSEC_PER_MSEC };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Written once, and held until the process ends, unless it is killed for it. */
static int press(json_int_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	json_int_t at;
	char *map;

	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	for (at = 0; at < bytes; at += page)
		*(volatile json_int_t *)(map + at) = at + 1;
	return 0;
}

static const char *word(const json_t *step, size_t i)
{
	const char *text = json_string_value(json_array_get(step, i));

	return text ? text : "";
}

static int do_step(const json_t *step)
{
	json_int_t value = json_integer_value(json_array_get(step, 1));

	if (!strcmp(word(step, 0), "write"))
		return procfs_write(word(step, 1), word(step, 2));
	if (!strcmp(word(step, 0), "press"))
		return press(value);
	if (strcmp(word(step, 0), "sleep"))
		return -EINVAL;
	nap_ms(value);
	return 0;
}

static bool presses(const json_t *steps)
{
	const json_t *step;
	size_t i;

	json_array_foreach (steps, i, step)
		if (!strcmp(word(step, 0), "press"))
			return true;
	return false;
}

/*
 * The agent runs before everybody else and on one CPU; its children are to get
 * into each other's way. One that was to undo what it did must not be killed for
 * memory: those that take it are.
 */
static void become_ordinary(const json_t *steps)
{
	const struct sched_param param = { .sched_priority = 0 };
	cpu_set_t cpus;
	int i;

	sched_setscheduler(0, SCHED_OTHER, &param);
	CPU_ZERO(&cpus);
	for (i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
		CPU_SET(i, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	procfs_write("/proc/self/oom_score_adj", presses(steps) ? OOM_FIRST : OOM_NEVER);
}

static __attribute__((noreturn)) void run_task(const json_t *steps, struct report *report, int gate)
{
	const json_t *step;
	uint64_t start;
	char end;
	size_t i;

	become_ordinary(steps);
	/* Nothing is written: the gate opens when the agent closes its end. */
	while (read(gate, &end, 1) < 0 && errno == EINTR)
		;
	start = clock_ns();
	json_array_foreach (steps, i, step) {
		report->errors[i] = -do_step(step);
		report->steps = i + 1;
		report->duration_ns = clock_ns() - start;
	}
	_exit(0);
}

static void begin(struct task *task, struct report *report, const int gate[2])
{
	memset(report, 0, sizeof(*report));
	task->pid = fork();
	if (!task->pid) {
		close(gate[1]);
		run_task(task->steps, report, gate[0]);
	}
	if (task->pid < 0) {
		task->fork_error = errno;
		task->pid = 0;
	}
}

/* False where some have not ended in time. */
static bool await_all(struct task *tasks, size_t count, uint64_t deadline)
{
	size_t i, left;

	do {
		left = 0;
		for (i = 0; i < count; i++) {
			if (tasks[i].pid &&
			    waitpid(tasks[i].pid, &tasks[i].wait_status, WNOHANG) == tasks[i].pid)
				tasks[i].pid = 0;
			left += tasks[i].pid != 0;
		}
		if (!left)
			return true;
		nap_ms(LOOK_MS);
	} while (clock_ns() < deadline);
	return false;
}

static json_t *outcome(const struct task *task, const struct report *report)
{
	json_t *errors = json_array();
	int i;

	for (i = 0; i < report->steps; i++)
		if (report->errors[i])
			json_array_append_new(errors,
					      json_pack("[i, s]", i, strerror(report->errors[i])));
	if (task->fork_error)
		json_array_append_new(errors, json_pack("[i, s]", -1, strerror(task->fork_error)));
	return json_pack("{s:I, s:i, s:i, s:b, s:o}", "duration_ns",
			 (json_int_t)report->duration_ns, "steps", report->steps, "signal",
			 WIFSIGNALED(task->wait_status) ? WTERMSIG(task->wait_status) : 0,
			 "running", task->pid != 0, "errors", errors);
}

static size_t parse(const json_t *tasks, struct task parsed[TASKS_MAX])
{
	size_t i, count = json_array_size(tasks);

	if (count > TASKS_MAX)
		return 0;
	for (i = 0; i < count; i++) {
		parsed[i] = (struct task){ .steps = json_array_get(tasks, i) };
		if (!json_array_size(parsed[i].steps) ||
		    json_array_size(parsed[i].steps) > STEPS_MAX)
			return 0;
	}
	return count;
}

static int prepare(int gate[2])
{
	if (!reports) {
		reports = mmap(NULL, TASKS_MAX * sizeof(*reports), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (reports == MAP_FAILED) {
			reports = NULL;
			return -ENOMEM;
		}
	}
	return pipe(gate) ? -errno : 0;
}

json_t *do_concurrent(struct request *req)
{
	json_int_t timeout_ns = json_integer_value(json_object_get(req->msg, "timeout_ns"));
	json_t *outcomes;
	struct task tasks[TASKS_MAX];
	size_t i, count = parse(json_object_get(req->msg, "tasks"), tasks);
	uint64_t deadline;
	int gate[2], err;

	err = count && timeout_ns > 0 ? prepare(gate) : -EINVAL;
	if (err) {
		req->error = strerror(-err);
		return NULL;
	}
	for (i = 0; i < count; i++)
		begin(&tasks[i], &reports[i], gate);
	close(gate[0]);
	deadline = clock_ns() + timeout_ns;
	channel_send(json_pack("{s:I, s:b}", "id", req->id, "ok", 1));
	close(gate[1]);
	await_all(tasks, count, deadline);
	outcomes = json_array();
	for (i = 0; i < count; i++)
		json_array_append_new(outcomes, outcome(&tasks[i], &reports[i]));
	channel_send(json_pack("{s:s, s:o}", "event", "together", "tasks", outcomes));
	return NULL;
}

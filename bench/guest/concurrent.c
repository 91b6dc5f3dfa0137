/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each task of a request is a process that runs a list of steps. The request is answered when all
 * are about to begin, the event "concurrent" follows the last end. A failed step ends no task.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/guest.h"
#include "lib/clock.h"

#define TASKS_MAX 16
#define STEPS_MAX 12
/* How often the agent polls for their end. */
#define POLL_NS (5 * NSEC_PER_MSEC)
/* /proc/PID/oom_score_adj: first to be killed, and never. */
#define OOM_FIRST "1000"
#define OOM_NEVER "-1000"

/* A task, in memory that it shares with the agent. */
struct task {
	pid_t pid; /* 0: it has ended, or fork() failed */
	int wait_status;
	uint64_t duration_ns;
	int steps;		   /* done */
	int errors[1 + STEPS_MAX]; /* of fork(), and of each step */
};

static int do_step(const struct guest_step *step)
{
	char *map;

	if (step->path && step->text)
		return procfs_write(step->path, step->text);
	if (step->press_bytes > 0) {
		/* Held until the process ends. */
		map = memory_map(step->press_bytes);
		if (!map)
			return -errno;
		memory_write(map, step->press_bytes);
		return 0;
	}
	if (step->sleep_ms < 0)
		return -EINVAL;
	sleep_ns(step->sleep_ms * NSEC_PER_MSEC);
	return 0;
}

void schedule_as_others(void)
{
	const struct sched_param param = { .sched_priority = 0 };
	cpu_set_t cpus;

	sched_setscheduler(0, SCHED_OTHER, &param);
	memset(&cpus, 0xff, sizeof(cpus));
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* The OOM killer is to take the tasks that press only. */
static void become_ordinary(const struct record_list *steps)
{
	const struct guest_step *step = steps->items;
	const char *oom = OOM_NEVER;
	size_t i;

	for (i = 0; i < steps->count; i++)
		if (step[i].press_bytes > 0)
			oom = OOM_FIRST;
	procfs_write("/proc/self/oom_score_adj", oom);
	schedule_as_others();
}

static __attribute__((noreturn)) void run_task(const struct record_list *steps, struct task *task,
					       int gate)
{
	const struct guest_step *step = steps->items;
	uint64_t start;
	char end;

	become_ordinary(steps);
	/* Returns when the agent closes its end: nothing is written. */
	while (read(gate, &end, 1) < 0 && errno == EINTR)
		;
	start = clock_ns();
	while (task->steps < (int)steps->count) {
		task->errors[1 + task->steps] = -do_step(&step[task->steps]);
		task->steps++;
		task->duration_ns = clock_ns() - start;
	}
	_exit(0);
}

static void begin(const struct record_list *steps, struct task *task, const int gate[2])
{
	pid_t pid = fork();

	if (!pid) {
		close(gate[1]);
		run_task(steps, task, gate[0]);
	}
	task->errors[0] = pid < 0 ? errno : 0;
	task->pid = pid < 0 ? 0 : pid;
}

/* Until all have ended, or the deadline. */
static void await_all(struct task *tasks, size_t count, uint64_t deadline)
{
	struct task *task;
	size_t left;

	do {
		sleep_ns(POLL_NS);
		left = 0;
		for (task = tasks; task < tasks + count; task++) {
			if (task->pid &&
			    waitpid(task->pid, &task->wait_status, WNOHANG) == task->pid)
				task->pid = 0;
			left += task->pid != 0;
		}
	} while (left && clock_ns() < deadline);
}

static void add_outcome(struct event_concurrent *event, const struct task *task)
{
	struct guest_outcome *outcome = record_append(&guest_outcome_record, &event->tasks);
	struct guest_step_error *e;
	int i;

	outcome->duration_ns = task->duration_ns;
	outcome->steps = task->steps;
	outcome->signal = WIFSIGNALED(task->wait_status) ? WTERMSIG(task->wait_status) : 0;
	outcome->running = task->pid != 0;
	for (i = 0; i <= task->steps; i++) {
		if (!task->errors[i])
			continue;
		e = record_append(&guest_step_error_record, &outcome->errors);
		e->step = i - 1;
		record_set_text(&e->error, strerror(task->errors[i]));
	}
}

static bool is_runnable(const struct record_list *list)
{
	const struct guest_task *task = list->items;
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!task[i].steps.count || task[i].steps.count > STEPS_MAX)
			return false;
	return list->count && list->count <= TASKS_MAX;
}

int do_concurrent(struct call *call)
{
	const struct record_list *list = &call->request.tasks;
	const struct guest_task *task = list->items;
	struct event_concurrent event = { { NULL, 0 } };
	struct task *tasks;
	uint64_t deadline;
	int gate[2];
	size_t i;

	if (!is_runnable(list))
		return -EINVAL;
	if (pipe(gate))
		return -errno;
	tasks = mmap(NULL, TASKS_MAX * sizeof(*tasks), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (tasks == MAP_FAILED)
		abort();
	for (i = 0; i < list->count; i++)
		begin(&task[i].steps, &tasks[i], gate);
	close(gate[0]);
	deadline = clock_ns() + call->request.timeout_ns;
	channel_answer(call->request.id, NULL, NULL, NULL);
	close(gate[1]);
	await_all(tasks, list->count, deadline);
	for (i = 0; i < list->count; i++)
		add_outcome(&event, &tasks[i]);
	channel_event("concurrent", NULL, &event_concurrent_record, &event);
	record_release(&event_concurrent_record, &event);
	munmap(tasks, TASKS_MAX * sizeof(*tasks));
	return ANSWERED;
}

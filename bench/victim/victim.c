/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/victim/victim.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/victim/work.h"
#include "lib/clock.h"

/* A victim that does not end by itself is stuck in a piece. */
#define STOP_MS 10000
#define LOOK_NS 1000000

struct victim {
	pid_t pid;
	const struct work *work;
	struct record *record;
};

static void wait_until(uint64_t due_ns, bool spins)
{
	const struct timespec due = { .tv_sec = due_ns / NSEC_PER_SEC,
				      .tv_nsec = due_ns % NSEC_PER_SEC };

	if (!spins)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	else
		while (clock_ns() < due_ns)
			;
}

static void run_pieces(const struct work *work, struct record *record)
{
	uint64_t due = record->begin_ns + work->period_ns;

	for (; !atomic_load(&record->stop); due += work->period_ns) {
		wait_until(due, work->spins);
		work->piece();
		record_value(record, due, clock_ns() - due);
		if (work->tidy)
			work->tidy();
	}
}

static int settle(const struct work *work, int cpu, pid_t parent)
{
	const struct sched_param ordinary = { .sched_priority = 0 },
				 first = { .sched_priority = 1 };
	cpu_set_t cpus;

	/* Not to outlive whoever started it, nor to run with its priority. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return -ESRCH; /* it died before the line above */
	prctl(PR_SET_TIMERSLACK, 1);
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	if (work->realtime)
		sched_setscheduler(0, SCHED_FIFO, &first);
	CPU_ZERO(&cpus);
	CPU_SET(cpu < 0 ? 0 : cpu, &cpus);
	if (cpu >= 0 && sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		return -errno;
	return work->prepare ? work->prepare() : 0;
}

static __attribute__((noreturn)) void live(const struct victim *victim, int cpu, pid_t parent)
{
	struct record *record = victim->record;
	int err = settle(victim->work, cpu, parent);

	record->lowest_is_worst = victim->work->run != NULL;
	record->begin_ns = clock_ns();
	atomic_store(&record->ready, err ? err : 1);
	if (err)
		_exit(1);
	if (victim->work->run)
		victim->work->run(record);
	else
		run_pieces(victim->work, record);
	_exit(0);
}

/* Look until the child has ended, or for @ms: whether it has. */
static bool has_ended(pid_t pid, uint64_t ms, int *status)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t deadline = deadline_in_ms(ms);

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (clock_ns() >= deadline)
			return false;
		nanosleep(&look, NULL);
	}
	return true;
}

static void release(struct victim *victim)
{
	if (victim->record)
		munmap(victim->record, sizeof(*victim->record));
	free(victim);
}

/* 0 or the -errno that the child could not prepare its work for. */
static int wait_ready(struct victim *victim)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	int ready, status;

	while (!(ready = atomic_load(&victim->record->ready))) {
		if (has_ended(victim->pid, 0, &status))
			return -ECHILD;
		nanosleep(&look, NULL);
	}
	if (ready < 0)
		has_ended(victim->pid, STOP_MS, &status);
	return ready < 0 ? ready : 0;
}

bool victim_is_kind(const char *kind)
{
	return work_find(kind) != NULL;
}

int victim_start(struct victim **victim, const char *kind, int cpu)
{
	const struct work *work = work_find(kind);
	pid_t parent = getpid();
	struct victim *v;
	int err;

	if (!work)
		return -EINVAL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->work = work;
	v->record = mmap(NULL, sizeof(*v->record), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (v->record == MAP_FAILED) {
		v->record = NULL;
		err = -ENOMEM;
		goto fail;
	}
	record_mark(v->record, VICTIM_BEFORE);
	v->pid = fork();
	if (v->pid < 0) {
		err = -errno;
		goto fail;
	}
	if (!v->pid)
		live(v, cpu, parent);
	err = wait_ready(v);
	if (err)
		goto fail;
	*victim = v;
	return 0;
fail:
	release(v);
	return err;
}

void victim_enter(struct victim *victim, enum victim_phase phase)
{
	record_mark(victim->record, phase);
}

pid_t victim_pid(const struct victim *victim)
{
	return victim->pid;
}

json_t *victim_stop(struct victim *victim)
{
	json_t *noted = NULL, *all = NULL;
	int status = -1;

	atomic_store(&victim->record->stop, true);
	if (!has_ended(victim->pid, STOP_MS, &status)) {
		kill(victim->pid, SIGKILL);
		waitpid(victim->pid, &status, 0);
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		noted = record_to_json(victim->record);
	if (noted) {
		json_object_set_new(noted, "period_ns", json_integer(victim->work->period_ns));
		all = json_pack("{s:o}", victim->work->figure, noted);
	}
	release(victim);
	return all;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/victim/victims.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloc.h"
#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/record_table.h"

/* A victim that has not ended after this is stuck in its work. */
#define STOP_MS 10000
#define POLL_NS 1000000

#define NOTES_MARKS_MAX 4096
/* 10 ms each: five minutes. */
#define NOTES_STRETCH_NS 10000000ULL
#define NOTES_STRETCHES_MAX 30000

/* The measurements of a victim, in memory shared with the process that started it. */
struct notes {
	/* Written by the starter. */
	atomic_bool stop;
	atomic_uint mark_count;
	struct victim_mark marks[NOTES_MARKS_MAX];
	/* Written by the victim. */
	atomic_int ready; /* 1, or -errno */
	bool lowest_is_worst;
	uint64_t begin_ns;
	struct histogram phases[VICTIM_PHASES], stalls[VICTIM_PHASES];
	bool has_stall; /* not in a histogram yet */
	enum result_victim_phase stall_phase;
	uint64_t stall_worst;
	uint64_t stretches[NOTES_STRETCHES_MAX]; /* worst value + 1; 0: none */
};

/* A kind of victim: its work, and when it is due. */
struct work {
	const char *kind;
	const char *metric; /* in result.json, with its unit */
	uint64_t period_ns;
	/* Poll the clock until work is due, so that the latency has no wake-up; or measure
	   the wake-up, with SCHED_FIFO if permitted. */
	enum { SPINS, REALTIME } waiting;
	int (*prepare)(void); /* 0 or -errno; may be NULL */
	void (*piece)(void);
	void (*tidy)(void);		  /* between pieces, not timed; may be NULL */
	void (*run)(struct notes *notes); /* in place of pieces */
};

#define S struct victim_spec
RECORD(victim_spec_record, "victim_spec", NULL,
	FIELD(TEXT, kind, .required = true),
	FIELD(INTEGER, cpu, .required = true));
#undef S

static void notes_mark(struct notes *notes, enum result_victim_phase phase)
{
	unsigned int n = atomic_load(&notes->mark_count);

	if (n == NOTES_MARKS_MAX)
		return;
	notes->marks[n] = (struct victim_mark){ .at_ns = clock_ns(), .phase = phase };
	atomic_store(&notes->mark_count, n + 1);
}

static enum result_victim_phase phase_at(const struct notes *notes, uint64_t ns)
{
	unsigned int n = atomic_load(&notes->mark_count);

	while (n > 1 && (uint64_t)notes->marks[n - 1].at_ns > ns)
		n--;
	return n ? notes->marks[n - 1].phase : PHASE_BEFORE;
}

static bool is_worse(const struct notes *notes, uint64_t value, uint64_t than)
{
	return notes->lowest_is_worst ? value < than : value > than;
}

static void widen(struct notes *notes, uint64_t due_ns, uint64_t value)
{
	uint64_t i = (due_ns - notes->begin_ns) / NOTES_STRETCH_NS, *worst;

	if (i >= NOTES_STRETCHES_MAX)
		return;
	worst = &notes->stretches[i];
	if (!*worst || is_worse(notes, value + 1, *worst))
		*worst = value + 1;
}

static void end_stall(struct notes *notes)
{
	if (notes->has_stall)
		histogram_add(&notes->stalls[notes->stall_phase], notes->stall_worst);
	notes->has_stall = false;
}

/* Add the value of work that was due at @due_ns, in the phase of that time. @waited: the work
 * before it had not ended then, so it belongs to the same stall; one is counted in each phase. */
static void notes_value(struct notes *notes, uint64_t due_ns, uint64_t value, bool waited)
{
	enum result_victim_phase phase = phase_at(notes, due_ns);

	histogram_add(&notes->phases[phase], value);
	widen(notes, due_ns, value);
	if (!waited || phase != notes->stall_phase)
		end_stall(notes);
	if (!notes->has_stall || is_worse(notes, value, notes->stall_worst))
		notes->stall_worst = value;
	notes->stall_phase = phase;
	notes->has_stall = true;
}

/* fault: first touches of a mapping. No huge pages: one fault would serve 512 touches. */
#define FAULT_BYTES (2UL << 20)

static char *fault_map;
static size_t fault_at, page_bytes;

static int fault_prepare(void)
{
	page_bytes = sysconf(_SC_PAGESIZE);
	fault_at = 0;
	fault_map =
		mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fault_map == MAP_FAILED)
		return -errno;
	/* Fails on a kernel without huge pages, which does not need it. */
	madvise(fault_map, FAULT_BYTES, MADV_NOHUGEPAGE);
	return 0;
}

static void fault_piece(void)
{
	*(volatile char *)(fault_map + fault_at) = 1;
	fault_at += page_bytes;
}

static void fault_tidy(void)
{
	if (fault_at < FAULT_BYTES)
		return;
	munmap(fault_map, FAULT_BYTES);
	if (fault_prepare())
		_exit(1);
}

/* sched: wake-up latency, as cyclictest of rt-tests measures it. */
static void sched_piece(void)
{
}

/* syscall: write a byte into a pipe and read it. */
static int pipe_fds[2];

static int pipe_prepare(void)
{
	return pipe(pipe_fds) ? -errno : 0;
}

static void syscall_piece(void)
{
	char byte = 0;

	if (write(pipe_fds[1], &byte, 1) != 1 || read(pipe_fds[0], &byte, 1) != 1)
		_exit(1);
}

/* request: sum up memory that exceeds the L1 cache, then write an answer. */
#define REQUEST_BYTES (256UL << 10)

static uint64_t request_data[REQUEST_BYTES / sizeof(uint64_t)];
static volatile uint64_t request_answer;

static int request_prepare(void)
{
	memset(request_data, 1, sizeof(request_data));
	return pipe_prepare();
}

static void request_piece(void)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < REQUEST_BYTES / sizeof(uint64_t); i += 8)
		sum += request_data[i];
	request_answer = sum;
	syscall_piece();
}

/* bandwidth: bytes per 10 ms of STREAM's triad (McCalpin): two doubles read, one written. */
#define TRIAD_ELEMENTS (1UL << 20)
#define TRIAD_BLOCK 4096
#define TRIAD_BYTES (3 * sizeof(double))

static double *triad;

static int bandwidth_prepare(void)
{
	triad = malloc(TRIAD_ELEMENTS * TRIAD_BYTES);
	if (!triad)
		return -ENOMEM;
	memset(triad, 0, TRIAD_ELEMENTS * TRIAD_BYTES);
	return 0;
}

static void triad_block(size_t at)
{
	volatile double *a = triad + at;
	const double *b = triad + TRIAD_ELEMENTS + at, *c = triad + 2 * TRIAD_ELEMENTS + at;
	size_t i;

	for (i = 0; i < TRIAD_BLOCK; i++)
		a[i] = b[i] + 3 * c[i];
}

static void bandwidth_run(struct notes *notes)
{
	uint64_t window = notes->begin_ns, bytes = 0, now;
	size_t at = 0;
	bool waited = false; /* the last block began before the window */

	while (!atomic_load(&notes->stop)) {
		triad_block(at);
		at = (at + TRIAD_BLOCK) % TRIAD_ELEMENTS;
		bytes += TRIAD_BLOCK * TRIAD_BYTES;
		now = clock_ns();
		/* A block counts in the window it ends in; earlier ones get no bytes. */
		for (; now >= window + 2 * NOTES_STRETCH_NS; window += NOTES_STRETCH_NS) {
			notes_value(notes, window, 0, waited);
			waited = true;
		}
		if (now >= window + NOTES_STRETCH_NS) {
			notes_value(notes, window, bytes * NSEC_PER_SEC / NOTES_STRETCH_NS, waited);
			window += NOTES_STRETCH_NS;
			bytes = 0;
			waited = false;
		}
	}
	end_stall(notes);
}

static const struct work works[] = {
	{ "fault", "fault_ns", 100000, SPINS, fault_prepare, fault_piece, fault_tidy, NULL },
	{ "sched", "sched_ns", 1000000, REALTIME, NULL, sched_piece, NULL, NULL },
	{ "syscall", "syscall_ns", 100000, SPINS, pipe_prepare, syscall_piece, NULL, NULL },
	{ "request", "request_ns", 1000000, SPINS, request_prepare, request_piece, NULL, NULL },
	{ "bandwidth", "bandwidth_bytes_per_s", NOTES_STRETCH_NS, SPINS, bandwidth_prepare, NULL,
	  NULL, bandwidth_run },
};

const struct work *victim_work(const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (!strcmp(works[i].kind, kind))
			return &works[i];
	return NULL;
}

static struct histogram *copy(const struct histogram *h)
{
	struct histogram *copied = h->count ? xcalloc(1, sizeof(*h)) : NULL;

	if (copied)
		*copied = *h;
	return copied;
}

static void notes_result(const struct notes *notes, struct victim_result *result)
{
	unsigned int n = atomic_load(&notes->mark_count);
	size_t i;

	for (i = 0; i < n; i++)
		*(struct victim_mark *)record_append(&victim_mark_record, &result->marks) =
			notes->marks[i];
	result->series_ns = NOTES_STRETCH_NS;
	for (i = 0; i < NOTES_STRETCHES_MAX; i++)
		if (notes->stretches[i])
			record_append_pair(&result->series, notes->begin_ns + i * NOTES_STRETCH_NS,
					   notes->stretches[i] - 1);
	for (i = 0; i < VICTIM_PHASES; i++) {
		result->phases[i] = copy(&notes->phases[i]);
		result->stalls.phases[i] = copy(&notes->stalls[i]);
	}
}

static void wait_until(uint64_t due_ns, bool spins)
{
	const struct timespec due = { .tv_sec = due_ns / NSEC_PER_SEC,
				      .tv_nsec = due_ns % NSEC_PER_SEC };

	/* Sleeping until a past time takes a timer interrupt: a SCHED_FIFO victim that catches up
	   would keep all others from its CPU. */
	while (clock_ns() < due_ns)
		if (!spins)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static void run_pieces(const struct work *work, struct notes *notes)
{
	uint64_t due = notes->begin_ns + work->period_ns;
	bool waited;

	for (; !atomic_load(&notes->stop); due += work->period_ns) {
		waited = clock_ns() >= due;
		wait_until(due, work->waiting == SPINS);
		work->piece();
		notes_value(notes, due, clock_ns() - due, waited);
		if (work->tidy)
			work->tidy();
	}
	end_stall(notes);
}

static int settle(const struct work *work, int cpu, pid_t parent)
{
	const struct sched_param ordinary = { .sched_priority = 0 },
				 first = { .sched_priority = 1 };
	cpu_set_t cpus;

	/* End with the starter, and drop its priority. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return -ESRCH; /* it died before the line above */
	prctl(PR_SET_TIMERSLACK, 1);
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	if (work->waiting == REALTIME)
		sched_setscheduler(0, SCHED_FIFO, &first);
	CPU_ZERO(&cpus);
	CPU_SET(cpu < 0 ? 0 : cpu, &cpus);
	if (cpu >= 0 && sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		return -errno;
	return work->prepare ? work->prepare() : 0;
}

static __attribute__((noreturn)) void live(const struct victim *victim, int cpu, pid_t parent)
{
	struct notes *notes = victim->notes;
	int err = settle(victim->work, cpu, parent);

	notes->lowest_is_worst = victim->work->run != NULL;
	notes->begin_ns = clock_ns();
	atomic_store(&notes->ready, err ? err : 1);
	if (err)
		_exit(1);
	if (victim->work->run)
		victim->work->run(notes);
	else
		run_pieces(victim->work, notes);
	_exit(0);
}

/* Poll for up to @ms; whether the child has ended. */
static bool has_ended(pid_t pid, uint64_t ms, int *status)
{
	uint64_t deadline = deadline_in_ms(ms);

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (clock_ns() >= deadline)
			return false;
		sleep_ns(POLL_NS);
	}
	return true;
}

/* Wait until the child has prepared its work: 0 or its -errno. */
static int wait_ready(struct victim *victim)
{
	int ready, status;

	while (!(ready = atomic_load(&victim->notes->ready))) {
		if (has_ended(victim->pid, 0, &status))
			return -ECHILD;
		sleep_ns(POLL_NS);
	}
	if (ready < 0)
		has_ended(victim->pid, STOP_MS, &status);
	return ready < 0 ? ready : 0;
}

static int start(struct victim *victim, const struct victim_spec *spec)
{
	pid_t parent = getpid();
	int err;

	*victim = (struct victim){ .work = victim_work(spec->kind) };
	if (!victim->work)
		return -EINVAL;
	victim->notes = mmap(NULL, sizeof(*victim->notes), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (victim->notes == MAP_FAILED)
		return -errno;
	notes_mark(victim->notes, PHASE_BEFORE);
	victim->pid = fork();
	if (!victim->pid)
		live(victim, spec->cpu, parent);
	err = victim->pid < 0 ? -errno : wait_ready(victim);
	if (err)
		munmap(victim->notes, sizeof(*victim->notes));
	return err;
}

static int stop(struct victim *victim, struct victim_result *result)
{
	int status = -1, err;

	atomic_store(&victim->notes->stop, true);
	if (!has_ended(victim->pid, STOP_MS, &status)) {
		kill(victim->pid, SIGKILL);
		waitpid(victim->pid, &status, 0);
	}
	err = WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
	record_set_text(&result->name, victim->work->metric);
	result->period_ns = victim->work->period_ns;
	if (!err)
		notes_result(victim->notes, result);
	munmap(victim->notes, sizeof(*victim->notes));
	return err;
}

int victims_start(struct victims *victims, const struct record_list *list, char *err,
		  size_t err_size)
{
	const struct victim_spec *spec = list->items;
	int status = 0;
	size_t i;

	for (i = 0; !status && i < list->count; i++) {
		status = victims->count == VICTIMS_MAX
				 ? -E2BIG
				 : start(&victims->list[victims->count], &spec[i]);
		victims->count += !status;
	}
	if (status) {
		snprintf(err, err_size, "victim %s: %s", spec[i - 1].kind, strerror(-status));
		victims_kill(victims);
	}
	return status;
}

void victims_enter(struct victims *victims, enum result_victim_phase phase)
{
	size_t i;

	for (i = 0; i < victims->count; i++)
		notes_mark(victims->list[i].notes, phase);
}

static void signal_all(const struct victims *victims, int signal)
{
	size_t i;

	for (i = 0; i < victims->count; i++)
		kill(victims->list[i].pid, signal);
}

uint64_t victims_freeze(struct victims *victims, uint64_t ns)
{
	uint64_t begin = clock_ns();

	signal_all(victims, SIGSTOP);
	sleep_ns(ns);
	signal_all(victims, SIGCONT);
	return clock_ns() - begin;
}

int victims_stop(struct victims *victims, struct record_list *results)
{
	int status = 0, err;
	size_t i;

	for (i = 0; i < victims->count; i++) {
		err = stop(&victims->list[i], record_append(&victim_record, results));
		status = status ? status : err;
	}
	victims->count = 0;
	return status;
}

void victims_kill(struct victims *victims)
{
	struct record_list results = { NULL, 0 };

	victims_stop(victims, &results);
	record_release_list(&victim_record, &results);
}

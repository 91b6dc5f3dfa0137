/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/commands.h"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/exit_status.h"

#define TICK_NS 100000000ULL

/*
 * A command that is to end and cannot write what it has seen, as to a pipe that nobody reads, ends
 * once it has used less time of the CPU than this within a grace. One that is still at work, on the
 * memory of a hundred virtual machines or on a busy host, goes on.
 */
#define GRACE_S 2
#define AT_WORK_NS 200000ULL

static volatile sig_atomic_t signalled;
static uint64_t used_ns; /* of the CPU, when the grace began */

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void begin_grace(void)
{
	used_ns = cpu_ns();
	alarm(GRACE_S);
}

static void stop(int signal)
{
	(void)signal;
	signalled = 1;
	begin_grace();
}

static void give_up(int signal)
{
	(void)signal;
	if (cpu_ns() - used_ns < AT_WORK_NS)
		_exit(EXIT_INTERRUPTED);
	begin_grace();
}

/* What nohup(1) and others have set to be ignored stays so. */
static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, before;

	if (!sigaction(signal, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(signal, &action, NULL);
}

void ticker_start(struct ticker *ticker, uint64_t duration_ns, uint64_t interval_ns)
{
	handle(SIGINT, stop);
	handle(SIGTERM, stop);
	handle(SIGHUP, stop);
	handle(SIGALRM, give_up);
	*ticker = (struct ticker){ .start_ns = clock_ns(),
				   .interval_ns = interval_ns,
				   .wake_fd = -1 };
	ticker->end_ns = duration_ns ? ticker->start_ns + duration_ns : UINT64_MAX;
	ticker->next_ns = ticker->start_ns + interval_ns;
}

/* Ticks that end early are no shorter than this. */
#define TICK_MIN_NS 1000000ULL

static void wait_ns(const struct ticker *ticker, uint64_t ns)
{
	struct pollfd wake = { .fd = ticker->wake_fd, .events = POLLIN };
	struct timespec rest;

	if (ticker->wake_fd < 0 || ns < TICK_MIN_NS) {
		sleep_ns(ns);
		return;
	}
	sleep_ns(TICK_MIN_NS);
	ns -= TICK_MIN_NS;
	rest = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	if (!signalled)
		ppoll(&wake, 1, &rest, NULL);
}

bool ticker_wait(struct ticker *ticker)
{
	uint64_t now = clock_ns(), until = now + TICK_NS;

	if (ticker->end_ns < until)
		until = ticker->end_ns;
	if (ticker->interval_ns && ticker->next_ns < until)
		until = ticker->next_ns;
	/* A signal in between costs a tick. */
	if (until > now && !signalled)
		wait_ns(ticker, until - now);
	ticker->signalled = signalled;
	return !ticker->signalled && clock_ns() < ticker->end_ns;
}

bool ticker_interval(struct ticker *ticker)
{
	uint64_t now = clock_ns();

	if (!ticker->interval_ns || now < ticker->next_ns)
		return false;
	while (ticker->next_ns <= now)
		ticker->next_ns += ticker->interval_ns;
	return true;
}

uint64_t ticker_elapsed_ns(const struct ticker *ticker)
{
	return clock_ns() - ticker->start_ns;
}

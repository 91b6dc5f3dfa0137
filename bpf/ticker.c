/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/commands.h"

#include <signal.h>
#include <time.h>

#include "lib/clock.h"

#define TICK_NS 100000000ULL

static sigset_t signals;

void ticker_start(struct ticker *ticker, uint64_t duration_ns, uint64_t interval_ns)
{
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	*ticker = (struct ticker){ .start_ns = clock_ns(), .interval_ns = interval_ns };
	ticker->end_ns = duration_ns ? ticker->start_ns + duration_ns : UINT64_MAX;
	ticker->next_ns = ticker->start_ns + interval_ns;
}

bool ticker_wait(struct ticker *ticker)
{
	uint64_t now = clock_ns(), until = now + TICK_NS;
	struct timespec ts = { 0 };

	if (ticker->end_ns < until)
		until = ticker->end_ns;
	if (ticker->interval_ns && ticker->next_ns < until)
		until = ticker->next_ns;
	if (until > now) {
		ts.tv_sec = (until - now) / NSEC_PER_SEC;
		ts.tv_nsec = (until - now) % NSEC_PER_SEC;
	}
	/* An interval may be shorter than the work in it: then there is no wait, but a signal
	 * counts. */
	ticker->signalled = sigtimedwait(&signals, NULL, &ts) > 0;
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

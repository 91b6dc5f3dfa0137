/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_TICKER_H
#define BPF_TICKER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The pace of a tracing command: a tick several times a second, at which the
 * ring buffer is emptied, until the time is over or a signal ends it.
 */
struct ticker {
	uint64_t start_ns;
	uint64_t end_ns;      /* UINT64_MAX: only a signal ends it */
	uint64_t interval_ns; /* 0: no intervals */
	uint64_t next_ns;     /* end of the interval */
	bool signalled;
};

/* SIGINT, SIGTERM, SIGHUP are from now on taken by ticker_wait() only. */
void ticker_start(struct ticker *ticker, uint64_t duration_ns, uint64_t interval_ns);

/* Wait for the next tick; false when it is the last. */
bool ticker_wait(struct ticker *ticker);

/* Whether an interval has ended with this tick; begins the next one. */
bool ticker_interval(struct ticker *ticker);

uint64_t ticker_elapsed_ns(const struct ticker *ticker);

#endif

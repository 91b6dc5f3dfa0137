/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

/* CLOCK_MONOTONIC in ns: deadlines survive steps of the wall clock. */
static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* Sleep for as long, or until a signal. */
static inline void sleep_ns(uint64_t ns)
{
	const struct timespec ts = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	nanosleep(&ts, NULL);
}

/* A deadline is a value of clock_ns(). */
static inline uint64_t deadline_in_ms(uint64_t ms)
{
	return clock_ns() + ms * NSEC_PER_MSEC;
}

/* Timeout of poll() in ms, rounded up; 0 if the deadline has passed. */
static inline int deadline_poll_ms(uint64_t deadline)
{
	uint64_t now = clock_ns();

	if (now >= deadline)
		return 0;
	if (deadline - now > 3600 * NSEC_PER_SEC)
		return 3600 * 1000;
	return (deadline - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VICTIM_WORK_H
#define VICTIM_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/victim/record.h"

/* A kind of victim: what it does, and when that is due. */
struct work {
	const char *kind;
	const char *figure; /* in result.json, with its unit */
	uint64_t period_ns;
	/*
	 * Until it is due, wait by looking at the clock: a victim that slept
	 * would measure how it is woken. sched is the one that is about that.
	 */
	bool spins;
	bool realtime;	      /* goes before ordinary work on its CPU, where that is allowed */
	int (*prepare)(void); /* 0 or -errno; may be NULL */
	void (*piece)(void);
	void (*tidy)(void);		    /* between pieces, outside what is timed; may be NULL */
	void (*run)(struct record *record); /* in place of pieces, where there are none */
};

/* NULL where there is no such kind. */
const struct work *work_find(const char *kind);

#endif

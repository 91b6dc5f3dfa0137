/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_LEVEL_H
#define BPF_LEVEL_H

#include <stdbool.h>

#include "lib/result.h"

/*
 * How much is traced. Phases: a record per batch; pages: and a histogram per page
 * operation, and per call of madvise.
 */
enum trace_level { TRACE_OFF, TRACE_PHASES, TRACE_PAGES, TRACE_LEVELS };

/* What the guest's tracer attaches to, in the order in which they are tried. */
enum mechanism { MECHANISM_AUTO, MECHANISM_EVENTS, MECHANISM_FENTRY, MECHANISM_KPROBE, MECHANISMS };

/* Names to and fro: those of trace_levels and mechanisms. False if there is no such name. */
const char *trace_level_name(enum trace_level level);
bool trace_level_parse(const char *name, enum trace_level *level);
bool mechanism_parse(const char *name, enum mechanism *mechanism);

struct tracer_options {
	enum trace_level level;
	enum mechanism mechanism;
	unsigned int ring_bytes; /* 0: as built; else a power of two of at least a page */
};

/* Something that a tracer may observe: how it does, or why it does not. */
struct observation {
	const char *what, *how; /* how is NULL if not observed */
	char why_not[128];
};

void observation_set(struct observation *o, const char *what, const char *how, const char *why_not);

#endif

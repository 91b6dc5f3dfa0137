/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_LEVEL_H
#define BPF_LEVEL_H

#include <stdbool.h>

/* How closely is looked. Each level sees what the one before it does. */
enum trace_level {
	TRACE_OFF,
	TRACE_PHASES, /* a record per batch */
	TRACE_PAGES,  /* and a histogram per operation on a page, and per call of madvise */
	TRACE_LEVELS
};

const char *trace_level_name(enum trace_level level);

/* False where there is no level of that name. */
bool trace_level_parse(const char *name, enum trace_level *level);

/* By what the kernel is asked, in the order in which it is tried. */
enum mechanism {
	MECHANISM_AUTO,
	MECHANISM_EVENTS, /* the balloon's trace events */
	MECHANISM_FENTRY,
	MECHANISM_KPROBE,
	MECHANISMS
};

const char *mechanism_name(enum mechanism mechanism);
bool mechanism_parse(const char *name, enum mechanism *mechanism);

struct tracer_options {
	enum trace_level level;
	enum mechanism mechanism;
	unsigned int ring_bytes; /* 0: as built; else a power of two of at least a page */
};

/* Something that a tracer could see, and by what it does, or why it does not. */
struct observation {
	const char *what;
	const char *how; /* NULL where it is not observed */
	char why_not[128];
};

#endif

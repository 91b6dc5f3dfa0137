/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_LEVEL_H
#define BPF_LEVEL_H

#include <stdbool.h>

#include "lib/result.h"

/*
 * How much is traced. Phases: a record per batch; pages: and a histogram per page
 * operation, of one page in a few, and per call of madvise.
 */
enum trace_level { TRACE_OFF, TRACE_PHASES, TRACE_PAGES, TRACE_LEVELS };

/* What the guest's tracer attaches to, in the order in which they are tried. */
enum mechanism { MECHANISM_AUTO, MECHANISM_EVENTS, MECHANISM_FENTRY, MECHANISM_KPROBE, MECHANISMS };

/* At level pages, one page in this many is timed; every number up to the other is possible. */
#define TRACE_ONE_IN 16
#define TRACE_ONE_IN_MAX 65536

/* A level with what belongs to it. */
struct trace_setting {
	enum trace_level level;
	unsigned int one_in; /* at level pages: one page in this many is timed; 0: TRACE_ONE_IN */
};

/*
 * "off", "phases", "pages", which is "pages=16", or "pages=N": one page in N; "pages=1/N" is the
 * same. NULL, or what is wrong with @text. Both are the .parse of an option: @setting is a struct
 * trace_setting, @kept a const char *, which @text is stored to.
 */
const char *trace_setting_parse(const char *text, void *setting);
const char *trace_setting_check(const char *text, void *kept);

/* As it is parsed, in the shortest form. Returns @text. */
#define TRACE_SETTING_TEXT 24
const char *trace_setting_text(const struct trace_setting *setting, char text[TRACE_SETTING_TEXT]);

/* False if there is no such name; the names are those of mechanisms. */
bool mechanism_parse(const char *name, enum mechanism *mechanism);

struct tracer_options {
	struct trace_setting trace;
	enum mechanism mechanism;
	unsigned int one_call_in; /* host: of the calls, one in this many is timed; 0: all */
	unsigned int ring_bytes;  /* 0: as built; else a power of two of at least a page */
};

/* Something that a tracer may observe: how it does, or why it does not. */
struct observation {
	const char *what, *how; /* how is NULL if not observed */
	char why_not[128];
};

void observation_set(struct observation *o, const char *what, const char *how, const char *why_not);

#endif

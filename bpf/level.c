/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/level.h"

#include <string.h>

static const char *const levels[TRACE_LEVELS] = { "off", "phases", "pages" };
static const char *const mechanisms[MECHANISMS] = { "auto", "events", "fentry", "kprobe" };

const char *trace_level_name(enum trace_level level)
{
	return levels[level];
}

bool trace_level_parse(const char *name, enum trace_level *level)
{
	int i;

	for (i = 0; i < TRACE_LEVELS; i++)
		if (!strcmp(name, levels[i])) {
			*level = i;
			return true;
		}
	return false;
}

const char *mechanism_name(enum mechanism mechanism)
{
	return mechanisms[mechanism];
}

bool mechanism_parse(const char *name, enum mechanism *mechanism)
{
	int i;

	for (i = 0; i < MECHANISMS; i++)
		if (!strcmp(name, mechanisms[i])) {
			*mechanism = i;
			return true;
		}
	return false;
}

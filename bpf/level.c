/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/level.h"

#include <stdio.h>
#include <string.h>

/* False if there is no such name. */
static bool parse(const char *const *names, const char *name, int *index)
{
	int i;

	for (i = 0; names[i] && strcmp(name, names[i]); i++)
		;
	if (names[i])
		*index = i;
	return names[i];
}

const char *trace_level_name(enum trace_level level)
{
	return trace_levels[level];
}

bool trace_level_parse(const char *name, enum trace_level *level)
{
	return parse(trace_levels, name, (int *)level);
}

bool mechanism_parse(const char *name, enum mechanism *mechanism)
{
	return parse(mechanisms, name, (int *)mechanism);
}

void observation_set(struct observation *o, const char *what, const char *how, const char *why_not)
{
	*o = (struct observation){ .what = what, .how = how };
	snprintf(o->why_not, sizeof(o->why_not), "%s", why_not);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/level.h"

#include <stdio.h>
#include <string.h>

#include "lib/units.h"

/* The index of a name, or -1. */
static int find(const char *const *names, const char *name, size_t length)
{
	int i;

	for (i = 0; names[i]; i++)
		if (strlen(names[i]) == length && !strncmp(name, names[i], length))
			return i;
	return -1;
}

const char *trace_setting_parse(const char *text, void *setting)
{
	const char *equals = strchr(text, '='), *number = equals ? equals + 1 : "";
	int level = find(trace_levels, text, strcspn(text, "="));
	uint64_t one_in = TRACE_ONE_IN;

	if (level < 0 || (equals && level != TRACE_PAGES))
		return "expected off, phases, pages or pages=N";
	if (!strncmp(number, "1/", 2))
		number += 2;
	if (equals && parse_count(number, 1, TRACE_ONE_IN_MAX, &one_in))
		return "expected an N in [1, 65536] for one page in N, as in pages=16 or "
		       "pages=1/16; pages=1 times every page";
	*(struct trace_setting *)setting = (struct trace_setting){ level, one_in };
	return NULL;
}

const char *trace_setting_check(const char *text, void *kept)
{
	struct trace_setting setting;

	*(const char **)kept = text;
	return trace_setting_parse(text, &setting);
}

const char *trace_setting_text(const struct trace_setting *setting, char text[TRACE_SETTING_TEXT])
{
	const char *level = trace_levels[setting->level];

	if (setting->level == TRACE_PAGES && setting->one_in != TRACE_ONE_IN)
		snprintf(text, TRACE_SETTING_TEXT, "%s=%u", level, setting->one_in);
	else
		snprintf(text, TRACE_SETTING_TEXT, "%s", level);
	return text;
}

bool mechanism_parse(const char *name, enum mechanism *mechanism)
{
	int i = find(mechanisms, name, strlen(name));

	if (i >= 0)
		*mechanism = i;
	return i >= 0;
}

void observation_set(struct observation *o, const char *what, const char *how, const char *why_not)
{
	*o = (struct observation){ .what = what, .how = how };
	snprintf(o->why_not, sizeof(o->why_not), "%s", why_not);
}

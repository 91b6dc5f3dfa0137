/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/helpers/timeline.h"

#include "tests/helpers/expect.h"
#include "tests/helpers/unit.h"

#include <string.h>

#define TRACKS_MAX 32
#define DEPTH_MAX 8

/* A track, with the slices that are open at the current event. */
struct track {
	long long pid, tid;
	struct slice open[DEPTH_MAX];
	size_t depth;
	long long last;
};

static long long ns_of(const json_t *event, const char *key)
{
	double us = json_number_value(json_object_get(event, key));

	return us * 1000 + (us < 0 ? -0.5 : 0.5);
}

bool is_slice(const json_t *event)
{
	const char *phase = json_string_value(json_object_get(event, "ph"));

	return phase && !strcmp(phase, "X");
}

struct slice slice_of(const json_t *event)
{
	long long begin = ns_of(event, "ts");

	return (struct slice){
		.name = json_string_value(json_object_get(event, "name")),
		.pid = json_integer_value(json_object_get(event, "pid")),
		.tid = json_integer_value(json_object_get(event, "tid")),
		.begin = begin,
		.end = begin + ns_of(event, "dur"),
		.args = json_object_get(event, "args"),
	};
}

struct slice find_slice(const json_t *all, long long pid, const char *name, int n)
{
	const json_t *event;
	size_t i;

	json_array_foreach (json_object_get(all, "traceEvents"), i, event) {
		struct slice s = slice_of(event);

		if (is_slice(event) && s.pid == pid && !strcmp(s.name, name) && !n--)
			return s;
	}
	fail_msg("no slice %s in process %lld", name, pid);
	return (struct slice){ .name = NULL };
}

long long slice_arg(const struct slice *slice, const char *key)
{
	const json_t *value = json_object_get(slice->args, key);

	if (!json_is_integer(value))
		fail_msg("%s has no %s", slice->name, key);
	return json_integer_value(value);
}

static struct track *find_track(struct track *tracks, size_t *count, const struct slice *s)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (tracks[i].pid == s->pid && tracks[i].tid == s->tid)
			return &tracks[i];
	assert_below(*count, TRACKS_MAX);
	tracks[*count] = (struct track){ .pid = s->pid, .tid = s->tid };
	return &tracks[(*count)++];
}

static void check_slice(struct track *track, const struct slice *s)
{
	const struct slice *outer;

	assert_at_least(s->begin, 0);
	assert_at_least(s->end, s->begin);
	if (s->begin < track->last)
		fail_msg("%s at %lld ns follows a slice at %lld ns", s->name, s->begin,
			 track->last);
	track->last = s->begin;
	while (track->depth && track->open[track->depth - 1].end <= s->begin)
		track->depth--;
	if (track->depth) {
		outer = &track->open[track->depth - 1];
		if (s->end > outer->end)
			fail_msg("%s sticks out of %s by %lld ns", s->name, outer->name,
				 s->end - outer->end);
	}
	assert_below(track->depth, DEPTH_MAX);
	track->open[track->depth++] = *s;
}

json_t *load_timeline(const char *path)
{
	static struct track tracks[TRACKS_MAX];
	json_t *all = load_json(path);
	const json_t *event;
	size_t i, count = 0;

	json_array_foreach (json_object_get(all, "traceEvents"), i, event) {
		struct slice s = slice_of(event);

		if (is_slice(event))
			check_slice(find_track(tracks, &count, &s), &s);
	}
	assert_above(count, 0);
	return all;
}

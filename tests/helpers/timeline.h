/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_TIMELINE_H
#define TESTS_HELPERS_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>

/* A time line in Chrome's trace event format, as a viewer would read it. */

struct slice {
	const char *name;
	long long pid, tid;
	long long begin, end; /* ns */
	const json_t *args;
};

/* Whether an event is a complete one ("X"), which slice_of() takes apart. */
bool is_slice(const json_t *event);
struct slice slice_of(const json_t *event);

/* The n-th slice of a name in a process, from 0; the test fails where there is none. */
struct slice find_slice(const json_t *all, long long pid, const char *name, int n);

/* A number of a slice's args. */
long long slice_arg(const struct slice *slice, const char *key);

/*
 * Load a file. The test fails where it is not JSON, where a slice is of negative
 * length or comes before another of its track that begins earlier, and where two of
 * a track overlap without one holding the other.
 */
json_t *load_timeline(const char *path);

#endif

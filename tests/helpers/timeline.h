/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_HELPERS_TIMELINE_H
#define TESTS_HELPERS_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>

/* Time lines in Chrome's trace event format. */

struct slice {
	const char *name;
	long long pid, tid;
	long long begin, end; /* ns */
	const json_t *args;
};

/* Whether an event is a complete one ("X"), which slice_of() decodes. */
bool is_slice(const json_t *event);
struct slice slice_of(const json_t *event);

/* The n-th slice of a name in a process, from 0; the test fails if there is none. */
struct slice find_slice(const json_t *all, long long pid, const char *name, int n);

/* A number in the args of a slice. */
long long slice_arg(const struct slice *slice, const char *key);

/*
 * Load a file. The test fails if it is not JSON, a slice has a negative length, the
 * slices of a track are not sorted by begin, or two of them overlap without one
 * containing the other.
 */
json_t *load_timeline(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_TRACE_EVENTS_H
#define BENCH_BUILD_TRACE_EVENTS_H

#include <stddef.h>

#include "bench/build/cuts.h"
#include "bench/build/git.h"

/* A tree that has the trace events by a patch, and the same without. Starts zeroed. */
struct trace_events_base {
	char *without, *with;
};

/*
 * Put the trace events of the balloon on the tree of a cut, unless it has them: by the first patch
 * of ours that applies exactly; or, where the series changed the lines around it, by a merge with
 * the cut before, @base, which is updated. cut->tree is then the tree with them, and
 * cut->trace_events "yes" or "no: REASON". 0, or -EINVAL or -EINTR and a message. Release @base in
 * the end.
 */
int trace_events_add(const struct git *git, struct cut *cut, struct trace_events_base *base,
		     char *err, size_t err_size);
void trace_events_release(struct trace_events_base *base);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_TRACE_EVENTS_H
#define BENCH_BUILD_TRACE_EVENTS_H

#include <stddef.h>

#include "bench/build/cuts.h"
#include "bench/build/git.h"

/*
 * Put the trace events of the balloon on the tree of a cut, by the first patch of ours that
 * applies exactly, unless it has them: cut->tree is then the tree with them, and
 * cut->trace_events "yes" or "no: REASON". 0, or -EINVAL or -EINTR and a message.
 */
int trace_events_add(const struct git *git, struct cut *cut, char *err, size_t err_size);

#endif

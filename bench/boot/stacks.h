/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BOOT_STACKS_H
#define BENCH_BOOT_STACKS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Sampled call stacks, as `perf script -F comm,ip,sym,dso` prints them. */
struct stacks {
	char **folded; /* "thread;outermost;...;innermost", one per sample */
	char **leaves; /* "symbol (object)" */
	size_t count;
};

/* Read until the end of the stream; 0 or -ENOMEM. */
int stacks_read(struct stacks *stacks, FILE *stream);

/* "stack number" lines, sorted. */
void stacks_write_folded(const struct stacks *stacks, FILE *stream);

/* [{"symbol", "samples"}, ...], the @max most frequent innermost functions. New reference. */
json_t *stacks_top(const struct stacks *stacks, size_t max);

void stacks_release(struct stacks *stacks);

#endif

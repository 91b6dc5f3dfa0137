/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_BUILD_PROGRESS_H
#define BENCH_BUILD_BUILD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Progress of a build on stderr: one line that is rewritten on a terminal, else a line every 15 s
 * and at the end of each kernel: "[2/5] 01-send-ranges: 350 objects (64 s, about 140 s left)". A
 * QEMU counts as a kernel.
 */

/* @total: of kernels that have to be built. @quiet: nothing is printed. */
void build_progress_begin(size_t total, bool quiet);

/* The next kernel, and whether all of it is compiled. The name is borrowed. */
void build_progress_kernel(const char *name, bool from_scratch);

/* What is done for it, as in "configuring"; or one more object was compiled. */
void build_progress_step(const char *step);
void build_progress_object(void);

/* The same, where the compiler counts itself what it has done and will do. */
void build_progress_objects(size_t done, size_t total);

/* The kernel is ready. */
void build_progress_done(void);

/* Clear the line, before another message. */
void build_progress_end(void);

#endif

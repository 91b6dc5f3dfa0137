/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BUILD_LAYOUT_H
#define BENCH_BUILD_LAYOUT_H

#include <stddef.h>
#include <stdio.h>

/*
 * Layouts: kernels of the same code at other addresses. Layout 0 is the plain build. In the others
 * a pad is in front of the code of each object that an inflate runs through, which moves all code
 * after it. The sizes are drawn from the number of the layout alone: a layout is the same in every
 * cut and on every machine.
 *
 * The order of the objects stays: it is also the order of the initcalls.
 */

/* Pads are LAYOUT_ALIGN bytes, the alignment of functions, to LAYOUT_SPAN, in steps of that. */
#define LAYOUT_ALIGN 16
#define LAYOUT_SPAN 4096

/* Objects with a pad. Each takes about a second of a layout's build. */
#define LAYOUT_OBJECTS 10

/* A header that each of them includes, by this name in kbuild's O=, which is its directory. */
#define LAYOUT_HEADER "balloonbench-layout.h"
extern const char layout_header[];

/* The pad of an object in a layout, in bytes. */
unsigned int layout_pad(unsigned int layout, size_t object);

/* The variable for kbuild that puts the pad there, as "CFLAGS_vmstat.o=...", to be freed. */
char *layout_variable(unsigned int layout, size_t object);

/* All that makes a layout, for a digest: nothing of the plain one. */
void layout_print(FILE *f, unsigned int layout);

#endif

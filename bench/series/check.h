/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_SERIES_CHECK_H
#define BENCH_SERIES_CHECK_H

#include <stdbool.h>

#include "lib/options.h"

/*
 * What would fail after the kernels are built is refused before. All return 0 or an exit status
 * after a message.
 */

/* The scenarios exist and can be read. */
int check_scenarios(const struct names *scenarios);

/* There are an initramfs and a QEMU, which is built where nothing was built yet. */
int check_images(void);

/*
 * A directory for output: new, empty, or @begun by the same command, which has left the file @sign
 * there.
 */
int check_output(const char *dir, const char *sign, bool *begun);

#endif

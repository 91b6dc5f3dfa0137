/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_SERIES_SERIES_H
#define BENCH_SERIES_SERIES_H

#include "lib/options.h"

/* Commands that build and run: they call the other commands, on the user's terminal. */
extern const struct command series_command, bisect_command;

#endif

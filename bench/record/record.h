/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RECORD_RECORD_H
#define BENCH_RECORD_RECORD_H

#include "lib/options.h"

/* Sample what a command uses, as a workload that guests replay. */
extern const struct command record_command;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONFIG_SCENARIO_KEYS_H
#define BENCH_CONFIG_SCENARIO_KEYS_H

#include "bench/config/scenario.h"
#include "lib/ini_file.h"

/* Runs of free pages that hold no block of order 4. */
#define LONGEST_RUN_MAX 15

/*
 * Take one entry of a scenario file, for ini_file_parse(); @context is the struct
 * scenario. 0, -EINVAL with a message that says what is allowed, or -ENOMEM.
 */
int scenario_set(const struct ini_entry *entry, void *context);

#endif

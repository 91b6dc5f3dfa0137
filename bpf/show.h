/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPF_SHOW_H
#define BPF_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/level.h"
#include "bpf/records.h"

/* Text for people, and JSON for programs, on stdout. */

enum show_unit { SHOW_NS, SHOW_BYTES };

/*
 * Mean, percentiles (of times) and a bar per power of two that has any. A
 * percentile is left out where fewer than ten values lie beyond it.
 */
void show_histogram(const char *title, const struct histogram *h, enum show_unit unit);

/* A table of what is observed and what is not. */
void show_observations(const struct observation *observations, size_t count);

/* Lines for what was lost, if anything was. */
void show_lost(const uint64_t counters[COUNTER_COUNT]);

/* An object, and at once: somebody may be reading. The reference is stolen. */
void show_json(json_t *json, bool one_line);

#endif

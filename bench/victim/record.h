/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VICTIM_RECORD_H
#define VICTIM_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/victim/victim.h"
#include "lib/histogram.h"

/* What a victim notes, in memory that it shares with its starter. */

#define RECORD_MARKS_MAX 4096
/* 10 ms each: five minutes. */
#define RECORD_STRETCH_NS 10000000ULL
#define RECORD_STRETCHES_MAX 30000

struct record_mark {
	uint64_t ns;
	enum victim_phase phase;
};

struct record {
	/* By the starter. */
	atomic_bool stop;
	atomic_uint mark_count;
	struct record_mark marks[RECORD_MARKS_MAX];
	/* By the victim. */
	atomic_int ready; /* 1, or -errno */
	bool lowest_is_worst;
	uint64_t begin_ns;
	struct histogram phases[VICTIM_PHASES];
	uint64_t stretches[RECORD_STRETCHES_MAX]; /* worst value + 1; 0 where there is none */
};

/* A new phase from now on. */
void record_mark(struct record *record, enum victim_phase phase);

/* Note a value of what was due at @due_ns, in the phase that was then. */
void record_value(struct record *record, uint64_t due_ns, uint64_t value);

/* As victim_stop() has it. */
json_t *record_to_json(const struct record *record);

#endif

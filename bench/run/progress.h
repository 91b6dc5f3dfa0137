/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_PROGRESS_H
#define BENCH_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How far a long run is, on stderr: one line that is rewritten on a terminal,
 * plain lines in a log.
 */
struct progress {
	unsigned int total; /* boots */
	unsigned int done;
	unsigned int skipped; /* of these */
	uint64_t started_ns;
	uint64_t spent_ns; /* in the boots that are done */
	uint64_t item_started_ns;
	bool live; /* stderr is a terminal */
	bool quiet;
	char item[128];
};

void progress_begin(struct progress *p, unsigned int total, bool quiet);

/* A boot needs not be run. */
void progress_skip(struct progress *p);

/* A boot begins, as in "idle/list boot 3". */
void progress_item(struct progress *p, const char *item);

/* What it does now; shown on a terminal only. */
void progress_what(struct progress *p, const char *what);

/* The boot has ended, with a word on how. */
void progress_done(struct progress *p, const char *outcome);

/* Leave the terminal's line as it should be left. */
void progress_end(struct progress *p);

#endif

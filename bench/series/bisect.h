/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_SERIES_BISECT_H
#define BENCH_SERIES_BISECT_H

#include <stdbool.h>

#include "lib/exit_status.h"
#include "lib/options.h"

/* Parts of balloonbench bisect: a step judges a commit, git chooses it. */

/* The commit that git bisect has chosen. */
#define BISECT_CHOSEN "BISECT_HEAD"
/* Of the names of cuts. */
#define BISECT_PREFIX "bisect-"

/* Exit statuses that git bisect run understands. */
enum step {
	STEP_GOOD = 0,
	STEP_BAD = 1,
	STEP_SKIP = 125,
	STEP_ABORT = 128,
	STEP_INTERRUPTED = EXIT_INTERRUPTED,
};

struct bisect_options {
	const char *git, *good, *bad, *scenario, *regress, *host, *accel, *trace, *output, *step;
	struct names config;
	unsigned int boots, max_boots;
	bool verbose;
};

/*
 * Build the good commit and another one, boot both, and more often where that leaves it open, and
 * compare them. Messages say what came out.
 */
enum step bisect_step(const struct bisect_options *o, const char *good, const char *commit);

/*
 * A git directory for the state of the bisection, which borrows the user's objects. Like the next
 * ones, it returns 0 or an exit status after a message.
 */
int bisect_open_git(const struct bisect_options *o, const char *git_dir, const char *bad);

int bisect_start(const char *git_dir, const char *good, const char *bad);

/* git bisect run, with balloonbench bisect --step as its command: the exit status of git. */
int bisect_run_steps(const struct bisect_options *o, const char *git_dir, const char *good);

/* In a step: get SIGTERM when the process of bisect_run_steps() ends, however that happens. */
void bisect_hold_lifeline(void);

/* bisect.log, which git bisect replay reads; how to remove the cuts is printed, too. */
int bisect_write_log(const struct bisect_options *o, const char *git_dir);

#endif

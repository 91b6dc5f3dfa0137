/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_SESSION_H
#define BENCH_RUN_SESSION_H

#include "bench/vm/accel.h"
#include "bench/boot/boot.h"
#include "bench/config/images.h"
#include "bench/run/plan.h"
#include "bench/run/progress.h"
#include "bench/run/results.h"
#include "bench/run/run_options.h"
#include "bench/run/until_ci.h"

/* Everything that a run is made of, resolved. */
struct session {
	struct run_options options;
	struct images images;
	struct variants variants; /* all there are */
	const struct variant **chosen;
	struct scenario *scenarios;
	size_t scenario_count;
	struct plan plan;
	struct plan longer; /* with --until-ci: what blocks to come are taken from */
	struct until_ci until;
	enum accel accel;
	char accel_reason[1024];
	char command[4096];
	json_t *arguments; /* the same, one by one */
	struct results results;
	struct progress progress;
	unsigned int ok, failed, invalid;
};

/* Find all that the options name, and make the plan. 0 or an exit status. */
int session_resolve(struct session *s);
void session_release(struct session *s);

/* A boot of the plan, which writes its logs into @dir. Everything in it is borrowed. */
struct boot session_boot(const struct session *s, const struct plan_entry *entry, const char *dir);

#endif

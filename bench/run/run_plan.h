/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_RUN_RUN_PLAN_H
#define BENCH_RUN_RUN_PLAN_H

#include "bench/run/session.h"

/* Create the result tree of a run: env.json and plan.json. 0 or an exit status. */
int run_plan_open(struct session *s);

/**
 * run_plan() - run boot by boot, and keep what each of them gives
 *
 * With --until-ci the plan grows meanwhile, and plan.json with it.
 *
 * Return: the exit status of the run.
 */
int run_plan(struct session *s);

#endif
